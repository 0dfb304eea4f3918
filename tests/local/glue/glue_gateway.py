"""A gateway with the Glue engine alone, as a process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from local.context import Context

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 60


class Gateway:
    """A gateway process; `start` again after `kill` finds the same state."""

    def __init__(self, folder: Path, cache: dict[str, str]):
        self.folder, self.cache = folder, cache
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.context = Context(ROOT, folder, cache, self.endpoint)
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "local.gateway",
                *("--state", str(self.folder), "--port", str(self.port)),
                *("--cache", json.dumps(self.cache), "--engines", "glue"),
            ],
            cwd=ROOT,
            start_new_session=True,
        )
        wait_for(self._answers, what="the gateway")

    def _answers(self) -> bool:
        assert self.process is not None and self.process.poll() is None, "the gateway ended"
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(30)

    def client(self, service: str, principal: str | None = None):
        return self.context.client(service, principal)


def wait_for(condition, seconds: float = SECONDS, what: str = "the condition"):
    """What `condition` answers, once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := condition():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds} s")
