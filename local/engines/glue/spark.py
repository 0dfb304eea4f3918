"""Spark as a Glue 5.1 job finds it, in one process on this machine.

A Java that starts Spark loads 13,000 classes. An archive of them (class-data sharing), made once
per cache, halves the time of a small job. It changes nothing but the start.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.engines.class_archive import ArchiveMaker

log = logging.getLogger("lakeshift.glue")

HEAP = "1g"
CORES = 2
ARCHIVE = "classes.jsa"
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
    archive = archive_folder(cache) / ARCHIVE
    return [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []


def empty_folder(cache: Mapping[str, str]) -> Path:
    """An empty Spark configuration folder, at the same place for archive and jobs: the class paths
    of both must be equal."""
    folder = archive_folder(cache) / "conf"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def archive_maker(cache: Mapping[str, str]) -> ArchiveMaker:
    def recipe(maker: ArchiveMaker, work: Path) -> Path:
        classes, made = work / "classes.txt", work / ARCHIVE
        _dump(maker, cache, _rehearse(maker, cache, classes, work), classes, made, work)
        return made

    return ArchiveMaker(archive_folder(cache) / ARCHIVE, recipe, log)


def _rehearse(maker: ArchiveMaker, cache: Mapping[str, str], classes: Path, work: Path) -> str:
    """Runs a small job that lists the classes it loads; returns its class path."""
    options = ["-Xshare:off", f"-XX:DumpLoadedClassList={classes}"]
    script, settings = work / "rehearsal.py", work / "spark.conf"
    script.write_text(REHEARSAL)
    settings.write_text(
        # a port where nothing listens: the S3 client gets as far as connecting
        properties("http://127.0.0.1:9", "us-east-1", cache["jars"], str(work), options)
        + "spark.hadoop.fs.s3a.attempts.maximum 1\nspark.hadoop.fs.s3a.retry.limit 0\n"
    )
    shown = maker.run(
        [sys.executable, "-s", str(script), f"{work}/rows"],
        work,
        {
            **environment(cache["java17"], settings, empty_folder(cache)),
            "SPARK_PRINT_LAUNCH_COMMAND": "1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        },
    )
    class_path = re.search(r"^Spark Command: .* -cp (.*?) -Xmx", shown, re.MULTILINE)
    if not class_path:
        raise RuntimeError(f"the rehearsal told no class path:\n{shown[-2000:]}")
    return class_path[1]


def _dump(
    maker: ArchiveMaker, cache: Mapping[str, str], class_path: str, classes: Path, archive: Path, work: Path
) -> None:
    maker.run(
        [
            str(java_home(cache["java17"]) / "bin/java"),
            "-Xshare:dump",
            f"-XX:SharedClassListFile={classes}",
            f"-XX:SharedArchiveFile={archive}",
            *JAVA_OPTIONS,
            f"-Xmx{HEAP}",
            "-cp",
            class_path,
        ],
        work,
    )


def _spark_folder() -> Path:
    spec = importlib.util.find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("pyspark is not installed in this environment")
    return Path(spec.submodule_search_locations[0])
