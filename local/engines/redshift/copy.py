"""COPY from Parquet in S3: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html"""

from __future__ import annotations

import io
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from .columns import Column, check_lengths, check_type, csv_bytes, to_text
from .errors import NotEmulated, RedshiftError, syntax_error
from .lake import Lake, S3Object, parse_url
from .tokens import Cursor, Name, is_comma, quote_ident, split_top

_ROWS_PER_BATCH = 50_000


@dataclass
class CopyCommand:
    table: Name
    columns: list[str]
    url: str
    role_arn: str
    manifest: bool
    command = "copy"


def parse_copy(cursor: Cursor, external_schemas: frozenset[str]) -> CopyCommand:
    table = cursor.name()
    if table.schema in external_schemas:
        raise NotEmulated("COPY into an external table")
    columns: list[str] = []
    if cursor.looks("("):
        columns = [part[0].text for part in split_top(cursor.group(), is_comma)]
    cursor.expect("from")
    url = cursor.string()
    if not url.startswith("s3://"):
        raise NotEmulated(f"COPY from {url.split(':')[0]}")
    role, layout, manifest, region = None, None, False, False
    while not cursor.done:
        if cursor.accept("iam_role"):
            role = _role(cursor)
        elif cursor.accept("format"):
            cursor.accept("as")
            layout = cursor.identifier()
        elif cursor.one_of("parquet", "csv", "json", "orc", "avro", "shapefile"):
            layout = cursor.tokens[cursor.at - 1].text
        elif cursor.accept("manifest"):
            manifest = True
        elif cursor.accept("region"):
            cursor.accept("as")
            cursor.string()
            region = True
        elif cursor.accept("statupdate"):
            cursor.one_of("on", "off", "true", "false")
        elif cursor.accept("acceptinvchars") or cursor.accept("fillrecord") or cursor.accept("explicit_ids"):
            raise NotEmulated(f"COPY … {cursor.tokens[cursor.at - 1].raw.upper()}")
        elif layout == "parquet" and cursor.peek().is_name:
            raise RedshiftError(f"{cursor.peek().raw.upper()} argument is not supported for PARQUET based COPY")
        else:
            raise NotEmulated(f"COPY … {cursor.peek().raw.upper()}")
    if role is None:
        raise syntax_error("")
    if layout != "parquet":
        raise NotEmulated(f"COPY of {layout or 'delimited text'}: only FORMAT AS PARQUET")
    if region:
        raise RedshiftError("REGION argument is not supported for PARQUET based COPY")
    return CopyCommand(table, columns, url, role, manifest)


def _role(cursor: Cursor) -> str:
    if cursor.accept("default"):
        raise NotEmulated("IAM_ROLE default: name the role by its ARN")
    return cursor.string()


def files(command: CopyCommand, lake: Lake) -> list[S3Object]:
    if command.manifest:
        found = lake.manifest(command.url, with_length=True)
        if not found:
            raise RedshiftError(f"Problem reading manifest file - no file of {command.url} was found")
        return found
    bucket, prefix = parse_url(command.url)
    found = [item for item in lake.objects(bucket, prefix) if not hidden(item.key)]
    if not found:
        raise RedshiftError(f"The specified S3 prefix '{prefix}' does not exist\n  Detail: Prefix: {prefix}")
    return found


def hidden(key: str) -> bool:
    """What Spectrum, which reads Parquet for COPY, passes over."""
    name = key.rsplit("/", 1)[-1]
    return not name or name.startswith((".", "_", "#")) or name.endswith("~")


def run_copy(command: CopyCommand, lake: Lake, connection, columns: list[Column], check_cancelled) -> int:
    """Loads every file; returns the number of rows. Any fault aborts the whole COPY."""
    names = ", ".join(quote_ident(column.name) for column in columns)
    rows = 0
    with connection.cursor().copy(f"copy {command.table.sql} ({names}) from stdin (format csv)") as sink:
        for item in files(command, lake):
            check_cancelled()
            for batch in _batches(item, lake, columns):
                sink.write(csv_bytes(batch))
                rows += batch.num_rows
    return rows


def _batches(item: S3Object, lake: Lake, columns: list[Column]):
    try:
        file = pq.ParquetFile(io.BytesIO(lake.read(item)))
    except pa.ArrowException as error:
        raise RedshiftError(
            f"Spectrum Scan Error\n  Detail: File '{item.url}' has an invalid Parquet format: {error}"
        ) from error
    schema = file.schema_arrow
    if len(schema) != len(columns):
        raise RedshiftError(
            f"Unmatched number of columns between table and file. Table columns: {len(columns)}, "
            f"Data columns: {len(schema)}, File name: {item.url}"
        )
    for field, column in zip(schema, columns, strict=True):
        physical = file.schema.column(schema.get_field_index(field.name)).physical_type
        check_type(column, field, physical, item.url)
    for batch in file.iter_batches(batch_size=_ROWS_PER_BATCH):
        arrays = [to_text(array) for array in batch.columns]
        for column, array in zip(columns, arrays, strict=True):
            check_lengths(column, array, item.url)
        yield pa.RecordBatch.from_arrays(arrays, names=[f"c{index}" for index in range(len(arrays))])
