"""Facts about the repository itself: nothing in it belongs to one machine, and its patches still fit."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
# Written apart, so that this file does not find itself.
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry" + ".npmjs",
    "proxy" + ".golang",
    "repo1" + ".maven",
    "repo" + ".maven",
]
FORBIDDEN = {
    "a registry's address": re.compile("|".join(map(re.escape, REGISTRIES))),
    "a path of one machine": re.compile(r"(?<![\w.~}$-])/(?:root|home|Users|work)/\w"),
    "a temporary path": re.compile(r"(?<![\w.~}$/-])/(?:tmp|var/folders)/\w"),
    "a secret key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY"),
}


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    return [PROJECT / name for name in listed.split("\0") if name and (PROJECT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what: str) -> None:
    found = []
    for path in tracked_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(PROJECT)}:{n}: {line.strip()[:120]}"
            for n, line in enumerate(lines, 1)
            if FORBIDDEN[what].search(line)
        ]
    assert found == [], f"{what} in:\n" + "\n".join(found)


@pytest.mark.parametrize("patch", sorted((PROJECT / "tests" / "mutants").glob("*.patch")), ids=lambda path: path.stem)
def test_a_mutant_still_applies(patch: Path) -> None:
    checked = subprocess.run(["git", "apply", "--check", str(patch)], cwd=PROJECT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_go_leaves_npm_packages_alone(tmp_path: Path) -> None:
    """`npm ci`, as the README has it, brings templates of Go programs that are no Go."""
    (tmp_path / "go.mod").write_text((PROJECT / "go.mod").read_text().partition("require")[0])
    (tmp_path / "ours.go").write_text("package ours\n")
    template = tmp_path / "node_modules" / "aws-cdk" / "%name%.template.go"
    template.parent.mkdir(parents=True)
    template.write_text("package %name%\n")
    listed = subprocess.run(["go", "list", "./..."], cwd=tmp_path, capture_output=True, text=True)
    assert (listed.stdout.split(), listed.returncode) == (["lakeshift"], 0), listed.stderr
