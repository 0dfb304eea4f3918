"""The raw zone: which objects there are, and which of them the ledger does not know."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

_PARTITION = re.compile(r"year=(?P<year>\d{4})/month=(?P<month>\d{2})/day=(?P<day>\d{2})/(?P<file>.+)")
_PARALLEL_REQUESTS = 16


@dataclass(frozen=True)
class Partition:
    year: str
    month: str
    day: str

    @property
    def date(self) -> datetime.date:
        return datetime.date(int(self.year), int(self.month), int(self.day))

    @property
    def values(self) -> list[str]:
        return [self.year, self.month, self.day]

    @property
    def path(self) -> str:
        return f"year={self.year}/month={self.month}/day={self.day}"


@dataclass(frozen=True)
class RawObject:
    """One version of a raw object. The ETag is opaque: it says that content differs, never what it is."""

    key: str
    etag: str
    partition: Partition
    modified_at: datetime.datetime
    size: int
    version_id: str | None = None


@dataclass(frozen=True)
class Listing:
    objects: tuple[RawObject, ...]
    strays: tuple[str, ...]
    """Keys outside any year=YYYY/month=MM/day=DD/ of a real date: no reader finds them."""


def parse_uri(uri: str) -> tuple[str, str]:
    """Splits s3://bucket/key."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(f"{uri!r} is no S3 address: use s3://bucket/key")
    return bucket, key


def partition_of(key: str, dataset: str) -> Partition | None:
    """The partition a raw object lies in; None if its key is not of that form or names no real date."""
    match = _PARTITION.fullmatch(key[len(dataset) + 1 :]) if key.startswith(f"{dataset}/") else None
    if not match:
        return None
    partition = Partition(match["year"], match["month"], match["day"])
    try:
        partition.date  # noqa: B018 - raises if there is no such day
    except ValueError:
        return None
    return partition


def is_hidden(key: str) -> bool:
    """Folder markers, and names that Athena and Spectrum ignore too."""
    return key.endswith("/") or any(part.startswith(("_", ".")) for part in key.split("/"))


def window_prefixes(dataset: str, window_days: int, today: datetime.date) -> list[str]:
    """What to list: everything, or the partitions of the last `window_days` days, today included."""
    if window_days <= 0:
        return [f"{dataset}/"]
    days = [today - datetime.timedelta(days=back) for back in range(window_days)]
    return [f"{dataset}/year={day:%Y}/month={day:%m}/day={day:%d}/" for day in reversed(days)]


def list_objects(client: Any, bucket: str, dataset: str, prefixes: Iterable[str]) -> Listing:
    """Lists the current raw objects under the prefixes."""
    objects, strays = [], []
    for entry in _entries(client, bucket, prefixes):
        if is_hidden(entry["Key"]):
            continue
        partition = partition_of(entry["Key"], dataset)
        if partition is None:
            strays.append(entry["Key"])
        else:
            objects.append(
                RawObject(entry["Key"], entry["ETag"].strip('"'), partition, _utc(entry["LastModified"]), entry["Size"])
            )
    return Listing(tuple(objects), tuple(strays))


def unknown_objects(objects: Iterable[RawObject], ledger: Iterable[Sequence[Any]]) -> list[RawObject]:
    """The objects whose content the ledger does not have, and those written again since it was loaded.

    The second is how rows that were rejected are read by a contract that was mended since. The ledger's rows are key,
    ETag and when they were committed, in seconds since 1970. Clocks that disagree cost a load, and lose nothing.
    """
    committed = {(key, etag): float(seconds) for key, etag, seconds in ledger}
    return [
        item
        for item in objects
        if (item.key, item.etag) not in committed or item.modified_at.timestamp() > committed[item.key, item.etag]
    ]


def pin_versions(client: Any, bucket: str, objects: Iterable[RawObject]) -> list[RawObject]:
    """The objects with the version that will be read; one deleted since the listing is left out."""

    def pin(item: RawObject) -> RawObject | None:
        try:
            head = client.head_object(Bucket=bucket, Key=item.key)
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
                return None
            raise
        return RawObject(
            item.key,
            head["ETag"].strip('"'),
            item.partition,
            _utc(head["LastModified"]),
            head["ContentLength"],
            head.get("VersionId"),
        )

    with ThreadPoolExecutor(_PARALLEL_REQUESTS) as pool:
        return [item for item in pool.map(pin, objects) if item is not None]


def _entries(client: Any, bucket: str, prefixes: Iterable[str]) -> Iterator[dict[str, Any]]:
    paginator = client.get_paginator("list_objects_v2")
    for prefix in prefixes:
        for page in paginator.paginate(Bucket=bucket, Prefix=prefix):
            yield from page.get("Contents", [])


def _utc(moment: datetime.datetime) -> datetime.datetime:
    return moment.astimezone(datetime.timezone.utc)
