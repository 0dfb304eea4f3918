"""From the bytes of a raw object to its records: numbered lines, split into values.

One physical line is one record, as for the serde that Athena and Spectrum read with. Blank lines are no records.
Everything is streamed: an object may be larger than memory.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

CHUNK_BYTES = 1 << 20
MAX_LINE_BYTES = 4 << 20
# the numbers of records that are no lines: each stands for its whole object
UNREADABLE_LINE = 0
REMARK_LINE = -1
# between what is said of one column and of the next
SEPARATOR = "; "
# the longest text Redshift Spectrum can show
MAX_CONTENT_BYTES = 65_535

_BOM = b"\xef\xbb\xbf"
_NEWLINE = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class Record:
    line_number: int
    content: str | None
    """The line; None for a record of Parquet that its values tell in full."""
    values: Sequence[str | None]
    """As many as the contract has columns; None where the line has nothing."""
    problem: str | None
    """Why the line can't be a row, if it can't; its values are then those that Athena and Spectrum show."""


class BrokenObjectError(ValueError):
    """An object that can't be read to its end."""

    def __init__(self, line_number: int, cause: Exception) -> None:
        super().__init__(f"the object can't be unpacked from this line on: {cause}")
        self.line_number = line_number


class LineError(ValueError):
    """A line that can't be split; carries the values read before the fault."""

    def __init__(self, problem: str, values: Sequence[str | None] = ()) -> None:
        super().__init__(problem)
        self.values = list(values)


def read(
    stream: BinaryIO, is_gzip: bool, format: str, options: Mapping[str, Any], columns: Sequence[str]
) -> Iterator[Record]:
    """The records of one object; one that breaks off ends with a record that says so."""
    split = splitter(format, options, columns)
    show = shower(format, options)
    has_header = format == "csv" and options.get("header", True)
    header_problem: str | None = None
    try:
        for number, line, problem in lines(stream, is_gzip):
            if number == 1 and has_header:
                header_problem = f"the header is {problem}" if problem else _header_problem(line, columns, split)
            elif problem or line.strip(" \t"):
                yield _record(number, line, problem, header_problem, split, show, len(columns))
    except BrokenObjectError as error:
        yield Record(error.line_number, "", [None] * len(columns), str(error))


def lines(stream: BinaryIO, is_gzip: bool) -> Iterator[tuple[int, str, str | None]]:
    """Numbers and decodes the lines: (number, text, problem)."""
    number = 0
    try:
        source: Any = gzip.GzipFile(fileobj=stream) if is_gzip else stream
        for number, (raw, is_cut) in enumerate(_raw_lines(source), start=1):
            text, problem = _decode(raw[len(_BOM) :] if number == 1 and raw.startswith(_BOM) else raw)
            yield number, text, f"longer than {MAX_LINE_BYTES} bytes" if is_cut else problem
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BrokenObjectError(number + 1, error) from error


def splitter(format: str, options: Mapping[str, Any], columns: Sequence[str]) -> Callable[[str], Sequence[str | None]]:
    """The function that splits one line into values."""
    if format == "jsonl":
        return lambda line: split_json(line, columns)
    marks = _marks(options)
    return lambda line: split_csv(line, *marks)


def shower(format: str, options: Mapping[str, Any]) -> Callable[[str], Sequence[str | None]] | None:
    """The function that says what other readers make of a line that is no row; None if they make what `splitter` does."""
    if format == "jsonl":
        return None
    marks = _marks(options)
    return lambda line: as_the_serde(line, *marks)


def split_csv(line: str, delimiter: str = ",", quote: str = '"', escape: str = "\\") -> list[str]:
    """Splits a line; a quote inside a quoted field is doubled or escaped."""
    if quote not in line:
        return line.split(delimiter)
    values: list[str] = []
    position = 0
    while True:
        begin = position
        while begin < len(line) and line[begin] in " \t" and line[begin] != delimiter:
            begin += 1
        if line.startswith(quote, begin):
            value, position = _quoted(line, begin, values, quote, escape)
            while position < len(line) and line[position] in " \t" and line[position] != delimiter:
                position += 1
            if position < len(line) and line[position] != delimiter:
                raise LineError(f"field {len(values) + 1}: text after the closing quote", values)
        else:
            end = line.find(delimiter, position)
            end = len(line) if end < 0 else end
            value, position = line[position:end], end
            if quote in value:
                raise LineError(f"field {len(values) + 1}: a quote inside an unquoted field", values)
        values.append(value)
        if position >= len(line):
            return values
        position += len(delimiter)


def as_the_serde(line: str, delimiter: str = ",", quote: str = '"', escape: str = "\\") -> list[str]:
    """The values OpenCSVSerDe makes of a line, good CSV or not.

    A quote switches quoting on and off wherever it stands; an escape that escapes nothing is dropped; a field whose
    quoting does not end with the line is no field.
    """
    values: list[str] = []
    value = ""
    is_quoted = has_begun = False
    position = 0
    while position < len(line):
        character, following = line[position], line[position + 1 : position + 2]
        is_inside = is_quoted or has_begun
        if character == escape:
            if is_inside and following in (quote, escape):
                value += following
                position += 1
        elif character == quote:
            if is_inside and following == quote:
                value += quote
                position += 1
            else:
                if position > 2 and line[position - 1] != delimiter and following not in ("", delimiter):
                    value = "" if value and not value.strip() else value + quote
                is_quoted = not is_quoted
            has_begun = not has_begun
        elif character == delimiter and not is_quoted:
            values.append(value)
            value, has_begun = "", False
        else:
            value += character
            has_begun = True
        position += 1
    return values if is_quoted else [*values, value]


