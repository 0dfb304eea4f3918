"""Whether this machine has what an installation needs, and what to do if not. Standard library only."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from local.layout import InstallError, system_java17

DISK_GB = 5  # installed about 2.7 GB, with downloads and unpacking beside it
GO = (1, 26)
NODE = (20, 0)


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
    if platform.system() == "Linux" and platform.machine() != "x86_64" and not system_java17():
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
