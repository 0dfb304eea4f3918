"""Partitions of tables in the Glue catalog."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

_CREATE_AT_ONCE = 100
_DELETE_AT_ONCE = 25


class CatalogError(RuntimeError):
    """The catalog refused a partition."""


def parse_folder(folder: str, keys: Sequence[str]) -> tuple[str, ...]:
    """The values of a=1/b=2 as it stands in an object's key, where special characters are escaped."""
    named = {}
    for part in folder.strip("/").split("/"):
        key, _, value = part.partition("=")
        named[urllib.parse.unquote(key)] = urllib.parse.unquote(value)
    if sorted(named) != sorted(keys):
        raise CatalogError(f"partition {folder!r} does not have the table's keys {', '.join(keys)}")
    return tuple(named[key] for key in keys)


def parse_path(path: str, keys: Sequence[str]) -> tuple[str, ...]:
    """The values of a=1/b=2 as SQL puts it together: a value may hold anything, a slash too."""
    pattern = "/".join(f"{re.escape(key)}=(.*)" for key in keys)
    match = re.fullmatch(pattern, path, re.DOTALL)
    if not match:
        raise CatalogError(f"partition {path!r} does not have the table's keys {', '.join(keys)} in this order")
    return match.groups()


def register(client: Any, database: str, table: str, locations: Mapping[tuple[str, ...], str]) -> None:
    """Adds the partitions that the table does not have yet."""
    if not locations:
        return
    descriptor = client.get_table(DatabaseName=database, Name=table)["Table"]["StorageDescriptor"]
    inputs = [_input(values, location, descriptor) for values, location in sorted(locations.items())]
    for some in _chunks(inputs, _CREATE_AT_ONCE):
        answer = client.batch_create_partition(DatabaseName=database, TableName=table, PartitionInputList=some)
        _raise(answer, {"AlreadyExistsException"}, f"{database}.{table}: can't add partition")


def partition_keys(client: Any, database: str, table: str) -> list[str]:
    """The names of the table's partition columns, in order."""
    return [key["Name"] for key in client.get_table(DatabaseName=database, Name=table)["Table"]["PartitionKeys"]]


def switch(
    client: Any,
    database: str,
    table: str,
    locations: Mapping[tuple[str, ...], str],
    emptied: Iterable[tuple[str, ...]],
) -> None:
    """Points each partition at its new location, all files at once, and drops those that came out empty."""
    described = client.get_table(DatabaseName=database, Name=table)["Table"]
    existing = {tuple(partition["Values"]) for partition in _partitions(client, database, table)}
    for values, location in sorted(locations.items()):
        entry = _input(values, location, described["StorageDescriptor"])
        if values in existing:
            client.update_partition(
                DatabaseName=database, TableName=table, PartitionValueList=list(values), PartitionInput=entry
            )
        else:
            client.create_partition(DatabaseName=database, TableName=table, PartitionInput=entry)
    gone = [values for values in sorted(emptied) if values in existing]
    for some in _chunks(gone, _DELETE_AT_ONCE):
        answer = client.batch_delete_partition(
            DatabaseName=database,
            TableName=table,
            PartitionsToDelete=[{"Values": list(values)} for values in some],
        )
        _raise(answer, {"EntityNotFoundException"}, f"{database}.{table}: can't drop partition")


def locations(client: Any, database: str, table: str) -> list[str]:
    """Where the table's partitions lie."""
    return [partition["StorageDescriptor"]["Location"] for partition in _partitions(client, database, table)]


def _partitions(client: Any, database: str, table: str) -> Iterator[dict[str, Any]]:
    pages = client.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table)
    for page in pages:
        yield from page["Partitions"]


def _input(values: Sequence[str], location: str, descriptor: Mapping[str, Any]) -> dict[str, Any]:
    return {"Values": list(values), "StorageDescriptor": {**descriptor, "Location": location}}


def _raise(answer: Mapping[str, Any], expected: set[str], message: str) -> None:
    for error in answer.get("Errors", []):
        detail = error["ErrorDetail"]
        if detail["ErrorCode"] not in expected:
            values = "/".join(error.get("PartitionValues", []))
            raise CatalogError(f"{message} {values}: {detail.get('ErrorMessage', detail['ErrorCode'])}")


def _chunks(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for begin in range(0, len(items), size):
        yield list(items[begin : begin + size])
