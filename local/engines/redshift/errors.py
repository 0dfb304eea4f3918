"""Errors as Redshift words them."""

from __future__ import annotations

import re

SERIALIZABLE_VIOLATION = "1023 DETAIL: Serializable isolation violation on table in Redshift"


class RedshiftError(Exception):
    """A statement that Redshift would refuse. `message` comes without the leading "ERROR: "."""

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"ERROR: {self.message}"


class NotEmulated(RedshiftError):
    """Redshift can do it, the local engine can't: never passed over in silence."""

    def __init__(self, what: str):
        super().__init__(f"{what} is not emulated by the local Redshift")


def syntax_error(near: str) -> RedshiftError:
    if not near:
        return RedshiftError("syntax error at end of input")
    return RedshiftError(f'syntax error at or near "{near}"')


_BYTES = {"smallint": 2, "integer": 4, "bigint": 8}

# (SQLSTATE or None, pattern of PostgreSQL's message, Redshift's wording)
_WORDINGS: list[tuple[str | None, str, str]] = [
    ("40001", r".*", SERIALIZABLE_VIOLATION),
    ("42501", r"permission denied for (?:table|view|materialized view|sequence) (.*)",
     r"permission denied for relation \1"),
    ("42501", r"must be owner of (?:table|view|materialized view) (.*)", r"must be owner of relation \1"),
    ("42501", r"permission denied to set session authorization.*", r"permission denied to set session authorization"),
    ("21000", r"MERGE command cannot affect row a second time", "Found multiple matches to update the same tuple."),
    ("428C9", r"(?:cannot insert a non-DEFAULT value into|column \"[^\"]*\" can only be updated to DEFAULT).*",
     "cannot set an identity column to a value"),
    ("22003", r"numeric field overflow.*", "Numeric data overflow (result precision)"),
    ("23502", r'null value in column "([^"]*)".*', r"Cannot insert a NULL value into column \1"),
    ("42704", r'role "role:([^"]*)" does not exist', r'role "\1" does not exist'),
    ("42704", r'role "([^"]*)" does not exist', r'user "\1" does not exist'),
    ("22023", r'role "([^"]*)" does not exist', r'user "\1" does not exist'),
    ("42710", r'role "role:([^"]*)" already exists', r'role "\1" already exists'),
    ("42710", r'role "([^"]*)" already exists', r'user "\1" already exists'),
    ("2BP01", r'role "(?:role:)?([^"]*)" cannot be dropped because some objects depend on it',
     r'user "\1" cannot be dropped because some objects depend on it'),
]  # fmt: skip


def reword(sqlstate: str | None, message: str, detail: str | None = None) -> str:
    """PostgreSQL's message as Redshift would say it, without the leading "ERROR: "."""
    out_of_range = re.fullmatch(r"(smallint|integer|bigint) out of range", message)
    if out_of_range:
        return f"Value out of range for {_BYTES[out_of_range[1]]} bytes."
    for state, pattern, wording in _WORDINGS:
        if state is None or state == sqlstate:
            match = re.fullmatch(pattern, message, re.DOTALL)
            if match:
                return match.expand(wording)
    message = re.sub(r"\b(?:rs|pg_temp)\.", "", message)
    if detail and sqlstate in ("2BP01", "40P01"):
        return f"{message}\n  Detail: {detail}"
    return message
