"""The steps of `make test`: which wait for which, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
MAKEFILE = """
first: ; @sleep 0.2; touch first.done
second: ; @test -e first.done
broken: ; @echo what is wrong; exit 1
third: ; @touch third.done
long: ; @touch long.begun; sleep 60
"""
PROGRAM = """
import pathlib, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what it starts in the background
sys.path.insert(0, sys.argv[1])
import run_steps
run_steps.ROOT = pathlib.Path.cwd()
run_steps.LOGS = run_steps.ROOT / "logs"
run_steps.SECONDS = run_steps.LOGS / "seconds.json"
steps = dict(word.split(":") for word in sys.argv[2:])
run_steps.plan = lambda: [
    run_steps.Step(name, (name,), frozenset(filter(None, after.split(",")))) for name, after in steps.items()
]
sys.exit(run_steps.main())
"""


def start(folder: Path, *steps: str) -> subprocess.Popen[str]:
    (folder / "Makefile").write_text(MAKEFILE)
    command = [sys.executable, "-c", PROGRAM, str(SCRIPTS), *steps]
    environment = {**os.environ, "LAKESHIFT_TEST_JOBS": "2"}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_step_waits_for_those_that_it_names(tmp_path: Path) -> None:
    process = start(tmp_path, "second:first", "first:")
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "All tests passed." in said


def test_what_depends_on_a_failed_step_is_left_out_and_said(tmp_path: Path) -> None:
    process = start(tmp_path, "third:broken", "broken:", "first:")
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "what is wrong" in said
    assert "not run, as what it needs failed: third" in said
    assert (tmp_path / "first.done").exists()
    assert not (tmp_path / "third.done").exists()


def test_an_interrupt_ends_the_steps_of_a_background_job_too(tmp_path: Path) -> None:
    process = start(tmp_path, "long:")
    deadline = time.monotonic() + 20
    while not (tmp_path / "long.begun").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert (process.returncode, said.splitlines()[-1]) == (130, "interrupted")
