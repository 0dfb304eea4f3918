#!/usr/bin/env python3
"""Installs everything that the project needs into one cache folder, once.

    python3 local/install.py                 install what is missing
    python3 local/install.py --only node     of it the CDK CLI and its Node: what deploys to AWS
    python3 local/install.py --check         name every tool that is missing or too old
    python3 local/install.py --print-paths   say where it is, as JSON; install nothing

Standard library only: it runs on the machine's Python, before any environment exists. What is
installed lies in ${LAKESHIFT_CACHE:-${XDG_CACHE_HOME:-~/.cache}/lakeshift}, one folder per part,
named after a hash of its lock: another lock, another folder. Nothing else is written.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

if not (3, 11) <= sys.version_info[:2] <= (3, 12):
    sys.exit(
        f"lakeshift needs Python 3.11 or 3.12; this is {platform.python_version()} "
        f"({sys.executable}).\nInstall one of them and run it: python3.12 local/install.py"
    )

import fcntl
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from local import archives  # noqa: E402
from local.bar import Bar  # noqa: E402
from local.layout import DONE, JAVA25_LOCK, NODE_FILES, PYTHON_LOCK, InstallError, Layout, cache_root  # noqa: E402
from local.machine import check_machine  # noqa: E402

DOWNLOAD = "about 1.2 GB"
Builders = dict[str, tuple[Callable[[], None], str]]  # a part's name: what makes it, what it is


# --- the parts ------------------------------------------------------------------------------------


class Installer:
    def __init__(self, layout: Layout, say=print):
        self.layout = layout
        self.say = say
        self.downloads = layout.root / "downloads"
        self._spark_there = threading.Event()
        self._pip_failed = threading.Event()

    def builders(self) -> Builders:
        return {
            "venv": (self._venv, "Python packages: emulator, Spark, PostgreSQL, tests"),
            "jre25": (self._jre25, "Java 25 for Trino"),
            "node": (self._node, "AWS CDK CLI and Node 24"),
            "jars": (lambda: self._archives("jars"), "S3 connector for Spark"),
            "trino": (lambda: self._archives("trino"), "Trino, the engine behind the local Athena"),
        }

    def run(self, missing: list[str]) -> None:
        """Installs the missing parts side by side. What is complete stays if another part fails."""
        builders = self.builders()
        if "venv" not in missing:
            self._spark_there.set()
        bar = self.say if isinstance(self.say, Bar) and self.say.live else None
        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            running = {}
            for name in missing:
                build, what = builders[name]
                self.say(f"  {name:6} {what} …")
                running[pool.submit(build)] = name
            faults = []
            pending = set(running)
            while pending:
                done, pending = concurrent.futures.wait(
                    pending, timeout=2 if bar else 15, return_when=concurrent.futures.FIRST_COMPLETED
                )
                seconds = time.monotonic() - started
                for run in done:
                    if run.exception():
                        faults.append(f"{running[run]}: {run.exception()}")
                    else:
                        self.say(f"  {running[run]:6} ready after {seconds:.0f} s")
                names = ", ".join(sorted(running[run] for run in pending))
                size = _folder_size(self.layout.root) / 1e6 if bar or not done else 0
                if bar:
                    bar.show(
                        len(missing) - len(pending),
                        len(missing),
                        f"parts, {seconds:.0f} s, {size:.0f} MB written: {names}",
                    )
                elif not done:
                    self.say(f"  … {seconds:.0f} s, {size:.0f} MB written, working on: {names}")
        if bar:
            bar.clear()
        if faults:
            raise InstallError("\n".join(faults) + "\nRun it again: what is complete is kept, downloads too.")
        shutil.rmtree(self.downloads, ignore_errors=True)

    def _venv(self) -> None:
        path = self.layout.venv
        try:
            self._new_venv(path)
            # Spark is a third of it, and what fetches Trino and the jars comes with it: first.
            spark, rest = split_lock(PYTHON_LOCK.read_text(), "pyspark")
            with concurrent.futures.ThreadPoolExecutor() as pool:
                spark_run = pool.submit(self._pip, path, "spark", spark)
                rest_run = pool.submit(self._pip, path, "rest", rest)
                spark_run.result()
                if (path / "bin/python").exists():
                    self._spark_there.set()
                rest_run.result()
            # in parallel, which pip does not
            command = [path / "bin/python", "-m", "compileall", "-qq", "-j", "0", path / self.layout.site]
            subprocess.run(list(map(str, command)), check=False, stdout=subprocess.DEVNULL)
        except BaseException:
            self._pip_failed.set()
            raise
        (path / DONE).touch()

    def _jre25(self) -> None:
        self._new_venv(self.layout.jre25)
        self._pip(self.layout.jre25, "jre25", JAVA25_LOCK.read_text())
        (self.layout.jre25 / DONE).touch()

    def _new_venv(self, path: Path) -> None:
        # A venv can't be moved once made, so it grows in its place; the mark comes last.
        shutil.rmtree(path, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(path)], "could not make a Python environment")

    def _pip(self, venv: Path, name: str, lock: str) -> None:
        file = venv / f"lock-{name}.txt"
        file.write_text(lock)
        command: list[Path | str] = [venv / "bin/python", "-m", "pip", "install", "--quiet", "--no-input"]
        command += ["--disable-pip-version-check", "--no-deps", "--no-compile"]
        command += ["--cache-dir", self.downloads / "pip", "--require-hashes", "-r", file]
        run(command, "pip could not install the locked Python packages")

    def _node(self) -> None:
        path = self.layout.node
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        for file in NODE_FILES:
            shutil.copy(file, path)
        command: list[Path | str] = [shutil.which("npm") or "npm", "ci", "--ignore-scripts", "--loglevel=error"]
        command += ["--cache", self.downloads / "npm"]
        run(command, "npm could not install the CDK CLI", cwd=path)
        (path / DONE).touch()

    def _archives(self, kind: str) -> None:
        while not self._spark_there.wait(timeout=0.2):
            if self._pip_failed.is_set():
                raise InstallError("waits for the Python packages, which failed")
        target = self.layout.parts()[kind]
        shutil.rmtree(target, ignore_errors=True)
        java = self._java()
        try:
            archives.fetch(kind, target, Path(java), self.layout.ivy_jar())
        except archives.FetchError as error:
            raise InstallError(str(error)) from error
        (target / DONE).touch()

    def _java(self) -> str:
        """Any Java runs Ivy: the first of ours that is there."""
        while True:
            paths = self.layout.paths()
            for name in ("java17", "java25"):
                folder = self.layout.venv if name == "java17" else self.layout.jre25
                whole = (folder / DONE).exists() or not paths[name].startswith(str(folder))
                if Path(paths[name]).exists() and whole:
                    return paths[name]
            if self._pip_failed.is_set():
                raise InstallError("waits for a Java, whose installation failed")
            time.sleep(0.2)


def split_lock(lock: str, name: str) -> tuple[str, str]:
    """The requirement `name` of a hashed lock, and the others."""
    entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    chosen = [e for e in entries if re.match(rf"{re.escape(name)}[=\[ ]", e)]
    if len(chosen) != 1:
        raise InstallError(f"{PYTHON_LOCK.name} holds {name} {len(chosen)} times, expected once")
    return chosen[0], "".join(e for e in entries if e is not chosen[0])


def run(
    command: Sequence[Path | str], failure: str, cwd: Path | None = None, env: dict[str, str] | None = None
) -> None:
    words = list(map(str, command))
    done = subprocess.run(
        words,
        check=False,
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise InstallError(f"{failure} ({' '.join(words[:4])} …):\n{done.stdout[-3000:].strip()}")


def _folder_size(folder: Path) -> int:
    total = 0
    for directory, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(directory, name)).st_size
    return total


@contextlib.contextmanager
def only_installer(root: Path, say=print):
    """Holds the cache's lock; a second installer waits here and then finds everything done."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another installation is running; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install(say=print, only: Sequence[str] = ()) -> dict[str, str]:
    """Installs what is missing, of all parts or of those in `only`, and returns the paths.

    Raises InstallError.
    """
    layout = Layout(cache_root())
    if layout.missing(only):
        check_machine(layout.root)
        with only_installer(layout.root, say):
            missing = layout.missing(only)
            if missing:
                say(f"Installing into {layout.root}. This happens once:")
                if len(missing) == len(layout.parts()):
                    say(f"  {DOWNLOAD} will be downloaded; later starts download nothing.")
                Installer(layout, say).run(missing)
    return layout.paths()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only look for missing or old tools")
    parser.add_argument("--print-paths", action="store_true", help="only say where things are")
    parser.add_argument("--only", action="append", default=[], choices=["node"], help="no more than this part")
    options = parser.parse_args()
    try:
        if options.check:
            check_machine()
        elif options.print_paths:
            layout = Layout(cache_root())
            print(json.dumps(layout.paths()))
            if missing := layout.missing(options.only):
                print(
                    f"not installed yet: {', '.join(missing)}. Run: python3 local/install.py",
                    file=sys.stderr,
                )
                return 3
        else:
            install(Bar(), options.only)
    except InstallError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
