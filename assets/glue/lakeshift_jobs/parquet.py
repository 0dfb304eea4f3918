"""From a Parquet object to its records: numbered from 1, each value as the shortest text that says exactly what it is.

Text, so that one judge says what fits, whatever format a value came in. Reads with pyarrow, which Glue's image for
Spark brings along.
"""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakeshift_jobs import raw_types
from lakeshift_jobs.contract import Column
from lakeshift_jobs.records import REMARK_LINE, UNREADABLE_LINE, Record, printable

BATCH_ROWS = 10_000

# what pandas makes of an index that has no name: no field of the data
_PANDAS_INDEX = re.compile(r"__index_level_\d+__")
_MIDNIGHT = " 00:00:00.000000"
# the microseconds that nanoseconds reach
_LAST_NANOSECOND_US = (2**63 - 1) // 1000
_UNREADABLE = (pa.ArrowException, OSError, ValueError, TypeError, ArithmeticError)


def read(stream: BinaryIO, columns: Sequence[Column]) -> Iterator[Record]:
    """The records of one object, which can be read from anywhere. One that can't be read to its end has none.

    Before them, numbered -1, comes what the raw table can't show of it. An object that can't be read is a single record
    with the number 0, which says so: half a file is worse than none. An object without a single byte has no records, and
    other readers pass it over too.
    """
    if not stream.seek(0, io.SEEK_END):
        return
    try:
        file = _File(stream, columns)
        file.check()
    except _UNREADABLE as error:
        problem = f"the object can't be read as Parquet: {' '.join(str(error).split())}"
        yield Record(UNREADABLE_LINE, "", [None] * len(columns), problem)
        return
    if file.rows and (remark := raw_types.remark(file.schema, columns)):
        yield Record(REMARK_LINE, "", [None] * len(columns), remark)
    yield from file.records()


class _File:
    def __init__(self, stream: BinaryIO, columns: Sequence[Column]) -> None:
        self._stream = stream
        self._columns = columns
        # Spark and Hive write INT96; read as nanoseconds, dates before 1678 and after 2261 would wrap around
        self._file = self._open(coerce_int96_timestamp_unit="us")
        self._fields = list(self._file.schema_arrow)
        self._int96 = [
            index
            for index, field in enumerate(self._fields)
            if pa.types.is_timestamp(field.type) and self._is_int96(index)
        ]
        self._places, self._problem = self._match()
        self.schema: pq.ParquetSchema = self._file.schema
        self.rows: int = self._file.metadata.num_rows

    def check(self) -> None:
        """Decodes everything once, so that no record leaves a file that breaks off."""
        for _ in self._file.iter_batches(BATCH_ROWS):
            pass

    def records(self) -> Iterator[Record]:
        number = 0
        for arrays, exact in self._batches():
            rows = len(arrays[0]) if arrays else 0
            texts = [_text(array, exact.get(index)) for index, array in enumerate(arrays)]
            problems: list[str | None] = [self._problem] * rows
            for field, array in zip(self._fields, arrays):
                _note_bytes(problems, field.name, array)
            values = [
                [None] * rows if place is None else _fitted(texts[place], arrays[place].type, column).to_pylist()
                for column, place in zip(self._columns, self._places)
            ]
            for row, problem, taken in zip(range(rows), problems, zip(*values)):
                number += 1
                if problem:
                    document = {field.name: text[row].as_py() for field, text in zip(self._fields, texts)}
                    content = printable(json.dumps(document, ensure_ascii=False))
                    shown = [None if value is None else printable(value) for value in taken]
                    yield Record(number, content, shown, problem)
                else:
                    yield Record(number, None, list(taken), None)

    def _open(self, **options: Any) -> pq.ParquetFile:
        self._stream.seek(0)
        return pq.ParquetFile(self._stream, page_checksum_verification=True, **options)

    def _is_int96(self, index: int) -> bool:
        schema = self._file.schema
        name = self._fields[index].name
        leaves = [schema.column(leaf) for leaf in range(len(schema))]
        return any(leaf.path == name and leaf.physical_type == "INT96" for leaf in leaves)

    def _match(self) -> tuple[list[int | None], str | None]:
        """Where each column stands in the file, and what is wrong with the file's fields."""
        places: dict[str, int] = {}
        twice = []
        for index, field in enumerate(self._fields):
            if places.setdefault(field.name.lower(), index) != index:
                twice.append(field.name)
        wanted = [column.source.lower() for column in self._columns]
        unknown = [
            f"{field.name} ({field.type})"
            for field in self._fields
            if field.name.lower() not in wanted and not _PANDAS_INDEX.fullmatch(field.name)
        ]
        problems = []
        if twice:
            problems.append(f"fields that differ in case only: {printable(', '.join(twice), 200)}")
        if unknown:
            problems.append(f"unknown fields: {printable(', '.join(unknown), 200)}")
        return [places.get(name) for name in wanted], "; ".join(problems) or None

    def _batches(self) -> Iterator[tuple[list[pa.Array], dict[int, pa.Array]]]:
        """The columns of each batch, and the exact nanoseconds of those that are INT96."""
        if not self._int96:
            for batch in self._file.iter_batches(BATCH_ROWS):
                yield batch.columns, {}
            return
        exact = self._open()
        for batch, nanoseconds in zip(self._file.iter_batches(BATCH_ROWS), exact.iter_batches(BATCH_ROWS), strict=True):
            yield batch.columns, {index: nanoseconds.column(index) for index in self._int96}


