"""Makes build/library/: the Python library that the Glue jobs are deployed with.

    python3 local/library.py

lakeshift_jobs/ comes from assets/glue, vendor/ from the wheels of assets/glue/requirements.lock, fetched once into
the cache. The content depends on those sources alone, so that a deployment changes only when they do. Standard library
only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "assets" / "glue" / "lakeshift_jobs"
LOCK = REPOSITORY / "assets" / "glue" / "requirements.lock"
LIBRARY = REPOSITORY / "build" / "library"

# Python shell's version. The wheels are pure Python: the library is the same wherever it is made.
TARGET = ["--python-version", "3.9", "--implementation", "py", "--abi", "none"]

# botocore describes some 400 services in 25 MB. The jobs call these; each job would unpack the others at every start.
SERVICES = {"athena", "cloudwatch", "glue", "redshift-data", "s3", "sts"}


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("LAKESHIFT_CACHE") or Path(base) / "lakeshift")


def wheels(cache: Path) -> list[Path]:
    """The locked wheels, downloaded if they are not in the cache."""
    folder = cache / "wheels" / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        print("library: fetching boto3 for the Python shell jobs (15 MB, once)", flush=True)
        work = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
        try:
            download(work)
            try:
                work.rename(folder)
            except OSError:
                if not folder.exists():  # or another run was faster
                    raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return sorted(folder.glob("*.whl"))


def download(folder: Path) -> None:
    command = [
        *(
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ),
        *(
            "--require-hashes",
            "--only-binary=:all:",
            *TARGET,
            "--dest",
            str(folder),
            "--requirement",
            str(LOCK),
        ),
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"library: pip could not fetch the wheels of {LOCK.name}:\n{result.stderr or result.stdout}")


def is_needed(name: str) -> bool:
    """Whether a wheel's file belongs into the library."""
    parts = name.split("/")
    if parts[:2] in (["boto3", "examples"], ["boto3", "data"]):
        return False
    if parts[:2] == ["botocore", "data"] and len(parts) > 3:
        return parts[2] in SERVICES
    return not name.endswith(("/RECORD", "/INSTALLER"))


def build(folder: Path, archives: list[Path]) -> None:
    shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    for archive in archives:
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder / "vendor", [name for name in wheel.namelist() if is_needed(name)])


def digest(archives: list[Path]) -> str:
    """Names the library's content."""
    total = hashlib.sha256()
    sources = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    for path in [Path(__file__), LOCK, *sorted(sources)]:
        total.update(f"{path.relative_to(REPOSITORY)}\0".encode() + path.read_bytes() + b"\0")
    total.update("\0".join(archive.name for archive in archives).encode())
    return total.hexdigest()


def main() -> None:
    archives = wheels(cache_folder())
    stamp = LIBRARY.with_suffix(".digest")
    current = digest(archives)
    # whoever imported from it may have left byte code, which would be deployed
    is_clean = LIBRARY.exists() and not any(LIBRARY.rglob("__pycache__"))
    if is_clean and stamp.exists() and stamp.read_text() == current:
        return
    LIBRARY.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".library-", dir=LIBRARY.parent))
    try:
        build(work / "new", archives)
        stamp.unlink(missing_ok=True)
        if LIBRARY.exists():
            LIBRARY.rename(work / "old")
        (work / "new").rename(LIBRARY)
        stamp.write_text(current)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"library: made {LIBRARY.relative_to(REPOSITORY)}", flush=True)


if __name__ == "__main__":
    main()
