"""The suite of other people's data: files in forms that the project's own samples do not have."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def added_datasets() -> dict[str, Path]:
    return {"trips": Path(__file__).parent / "trips"}
