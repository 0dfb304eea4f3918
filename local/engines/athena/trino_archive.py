"""The classes that Trino loads at its start, archived once per cache: a start then costs half the processor time.

Java 25 records what a rehearsal loads (JEP 483) and writes them loaded and linked into one file, the hive plug-in's too.
"""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from local.engines.athena import trino_server
from local.engines.class_archive import ArchiveMaker

log = logging.getLogger("lakeshift.athena")

ARCHIVE = "classes.aot"
START_TIMEOUT = 600  # seconds, at the lowest priority of a busy machine
NOWHERE = "http://127.0.0.1:9"
TERMINATED = 143  # how a Java ends that was asked to

# What the local Athena asks of it: tables and partitions made, Parquet and CSV written and read, views, aggregates.
REHEARSAL = """
create schema rehearsal;
create table rehearsal.a with (partitioned_by = array['d']) as
  select x, cast(x as decimal(12,2)) as y, cast('2025-01-01 10:00:00' as timestamp) as t, cast(x as varchar) as s, 'day' as d
  from unnest(sequence(1, 10)) as u (x);
create table rehearsal.b (x varchar, y varchar) with (format = 'CSV');
insert into rehearsal.b values ('1', '2');
create view rehearsal.v as select d, count(*) as n, sum(y) as total from rehearsal.a group by d;
select a.s, b.x, v.total from rehearsal.a as a left join rehearsal.b as b on a.s = b.x cross join rehearsal.v as v
  where a.t > date '2024-12-31' order by 1 limit 5;
show tables from rehearsal
"""


def archive_maker(java: str, home: Path) -> ArchiveMaker:
    def recipe(maker: ArchiveMaker, work: Path) -> Path:
        recorded, made = work / "classes.conf", work / ARCHIVE
        server = _command(java, home, work, ["-XX:AOTMode=record", f"-XX:AOTConfiguration={recorded}"])
        maker.run(server, work, meanwhile=lambda process: _rehearse(process, work), ends_with=(TERMINATED,))
        create = ["-XX:AOTMode=create", f"-XX:AOTConfiguration={recorded}", f"-XX:AOTCache={made}"]
        maker.run(_command(java, home, work, create), work)
        return made

    return ArchiveMaker(_folder(java, home) / ARCHIVE, recipe, log)


def options(java: str, home: Path) -> list[str]:
    """Java's options to use the archive, if there is one. Java itself refuses one that does not fit."""
    archive = _folder(java, home) / ARCHIVE
    return [f"-XX:AOTCache={archive}"] if archive.exists() else []


def _folder(java: str, home: Path) -> Path:
    """Where the archive of this Java and this Trino belongs; beside Trino."""
    parts = (java, str(home), *trino_server.JVM_OPTIONS, REHEARSAL)
    name = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    return home.parent / f"trino-classes-{name}"


def _command(java: str, home: Path, work: Path, archive_options: list[str]) -> list[str]:
    config = trino_server.write_configuration(work, home, trino_server.free_port(), _catalog(work))
    # Never asked, but its start loads the clients of Glue and S3.
    aws = trino_server.hive_catalog(
        NOWHERE, "us-east-1", {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    )
    lines = "".join(f"{name}={value}\n" for name, value in aws.items())
    (work / "etc" / "catalog" / "aws.properties").write_text(lines)
    return trino_server.command(java, home, work, config, archive_options)


def _catalog(work: Path) -> Mapping[str, str]:
    """Tables in a folder, where the local Athena's are behind the gateway: it asks nobody."""
    return {
        "connector.name": "hive",
        "hive.metastore": "file",
        "hive.metastore.catalog.dir": "local:///catalog",
        "fs.native-local.enabled": "true",
        "local.location": str(work),
        "hive.storage-format": "PARQUET",
    }


def _rehearse(process: subprocess.Popen, work: Path) -> None:
    config = (work / "etc" / "config.properties").read_text().splitlines()
    (url,) = (line.partition("=")[2] for line in config if line.startswith("discovery.uri="))
    deadline = time.monotonic() + START_TIMEOUT
    while not trino_server.answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            return  # what it said is the maker's to tell
        time.sleep(0.5)
    for sql in REHEARSAL.split(";"):
        _ask(url, sql)
    process.terminate()


def _ask(url: str, sql: str) -> None:
    headers = {"X-Trino-User": "rehearsal", "X-Trino-Catalog": trino_server.CATALOG}
    page = urllib.request.Request(f"{url}/v1/statement", sql.encode(), headers)
    while page:
        with trino_server.http.open(page, timeout=START_TIMEOUT) as answer:
            said = json.load(answer)
        if "error" in said:
            raise RuntimeError(f"{sql.strip()}: {said['error']['message']}")
        page = said.get("nextUri")
