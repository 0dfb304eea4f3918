"""The steps of `make test`: each a make verb, several at a time, with one report at the end.

A step begins once those that it names have ended well, the one that took longest the last time
first. What a step prints goes to build/test/<step>.log, and to the screen if the step fails: all
steps run to their end, so one run shows everything that is wrong.

    LAKESHIFT_TEST_JOBS   steps at a time; default: one per core, at most 4
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "test"
SECONDS = LOGS / "seconds.json"  # how long each step took the last time
HEARTBEAT = 60  # seconds between two lines while nothing ends: CI systems end what is silent


@dataclass(frozen=True)
class Step:
    name: str
    verb: tuple[str, ...]
    after: frozenset[str] = frozenset()
    """Names of the steps that must have ended well."""

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name.replace(' ', '-')}.log"


def plan() -> list[Step]:
    """All steps, the longest first as far as is known, so that no long one is left alone at the end."""
    installed, built = frozenset({"install"}), frozenset({"install", "build"})
    suites = sorted(path.parent.name for path in (ROOT / "tests/e2e").glob("*/test_*.py"))
    steps = [
        # They wait for the network, for one big package, and for everything but these: side by side on a new machine.
        Step("install", ("tools", "library")),
        Step("build", ("build",)),
        Step("lint tools", ("lint-tools",)),
        *(Step(f"end-to-end {name}", ("test-e2e", f"SUITE={name}"), built) for name in dict.fromkeys(suites)),
        Step("engine tests", ("test-engines", "ENGINE=athena glue"), installed),
        Step("warehouse tests", ("test-engines", "ENGINE=redshift frame"), installed),
        Step("job tests", ("test-jobs",), installed),
        Step("Go tests", ("test-go",), built),
        Step("cfn-lint", ("cfn-lint",), built),
        # the packages that it looks at are compiled by the build
        Step("lint", ("lint",), built | {"lint tools"}),
    ]
    took = last_seconds()
    return sorted(steps, key=lambda step: (bool(step.after), -took.get(step.name, 0)))


def last_seconds() -> dict[str, float]:
    try:
        return json.loads(SECONDS.read_text())
    except (OSError, ValueError):
        return {}


class Runner:
    def __init__(self) -> None:
        self._running: dict[Step, subprocess.Popen] = {}
        self._lock = threading.Lock()
        self.seconds: dict[Step, float] = {}
        self.failed: list[Step] = []
        self.left_out: list[Step] = []
        self.stopped = False

    def run(self, step: Step) -> bool:
        began = time.monotonic()
        step.log.parent.mkdir(parents=True, exist_ok=True)
        # no jobserver or flags of the make that called: each step is a make of its own
        environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        # A pytest that starts closes the folder of all pytests to other users, the databases' own among them.
        environment["PYTEST_DEBUG_TEMPROOT"] = temporary = tempfile.mkdtemp(prefix="lakeshift-")
        with step.log.open("wb") as log, self._lock:
            if self.stopped:
                return False
            process = subprocess.Popen(
                ["make", "--no-print-directory", *step.verb],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running[step] = process
        good = process.wait() == 0
        shutil.rmtree(temporary, ignore_errors=True)
        with self._lock:
            del self._running[step]
        self.seconds[step] = time.monotonic() - began
        if good:
            say(f"  ok      {self.seconds[step]:4.0f} s  {step.name}")
        else:
            self.failed.append(step)
            say(f"  FAILED  {self.seconds[step]:4.0f} s  {step.name}")
        return good

    def running(self) -> list[str]:
        with self._lock:
            return [step.name for step in self._running]

    def stop(self) -> None:
        """Interrupts what runs, as Ctrl-C does, so that tests end what they started."""
        with self._lock:
            self.stopped = True
            for process in self._running.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGINT)


def say(line: str) -> None:
    print(line, flush=True)


def jobs() -> int:
    named = os.environ.get("LAKESHIFT_TEST_JOBS")
    if named:
        return max(1, int(named))
    return max(1, min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


def run_all(runner: Runner, waiting: list[Step]) -> None:
    """Runs what can run, as many at a time as there are places; what depends on a failed step is left out."""
    began, good = time.monotonic(), set[str]()
    with concurrent.futures.ThreadPoolExecutor(jobs()) as pool:
        pending: dict[concurrent.futures.Future[bool], Step] = {}
        try:
            while waiting or pending:
                ready = [step for step in waiting if step.after <= good][: jobs() - len(pending)]
                for step in ready:
                    waiting.remove(step)
                    pending[pool.submit(runner.run, step)] = step
                if not pending:
                    runner.left_out = waiting
                    return
                done, _ = concurrent.futures.wait(
                    pending, timeout=HEARTBEAT, return_when=concurrent.futures.FIRST_COMPLETED
                )
                good |= {pending[run].name for run in done if run.result()}
                for run in done:
                    del pending[run]
                if not done:
                    say(f"  … {time.monotonic() - began:6.0f} s  running: {', '.join(runner.running())}")
        except BaseException:
            runner.stop()
            raise


def main() -> int:
    runner = Runner()
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell's background job begins with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    began = time.monotonic()
    try:
        run_all(runner, plan())
    except KeyboardInterrupt:
        runner.stop()
        say("interrupted")
        return 130
    LOGS.mkdir(parents=True, exist_ok=True)
    took = {step.name: round(seconds, 1) for step, seconds in runner.seconds.items()}
    SECONDS.write_text(json.dumps(last_seconds() | took, indent=2))
    for step in runner.failed:
        say(f"\n== {step.name} failed: make {' '.join(step.verb)} ({step.log.relative_to(ROOT)})")
        sys.stdout.flush()
        sys.stdout.buffer.write(step.log.read_bytes())
    for step in runner.left_out:
        say(f"not run, as what it needs failed: {step.name}")
    total = time.monotonic() - began
    say(f"\n{'FAILED: ' + ', '.join(s.name for s in runner.failed) if runner.failed else 'All tests passed.'}")
    say(f"Where the time went ({total:.0f} s, {jobs()} steps at a time):")
    for step, seconds in sorted(runner.seconds.items(), key=lambda item: -item[1]):
        say(f"  {seconds:5.0f} s  {step.name}")
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
