"""A job run as a process: fetches what was deployed, runs it as its role, ends it when asked."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local.caller import aws_environment
from local.context import Context
from local.engines.class_archive import OWNER
from local.engines.glue import arguments, logs, spark

SECONDS_PER_MINUTE = 60
RUNNER = Path(__file__).with_name("runner.py")
LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class Outcome:
    state: str
    message: str | None = None


class JobProcess:
    """One run of a job. `run` blocks until it is over; `stop` may be called from any thread."""

    def __init__(self, context: Context, job_run: Mapping, workflow: str | None):
        self._context = context
        self._run = job_run
        self._job = job_run["_definition"]
        self._workflow = workflow
        self._role = self._job["Role"].rsplit("/", 1)[-1]
        self._stopping = threading.Event()
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()

    def stop(self) -> None:
        self._stopping.set()
        with self._lock:
            self._kill()

    def run(self, on_running: Callable[[], None]) -> Outcome:
        """Raises nothing: whatever goes wrong is the outcome."""
        run_id = self._run["Id"]
        folder = self._context.folder("glue") / "runs" / run_id
        group = self._run["LogGroupName"]
        client = self._context.client("logs", self._role)
        streams = [logs.Stream(client, f"{group}/{kind}", run_id) for kind in ("output", "error")]
        try:
            with logs.job_file(self._context.folder("logs"), run_id).open("a") as file:
                try:
                    outcome = self._run_in(folder, streams, file, on_running)
                except Exception as error:  # noqa: BLE001 - whatever it was, the run has failed
                    outcome = Outcome("FAILED", f"LAUNCH ERROR | {error}")
                if self._stopping.is_set():
                    outcome = Outcome("STOPPED")
                if outcome.message:
                    file.write(f"[{outcome.state}] {outcome.message}\n")
            return outcome
        finally:
            for stream in streams:
                stream.close()
            shutil.rmtree(folder, ignore_errors=True)

    def _run_in(self, folder: Path, streams: list[logs.Stream], file, on_running: Callable[[], None]) -> Outcome:
        folder.mkdir(parents=True)
        (folder / "tmp").mkdir()
        values = arguments.merged(self._job, self._run)
        arguments.refuse_unknown(values)
        script = self._fetch(self._job["Command"]["ScriptLocation"], folder / "script")
        python_path = [
            self._fetch(uri, folder / f"python-{number}") for number, uri in enumerate(arguments.python_files(values))
        ]
        words = arguments.command_line(self._job, self._run, self._workflow)
        error_file = folder / "error.txt"
        bytecode = Path(self._context.cache["jars"]).parent / "bytecode"
        reading, writing = os.pipe()
        try:
            with self._lock:
                if self._stopping.is_set():
                    return Outcome("STOPPED")
                self._process = subprocess.Popen(
                    [sys.executable, "-s", "-B", RUNNER, str(reading), bytecode, error_file, script, *words],
                    cwd=folder,
                    env=self._environment(folder, python_path),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    pass_fds=(reading,),
                    start_new_session=True,
                )
            on_running()
            return self._wait(streams, file, error_file)
        finally:
            with self._lock:
                self._kill()
            os.close(reading)
            os.close(writing)

    def _wait(self, streams: list[logs.Stream], file, error_file: Path) -> Outcome:
        process = self._process
        assert process is not None and process.stdout and process.stderr
        lock = threading.Lock()
        copiers = [
            logs.Copier(source, stream, file, lock) for source, stream in zip((process.stdout, process.stderr), streams)
        ]
        minutes = self._run.get("Timeout") or self._job["Timeout"]
        try:
            status = process.wait(minutes * SECONDS_PER_MINUTE)
        except subprocess.TimeoutExpired:
            with self._lock:
                self._kill()
            process.wait()
            outcome = Outcome("TIMEOUT", f"The job run exceeded its timeout of {minutes} minutes")
        else:
            outcome = outcome_of(status, error_file)
        with self._lock:
            # what the script left running, such as Spark's Java; afterwards the number may be another's
            self._kill()
            self._process = None
        for copier in copiers:
            copier.join(timeout=10)
        return outcome

    def _kill(self) -> None:
        if self._process is not None:
            # the group outlives its leader, and is gone when none of it is left
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _fetch(self, uri: str, folder: Path) -> Path:
        """Downloads a deployed file, as the job's role."""
        url = urlsplit(uri)
        key = url.path.lstrip("/")
        folder.mkdir()
        target = folder / key.rsplit("/", 1)[-1]
        client = self._context.client("s3", self._role)
        try:
            body = client.get_object(Bucket=url.netloc, Key=key)["Body"]
        except client.exceptions.ClientError as error:
            raise FileNotFoundError(f"{uri} can't be read by role {self._role}: {error}") from error
        with target.open("wb") as file:
            shutil.copyfileobj(body, file)
        return target

    def _environment(self, folder: Path, python_path: list[Path]) -> dict[str, str]:
        """Nothing of the user's own: the role's keys, and what Python and Spark need to start."""
        context = self._context
        keys = context.credentials_for(self._role)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join(map(str, python_path)),
            **aws_environment(context.endpoint, context.region, context.state_dir),
            **{name.upper(): value for name, value in keys.items()},
        }
        if OWNER in os.environ:
            environment[OWNER] = os.environ[OWNER]
        if self._job["Command"]["Name"] == "glueetl":
            settings = folder / "spark.conf"
            settings.write_text(
                spark.properties(
                    context.endpoint,
                    context.region,
                    context.cache["jars"],
                    str(folder / "tmp"),
                    spark.archive_options(context.cache),
                )
            )
            environment |= spark.environment(context.cache["java17"], settings, spark.empty_folder(context.cache))
        return environment


def outcome_of(status: int, error_file: Path) -> Outcome:
    """How a run ended: exit 0 is success, anything else tells what the script failed with."""
    if status == 0:
        return Outcome("SUCCEEDED")
    message = ""
    if error_file.exists():
        message = error_file.read_text(encoding="utf-8", errors="replace").strip()
    if not message:
        by = f"signal {-status}" if status < 0 else f"exit code {status}"
        message = f"Command failed with {by}"
    return Outcome("FAILED", message[:LONGEST_MESSAGE])


def clear_leftovers(context: Context) -> None:
    """Removes the folders of runs that a killed gateway left behind."""
    shutil.rmtree(context.folder("glue") / "runs", ignore_errors=True)
