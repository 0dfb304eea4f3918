"""Each checker of `make lint` is seen to find its own fault: a small project with one planted for each of them.

A planted file's name says who must find it; whoever else speaks of it is wrong too.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
COPIED = [
    ".gitignore",
    ".golangci.yml",
    ".pymarkdown",
    ".sqlfluff",
    ".yamllint.yaml",
    "config/sqltext",
    "datasets",
    "mypy.ini",
    "ruff.toml",
    "tools",
]
# Stand-ins for what the import rules speak of, so that no module is needed.
MODULES = [
    "github.com/aws/aws-cdk-go/awscdk/v2",
    "github.com/aws/aws-sdk-go-v2",
    "github.com/aws/constructs-go/constructs/v10",
    "github.com/aws/jsii-runtime-go",
    "github.com/cdklabs/cdk-nag-go/cdknag/v2",
]
WORKFLOW = """\
name: {name}
on: push
permissions: {{}}
concurrency:
  group: {name}
  cancel-in-progress: true
jobs:
  one:
    name: one
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - {step}
"""
CLEAN = {
    "README.md": "# A project\n\nSee [the rules](ruff.toml) and [further down](#more).\n\n## More\n\nNothing.\n",
    "app.go": "// The app.\npackage main\n\nfunc main() {}\n",
    "constructs/lake.go": "// Package constructs builds.\npackage constructs\n",
    "stacks/storage.go": '// Package stacks wires.\npackage stacks\n\nimport _ "lakeshift/constructs" // wired here\n',
    "cmd/lakeshift/main.go": "// The command line.\npackage main\n\nfunc main() {}\n",
    "cmd/lakeshift/verbs/verbs.go": "// Package verbs lists.\npackage verbs\n",
    "scripts/run": '#!/usr/bin/env bash\nset -eu\necho "$1"\n',
    "sql/sales/transform/10_sales.sql": "delete from raw_data.sales\nwhere order_id in (select order_id from gone);\n",
    "sql/sales/athena/queries/10_sales.sql": "select try_cast(quantity as integer) as quantity\nfrom ${raw_database}.sales\n",
    ".github/workflows/check.yml": WORKFLOW.format(name="check", step='run: make test VERB="test"'),
    ".github/dependabot.yml": "version: 2\nupdates: []\n",
}
FAULTS = {
    # golangci-lint: one for each linter, and for each import rule
    "config/planted_golangci_lint.go": 'package config\n\nimport _ "github.com/aws/aws-cdk-go/awscdk/v2" // depguard\n',
    "constructs/planted_golangci_lint.go": (
        'package constructs\n\nimport _ "lakeshift/config" // depguard\nimport _ "github.com/aws/aws-sdk-go-v2" // depguard\n'
    ),
    "stacks/planted_golangci_lint.go": 'package stacks\n\nimport _ "lakeshift/cmd/lakeshift/verbs" // depguard\n',
    "planted_golangci_lint.go": 'package main\n\nimport _ "lakeshift/constructs" // depguard\n',
    "cmd/lakeshift/verbs/planted_golangci_lint.go": (
        "package verbs\n\nimport (\n"
        + "".join(f'\t_ "{name}" // depguard\n' for name in MODULES if "sdk" not in name)
        + ")\n"
    ),
    "cmd/lakeshift/planted_golangci_lint.go": """\
package main

import (
	"fmt"
	"os"

	_ "lakeshift/stacks" // depguard
)

type Exported struct{} // revive

func init() {
	os.Chdir("/") // errcheck
	err := os.Mkdir("x", 0)
	if err == os.ErrExist { // errorlint
		fmt.Printf("%d", "x") // govet
	}
	text := "a" // ineffassign
	text = "recieve" // misspell
	fmt.Println(string(text)) // unconvert
	fmt.Println(fmt.Sprintf("x")) // staticcheck
	fmt.Println("x") //nolint
}

func unused() {} // unused

