"""CREATE TABLE … AS with Athena's table properties, said in Trino's.

https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
"""

from __future__ import annotations

from local.engines.athena.errors import ApiError
from local.engines.athena.statements import Statement
from local.engines.athena.tokens import Token

# Athena's name → Trino's, where the meaning is the same.
_SAME = {
    "external_location": "external_location",
    "format": "format",
    "partitioned_by": "partitioned_by",
    "bucketed_by": "bucketed_by",
    "bucket_count": "bucket_count",
}
_COMPRESSION = ("write_compression", "parquet_compression", "orc_compression")
_FIXED = {"table_type": "HIVE", "is_external": "TRUE"}


def check(statement: Statement, enforced: bool) -> None:
    """Raises ApiError for properties that Athena or the local Athena does not take."""
    properties, _ = _properties(statement)
    if enforced and "external_location" in properties:
        raise ApiError("the workgroup enforces its output location: external_location is not allowed")
    for name, value in properties.items():
        if name in _FIXED:
            if value.strip("'").upper() != _FIXED[name]:
                raise ApiError(f"{name} = {value}: the local Athena knows {_FIXED[name]} only")
        elif name not in _SAME and name not in _COMPRESSION:
            raise ApiError(f"table property {name} is not known by the local Athena")


def for_trino(statement: Statement, location: str) -> tuple[str, dict[str, str]]:
    """The statement for Trino and the catalog session settings that go with it.

    `location` is used where the statement names none: every table of Athena's is external.
    """
    properties, (start, end) = _properties(statement)
    settings = {}
    translated = {"external_location": f"'{location}'"}
    for name, value in properties.items():
        if name in _COMPRESSION:
            settings["compression_codec"] = value.strip("'").upper()
        elif name in _SAME:
            translated[_SAME[name]] = value
    clause = ", ".join(f"{name} = {value}" for name, value in translated.items())
    text = statement.sql
    return f"{text[:start].rstrip()} WITH ({clause}) {text[end:].lstrip()}", settings


def _properties(statement: Statement) -> tuple[dict[str, str], tuple[int, int]]:
    """The properties as written, and the span of the WITH clause (empty, before AS, if none)."""
    tokens = statement.tokens
    at = 2
    if [t.keyword for t in tokens[at : at + 3]] == ["IF", "NOT", "EXISTS"]:
        at += 3
    at += 3 if at + 1 < len(tokens) and tokens[at + 1].keyword == "." else 1
    if at < len(tokens) and tokens[at].keyword == "AS":
        return {}, (tokens[at].start, tokens[at].start)
    if [t.keyword for t in tokens[at : at + 2]] != ["WITH", "("]:
        raise ApiError("expected CREATE TABLE [IF NOT EXISTS] name [WITH (…)] AS query")
    close = _closing(tokens, at + 1)
    properties = {}
    for part in _split(tokens[at + 2 : close]):
        if len(part) < 3 or part[1].keyword != "=":
            raise ApiError("table properties are name = value")
        properties[part[0].value] = statement.sql[part[2].start : part[-1].end]
    return properties, (tokens[at].start, tokens[close].end)


def _closing(tokens: list[Token], opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[index].keyword, 0)
        if depth == 0:
            return index
    raise ApiError("a parenthesis is not closed")


def _split(tokens: list[Token]) -> list[list[Token]]:
    """Cuts at commas outside brackets."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.keyword, 0)
        if token.keyword == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]
