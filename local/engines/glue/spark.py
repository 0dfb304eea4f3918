"""Spark as a Glue 5.1 job finds it, in one process on this machine.

A Java that starts Spark loads 13,000 classes. An archive of them (class-data sharing), made once
per cache, halves the time of a small job. It changes nothing but the start.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

log = logging.getLogger("lakeshift.glue")

HEAP = "1g"
CORES = 2
MAKING = "work-"
# Given to every process of the local AWS, so that `down` finds them.
OWNER = "LAKESHIFT_OWNER"
JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.net.preferIPv4Stack=true")

# Touches what jobs use: sessions, SQL, Parquet, Python workers, S3A.
REHEARSAL = """
import sys
from pyspark.sql import SparkSession, functions as F
session = SparkSession.builder.getOrCreate()
folder = sys.argv[1]
rows = session.sparkContext.parallelize([("1", "2.50"), ("2", "x")], 2).map(lambda row: (*row, ["a", "b"]))
frame = session.createDataFrame(rows, "a string, b string, c array<string>")
typed = frame.select(
    F.col("a").cast("bigint"), F.col("b").cast("decimal(10,2)"), F.col("c")[0].alias("c"),
    F.to_date(F.lit("2025-01-15")).alias("d"), F.current_timestamp().alias("t"),
)
typed.cache()
typed.coalesce(1).write.mode("overwrite").parquet(folder)
session.read.parquet(folder).groupBy("d").agg(F.count("*"), F.sum("b")).collect()
try:
    session.read.text("s3://nowhere/nothing").collect()
except Exception:
    pass
session.stop()
"""


def java_home(java: str) -> Path:
    return Path(java).resolve().parent.parent


def properties(endpoint: str, region: str, jars: str, work: str, java_options: Sequence[str]) -> str:
    """spark-defaults.conf. Keys come from the environment: they must be in no file and no log."""
    settings = {
        "spark.master": f"local[{CORES}]",
        "spark.driver.memory": HEAP,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraClassPath": f"{jars}/*",
        "spark.driver.extraJavaOptions": " ".join(
            f'"{option}"' for option in (*JAVA_OPTIONS, f"-Djava.io.tmpdir={work}", *java_options)
        ),
        "spark.local.dir": work,
        "spark.sql.warehouse.dir": f"{work}/warehouse",
        "spark.sql.shuffle.partitions": CORES,
        "spark.sql.catalogImplementation": "in-memory",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.hadoop.hadoop.tmp.dir": f"{work}/hadoop",
        "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": 2,
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": region,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.aws.credentials.provider": ("com.amazonaws.auth.EnvironmentVariableCredentialsProvider"),
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())


def environment(java: str, properties_file: Path, empty_folder: Path) -> dict[str, str]:
    """What pyspark needs to know to start its Java."""
    return {
        "JAVA_HOME": str(java_home(java)),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        # by command line and not by folder: a folder with files on the class path forbids archives
        "SPARK_CONF_DIR": str(empty_folder),
        "PYSPARK_SUBMIT_ARGS": f"--properties-file {shlex.quote(str(properties_file))} pyspark-shell",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


# --- the archive ---------------------------------------------------------------------------------


def archive_folder(cache: Mapping[str, str]) -> Path:
    """Where the archive of this Java, this Spark and these jars belongs; beside the jars."""
    parts = (cache["java17"], cache["jars"], str(_spark_folder()), HEAP, *JAVA_OPTIONS, REHEARSAL)
    name = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    return Path(cache["jars"]).parent / f"spark-classes-{name}"


def archive_options(cache: Mapping[str, str]) -> list[str]:
    archive = archive_folder(cache) / "classes.jsa"
    return [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []


def empty_folder(cache: Mapping[str, str]) -> Path:
    """An empty Spark configuration folder, at the same place for archive and jobs: the class paths
    of both must be equal."""
    folder = archive_folder(cache) / "conf"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class ArchiveMaker:
    """Makes the archive if it is missing: a minute of one processor, at the lowest priority."""

    def __init__(self, cache: Mapping[str, str]):
        self._cache = cache
        self._process: subprocess.Popen | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def make(self) -> None:
        folder = archive_folder(self._cache)
        if (folder / "classes.jsa").exists():
            return
        conf = empty_folder(self._cache)
        with (folder / "making.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # another local AWS makes it
            for abandoned in folder.glob(f"{MAKING}*"):
                shutil.rmtree(abandoned, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=MAKING) as work:
                made = Path(work, "classes.jsa")
                self._dump(self._rehearse(work, conf), Path(work, "classes.txt"), made, work)
                os.replace(made, folder / "classes.jsa")

    def stop(self) -> None:
        """Ends the making; `make` then raises."""
        with self._lock:
            self._stopped = True
            if self._process is not None and self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)

    def _rehearse(self, work: str, conf: Path) -> str:
        """Runs a small job that lists the classes it loads; returns its class path."""
        options = ["-Xshare:off", f"-XX:DumpLoadedClassList={work}/classes.txt"]
        script, settings = Path(work, "rehearsal.py"), Path(work, "spark.conf")
        script.write_text(REHEARSAL)
        settings.write_text(
            # a port where nothing listens: the S3 client gets as far as connecting
            properties("http://127.0.0.1:9", "us-east-1", self._cache["jars"], work, options)
            + "spark.hadoop.fs.s3a.attempts.maximum 1\nspark.hadoop.fs.s3a.retry.limit 0\n"
        )
        shown = self._run(
            [sys.executable, "-s", str(script), f"{work}/rows"],
            {
                **environment(self._cache["java17"], settings, conf),
                "SPARK_PRINT_LAUNCH_COMMAND": "1",
                "AWS_ACCESS_KEY_ID": "none",
                "AWS_SECRET_ACCESS_KEY": "none",
            },
            work,
        )
        class_path = re.search(r"^Spark Command: .* -cp (.*?) -Xmx", shown, re.MULTILINE)
        if not class_path:
            raise RuntimeError(f"the rehearsal told no class path:\n{shown[-2000:]}")
        return class_path[1]

    def _dump(self, class_path: str, classes: Path, archive: Path, work: str) -> None:
        self._run(
            [
                str(java_home(self._cache["java17"]) / "bin/java"),
                "-Xshare:dump",
                f"-XX:SharedClassListFile={classes}",
                f"-XX:SharedArchiveFile={archive}",
                *JAVA_OPTIONS,
                f"-Xmx{HEAP}",
                "-cp",
                class_path,
            ],
            {},
            work,
        )

    def _run(self, command: list[str], extra: dict[str, str], work: str) -> str:
        kept = {name: os.environ[name] for name in ("PATH", OWNER) if name in os.environ}
        with self._lock:
            if self._stopped:
                raise RuntimeError("stopped")
            self._process = subprocess.Popen(
                ["nice", "-n", "19", *command],
                env={**kept, "HOME": work, "TZ": "UTC", **extra},
                cwd=work,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        said, _ = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError(f"{command[0]} ended with {self._process.returncode}:\n{said[-2000:]}")
        return said


def _spark_folder() -> Path:
    spec = importlib.util.find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("pyspark is not installed in this environment")
    return Path(spec.submodule_search_locations[0])
