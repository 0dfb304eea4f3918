"""What the jobs are deployed with."""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from fakes import LIBRARY, PROJECT

GLUE = PROJECT / "assets" / "glue"
STEP = PROJECT / "assets" / "schema_step"


def make() -> None:
    subprocess.run([sys.executable, str(PROJECT / "local" / "library.py")], check=True)


def content() -> dict[str, str]:
    files = [path for path in LIBRARY.rglob("*") if path.is_file()]
    return {str(path.relative_to(LIBRARY)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_library_is_the_same_each_time() -> None:
    make()
    before = content()
    LIBRARY.with_suffix(".digest").unlink()
    make()
    assert content() == before
    assert not [name for name in before if "__pycache__" in name]


def test_the_library_brings_the_locked_boto3_with_every_service_the_jobs_call() -> None:
    make()
    locked = [
        line.split("==")[1].split()[0]
        for line in (GLUE / "requirements.lock").read_text().splitlines()
        if line.startswith("boto3==")
    ]
    code = (
        "import boto3; print(boto3.__version__, boto3.__file__);"
        "[boto3.client(name, region_name='us-east-1') for name in "
        "('s3', 'glue', 'athena', 'redshift-data', 'cloudwatch')]"
    )
    path = f"{LIBRARY}:{LIBRARY / 'vendor'}"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path, "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    version, place = result.stdout.split()
    assert [version] == locked and place.startswith(str(LIBRARY))


@pytest.mark.parametrize("path", sorted([*GLUE.rglob("*.py"), *STEP.rglob("*.py")]), ids=lambda path: path.name)
def test_the_code_is_python_3_9(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 9))


def test_both_shell_jobs_start_alike() -> None:
    def start(name: str) -> str:
        tree = ast.parse((GLUE / name).read_text())
        (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "use_library"]
        return ast.dump(function)

    assert start("transform.py") == start("check.py")


def test_no_code_knows_a_dataset() -> None:
    for path in [*GLUE.rglob("*.py"), *STEP.rglob("*.py")]:
        words = path.read_text().lower()
        assert "sales" not in words and "order_id" not in words, path
