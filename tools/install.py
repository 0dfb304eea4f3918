"""Installs what `make lint` needs beside the project's own tools, once, into the cache folder.

    python3 tools/install.py

Python tools come as wheels from one hashed lock; Go tools are built from modules of their own, each with its own
go.sum, because their dependencies don't go together. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from local import install as project  # noqa: E402
from local.bar import Bar  # noqa: E402
from local.layout import digest  # noqa: E402

LOCK = ROOT / "tools/requirements.lock"
GO_TOOLS = {
    "golangci-lint": "github.com/golangci/golangci-lint/v2/cmd/golangci-lint",
    "actionlint": "github.com/rhysd/actionlint/cmd/actionlint",
}


class Layout(project.Layout):
    """The lint tools' parts, in a folder beside the project's: `<cache>/lint/<part>-<hash of its lock>`."""

    def __init__(self, root: Path):
        super().__init__(root / "lint")
        self.python = self.root / f"python-{digest(LOCK, self.machine)}"

    def parts(self) -> dict[str, Path]:
        return {"python": self.python} | {name: self._go_tool(name) for name in GO_TOOLS}

    def _go_tool(self, name: str) -> Path:
        # built by another Go, it could not read what that Go compiles
        module = ROOT / "tools" / name
        hashed = digest(module / "go.mod", module / "go.sum", go_version(), self.machine)
        return self.root / f"{name}-{hashed}"

    def bin_folders(self) -> list[str]:
        """What to put on PATH, in front."""
        parts = self.parts()
        return [str(parts.pop("python") / "bin"), *map(str, parts.values())]


class Installer(project.Installer):
    def builders(self) -> project.Builders:
        built = {
            name: (lambda name=name, package=package: self._go(name, package), f"{name}, built from its Go module")
            for name, package in GO_TOOLS.items()
        }
        return {"python": (self._python, "linters that come as wheels"), **built}

    def _python(self) -> None:
        path = self.layout.parts()["python"]
        self._new_venv(path)
        self._pip(path, "lint", LOCK.read_text())
        (path / project.DONE).touch()

    def _go(self, name: str, package: str) -> None:
        target = self.layout.parts()[name]
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        # Caches of its own, gone afterwards: about 1 GB that nothing else would use.
        cache = self.downloads / f"go-{name}"
        environment = {
            **os.environ,
            "GOFLAGS": "-mod=readonly -modcacherw -trimpath",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "GOCACHE": str(cache / "build"),
            "GOMODCACHE": str(cache / "modules"),
        }
        command: list[Path | str] = ["go", "build", "-ldflags=-s -w", "-o", target / name, package]
        failure = f"could not build {name}"
        project.run(command, failure, cwd=ROOT / "tools" / name, env=environment)
        shutil.rmtree(cache, ignore_errors=True)
        (target / project.DONE).touch()


def go_version() -> str:
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        said = subprocess.run(["go", "env", "GOVERSION"], check=True, capture_output=True, text=True, env=environment)
    except (OSError, subprocess.CalledProcessError) as error:
        raise project.InstallError(
            f"lint needs Go: install it (https://go.dev/dl) and put it on PATH ({error})"
        ) from error
    return said.stdout.strip()


def install(say=print) -> Layout:
    """Installs what is missing. Raises project.InstallError."""
    layout = Layout(project.cache_root())
    if layout.missing():
        project.check_machine(layout.root)
        with project.only_installer(layout.root, say):
            missing = layout.missing()
            if missing:
                say(f"Installing the lint tools into {layout.root} (one to three minutes). This happens once:")
                Installer(layout, say).run(missing)
    return layout


if __name__ == "__main__":
    try:
        install(Bar())
    except project.InstallError as error:
        sys.exit(f"error: {error}")
