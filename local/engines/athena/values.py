"""Trino's types and values in Athena's names and text.

https://docs.aws.amazon.com/athena/latest/APIReference/API_ColumnInfo.html
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

UNBOUNDED = 2147483647  # precision of a varchar without length

# Trino's name → (Athena's name, Precision, Scale); types with parameters are handled in column_info.
_TYPES = {
    "boolean": ("boolean", 0, 0),
    "tinyint": ("tinyint", 3, 0),
    "smallint": ("smallint", 5, 0),
    "integer": ("integer", 10, 0),
    "bigint": ("bigint", 19, 0),
    "real": ("float", 17, 0),
    "double": ("double", 17, 0),
    "date": ("date", 0, 0),
    "time": ("time", 3, 0),
    "timestamp": ("timestamp", 3, 0),
    "timestamp with time zone": ("timestamp with time zone", 3, 0),
    "varbinary": ("varbinary", 1073741824, 0),
}
_CASE_SENSITIVE = ("varchar", "char")


def column_info(column: Mapping[str, Any]) -> dict[str, Any]:
    """The ColumnInfo of a column as Trino's protocol describes it."""
    raw = column["typeSignature"]["rawType"].lower()
    numbers = [a["value"] for a in column["typeSignature"]["arguments"] if a["kind"] == "LONG"]
    if raw == "decimal":
        name, precision, scale = raw, numbers[0], numbers[1]
    elif raw in ("varchar", "char"):
        name, precision, scale = raw, numbers[0] if numbers else UNBOUNDED, 0
    else:
        name, precision, scale = _TYPES.get(raw, (raw, 0, 0))
    return text_column(column["name"], name, precision, scale)


def text_column(name: str, kind: str = "string", precision: int = 0, scale: int = 0) -> dict:
    """A ColumnInfo; the lines of SHOW and DESCRIBE have columns of type string."""
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind in _CASE_SENSITIVE,
    }


def formatter(column: Mapping[str, Any]) -> Callable[[Any], str | None]:
    """Turns one value of the column (from JSON, floats left as text) into Athena's text."""
    return _formatter(column["typeSignature"])


def _formatter(signature: Mapping[str, Any]) -> Callable[[Any], str | None]:
    raw = signature["rawType"].lower()
    arguments = [a["value"] for a in signature["arguments"]]
    if raw == "array":
        element = _inner(arguments[0])
        return _or_none(lambda value: "[" + ", ".join(element(v) for v in value) + "]")
    if raw == "map":
        key, item = _inner(arguments[0]), _inner(arguments[1])
        return _or_none(lambda value: "{" + ", ".join(f"{key(k)}={item(v)}" for k, v in value.items()) + "}")
    if raw == "row":
        fields = [(((field.get("fieldName") or {}).get("name")), _inner(field["typeSignature"])) for field in arguments]
        return _or_none(lambda value: _row(fields, value))
    if raw == "boolean":
        return _or_none(lambda value: "true" if value else "false")
    if raw == "varbinary":
        return _or_none(lambda value: base64.b64decode(value).hex(" "))
    return _or_none(str)


def _row(fields: list, value: list) -> str:
    named = (
        f"{name or f'field{number}'}={render(v)}"
        for number, ((name, render), v) in enumerate(zip(fields, value, strict=True))
    )
    return "{" + ", ".join(named) + "}"


def _or_none(render: Callable[[Any], str]) -> Callable[[Any], str | None]:
    return lambda value: None if value is None else render(value)


def _inner(signature: Mapping[str, Any]) -> Callable[[Any], str]:
    render = _formatter(signature)
    return lambda value: "null" if value is None else str(render(value))
