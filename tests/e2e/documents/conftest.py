"""The suite of the documentation: its first page begins with nothing, as its reader does."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def begins_deployed() -> bool:
    return False
