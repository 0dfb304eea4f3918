"""Fetches the Java archives named in ivy.xml: the jars for Spark's S3A, and Trino.

Standard library only, since the installer runs it before any environment exists:

    python3 local/archives.py {jars|trino} DESTINATION --java JAVA --ivy IVY_JAR

DESTINATION must not exist; it appears only when everything in it is whole (SHA-256 of ivy.lock).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import ssl
import struct
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
IVY_FILE = HERE / "ivy.xml"
LOCK_FILE = HERE / "ivy.lock"

# What to fetch for each destination; configurations of one destination come side by side.
CONFIGURATIONS = {"jars": ("jars",), "trino": ("server", "hive")}
ATTEMPTS = 3


class FetchError(Exception):
    """An archive could not be fetched, or is not the one that the lock names."""


def content_hash(kind: str) -> str:
    """Names the version of `kind` in the cache: changes when ivy.xml or its lock change."""
    digest = hashlib.sha256(kind.encode())
    for file in (IVY_FILE, LOCK_FILE):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def fetch(kind: str, destination: Path, java: Path, ivy_jar: Path) -> None:
    """Fetches `kind` ("jars" or "trino") into `destination`, which must not exist yet.

    jars: `*.jar`, flat. trino: `lib/` (the server's class path) and `plugin/hive/`.
    Raises FetchError with Ivy's own words.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=destination.parent))
    try:
        (work / "files").mkdir()
        options = java_network_options(work)
        with ThreadPoolExecutor() as pool:
            runs = [
                pool.submit(run_ivy, configuration, work, java, ivy_jar, options)
                for configuration in CONFIGURATIONS[kind]
            ]
            for run in runs:
                run.result()
        verify(work / "files", read_lock())
        tree = unpack_trino(work / "files", work / "tree") if kind == "trino" else work / "files"
        os.replace(tree, destination)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def run_ivy(conf: str, work: Path, java: Path, ivy_jar: Path, options: list[str]) -> None:
    """Retrieves one configuration of ivy.xml into work/files."""
    command = [
        str(java),
        "-Xmx256m",
        *options,
        "-jar",
        str(ivy_jar),
        "-warn",
        "-ivy",
        str(IVY_FILE),
        # its own cache each: two Ivys side by side must not meet, and nothing goes to ~/.ivy2
        "-cache",
        str(work / f"ivy-{conf}"),
        "-confs",
        conf,
        "-retrieve",
        str(work / "files" / "[artifact]-[revision].[ext]"),
    ]
    for attempt in range(1, ATTEMPTS + 1):
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode == 0:
            return
        if attempt == ATTEMPTS:
            raise FetchError(
                f"Ivy could not fetch configuration {conf!r} of {IVY_FILE.name} "
                f"({ATTEMPTS} attempts). It said:\n{done.stdout[-3000:].strip(' .')}"
            )


def read_lock() -> dict[str, str]:
    """File name → SHA-256."""
    lines = LOCK_FILE.read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines if line)}


def verify(folder: Path, lock: dict[str, str]) -> None:
    """Raises FetchError unless each file in `folder` is the one that the lock names."""
    for file in sorted(folder.iterdir()):
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != lock.get(file.name):
            raise FetchError(
                f"{file.name} has SHA-256 {digest}, {LOCK_FILE.name} says {lock.get(file.name, 'nothing about it')}"
            )


def unpack_trino(archives: Path, tree: Path) -> Path:
    """Lays the server's lib/ and the hive plug-in out as one Trino installation."""
    parts = tree / "parts"
    parts.mkdir(parents=True)
    (server,) = archives.glob("trino-server-core-*.tar.gz")
    with tarfile.open(server) as archive:
        # Python before 3.11.4 (Debian 12 has 3.11.2) knows no filter; the archive's digest is checked
        if hasattr(tarfile, "data_filter"):
            archive.extractall(parts, filter="data")
        else:
            archive.extractall(parts)
    (plugin,) = archives.glob("trino-hive-*.zip")
    with zipfile.ZipFile(plugin) as archive:
        archive.extractall(parts)
    # the other plug-ins of the server are left out: each costs start-up time, none is used
    os.replace(next(parts.glob("trino-server-core-*")) / "lib", tree / "lib")
    (tree / "plugin").mkdir()
    os.replace(next(parts.glob("trino-hive-*")), tree / "plugin" / "hive")
    shutil.rmtree(parts)
    return tree


def java_network_options(folder: Path) -> list[str]:
    """Makes Java trust and use what Python does: certificate bundle and proxy of the environment.

    Java knows neither SSL_CERT_FILE nor HTTPS_PROXY; behind a company's proxy it would fail where
    pip and npm succeed.
    """
    options = []
    certificates = ssl.create_default_context().get_ca_certs(binary_form=True)
    if certificates:
        store = folder / "truststore.jks"
        store.write_bytes(java_keystore(certificates))
        options.append(f"-Djavax.net.ssl.trustStore={store}")
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    if proxy:
        url = urllib.parse.urlsplit(proxy if "//" in proxy else f"//{proxy}")
        options += [f"-Dhttps.proxyHost={url.hostname}", f"-Dhttps.proxyPort={url.port or 80}"]
    return options


def java_keystore(certificates: list[bytes], password: str = "changeit") -> bytes:
    """A JKS trust store of DER certificates (the format is fixed since Java 1.2)."""

    def utf(text: str) -> bytes:
        return struct.pack(">H", len(text)) + text.encode()

    store = struct.pack(">III", 0xFEEDFEED, 2, len(certificates))
    for number, certificate in enumerate(certificates):
        store += struct.pack(">I", 2) + utf(f"ca{number}") + struct.pack(">Q", 0)
        store += utf("X.509") + struct.pack(">I", len(certificate)) + certificate
    salt = password.encode("utf-16-be") + b"Mighty Aphrodite"
    return store + hashlib.sha1(salt + store).digest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=sorted(CONFIGURATIONS))
    parser.add_argument("destination", type=Path)
    parser.add_argument("--java", type=Path, required=True)
    parser.add_argument("--ivy", type=Path, required=True, help="PySpark's jars/ivy-*.jar")
    args = parser.parse_args()
    try:
        fetch(args.kind, args.destination, args.java, args.ivy)
    except FetchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
