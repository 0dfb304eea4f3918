"""What a crawl finds: the Hive partitions that a table lacks. Pure; crawlers.py is the edge."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from urllib.parse import unquote, urlsplit

from local.engines.glue.errors import invalid


def bucket_and_prefix(location: str) -> tuple[str, str]:
    """Bucket and key prefix (ending in a slash, or empty) of an s3:// location."""
    url = urlsplit(location)
    if url.scheme not in ("s3", "s3a", "s3n") or not url.netloc:
        raise invalid(f"{location!r} is not an S3 location")
    prefix = url.path.strip("/")
    return url.netloc, f"{prefix}/" if prefix else ""


def partition_of(key: str, prefix: str, names: Sequence[str]) -> tuple[str, ...] | None:
    """The partition values that `key` lies under, or None if it lies in no complete partition.

    Folders that start with _ or . and empty folder markers hold no data, for Glue as for Hive.
    """
    if not key.startswith(prefix) or key.endswith("/"):
        return None
    *folders, file = key[len(prefix) :].split("/")
    if any(part.startswith(("_", ".")) for part in (*folders, file)):
        return None
    if len(folders) < len(names):
        return None
    values = []
    for folder, name in zip(folders, names):
        found, equals, value = folder.partition("=")
        if not equals or not value or found.lower() != name.lower():
            return None
        values.append(unquote(value))
    return tuple(values)


def folder_of(key: str, prefix: str, depth: int) -> str:
    """The key prefix of the partition that `key` lies in, as it is written there."""
    return prefix + "/".join(key[len(prefix) :].split("/")[:depth]) + "/"


def missing_partitions(table: dict, keys: Iterable[str], known: Iterable[Sequence[str]]) -> tuple[list[dict], int]:
    """PartitionInputs to add to `table`, by value order, and the number of keys in no partition.

    They inherit the table's format, SerDe and columns. Nothing is changed or taken away.
    """
    names = [column["Name"] for column in table.get("PartitionKeys", [])]
    bucket, prefix = bucket_and_prefix(table["StorageDescriptor"]["Location"])
    have = {tuple(values) for values in known}
    found: dict[tuple[str, ...], str] = {}
    strays = 0
    for key in keys:
        values = partition_of(key, prefix, names)
        if values is None:
            strays += not key.endswith("/")
        elif values not in have:
            found.setdefault(values, folder_of(key, prefix, len(names)))
    return [
        partition_input(table, values, f"s3://{bucket}/{folder}") for values, folder in sorted(found.items())
    ], strays


def partition_input(table: dict, values: Sequence[str], location: str) -> dict:
    descriptor = copy.deepcopy(table["StorageDescriptor"])
    descriptor["Location"] = location
    parameters = {
        name: value
        for name, value in table.get("Parameters", {}).items()
        if name in ("classification", "compressionType", "typeOfData")
    }
    return {"Values": list(values), "StorageDescriptor": descriptor, "Parameters": parameters}
