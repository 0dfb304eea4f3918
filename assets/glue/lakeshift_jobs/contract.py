"""A dataset's contract, as the deployed bundle holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TYPE = re.compile(r"(?P<base>[a-z]+)(?:\((?P<first>\d+)(?:,\s*(?P<second>\d+))?\))?")
_INTEGERS = {"smallint": 16, "integer": 32, "bigint": 64}
_BASES = {*_INTEGERS, "decimal", "double", "boolean", "date", "timestamp", "varchar"}

# What the load adds to each row, in the landing table's order. A contract's columns come first.
LOAD_COLUMNS = (
    ("loaded_at", "timestamp"),
    ("object_key", "varchar(1024)"),
    ("line_number", "bigint"),
    ("partition_date", "date"),
    ("object_modified_at", "timestamp"),
)

# Where a record stands: the business key of data that has none.
_POSITION = ("object_key", "line_number")

_RESERVED = {name for name, _ in LOAD_COLUMNS} | {"etag", "version_id", "object_size", "run_id", "reason", "content"}


class ContractError(ValueError):
    """A contract this code can't follow."""


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    required: bool = False
    field: str = ""
    """What the raw files call it, where that is not its name."""

    def __post_init__(self) -> None:
        match = _TYPE.fullmatch(self.type)
        if not match or match["base"] not in _BASES:
            raise ContractError(f"column {self.name}: type {self.type!r} is unknown: use {', '.join(sorted(_BASES))}")

    @property
    def base(self) -> str:
        return self.type.split("(")[0]

    @property
    def sizes(self) -> tuple[int, ...]:
        """(precision, scale) of a decimal, (bytes,) of a varchar."""
        return tuple(int(number) for number in re.findall(r"\d+", self.type))

    @property
    def source(self) -> str:
        """Its name in the raw files."""
        return self.field or self.name

    @property
    def bits(self) -> int:
        """The width of an integer type; 0 for others."""
        return _INTEGERS.get(self.base, 0)

    @property
    def is_numeric(self) -> bool:
        return self.base in ("decimal", "double") or self.bits > 0

    @property
    def warehouse_type(self) -> str:
        return "double precision" if self.base == "double" else self.type


@dataclass(frozen=True)
class Published:
    table: str
    warehouse_table: str
    partitions: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Contract:
    dataset: str
    format: str
    options: Mapping[str, Any]
    window_days: int
    columns: tuple[Column, ...]
    business_key: tuple[str, ...]
    landing_table: str
    affected_table: str
    raw_table: str
    lines_table: str
    rejected_table: str
    published: Published
    freshness_seconds: int

    @property
    def landing_columns(self) -> tuple[Column, ...]:
        return (*self.columns, *(Column(name, kind) for name, kind in LOAD_COLUMNS))

    @property
    def key_columns(self) -> tuple[Column, ...]:
        by_name = {column.name: column for column in self.landing_columns}
        return tuple(by_name[name] for name in self.business_key)


def from_json(document: Mapping[str, Any]) -> Contract:
    """Reads contract.json. What the contract leaves out has been filled in at synth."""
    columns = tuple(_column(entry) for entry in document["columns"])
    names = [column.name for column in columns]
    missing = [name for name in document["business_key"] if name not in (*names, *_POSITION)]
    if missing:
        raise ContractError(f"business_key {', '.join(missing)} is no column")
    reserved = sorted(_RESERVED.intersection(names))
    if reserved:
        raise ContractError(f"columns {', '.join(reserved)} are the load's own: give them another name")
    if document["format"] not in ("csv", "jsonl", "parquet"):
        raise ContractError(f"format {document['format']!r} is not supported: use csv, jsonl or parquet")
    published = document["published"]
    return Contract(
        dataset=document["dataset"],
        format=document["format"],
        options=document.get("options") or {},
        window_days=int(document.get("window_days") or 0),
        columns=columns,
        business_key=tuple(document["business_key"]),
        landing_table=document["landing_table"],
        affected_table=document["affected_table"],
        raw_table=document["raw_table"],
        lines_table=document["lines_table"],
        rejected_table=document["rejected_table"],
        published=Published(
            table=published["table"],
            warehouse_table=published["warehouse_table"],
            partitions=tuple(published["partitions"]),
            columns=tuple(_column(entry) for entry in published["columns"]),
        ),
        freshness_seconds=int(document["freshness_seconds"]),
    )


def _column(entry: Mapping[str, Any]) -> Column:
    return Column(entry["name"], entry["type"], bool(entry.get("required", False)), entry.get("field", ""))
