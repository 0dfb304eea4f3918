"""What is installed, where, and what is said when it can't be."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from local import install, layout, machine

ROOT = Path(__file__).resolve().parents[3]


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAKESHIFT_CACHE", str(tmp_path / "named"))
    assert install.cache_root() == tmp_path / "named"
    monkeypatch.delenv("LAKESHIFT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert install.cache_root() == tmp_path / "xdg" / "lakeshift"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert install.cache_root() == tmp_path / ".cache" / "lakeshift"


def test_another_lock_is_another_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = install.Layout(tmp_path)
    other = tmp_path / "requirements.lock"
    other.write_text("something==1\n")
    monkeypatch.setattr(layout, "PYTHON_LOCK", other)
    after = install.Layout(tmp_path)
    assert before.venv != after.venv
    assert before.node == after.node


def test_a_part_is_there_when_it_is_complete(tmp_path: Path) -> None:
    layout = install.Layout(tmp_path)
    assert layout.missing() == ["venv", "jre25", "node", "jars", "trino"]
    layout.node.mkdir()
    assert "node" in layout.missing()  # begun, not done
    (layout.node / install.DONE).touch()
    assert "node" not in layout.missing()


def test_the_lock_splits_without_loss() -> None:
    lock = install.PYTHON_LOCK.read_text()
    spark, rest = install.split_lock(lock, "pyspark")
    assert spark.startswith("pyspark==") and spark.count("==") == 1
    assert len(spark) + len(rest) == len(lock)
    assert "pyspark" not in rest
    with pytest.raises(install.InstallError, match="0 times"):
        install.split_lock(lock, "no-such-package")


@pytest.mark.parametrize("file", [install.PYTHON_LOCK, install.JAVA25_LOCK])
def test_every_locked_package_has_its_hashes(file: Path) -> None:
    text = file.read_text()
    entries = [e for e in text.replace("\\\n", " ").splitlines() if "==" in e and e[0] != "#"]
    assert entries
    assert [e for e in entries if "--hash=sha256:" not in e] == []


def test_everything_missing_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "bin"
    old.mkdir()
    for name, said in (("node", "v18.1.0"), ("go", "go1.20")):
        (old / name).write_text(f"#!/bin/sh\necho {said}\n")
        (old / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(old) + os.pathsep + "/bin")
    monkeypatch.setattr(install.shutil, "which", lambda name: str(old / name) if (old / name).exists() else None)
    monkeypatch.setattr(machine, "DISK_GB", 10**9)
    with pytest.raises(install.InstallError) as error:
        install.check_machine(tmp_path / "cache" / "not" / "yet")
    said = str(error.value)
    for fault in (
        "Go 1.26 or newer, found 1.20",
        "Node.js 20 or newer, found 18.1",
        "npm, found none",
    ):
        assert fault in said
    assert "LAKESHIFT_CACHE" in said


def test_paths_are_printed_without_installing(tmp_path: Path) -> None:
    cache = tmp_path / "empty"
    done = subprocess.run(
        [sys.executable, "local/install.py", "--print-paths"],
        cwd=ROOT,
        env={**os.environ, "LAKESHIFT_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    paths = json.loads(done.stdout)
    assert set(paths) == {"python", "node", "cdk", "java17", "java25", "trino", "jars"}
    assert done.returncode == 3
    assert "python3 local/install.py" in done.stderr
    assert not cache.exists()


def test_a_second_installer_waits(tmp_path: Path) -> None:
    said: list[str] = []
    waiting, entered = threading.Event(), threading.Event()

    def second() -> None:
        def say(line: str) -> None:
            said.append(line)
            waiting.set()

        with install.only_installer(tmp_path, say):
            entered.set()

    with (tmp_path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        assert not entered.is_set()
    thread.join(10)
    assert entered.is_set()
    assert "waiting" in said[0]


def test_a_part_that_fails_says_so_and_keeps_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    layout = install.Layout(tmp_path)

    def node_works(self: install.Installer) -> None:
        self.layout.node.mkdir(parents=True)
        (self.layout.node / install.DONE).touch()

    def jre_fails(self: install.Installer) -> None:
        raise install.InstallError("no route to anywhere")

    monkeypatch.setattr(install.Installer, "_node", node_works)
    monkeypatch.setattr(install.Installer, "_jre25", jre_fails)
    with pytest.raises(install.InstallError, match="jre25: no route to anywhere"):
        install.Installer(layout, lambda line: None).run(["node", "jre25"])
    assert "node" not in layout.missing()
