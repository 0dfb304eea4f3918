"""How a table follows its contract: new columns are added and varchars widened; whatever could lose data is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contract import Column
from sql import SqlError, Statement, quote

_NAMES = {
    "character varying": "varchar",
    "numeric": "decimal",
    "double precision": "double",
    "timestamp without time zone": "timestamp",
}


def columns_of(table: str) -> Statement:
    schema, name = table.split(".")
    return Statement(
        "select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale from svv_columns "
        f"where table_schema = {quote(schema)} and table_name = {quote(name)} order by ordinal_position",
        table,
        1,
    )


def existing(rows: Iterable[Sequence[Any]]) -> dict[str, str]:
    """Names and types, as contracts write them."""
    return {
        str(name): _type(str(kind).lower(), length, precision, scale) for name, kind, length, precision, scale in rows
    }


def plan(table: str, found: Mapping[str, str], wanted: Iterable[Column]) -> list[Statement]:
    """The statements that bring the table to what is wanted; raises if that can't be done without losing data."""
    texts, faults = [], []
    for column in wanted:
        present = found.get(column.name)
        if present is None:
            texts.append(f"alter table {table} add column {column.name} {column.warehouse_type}")
        elif present == column.type:
            continue
        elif column.base == "varchar" and present.startswith("varchar(") and _length(present) < _length(column.type):
            texts.append(f"alter table {table} alter column {column.name} type {column.type}")
        else:
            faults.append(f"{column.name} is {present} and can't become {column.type}")
    if faults:
        raise SqlError(
            f"{table}: {'; '.join(faults)}: columns can be added and varchars widened, nothing else. "
            "Give the column another name, or move the table's data by hand."
        )
    return [Statement(text, table, number) for number, text in enumerate(texts, start=1)]


def _type(kind: str, length: Any, precision: Any, scale: Any) -> str:
    name = _NAMES.get(kind, kind)
    if name == "varchar":
        return f"varchar({int(length)})"
    if name == "decimal":
        return f"decimal({int(precision)},{int(scale)})"
    return name


def _length(kind: str) -> int:
    return int(kind[len("varchar(") : -1])
