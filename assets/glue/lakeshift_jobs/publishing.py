"""Publishing: queued partitions are unloaded under a new prefix, then the catalog is switched to it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lakeshift_jobs import catalog
from lakeshift_jobs.sql import Statement, any_text, quote

QUEUE_TABLE = "analytics.publish_queue"

_FILE = re.compile(r"(?:.*/)?\d\d_(?P<table>\w+)\.sql")
_MAX_LIST_BYTES = 50_000
_DELETE_AT_ONCE = 1000


@dataclass(frozen=True)
class Switch:
    locations: Mapping[tuple[str, ...], str]
    """A partition's values to its new location."""
    emptied: tuple[tuple[str, ...], ...]
    """Queued partitions of which nothing is left."""


def table_of(path: str) -> str:
    """The table a publish file is for: publish/10_fact_orders.sql is for fact_orders."""
    match = _FILE.fullmatch(path)
    if not match:
        raise ValueError(f"{path}: a publish file is named NN_<table>.sql")
    return match["table"]


def queued(table: str) -> Statement:
    query = f"select distinct partition_path from {QUEUE_TABLE} where table_name = {quote(table)}"
    return Statement(query, "publish queue", 1)


def done(table: str, partitions: Iterable[str]) -> Iterator[Statement]:
    """Takes the partitions off the queue, in statements that stay well under the Data API's limit."""
    some: list[str] = []
    size = 0
    number = 0
    for partition in [*sorted(partitions), None]:
        literal = "" if partition is None else any_text(partition)
        if some and (partition is None or size + len(literal.encode()) > _MAX_LIST_BYTES):
            number += 1
            yield Statement(
                f"delete from {QUEUE_TABLE} "
                f"where table_name = {quote(table)} and partition_path in ({', '.join(some)})",
                "publish queue",
                number,
            )
            some, size = [], 0
        some.append(literal)
        size += len(literal.encode()) + 2


def plan(
    queue: Iterable[str], prefix_uri: str, objects: Iterable[str], prefix: str, partition_keys: Sequence[str]
) -> Switch:
    """What to switch: every partition that came out of the unload, and those that came out empty."""
    folders = {folder for folder in (key[len(prefix) :].rpartition("/")[0] for key in objects) if folder}
    found = {catalog.parse_folder(folder, partition_keys): f"{prefix_uri}{folder}/" for folder in folders}
    queued_values = {catalog.parse_path(path, partition_keys) for path in queue}
    return Switch(found, tuple(sorted(queued_values - found.keys())))


def unused_runs(runs: Mapping[str, datetime.datetime], used: Iterable[str], now: datetime.datetime) -> list[str]:
    """The run= prefixes to delete: no partition points to them, and no reader can still be busy with them."""
    in_use = set(used)
    a_day_ago = now - datetime.timedelta(days=1)
    return sorted(prefix for prefix, newest in runs.items() if newest < a_day_ago and prefix not in in_use)


def run_prefix(location: str, root_uri: str) -> str | None:
    """The run= prefix that a partition's location lies under."""
    match = re.match(re.escape(root_uri) + r"/(?P<run>run=[^/]+)/", location)
    return match["run"] if match else None


def delete_prefixes(client: Any, bucket: str, prefixes: Iterable[str]) -> None:
    for prefix in prefixes:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [{"Key": entry["Key"]} for page in pages for entry in page.get("Contents", [])]
        for begin in range(0, len(keys), _DELETE_AT_ONCE):
            some = {"Objects": keys[begin : begin + _DELETE_AT_ONCE], "Quiet": True}
            for error in client.delete_objects(Bucket=bucket, Delete=some).get("Errors", []):
                print(f"could not delete {error['Key']}: {error.get('Message')}", flush=True)
