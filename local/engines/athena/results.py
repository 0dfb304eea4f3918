"""Result files as Athena leaves them in the results bucket, and pages of them.

A query's CSV quotes every value and leaves NULL out between its commas, so that '' and NULL differ.
https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import IO, Any

from local.engines.athena.errors import ApiError

MAX_PAGE = 1000
Row = Sequence[str | None]


def write_csv(stream: IO[bytes], header: Sequence[str], rows: Iterable[Row]) -> int:
    """Writes header and rows; returns the number of rows."""
    stream.write(_csv_line(header))
    count = 0
    for row in rows:
        stream.write(_csv_line(row))
        count += 1
    return count


def _csv_line(row: Row) -> bytes:
    quoted = ('"' + value.replace('"', '""') + '"' if value is not None else "" for value in row)
    return (",".join(quoted) + "\n").encode()


_FIELD = re.compile(r'(?:"((?:[^"]|"")*)")?([,\n])')


def read_csv(content: bytes) -> list[list[str | None]]:
    """What write_csv wrote, header included."""
    rows: list[list[str | None]] = []
    row: list[str | None] = []
    text = content.decode()
    at = 0
    while at < len(text):
        field = _FIELD.match(text, at)
        if not field:
            raise ApiError("the result file is not as Athena wrote it")
        value = field.group(1)
        row.append(value.replace('""', '"') if value is not None else None)
        if field.group(2) == "\n":
            rows.append(row)
            row = []
        at = field.end()
    return rows


def write_lines(lines: Iterable[str]) -> bytes:
    """The text file of a DDL or utility statement."""
    return "".join(f"{line}\n" for line in lines).encode()


def read_lines(content: bytes) -> list[list[str | None]]:
    """One value per line."""
    return [[line] for line in content.decode().split("\n")[:-1]]


def page(rows: Sequence[Row], token: str | None, size: int | None) -> tuple[list[dict], str | None]:
    """Rows in the API's form from position `token`, and the token of the next page.

    A SELECT's header row is the first of the first page and counts, as on AWS.
    """
    limit = MAX_PAGE if size is None else size
    if not 1 <= limit <= MAX_PAGE:
        raise ApiError(f"MaxResults is {limit}: it must be 1 to {MAX_PAGE}")
    start = position(token, len(rows))
    end = start + limit
    return [_datum_row(row) for row in rows[start:end]], str(end) if end < len(rows) else None


def position(token: str | None, length: int) -> int:
    """The index that a NextToken stands for."""
    if token is None:
        return 0
    if not token.isascii() or not token.isdigit() or int(token) > length:
        raise ApiError(f"NextToken {token!r} is none of ours")
    return int(token)


def _datum_row(row: Row) -> dict[str, Any]:
    return {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