def _text(values: pa.Array, nanoseconds: pa.Array | None = None) -> pa.Array:
    """Each value as text; what is no value stays null."""
    types, kind = pa.types, values.type
    if isinstance(values, pa.ExtensionArray):
        if values.type.extension_name == "arrow.uuid":
            return _each(values.storage, lambda raw: str(uuid.UUID(bytes=raw)))
        return _text(values.storage)
    if types.is_dictionary(kind):
        return _text(values.dictionary_decode())
    if types.is_null(kind):
        return pa.nulls(len(values), pa.string())
    if types.is_timestamp(kind):
        return _moments(values, nanoseconds)
    if types.is_decimal(kind):
        return _each(values, lambda number: format(number, "f"))
    if types.is_floating(kind):
        # a float's value as a double, not its shortest text: that is what every reader of the raw zone sees
        return values.cast(pa.float64()).cast(pa.string())
    if types.is_duration(kind):
        return values.cast(pa.int64()).cast(pa.string())
    if types.is_nested(kind):
        return _each(values, lambda value: json.dumps(value, ensure_ascii=False, default=str))
    if _is_bytes(kind):
        try:
            return values.cast(pa.binary()).cast(pa.string())
        except pa.ArrowInvalid:
            return _each(values.cast(pa.binary()), lambda raw: raw.decode("utf-8", "replace"))
    return values.cast(pa.string())


def _fitted(texts: pa.Array, kind: pa.DataType, column: Column) -> pa.Array:
    """The text as the column's type writes the same value."""
    types = pa.types
    if types.is_timestamp(kind) and column.base == "date":
        # a day written as a moment: nothing is lost if the clock says midnight
        return pc.if_else(pc.ends_with(texts, _MIDNIGHT), pc.utf8_slice_codeunits(texts, 0, 10), texts)
    if types.is_decimal(kind) and column.is_numeric:
        # 1.500 and 1.5 are one number
        trimmed = pc.utf8_rtrim(pc.utf8_rtrim(texts, "0"), ".")
        return pc.if_else(pc.match_substring(texts, "."), trimmed, texts)
    if types.is_floating(kind) and (column.bits or column.base == "decimal"):
        if pc.any(pc.match_substring(texts, "e")).as_py():
            return _each(texts, lambda text: format(Decimal(text), "f") if "e" in text else text)
    return texts


def _moments(values: pa.Array, nanoseconds: pa.Array | None) -> pa.Array:
    """Timestamps with microseconds, in UTC; with all nine digits where microseconds would not say it all."""
    unit = values.type.unit
    values = values.cast(pa.timestamp(unit))
    if unit in ("s", "ms"):
        try:
            return values.cast(pa.timestamp("us")).cast(pa.string())
        except pa.ArrowInvalid:
            # further away than microseconds can tell; no type holds it
            return values.cast(pa.int64()).cast(pa.string())
    if unit == "ns":
        nanoseconds, values = values, values.cast(pa.timestamp("us"), safe=False)
    texts = values.cast(pa.string())
    if nanoseconds is None:
        return texts
    nanoseconds = nanoseconds.cast(pa.timestamp("ns"))
    counts = nanoseconds.cast(pa.int64())
    reached = pc.less(pc.abs(values.cast(pa.int64())), _LAST_NANOSECOND_US)
    more = pc.not_equal(pc.multiply(pc.divide(counts, 1000), 1000), counts)
    return pc.if_else(pc.and_(reached, more), nanoseconds.cast(pa.string()), texts)


def _note_bytes(problems: list[str | None], name: str, array: pa.Array) -> None:
    """Adds to the problems which values are no text."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if isinstance(array, pa.ExtensionArray) or not _is_bytes(array.type):
        return
    raw = array.cast(pa.binary())
    try:
        raw.cast(pa.string())
    except pa.ArrowInvalid:
        for row, value in enumerate(raw.to_pylist()):
            try:
                (value or b"").decode("utf-8")
            except UnicodeDecodeError as error:
                found = f"{name}: not UTF-8 at byte {error.start + 1}"
                problems[row] = f"{problems[row]}; {found}" if problems[row] else found


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return (
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
    )


def _each(values: pa.Array, write: Any) -> pa.Array:
    return pa.array([None if value is None else write(value) for value in values.to_pylist()], pa.string())
