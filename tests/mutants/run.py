"""Break the product on purpose: every patch in this folder must turn the test it names red.

A patch starts with two lines, the rest is a diff against the project's root:

    Breaks: what a user would suffer from
    Red: the command that must fail, and after " :: " a text that its output must hold

Usage: python tests/mutants/run.py [name …]; no name means all.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "e2e"))
from platform_under_test import Platform  # noqa: E402


def header(patch: Path) -> dict[str, str]:
    fields = {}
    for line in patch.read_text().splitlines()[:2]:
        name, _, value = line.partition(": ")
        fields[name] = value
    if set(fields) != {"Breaks", "Red"}:
        raise SystemExit(f"{patch}: the first two lines must be 'Breaks: …' and 'Red: …'")
    return fields


def turns_red(patch: Path) -> tuple[bool, str]:
    command, _, expected = header(patch)["Red"].partition(" :: ")
    root = Path(tempfile.mkdtemp(prefix="lakeshift-mut-"))
    try:
        broken = Platform.copy_of_project(root)
        # The end-to-end tests copy what git tracks, so the broken tree is made a repository of its own.
        for git in (["init", "-q"], ["add", "-A"], ["apply", "--index", str(patch)]):
            subprocess.run(["git", *git], cwd=root, check=True)
        done = broken.execute("make", "--no-print-directory", "build", "library")
        done = broken.execute("scripts/with-tools", *shlex.split(command), check=False, timeout=1200)
        output = done.stdout + done.stderr
        if done.returncode == 0:
            return False, "the test still passes"
        if expected not in output:
            return False, f"failed, but without {expected!r}:\n{output[-3000:]}"
        return True, expected
    finally:
        shutil.rmtree(root, ignore_errors=True)


def main(names: list[str]) -> int:
    patches = [FOLDER / f"{name.removesuffix('.patch')}.patch" for name in names] or sorted(FOLDER.glob("*.patch"))
    survivors = 0
    for patch in patches:
        began = time.monotonic()
        red, why = turns_red(patch)
        survivors += not red
        print(f"{'red ' if red else 'GREEN'}  {patch.stem}  {time.monotonic() - began:.0f} s  {why}", flush=True)
    print(f"{len(patches) - survivors} passed, {survivors} failed")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
