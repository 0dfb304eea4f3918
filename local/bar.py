"""Says lines, and on a terminal keeps a bar below them. Standard library only, as the installer is."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from typing import TextIO

WIDTH = 30


class Bar:
    """Call it to say a line; `show` draws how much is done. Where nothing can be redrawn, lines are all there is."""

    def __init__(self, stream: TextIO | None = None):
        self._stream = stream or sys.stdout
        self.live = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._drawn = ""
        self._lock = threading.Lock()

    def __call__(self, line: str) -> None:
        with self._lock:
            self._write(f"\r\x1b[K{line}\n{self._drawn}" if self._drawn else f"{line}\n")

    def show(self, done: int, total: int, text: str) -> None:
        """Draws the bar anew; the text stands behind it."""
        if not self.live:
            return
        filled = WIDTH * min(done, total) // max(total, 1)
        bar = f"  {'━' * filled}{'─' * (WIDTH - filled)} {done} of {total} {text}"
        with self._lock:
            self._drawn = bar[: shutil.get_terminal_size().columns - 1]
            self._write(f"\r\x1b[K{self._drawn}")

    def clear(self) -> None:
        """Takes the bar away."""
        with self._lock:
            if self._drawn:
                self._drawn = ""
                self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
