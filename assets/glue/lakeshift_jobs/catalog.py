"""Partitions of tables in the Glue catalog."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

_CREATE_AT_ONCE = 100
_DELETE_AT_ONCE = 25


class CatalogError(RuntimeError):
    """The catalog refused a partition."""


def parse_path(path: str) -> dict[str, str]:
    """Reads a=1/b=2 as names and values."""
    return dict(part.split("=", 1) for part in urllib.parse.unquote(path).strip("/").split("/"))


def register(client: Any, database: str, table: str, locations: Mapping[tuple[str, ...], str]) -> None:
    """Adds the partitions that the table does not have yet."""
    if not locations:
        return
    descriptor = client.get_table(DatabaseName=database, Name=table)["Table"]["StorageDescriptor"]
    inputs = [_input(values, location, descriptor) for values, location in sorted(locations.items())]
    for some in _chunks(inputs, _CREATE_AT_ONCE):
        answer = client.batch_create_partition(DatabaseName=database, TableName=table, PartitionInputList=some)
        _raise(answer, {"AlreadyExistsException"}, f"{database}.{table}: can't add partition")


def switch(client: Any, database: str, table: str, locations: Mapping[str, str], emptied: Iterable[str]) -> None:
    """Points each partition (a=1/b=2) at its new location, all files at once, and drops those that came out empty."""
    described = client.get_table(DatabaseName=database, Name=table)["Table"]
    keys = [key["Name"] for key in described["PartitionKeys"]]
    existing = {tuple(partition["Values"]) for partition in _partitions(client, database, table)}
    for path, location in sorted(locations.items()):
        values = _values(path, keys)
        entry = _input(values, location, described["StorageDescriptor"])
        if values in existing:
            client.update_partition(
                DatabaseName=database, TableName=table, PartitionValueList=list(values), PartitionInput=entry
            )
        else:
            client.create_partition(DatabaseName=database, TableName=table, PartitionInput=entry)
    gone = [values for values in (_values(path, keys) for path in sorted(emptied)) if values in existing]
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


def _values(path: str, keys: Sequence[str]) -> tuple[str, ...]:
    named = parse_path(path)
    if sorted(named) != sorted(keys):
        raise CatalogError(f"partition {path!r} does not have the table's keys {', '.join(keys)}")
    return tuple(named[key] for key in keys)


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
