"""`make lint`: every static check side by side; all findings at once, then a table of what ran.

    make lint                         everything
    make lint ONLY="ruff mypy"        these checks
    make lint FIX=1                   mend what the tools can mend, then check

Runs on the project's own Python. What it reads is what git tracks, and what git would track.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local import install as project
from tools import install
from tools.project_files import ROOT, project_files

SQLFLUFF_NAMES = ROOT / "build/lint/sqlfluff.cfg"

Command = list[str]


@dataclass(frozen=True)
class Check:
    name: str
    about: str
    reads: Callable[[str], bool]
    commands: Callable[[list[str]], list[Command]]
    fixes: Callable[[list[str]], list[Command]] = lambda files: []
    prepare: Callable[[], str] = lambda: ""  # answers what went wrong


def ends(*endings: str) -> Callable[[str], bool]:
    return lambda file: file.endswith(endings)


def is_shell(file: str) -> bool:
    if Path(file).suffix not in ("", ".sh"):
        return False
    with (ROOT / file).open("rb") as opened:
        first = opened.readline(80)
    return first.startswith(b"#!") and first.split()[-1].rsplit(b"/")[-1] in (b"sh", b"bash")


def is_sql(file: str) -> bool:
    # the local warehouse's own SQL is PostgreSQL
    return file.endswith(".sql") and not file.startswith("local/")


def is_contract(file: str) -> bool:
    if not file.endswith(".yaml"):
        return False
    return file.startswith("datasets/") or "\nbusiness_key:" in (ROOT / file).read_text()


def is_workflow(file: str) -> bool:
    return file.startswith(".github/workflows/")


def sqlfluff(verb: str, files: list[str]) -> list[Command]:
    athena = [file for file in files if "/athena/" in file]
    redshift = [file for file in files if "/athena/" not in file]
    options = ["--disable-progress-bar", "--nocolor", "--processes", "2", "--config", str(SQLFLUFF_NAMES)]
    return [
        ["sqlfluff", verb, *options, "--dialect", dialect, *chosen]
        for dialect, chosen in (("redshift", redshift), ("athena", athena))
        if chosen
    ]


# The longest first, so that no long one is left alone at the end.
CHECKS = (
    Check(
        "golangci-lint",
        "Go: form, vet, mistakes, import rules (.golangci.yml)",
        ends(".go"),
        lambda files: [["golangci-lint", "run", "--allow-parallel-runners", "./..."]],
        lambda files: [["golangci-lint", "run", "--allow-parallel-runners", "--fix", "./..."]],
    ),
    Check(
        "mypy",
        "Python: types (mypy.ini)",
        ends(".py"),
        lambda files: [
            ["mypy", "--no-error-summary", "--no-color-output", "--python-executable", sys.executable, *files]
        ],
    ),
    Check(
        "sqlfluff",
        "SQL: Redshift's and Athena's grammar, form, known placeholders (.sqlfluff)",
        is_sql,
        lambda files: sqlfluff("lint", files),
        lambda files: sqlfluff("fix", files),
        lambda: write_sqlfluff_names(),
    ),
    Check(
        "markdown",
        "Markdown: form (.pymarkdown)",
        ends(".md"),
        lambda files: [["pymarkdown", "scan", *files]],
        lambda files: [["pymarkdown", "fix", *files]],
    ),
    Check(
        "ruff",
        "Python: mistakes, imports (ruff.toml)",
        ends(".py"),
        lambda files: [["ruff", "check", "--quiet", "--output-format", "concise", *files]],
        lambda files: [["ruff", "check", "--quiet", "--fix", *files]],
    ),
    Check(
        "ruff-format",
        "Python: form",
        ends(".py"),
        lambda files: [["ruff", "format", "--quiet", "--check", "--output-format", "concise", *files]],
        lambda files: [["ruff", "format", "--quiet", *files]],
    ),
    Check(
        "shellcheck",
        "shell scripts",
        is_shell,
        lambda files: [["shellcheck", "--format", "gcc", *files]],
    ),
    Check(
        "contracts",
        "contracts against datasets/schema.json",
        is_contract,
        lambda files: [["check-jsonschema", "--schemafile", "datasets/schema.json", *files]],
    ),
    Check(
        "yamllint",
        "YAML: form, double keys (.yamllint.yaml)",
        ends(".yaml", ".yml"),
        lambda files: [["yamllint", "--strict", "--format", "parsable", *files]],
    ),
    Check(
        "actionlint",
        "workflows: grammar, expressions, their shell",
        is_workflow,
        lambda files: [["actionlint", "-no-color", "-oneline", *files]],
    ),
    Check(
        "zizmor",
        "workflows: pins, permissions, injections",
        lambda file: is_workflow(file) or file.startswith(".github/actions/") or file == ".github/dependabot.yml",
        lambda files: [["zizmor", "--offline", "--quiet", "--no-progress", "--color=never", *files]],
    ),
    Check(
        "links",
        "Markdown: links to files and headings of the project",
        ends(".md"),
        lambda files: [[sys.executable, "-m", "tools.links", *files]],
    ),
    Check(
        "tracked-files",
        "every file: registries, paths of one machine, secrets, line ends",
        lambda file: True,
        lambda files: [[sys.executable, "-m", "tools.tracked_files", *files]],
    ),
)


@dataclass
class Outcome:
    check: Check
    files: int
    seconds: float
    findings: str  # empty: clean


def run(commands: list[Command]) -> str:
    """What the commands that fail have to say."""
    said = []
    for command in commands:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            said.append(done.stdout.strip() or f"{command[0]} exited with {done.returncode} and said nothing")
    return "\n".join(said)


def run_check(check: Check, files: list[str], fix: bool = False) -> Outcome:
    began = time.monotonic()
    chosen = [file for file in files if check.reads(file)]
    if not chosen:
        findings = "found no file to read"  # and would pass for ever
    else:
        findings = check.prepare() or run(check.fixes(chosen) if fix else check.commands(chosen))
    return Outcome(check, len(chosen), time.monotonic() - began, findings)


def write_sqlfluff_names() -> str:
    command = ["go", "run", "./tools/sqlnames"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return f"{' '.join(command)} failed:\n{done.stderr.strip()}"
    SQLFLUFF_NAMES.parent.mkdir(parents=True, exist_ok=True)
    SQLFLUFF_NAMES.write_text(done.stdout)
    return ""


def table(outcomes: list[Outcome]) -> str:
    return "\n".join(
        f"  {'FAILED' if o.findings else 'ok':7} {o.check.name:14} {o.seconds:5.1f} s {o.files:5} files  {o.check.about}"
        for o in outcomes
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make lint", description=__doc__.splitlines()[0])
    parser.add_argument(
        "only", nargs="*", metavar="CHECK", help=f"of {', '.join(c.name for c in CHECKS)}; default: all"
    )
    parser.add_argument("--fix", action="store_true", help="mend first what the tools can mend")
    options = parser.parse_args(arguments)
    unknown = set(options.only) - {check.name for check in CHECKS}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; use {', '.join(c.name for c in CHECKS)}")
    checks = [check for check in CHECKS if not options.only or check.name in options.only]

    try:
        layout = install.install(lambda line: print(line, flush=True))
        files = project_files()
    except project.InstallError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError:
        print("error: lint reads what git tracks", file=sys.stderr)
        return 1
    os.environ["PATH"] = os.pathsep.join([*layout.bin_folders(), os.environ["PATH"]])
    os.environ["PYTHONWARNINGS"] = "ignore"  # sqlfluff's processes leave semaphores behind, and Python says so
    os.environ["GOLANGCI_LINT_CACHE"] = str(layout.root / "golangci-cache")

    if options.fix:
        for check in checks:  # one after the other: some of them write the same files
            run_check(check, files, fix=True)
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda check: run_check(check, files), checks))

    for outcome in outcomes:
        if outcome.findings:
            print(f"== {outcome.check.name}: {outcome.check.about}\n{outcome.findings}\n")
    print(table(outcomes))
    failed = [outcome.check.name for outcome in outcomes if outcome.findings]
    if failed:
        print(f"lint: {len(failed)} of {len(outcomes)} checks failed: {', '.join(failed)}")
        return 1
    print(f"lint: {len(outcomes)} checks are clean")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