def split_json(line: str, columns: Sequence[str]) -> list[str | None]:
    """The values of a JSON object, as text, in the contract's order; numbers keep the digits they were written with.

    Fields are told whatever their case, as OpenX's serde does. An object or a list is its JSON text.
    """
    try:
        document = json.loads(line, parse_int=str, parse_float=str, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise LineError(f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise LineError("not a JSON object")
    fields = {name.lower(): value for name, value in document.items()}
    if len(fields) != len(document):
        raise LineError("fields that differ in case only")
    values: list[str | None] = []
    for name in columns:
        value = fields.get(name.lower())
        if isinstance(value, (dict, list)):
            value = _nested(line, name)
        if isinstance(value, str) and printable(value, len(value) * 4) != value.replace("\x00", "\ufffd"):
            raise LineError(f"{name}: half a surrogate pair", values)
        values.append(str(value).lower() if isinstance(value, bool) else value)
    known = {name.lower() for name in columns}
    unknown = sorted(name for name in document if name.lower() not in known)
    if unknown:
        raise LineError(f"unknown fields: {printable(', '.join(unknown), 200)}", values)
    return values


class _Number(str):
    """A number's digits, which are not to be written between quotes."""


def _nested(line: str, name: str) -> str:
    """A nested value of this line's object as JSON again, without blanks."""
    document = json.loads(line, parse_int=_Number, parse_float=_Number)
    (value,) = [value for field, value in document.items() if field.lower() == name.lower()]
    try:
        return _json_text(value)
    except RecursionError:
        raise LineError(f"{name}: nested too deeply") from None


def _json_text(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json_text(name)}:{_json_text(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def printable(text: str, limit: int = MAX_CONTENT_BYTES) -> str:
    """Text as every reader of the rejected zone can hold it: no NULs, at most `limit` bytes of UTF-8."""
    if len(text) * 4 <= limit and "\x00" not in text and text.isascii():
        return text
    encoded = text.replace("\x00", "\ufffd").encode("utf-8", "replace")
    return encoded[:limit].decode("utf-8", "ignore")


def _marks(options: Mapping[str, Any]) -> tuple[str, str, str]:
    return options.get("delimiter") or ",", options.get("quote") or '"', options.get("escape") or "\\"


def _record(
    number: int,
    line: str,
    problem: str | None,
    header_problem: str | None,
    split: Callable[[str], Sequence[str | None]],
    show: Callable[[str], Sequence[str | None]] | None,
    width: int,
) -> Record:
    values: Sequence[str | None]
    try:
        values = split(line)
    except LineError as error:
        values, problem = error.values, problem or str(error)
    if problem is None and len(values) != width:
        problem = f"expected {width} fields, found {len(values)}"
    problem = problem or header_problem
    if problem and show:
        values = show(line)
    padded = [*values, *[None] * width][:width]
    if problem:
        padded = [None if value is None else printable(value) for value in padded]
    return Record(number, printable(line), padded, problem)


def _quoted(line: str, begin: int, values: list[str], quote: str, escape: str) -> tuple[str, int]:
    """The value of the quoted field that begins here, and where it ends."""
    pieces: list[str] = []
    position = begin + 1
    while position < len(line):
        character = line[position]
        following = line[position + 1 : position + 2]
        if character == quote and following == quote:
            pieces.append(quote)
            position += 2
        elif character == quote:
            return "".join(pieces), position + 1
        elif character == escape and following in (quote, escape) and following:
            pieces.append(following)
            position += 2
        else:
            pieces.append(character)
            position += 1
    raise LineError(f"field {len(values) + 1}: the quote is not closed in this line", values)


def _header_problem(line: str, columns: Sequence[str], split: Callable[[str], Sequence[str | None]]) -> str | None:
    try:
        found = [(value or "").strip() for value in split(line)]
    except LineError:
        found = [line]
    if [_column_name(value) for value in found] == [_column_name(name) for name in columns]:
        return None
    shown = printable(",".join(found), 200)
    return f"the header is {shown!r}, expected {','.join(columns)!r}"


def _column_name(title: str) -> str:
    """A title such as "Shop Name" is the column shop_name: contracts have lower case, words joined by underscores."""
    return re.sub(r"[\W_]+", "_", title.lower()).strip("_")


def _decode(raw: bytes) -> tuple[str, str | None]:
    try:
        return raw.decode("utf-8"), None
    except UnicodeDecodeError as error:
        return raw.decode("utf-8", "replace"), f"not UTF-8 at byte {error.start + 1} of the line"


def _raw_lines(stream: Any) -> Iterator[tuple[bytes, bool]]:
    """Lines without their ends (CR LF, LF or CR), and whether one was cut for its length."""
    carry, is_cut = b"", False
    while True:
        chunk = stream.read(CHUNK_BYTES)
        if not chunk:
            break
        # a CR at the very end may be half of a CR LF
        carry += chunk
        begin = 0
        for match in _NEWLINE.finditer(carry):
            if match[0] == b"\r" and match.end() == len(carry):
                break
            yield carry[begin : match.start()], is_cut
            begin, is_cut = match.end(), False
        carry = carry[begin:]
        if len(carry) > MAX_LINE_BYTES:
            carry, is_cut = carry[:MAX_CONTENT_BYTES] + carry[-1:], True
    if carry.endswith(b"\r"):
        yield carry[:-1], is_cut
    elif carry:
        yield carry, is_cut


def _no_constant(name: str) -> str:
    raise ValueError(f"{name} is no JSON number")
