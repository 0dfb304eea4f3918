"""Where a local AWS lives on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
DEFAULT_PORT = 4571

# Tells the user how far things are.
Say = Callable[[str], None]


class LocalError(Exception):
    """What went wrong and what to do about it."""


@dataclass(frozen=True)
class Place:
    """Where a local AWS lives: its state directory and its port."""

    state: Path
    port: int

    @classmethod
    def from_environment(cls) -> Place:
        state = Path(os.environ.get("LAKESHIFT_STATE") or ROOT / ".local").expanduser().resolve()
        port = os.environ.get("LAKESHIFT_PORT") or str(DEFAULT_PORT)
        if not port.isdigit() or not 1024 <= int(port) <= 65535:
            raise LocalError(f"LAKESHIFT_PORT is {port!r}, expected a number from 1024 to 65535")
        return cls(state, int(port))

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def file(self) -> Path:
        return self.state / "local.json"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    def facts(self) -> dict | None:
        """What local.json says, whether or not the gateway still runs."""
        try:
            return json.loads(self.file.read_text())
        except (OSError, ValueError):
            return None
