"""A module's text is compiled once, wherever it lies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RUNNER = Path(__file__).resolve().parents[3] / "local/engines/glue/runner.py"
SCRIPT = "import sys; sys.path.insert(0, sys.argv[1]); import answer; answer.fail()\n"


def run(folder: Path, bytecode: Path, text: str) -> str:
    """What a script says that fails in a module `answer` of its own folder."""
    folder.mkdir()
    (folder / "answer.py").write_text(text)
    (folder / "script.py").write_text(SCRIPT)
    reading, writing = os.pipe()
    names = [bytecode, folder / "error.txt", folder / "script.py", folder]
    try:
        done = subprocess.run(
            [sys.executable, "-s", "-B", RUNNER, str(reading), *names],
            pass_fds=[reading],
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            start_new_session=True,
        )
    finally:
        os.close(reading)
        os.close(writing)
    assert done.returncode == 1
    return done.stderr


def test_a_kept_module_runs_as_if_compiled_where_it_lies(tmp_path: Path) -> None:
    kept = tmp_path / "bytecode"
    fails = "def fail():\n    raise ValueError('once')\n"
    run(tmp_path / "a", kept, fails)
    files = set(kept.iterdir())
    assert files
    said = run(tmp_path / "b", kept, fails)
    assert set(kept.iterdir()) == files, "compiled again"
    assert str(tmp_path / "b" / "answer.py") in said
    assert "ValueError: once" in said


def test_another_text_is_another_module_and_a_broken_file_is_none(tmp_path: Path) -> None:
    kept = tmp_path / "bytecode"
    run(tmp_path / "a", kept, "def fail():\n    raise ValueError('once')\n")
    assert "ValueError: twice" in run(tmp_path / "b", kept, "def fail():\n    raise ValueError('twice')\n")
    for file in kept.iterdir():
        file.write_bytes(b"broken")
    assert "ValueError: once" in run(tmp_path / "c", kept, "def fail():\n    raise ValueError('once')\n")
