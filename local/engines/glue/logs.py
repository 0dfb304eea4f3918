"""Output of jobs and crawls: to CloudWatch Logs while it comes, and to a file."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from pathlib import Path
from typing import IO, Any

log = logging.getLogger("lakeshift.glue")

FLUSH_SECONDS = 1.0
# PutLogEvents takes 10,000 events and 1 MB; an event 256 KB
BATCH_EVENTS = 1000
LONGEST_LINE = 16_000


class Stream:
    """One log stream. `write` never blocks on the network: a thread delivers every second."""

    def __init__(self, client: Any, group: str, name: str):
        self._client, self._group, self._name = client, group, name
        self._lines: list[tuple[int, str]] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._made = False
        self._thread = threading.Thread(target=self._deliver, name=f"logs {name[:12]}", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        with self._lock:
            self._lines.append((int(time.time() * 1000), line[:LONGEST_LINE]))

    def close(self) -> None:
        """Delivers what is left."""
        self._closing.set()
        self._thread.join(timeout=30)

    def _deliver(self) -> None:
        while True:
            last = self._closing.wait(FLUSH_SECONDS)
            with self._lock:
                lines, self._lines = self._lines, []
            try:
                for start in range(0, len(lines), BATCH_EVENTS):
                    self._put(lines[start : start + BATCH_EVENTS])
            except Exception as error:  # noqa: BLE001
                # a job must not fail because its log does; the file has the lines
                log.warning("log stream %s/%s: %s", self._group, self._name, error)
            if last:
                return

    def _put(self, lines: list[tuple[int, str]]) -> None:
        if not self._made:
            self._make()
        events = [{"timestamp": at, "message": line} for at, line in lines if line]
        if events:
            self._client.put_log_events(logGroupName=self._group, logStreamName=self._name, logEvents=events)

    def _make(self) -> None:
        exists = self._client.exceptions.ResourceAlreadyExistsException
        for create, names in (
            (self._client.create_log_group, {"logGroupName": self._group}),
            (
                self._client.create_log_stream,
                {"logGroupName": self._group, "logStreamName": self._name},
            ),
        ):
            with contextlib.suppress(exists):
                create(**names)
        self._made = True


class Copier(threading.Thread):
    """Copies a process's output, line by line, to a stream and to a file."""

    def __init__(self, source: IO[bytes], stream: Stream, file: IO[str], lock: threading.Lock):
        super().__init__(name="job output", daemon=True)
        self._source, self._stream, self._file, self._lock = source, stream, file, lock
        self.start()

    def run(self) -> None:
        for raw in self._source:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            with self._lock:
                self._file.write(line + "\n")
                self._file.flush()
            self._stream.write(line)


def job_file(folder: Path, run_id: str) -> Path:
    path = folder / "jobs" / f"{run_id}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
