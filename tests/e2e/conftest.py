"""One deployed local environment for a suite; its tests build on one another, in order.

A suite is a folder here and a pytest of its own: `make test` runs them side by side.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from platform_under_test import PROJECT, Platform


@pytest.fixture(scope="session")
def added_datasets() -> dict[str, Path]:
    """Datasets that are there at the first deployment beside the project's own, by name: a suite's conftest may say."""
    return {}


@pytest.fixture(scope="session")
def begins_deployed() -> bool:
    """Whether the local AWS is up when the suite begins: a suite may start it with the commands that it tests."""
    return True


@pytest.fixture(scope="session")
def platform(added_datasets: dict[str, Path], begins_deployed: bool) -> Iterator[Platform]:
    # A short path: PostgreSQL's socket path may not exceed 107 bytes.
    root = Path(tempfile.mkdtemp(prefix="lakeshift-e2e-"))
    deployed = Platform.copy_of_project(root)
    for name, folder in added_datasets.items():
        deployed.add_dataset(name, folder)
    try:
        if begins_deployed:
            # as `make test-e2e` has just built it; in another folder Go would compile and link it once more
            (root / "bin").mkdir()
            shutil.copy2(PROJECT / "bin" / "lakeshift", root / "bin")
            deployed.cli("local", "up")
        yield deployed
    finally:
        if (root / "bin" / "lakeshift").exists():
            deployed.cli("local", "down", check=False)
        shutil.rmtree(root, ignore_errors=True)
