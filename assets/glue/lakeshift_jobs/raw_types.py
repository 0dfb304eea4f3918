"""Which columns of a Parquet file the raw table can't show: it has the contract's types, and a file may have others.

The load reads values, so nothing is lost; but a query of Athena or Spectrum on such a column fails, and says so late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from lakeshift_jobs.contract import Column
from lakeshift_jobs.records import SEPARATOR


def remark(schema: pq.ParquetSchema, columns: Sequence[Column]) -> str | None:
    """What is to be said of a file's types, column by column; nothing if every reader of the raw table reads them."""
    return SEPARATOR.join(_differing(schema, columns)) or None


def _differing(schema: pq.ParquetSchema, columns: Sequence[Column]) -> Iterator[str]:
    physical = {leaf.path: leaf.physical_type for leaf in map(schema.column, range(len(schema)))}
    fields: Mapping[str, pa.Field] = {field.name.lower(): field for field in schema.to_arrow_schema()}
    for column in columns:
        field = fields.get(column.source.lower())
        if field is None or pa.types.is_null(field.type):
            continue
        stored = physical.get(field.name, "GROUP")
        if not _athena_reads(column.base, stored, field.type):
            readers = "Athena and Spectrum"
        elif not _spectrum_reads(column.base, stored):
            readers = "Spectrum"
        else:
            continue
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        yield f"{field.name} is {kind}, not {column.type}: loaded, but {readers} can't read it in the raw table"


def _athena_reads(base: str, stored: str, kind: pa.DataType) -> bool:
    """https://docs.aws.amazon.com/athena/latest/ug/updates-changing-column-type.html: int as bigint, float as double."""
    types = pa.types
    if kind in (pa.uint32(), pa.uint64()):  # Trino takes the sign bit for a sign: other numbers, without an error
        return False
    if base in ("smallint", "integer"):
        return types.is_integer(kind) and stored == "INT32"
    if base == "bigint":
        return types.is_integer(kind)
    if base == "double":
        return stored in ("FLOAT", "DOUBLE")
    if base == "decimal":
        return types.is_decimal(kind)
    if base == "varchar":
        return stored == "BYTE_ARRAY" and not types.is_decimal(kind)
    if base == "boolean":
        return stored == "BOOLEAN"
    return types.is_date(kind) if base == "date" else types.is_timestamp(kind)


def _spectrum_reads(base: str, stored: str) -> bool:
    """https://repost.aws/knowledge-center/redshift-spectrum-data-errors: the very type, no narrower one."""
    return stored == {"bigint": "INT64", "double": "DOUBLE"}.get(base, stored)
