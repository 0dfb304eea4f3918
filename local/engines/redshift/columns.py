"""Columns on their way between Parquet (Arrow) and PostgreSQL: which types fit, and how values are written."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from .errors import RedshiftError


@dataclass(frozen=True)
class Column:
    """A column of a table or a result, as PostgreSQL has it."""

    name: str
    oid: int
    typmod: int = -1
    identity: bool = False

    @property
    def length(self) -> int | None:
        """Bytes of a varchar or char."""
        return self.typmod - 4 if self.oid in (1043, 1042) and self.typmod >= 4 else None

    @property
    def decimal(self) -> tuple[int, int] | None:
        if self.oid != 1700 or self.typmod < 4:
            return None
        return ((self.typmod - 4) >> 16) & 0xFFFF, (self.typmod - 4) & 0x7FF

    @property
    def redshift_type(self) -> str:
        names = {
            16: "BOOLEAN", 20: "BIGINT", 21: "SMALLINT", 23: "INT", 700: "REAL", 701: "DOUBLE", 1082: "DATE",
            1114: "TIMESTAMP", 1184: "TIMESTAMPTZ", 25: "VARCHAR", 1043: "VARCHAR", 1042: "CHAR", 1083: "TIME",
        }  # fmt: skip
        if self.oid == 1700:
            return "DECIMAL({}, {})".format(*(self.decimal or (38, 0)))
        return names.get(self.oid, str(self.oid))


def fits(column: Column, kind: pa.DataType) -> bool:
    """Does COPY load this Parquet type into the column? By Parquet's physical and logical type, without conversion."""
    types = pa.types
    if types.is_dictionary(kind):  # Arrow's note for itself: in Parquet it is a string like any other
        kind = kind.value_type
    if column.oid == 16:
        return types.is_boolean(kind)
    if column.oid in (21, 23):
        return kind in (pa.int8(), pa.int16(), pa.int32())
    if column.oid == 20:
        return kind == pa.int64()
    if column.oid == 700:
        return kind == pa.float32()
    if column.oid == 701:
        return kind == pa.float64()
    if column.oid == 1700:
        return types.is_decimal(kind) and (kind.precision, kind.scale) == (
            column.decimal or (kind.precision, kind.scale)
        )
    if column.oid == 1082:
        return kind == pa.date32()
    if column.oid in (1114, 1184):
        # microseconds or milliseconds; nanoseconds only as INT96, which Arrow reads as ns too
        return types.is_timestamp(kind) and kind.unit in ("us", "ms", "ns")
    return types.is_string(kind) or types.is_binary(kind) or types.is_large_string(kind) or types.is_large_binary(kind)


def check_type(column: Column, field: pa.Field, physical: str, file: str) -> None:
    """Refuses a Parquet column that neither COPY nor Spectrum would read into this one.

    https://repost.aws/knowledge-center/redshift-spectrum-data-errors: the types must match.
    """
    nanoseconds = pa.types.is_timestamp(field.type) and field.type.unit == "ns"
    if fits(column, field.type) and not (nanoseconds and physical != "INT96"):
        return
    raise RedshiftError(
        f"Spectrum Scan Error\n  Detail: File '{file}' has an incompatible Parquet schema for column "
        f"'{column.name}'. Column type: {column.redshift_type}, Parquet schema: "
        f"optional {physical.lower()} {field.name} ({field.type})"
    )


def check_lengths(column: Column, values: pa.ChunkedArray | pa.Array, file: str) -> None:
    if column.length is None:
        return
    longest = pc.max(pc.binary_length(values)).as_py() or 0
    if longest > column.length:
        raise RedshiftError(
            "Spectrum Scan Error\n  Detail: The length of the data column "
            f"{column.name} is longer than the length defined in the table. Table: {column.length}, Data: {longest}, "
            f"File name: {file}"
        )


def to_text(values: pa.Array) -> pa.Array:
    """The values in a type that Arrow writes as PostgreSQL reads it."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.timestamp("us"), safe=False)
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        return values.cast(pa.string())
    return values


def csv_bytes(batch: pa.RecordBatch) -> bytes:
    """For COPY … FROM STDIN (FORMAT csv): nulls are nothing, strings stand in quotes."""
    sink = io.BytesIO()
    pacsv.write_csv(batch, sink, pacsv.WriteOptions(include_header=False, quoting_style="needed"))
    return sink.getvalue()


def arrow_type(column: Column) -> pa.DataType:
    """The Parquet type that UNLOAD writes for a column."""
    simple = {
        16: pa.bool_(), 20: pa.int64(), 21: pa.int16(), 23: pa.int32(), 700: pa.float32(), 701: pa.float64(),
        1082: pa.date32(), 1114: pa.timestamp("us"), 1184: pa.timestamp("us", tz="UTC"),
    }  # fmt: skip
    if column.oid == 1700:
        return pa.decimal128(*column.decimal) if column.decimal else pa.string()
    return simple.get(column.oid, pa.string())


def table_of_csv(body: bytes, columns: list[Column]) -> pa.Table:
    """What COPY … TO STDOUT (FORMAT csv) wrote, typed for UNLOAD."""
    # timestamptz comes with an offset, which the reader takes for zoned columns only
    types = {column.name: arrow_type(column) for column in columns}
    if not body:
        return pa.schema(types.items()).empty_table()
    table = pacsv.read_csv(
        io.BytesIO(body),
        pacsv.ReadOptions(column_names=[column.name for column in columns], use_threads=False),
        pacsv.ParseOptions(newlines_in_values=True),
        pacsv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )
    for index, column in enumerate(columns):
        if column.oid == 1700 and not column.decimal:
            table = table.set_column(index, column.name, _decimals(table.column(index)))
    return table


def _decimals(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """An aggregate's decimals have precision 38 and the scale that their values show."""
    fractions = pc.replace_substring_regex(texts, r"^[^.]*\.?", "")
    scale = pc.max(pc.utf8_length(fractions)).as_py() or 0
    return texts.cast(pa.decimal128(38, scale))
