"""The Trino process behind the local Athena: one node, loopback only, one catalog.

Starting takes seconds, so it begins with the gateway and nobody waits before the first query.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

# Trino reads and writes the lake as this one; who may start a query is asked of the caller.
PRINCIPAL = "athena-engine"
CATALOG = "awsdatacatalog"
START_TIMEOUT = 180  # seconds; a loaded laptop needs 20
STOP_TIMEOUT = 15
HEAP = "1G"

log = logging.getLogger("lakeshift.athena")
http = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# One compiler tier and one collector thread: a start costs 14 CPU seconds instead of 35, and
# queries of this size never live long enough to miss the optimising compiler.
JVM_OPTIONS = (
    f"-Xmx{HEAP}",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dfile.encoding=UTF-8",
    "-Duser.timezone=UTC",
    "-Djol.skipHotspotSAAttach=true",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)


class TrinoError(Exception):
    """Trino did not start or has ended; the message names its log."""


class TrinoServer:
    """One Trino process and its folder. Thread-safe."""

    def __init__(
        self,
        folder: Path,
        log_path: Path,
        java: str,
        home: Path,
        catalog: Mapping[str, str],
        java_options: Sequence[str] = (),
    ):
        self.folder = folder
        self.log_path = log_path
        self.java = java
        self.home = home
        self.catalog = catalog
        self.java_options = java_options
        self.url = ""
        self.ready_seconds: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._started = 0.0
        self._ready = False
        self._stopped = False

    def start(self) -> None:
        """Starts the process and returns at once; a thread notes when it is ready."""
        with self._lock:
            self._start()
        threading.Thread(target=self._note_readiness, daemon=True).start()

    def _note_readiness(self) -> None:
        try:
            self.wait_until_ready()
        except TrinoError as error:
            log.error("%s", error)

    def _start(self) -> subprocess.Popen[bytes]:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._ready = False
        self._started = time.monotonic()
        config = write_configuration(self.folder, self.home, port, self.catalog)
        guard = [sys.executable, str(Path(__file__).with_name("guard.py"))]
        with self.log_path.open("ab") as output:
            self._process = process = subprocess.Popen(
                [*guard, *command(self.java, self.home, self.folder, config, self.java_options)],
                cwd=self.folder,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return process

    def wait_until_ready(self) -> str:
        """The server's URL once it answers queries. Starts it again if it has ended.

        Raises TrinoError when it does not come up.
        """
        with self._lock:
            if self._ready and self._process and self._process.poll() is None:
                return self.url
            if self._stopped:
                raise TrinoError("the local AWS is ending")
            process = self._process
            if process is None or process.poll() is not None:
                process = self._start()
            while time.monotonic() - self._started < START_TIMEOUT:
                if self._stopped or process.poll() is not None:
                    raise TrinoError(f"Trino ended while starting: see {self.log_path}")
                if answers(self.url):
                    self._ready = True
                    self.ready_seconds = round(time.monotonic() - self._started, 1)
                    log.info("Trino is ready after %s s at %s", self.ready_seconds, self.url)
                    return self.url
                time.sleep(0.1)
            raise TrinoError(f"Trino is not up after {START_TIMEOUT} s: see {self.log_path}")

    def stop(self) -> None:
        """Ends the process; safe to call twice and while a start is awaited."""
        self._stopped = True
        process = self._process
        if process is None or process.poll() is not None:
            return
        if process.stdin:
            process.stdin.close()  # tells the guard
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)  # its own session: the guard and the server, nobody else
            process.wait()


def command(java: str, home: Path, folder: Path, config: Path, java_options: Sequence[str] = ()) -> list[str]:
    """The command line of the server. The class path is spelled out: a wildcard's order is the
    file system's, and could differ from one machine to the next."""
    class_path = os.pathsep.join(str(jar) for jar in sorted((home / "lib").glob("*.jar")))
    return [
        java,
        *JVM_OPTIONS,
        *java_options,
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        f"-XX:ErrorFile={folder / 'tmp' / 'hs_err_%p.log'}",
        f"-Dconfig={config}",
        "-cp",
        class_path,
        "io.trino.server.TrinoServer",
    ]