func  crooked() {}
""",
    "planted_mypy.py": 'NUMBER: int = "one"\n',
    "sql/sales/transform/20_planted_sqlfluff.sql": "delete from raw_data.sales where name = ${no_such_name};\n",
    "sql/sales/athena/queries/20_planted_sqlfluff.sql": "select approximate count(distinct a)\nfrom b\n",
    "planted_markdown.md": "# Planted\n\n```\nno language\n```\n",
    "planted_ruff.py": "import os\n",
    "planted_ruff_format.py": "NUMBER = ( 1 )\n",
    "scripts/planted_shellcheck": "#!/usr/bin/env bash\nrm $1\n",
    "datasets/planted_contracts.yaml": "dataset: planted\n",
    "planted_yamllint.yaml": "one: 1\none: 2\n",
    ".github/workflows/planted_actionlint.yml": WORKFLOW.format(
        name="planted", step="run: make test\n        shell: no-such-shell"
    ),
    ".github/workflows/planted_zizmor.yml": WORKFLOW.format(name="planted", step="uses: actions/setup-go@v6"),
    "planted_links.md": "# Planted\n\nA [file](no/such.go) and a [heading](planted_links/target.md#no-such).\n",
    "planted_links/target.md": "# Target\n",
    "planted_tracked_files.txt": "AKIA" + "A" * 16 + "\nfrom " + "pypi" + ".org\nblank \n/ho" + "me/me/x\nno end",
}
LINTERS = [
    "depguard",
    "errcheck",
    "errorlint",
    "gofmt",
    "govet",
    "ineffassign",
    "misspell",
    "nolintlint",
    "revive",
    "staticcheck",
    "unconvert",
    "unused",
]


@pytest.fixture(scope="module")
def small_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lint") / "project"
    for name in COPIED:
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, target, ignore=shutil.ignore_patterns("__pycache__", "*_test.go"))
        else:
            shutil.copy(PROJECT / name, target)
    go_mod = "module lakeshift\n\ngo 1.26.0\n"
    for number, name in enumerate(MODULES):
        write(root / f"build/modules/{number}/go.mod", f"module {name}\n\ngo 1.26.0\n")
        write(root / f"build/modules/{number}/stand_in.go", "package stand_in\n")
        go_mod += f"\nrequire {name} v{version_of(name)}\n\nreplace {name} => ./build/modules/{number}\n"
    write(root / "go.mod", go_mod)
    for name, text in CLEAN.items():
        write(root / name, text)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return root


def version_of(module: str) -> str:
    major = re.search(r"/v(\d+)$", module)
    return f"{major[1] if major else 1}.0.0"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def lint(root: Path, *options: str) -> tuple[int, str, dict[str, str]]:
    """The exit code, everything that was said, and each failed check's findings."""
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    command = [sys.executable, "-m", "tools.lint", *options]
    # the installer is the project's own
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    said = done.stdout + done.stderr
    sections = re.split(r"^== ([a-z-]+): .*\n", said, flags=re.MULTILINE)[1:]
    return done.returncode, said, dict(zip(sections[::2], sections[1::2], strict=True))


def test_each_checker_finds_its_own_fault_and_no_other(small_project: Path) -> None:
    for name, text in FAULTS.items():
        write(small_project / name, text)
    code, said, found = lint(small_project)
    assert code == 1
    checks = re.findall(r"^  (?:ok|FAILED) +([a-z-]+) ", said, flags=re.MULTILINE)
    assert len(checks) == 13 and set(found) == set(checks), said
    for check, findings in found.items():
        named = {name.replace("_", "-") for name in re.findall(r"planted_(\w+?)\.?(?=\W)", findings)}
        assert named == {check}, f"{check}:\n{findings}"
    blamed = [file for file in CLEAN if re.search(rf"(?<![\w/]){re.escape(file)}\b", "".join(found.values()))]
    assert blamed == [], said
    missing = [file for file in FAULTS if file not in said]
    assert missing == [], said
    silent = [linter for linter in LINTERS if f"({linter})" not in found["golangci-lint"]]
    assert silent == [], found["golangci-lint"]
    rules = set(re.findall(r"from list '([\w-]+)'", found["golangci-lint"]))
    assert rules == {"app", "command-line", "config", "constructs", "stacks"}


def test_what_can_be_mended_is(small_project: Path) -> None:
    file = small_project / "planted_ruff_format.py"
    code, said, found = lint(small_project, "--fix", "ruff-format")
    assert (code, found) == (0, {}), said
    assert file.read_text() == "NUMBER = 1\n"
