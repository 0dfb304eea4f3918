"""Facts about the repository itself: its patches still fit, and Go leaves npm's packages alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


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