def write_configuration(folder: Path, home: Path, port: int, catalog: Mapping[str, str]) -> Path:
    """Writes etc/ into `folder`; returns the path of config.properties."""
    etc = folder / "etc"
    (etc / "catalog").mkdir(parents=True, exist_ok=True)
    # Trino unpacks native libraries there at every start and leaves them
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    (folder / "tmp").mkdir()
    # Athena shows nothing of the engine's insides
    rules = {
        "catalogs": [{"catalog": CATALOG, "allow": "all"}],
        "tables": [
            {"catalog": "system", "privileges": []},
            {"privileges": ["SELECT", "INSERT", "OWNERSHIP", "GRANT_SELECT"]},
        ],
    }
    (etc / "access-control.json").write_text(json.dumps(rules))
    (etc / "access-control.properties").write_text(
        _properties(
            {
                "access-control.name": "file",
                "security.config-file": str(etc / "access-control.json"),
            }
        )
    )
    (etc / "log.properties").write_text("io.trino=WARN\nio.trino.server.Server=INFO\nio.airlift=WARN\nBootstrap=WARN\n")
    catalog_file = etc / "catalog" / f"{CATALOG}.properties"
    catalog_file.touch(mode=0o600)
    catalog_file.write_text(_properties(catalog))
    config = etc / "config.properties"
    config.write_text(
        _properties(
            {
                "node.environment": "lakeshift",
                "node.id": "lakeshift",
                "node.bind-ip": "127.0.0.1",
                "node.internal-address": "127.0.0.1",
                "coordinator": "true",
                "node-scheduler.include-coordinator": "true",
                "http-server.http.port": str(port),
                "http-server.log.enabled": "false",
                "web-ui.enabled": "false",
                "discovery.uri": f"http://127.0.0.1:{port}",
                "plugin.dir": str(home / "plugin"),
                "catalog.config-dir": str(etc / "catalog"),
                "access-control.config-files": str(etc / "access-control.properties"),
                "log.levels-file": str(etc / "log.properties"),
            }
        )
    )
    return config


def hive_catalog(endpoint: str, region: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """The one catalog: Glue's tables, S3's files, at the gateway, with Athena's habits."""
    access_key = credentials["aws_access_key_id"]
    secret_key = credentials["aws_secret_access_key"]
    return {
        "connector.name": "hive",
        "hive.metastore": "glue",
        "hive.metastore.glue.region": region,
        "hive.metastore.glue.endpoint-url": endpoint,
        "hive.metastore.glue.aws-access-key": access_key,
        "hive.metastore.glue.aws-secret-key": secret_key,
        # the emulator knows no segments: five would each answer with every partition
        "hive.metastore.glue.partitions-segments": "1",
        # a partition switched a moment ago must be seen
        "hive.metastore-cache-ttl": "0s",
        "hive.metastore-stats-cache-ttl": "0s",
        "fs.native-s3.enabled": "true",
        "s3.region": region,
        "s3.endpoint": endpoint,
        "s3.path-style-access": "true",
        "s3.aws-access-key": access_key,
        "s3.aws-secret-key": secret_key,
        # as in Athena: sub folders are read, external tables written, Parquet is what CTAS makes
        "hive.recursive-directories": "true",
        "hive.non-managed-table-writes-enabled": "true",
        "hive.storage-format": "PARQUET",
    }


def _environment() -> dict[str, str]:
    """No AWS setting of the user's reaches Trino; its own stand in the catalog file."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "JAVA_", "JDK_"))}


def answers(url: str) -> bool:
    """Whether the server takes queries."""
    try:
        with http.open(f"{url}/v1/info", timeout=2) as response:
            return json.load(response).get("starting") is False
    except OSError:
        return False


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _properties(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())
