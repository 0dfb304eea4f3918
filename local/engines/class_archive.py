"""Archives of the classes that an engine's Java loads at its start: made once per cache, in the background.

Without one everything works, only slower. How an archive is made is its engine's own affair: a recipe, which runs
commands in a folder of its own and returns the file that it made.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# Given to every process of the local AWS, so that `down` finds them.
OWNER = "LAKESHIFT_OWNER"
MAKING = "work-"


class ArchiveMaker:
    """Makes `archive` if it is missing: a minute of one processor, at the lowest priority."""

    def __init__(self, archive: Path, recipe: Callable[[ArchiveMaker, Path], Path], log: logging.Logger):
        self.archive = archive
        self._recipe = recipe
        self._log = log
        self._process: subprocess.Popen | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begins on a thread of its own."""
        threading.Thread(target=self._try, name=f"archive {self.archive.name}", daemon=True).start()

    def _try(self) -> None:
        try:
            self.make()
        except Exception as error:  # noqa: BLE001 - it is only slower without
            self._log.warning("starts stay slow: no %s was made: %s", self.archive, error)

    def make(self) -> None:
        """Returns at once if the archive is there, or another local AWS makes it."""
        if self.archive.exists():
            return
        folder = self.archive.parent
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "making.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            for abandoned in folder.glob(f"{MAKING}*"):
                shutil.rmtree(abandoned, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=MAKING) as work:
                os.replace(self._recipe(self, Path(work)), self.archive)

    def stop(self) -> None:
        """Ends the making; `make` then raises."""
        with self._lock:
            self._stopped = True
            if self._process is not None and self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)

    def run(
        self,
        command: Sequence[str],
        work: Path,
        extra: Mapping[str, str] | None = None,
        meanwhile: Callable[[subprocess.Popen], None] | None = None,
        ends_with: Sequence[int] = (0,),
    ) -> str:
        """Runs a command to its end, and `meanwhile` beside it; returns what it said.

        Raises RuntimeError if it ends with another status than expected, or `stop` was called.
        """
        kept = {name: os.environ[name] for name in ("PATH", OWNER) if name in os.environ}
        said = work / "said.txt"
        with self._lock, said.open("wb") as output:
            if self._stopped:
                raise RuntimeError("stopped")
            self._process = process = subprocess.Popen(
                ["nice", "-n", "19", *command],
                env={**kept, "HOME": str(work), "TZ": "UTC", **(extra or {})},
                cwd=work,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            if meanwhile:
                meanwhile(process)
            process.wait()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        text = said.read_text(errors="replace")
        if process.returncode not in ends_with:
            raise RuntimeError(f"{command[0]} ended with {process.returncode}:\n{text[-2000:]}")
        return text
