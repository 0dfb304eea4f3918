"""External schemas over the Glue catalog: tables of the lake, read as Redshift Spectrum does.

Only partitions registered in the catalog count: Spectrum knows nothing of Athena's partition projection.
https://docs.aws.amazon.com/redshift/latest/dg/c-spectrum-external-tables.html
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from .columns import Column, check_type, to_text
from .copy import hidden
from .errors import NotEmulated, RedshiftError
from .lake import Lake, S3Object, parse_url, role_of_arn
from .tokens import quote_ident

_OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
_LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
_JSON = ("org.openx.data.jsonserde.JsonSerDe", "org.apache.hive.hcatalog.data.JsonSerDe")
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_PSEUDO = ("$path", "$size")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")

_TYPES = {
    "string": "varchar", "smallint": "int2", "tinyint": "int2", "int": "int4", "integer": "int4", "bigint": "int8",
    "float": "float4", "double": "float8", "boolean": "bool", "date": "date", "timestamp": "timestamp",
}  # fmt: skip


@dataclass(frozen=True)
class ExternalSchema:
    name: str
    glue_database: str
    role_arn: str


@dataclass
class ExternalTable:
    """A Glue table: its columns as (name, Hive type) and where its files lie."""

    name: str
    columns: list[tuple[str, str]]
    partition_keys: list[tuple[str, str]]
    storage: dict
    parameters: dict
    partitions: list[tuple[list[str], dict]]


def sql_type(hive: str) -> str:
    hive = hive.strip().lower()
    match = re.fullmatch(r"(decimal|varchar|char)\((.*)\)", hive)
    if match:
        return f"{'numeric' if match[1] == 'decimal' else match[1]}({match[2]})"
    if hive not in _TYPES:
        raise NotEmulated(f"an external column of type {hive}")
    return _TYPES[hive]


def find_table(context, schema: ExternalSchema, name: str, account: str) -> ExternalTable:
    glue = context.client("glue", principal=role_of_arn(schema.role_arn, account))
    try:
        table = glue.get_table(DatabaseName=schema.glue_database, Name=name)["Table"]
        keys = [(column["Name"], column.get("Type", "string")) for column in table.get("PartitionKeys", [])]
        partitions = []
        if keys:
            pages = glue.get_paginator("get_partitions").paginate(DatabaseName=schema.glue_database, TableName=name)
            partitions = [
                (partition["Values"], partition["StorageDescriptor"])
                for page in pages
                for partition in page["Partitions"]
            ]
    except ClientError as error:
        if error.response["Error"]["Code"] == "EntityNotFoundException":
            raise RedshiftError(f'relation "{schema.name}.{name}" does not exist') from error
        raise RedshiftError(f"Spectrum: {error.response['Error'].get('Message', error)}") from error
    storage = table.get("StorageDescriptor", {})
    columns = [(column["Name"], column.get("Type", "string")) for column in storage.get("Columns", [])]
    if not storage.get("Location") and not partitions:
        raise NotEmulated(f"{schema.name}.{name}, which is a view of the catalog,")
    return ExternalTable(name, columns, keys, storage, table.get("Parameters", {}), partitions)


def load(
    connection, context, schema: ExternalSchema, name: str, mentioned: frozenset[str] | None, account: str
) -> None:
    """Puts the table's rows where the translated statement looks for them: a temporary table "schema.name"."""
    table = find_table(context, schema, name, account)
    lake = Lake(context, role_of_arn(schema.role_arn, account))
    declared = {column.lower(): kind for column, kind in [*table.columns, *table.partition_keys]}
    wanted = {column: sql_type(kind) for column, kind in declared.items() if mentioned is None or column in mentioned}
    if mentioned is not None:
        wanted |= {"$path": "varchar", "$size": "int8"} if mentioned & set(_PSEUDO) else {}
    read = frozenset(wanted)
    if not wanted:
        wanted = {next(iter(declared)): "varchar"}  # count(*) needs rows, not values
    target = quote_ident(f"{schema.name}.{name}")
    definition = ", ".join(f"{quote_ident(column)} {kind}" for column, kind in wanted.items())
    connection.execute(f"drop table if exists pg_temp.{target}")
    connection.execute(f"create temporary table {target} ({definition}) on commit drop")
    with connection.cursor().copy(f"copy pg_temp.{target} from stdin") as sink:
        for row in _rows(table, lake, read):
            sink.write_row([_storable(row.get(column)) for column in wanted])


def _storable(value: object) -> object:
    """What PostgreSQL's text can't hold (NUL, half a surrogate pair) shows as U+FFFD, like other bytes that are no text."""
    return _NO_TEXT.sub("\ufffd", value) if isinstance(value, str) else value


def _rows(table: ExternalTable, lake: Lake, wanted: frozenset[str]) -> Iterator[dict]:
    places = table.partitions or ([] if table.partition_keys else [([], table.storage)])
    for values, storage in places:
        fixed = {key.lower(): value for (key, _), value in zip(table.partition_keys, values, strict=True)}
        bucket, prefix = parse_url(storage["Location"])
        if prefix and not prefix.endswith("/"):
            prefix += "/"
        for item in lake.objects(bucket, prefix):
            if hidden(item.key) or not item.size:
                continue
            extra = fixed | {"$path": item.url, "$size": item.size}
            for row in _read(item, lake, storage, table, wanted):
                yield {**row, **extra}


def _read(item: S3Object, lake: Lake, storage: dict, table: ExternalTable, wanted: frozenset[str]) -> Iterator[dict]:
    serde = storage.get("SerdeInfo") or table.storage.get("SerdeInfo") or {}
    library, options = serde.get("SerializationLibrary", ""), serde.get("Parameters") or {}
    columns = [(name.lower(), kind) for name, kind in table.columns]
    body = lake.read(item)
    if library == _PARQUET:
        yield from _parquet(body, [(name, kind) for name, kind in columns if name in wanted], item)
        return
    lines = _lines(body, item)
    if library in (_OPEN_CSV, _LAZY):
        skip = int(table.parameters.get("skip.header.line.count") or options.get("skip.header.line.count") or 0)
        for _ in range(skip):
            next(lines, None)
        rows = _open_csv(lines, options) if library == _OPEN_CSV else _delimited(lines, options)
        for values in rows:
            padded = values + [None] * (len(columns) - len(values))
            yield {name: _value(value, kind) for (name, kind), value in zip(columns, padded, strict=False)}
    elif library in _JSON:
        yield from _json(lines, columns, options, item)
    else:
        raise NotEmulated(f"SerDe {library}")


def _lines(body: bytes, item: S3Object) -> Iterator[str]:
    try:
        if item.key.endswith(".gz"):
            body = gzip.decompress(body)
        elif item.key.endswith(".bz2"):
            body = bz2.decompress(body)
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise RedshiftError(f"Spectrum Scan Error\n  Detail: {item.url} can't be unpacked: {error}") from error
    text = body.decode("utf-8", errors="replace")
    # a record ends where a line ends: the SerDe never sees a line break
    return iter(re.split(r"\r\n|\n|\r", text)[: None if not text.endswith(("\n", "\r")) else -1])


def _open_csv(lines: Iterator[str], options: dict) -> Iterator[list[str | None]]:
    separator = options.get("separatorChar", ",")
    quote = options.get("quoteChar", '"')
    escape = options.get("escapeChar", "\\")
    for line in lines:
        if quote in line or escape in line:
            yield list(_open_csv_fields(line, separator, quote, escape))
        else:
            yield list(line.split(separator))


def _open_csv_fields(line: str, separator: str, quote: str, escape: str) -> Iterator[str]:
    """The fields as that SerDe makes them, of lines that are no good CSV too; Trino makes the same of them.

    A quote switches quoting on and off wherever it stands; an escape that escapes nothing is dropped; a field whose
    quoting does not end with the line is no field.
    """
    field = ""
    is_quoted = has_begun = False
    position = 0
    while position < len(line):
        character, following = line[position], line[position + 1 : position + 2]
        position += 1
        is_inside = is_quoted or has_begun
        if character == escape:
            if is_inside and following and following in quote + escape:
                field += following
                position += 1
        elif character == quote:
            if is_inside and following == quote:
                field += quote
                position += 1
            else:
                is_amid = position > 3 and line[position - 2] != separator and following not in ("", separator)
                if is_amid:
                    field = "" if field and not field.strip() else field + quote
                is_quoted = not is_quoted
            has_begun = not has_begun
        elif character == separator and not is_quoted:
            yield field
            field, has_begun = "", False
        else:
            field += character
            has_begun = True
    if not is_quoted:
        yield field


def _delimited(lines: Iterator[str], options: dict) -> Iterator[list[str | None]]:
    separator = options.get("field.delim") or options.get("serialization.format") or "\x01"
    null = options.get("serialization.null.format", "\\N")
    for line in lines:
        yield [None if value == null else value for value in line.split(separator)]


def _value(value: str | None, kind: str) -> object:
    """A text field in a typed column: what does not parse is null."""
    if value is None or kind == "string" or kind.startswith(("varchar", "char")):
        return value
    patterns = {
        "tinyint": r"-?\d{1,3}", "smallint": r"-?\d{1,5}", "int": r"-?\d{1,10}", "bigint": r"-?\d{1,19}",
        "float": r"-?\d+(\.\d*)?([eE][-+]?\d+)?", "double": r"-?\d+(\.\d*)?([eE][-+]?\d+)?",
        "date": r"\d{4}-\d{2}-\d{2}", "timestamp": r"\d{4}-\d{2}-\d{2}[ T].*", "boolean": r"(?i)true|false",
    }  # fmt: skip
    pattern = patterns.get(kind, r"-?\d+(\.\d+)?")
    return value if re.fullmatch(pattern, value) else None


def _json(lines: Iterator[str], columns: list[tuple[str, str]], options: dict, item: S3Object) -> Iterator[dict]:
    lenient = options.get("ignore.malformed.json", "").lower() == "true"
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = {name.lower(): value for name, value in json.loads(line).items()}
        except (ValueError, AttributeError, RecursionError) as error:
            if lenient:
                yield {}
                continue
            raise RedshiftError(
                f"Spectrum Scan Error\n  Detail: Error while parsing JSON, line {number} of {item.url}: {error}"
            ) from error
        yield {name: _json_value(record.get(name), kind) for name, kind in columns}


def _json_value(value: object, kind: str) -> object:
    if value is None:
        return None
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    if isinstance(value, bool):
        return str(value).lower()
    return _value(str(value), kind)


def _parquet(body: bytes, columns: list[tuple[str, str]], item: S3Object) -> Iterator[dict]:
    """By name, whatever its case; a column that the file lacks is null; one of another type is an error, if it is read."""
    try:
        # dates that nanoseconds do not reach
        file = pq.ParquetFile(io.BytesIO(body), coerce_int96_timestamp_unit="us")
        fields = {field.name.lower(): index for index, field in reversed(list(enumerate(file.schema_arrow)))}
        found = [(name, kind, fields[name]) for name, kind in columns if name in fields]
        for name, kind, index in found:
            field = file.schema_arrow.field(index)
            check_type(_declared(name, kind), field, _physical(file, field.name), item.url)
        names = [file.schema_arrow.field(index).name for _, _, index in found]
        for batch in file.iter_batches(10_000, columns=names):
            values = [to_text(batch.column(name)).to_pylist() for name in names]
            rows = zip(*values, strict=True) if values else [()] * batch.num_rows
            for row in rows:
                yield {name: value for (name, _, _), value in zip(found, row, strict=True)}
    except (pa.ArrowException, OSError) as error:
        raise RedshiftError(
            f"Spectrum Scan Error\n  Detail: File '{item.url}' has an invalid Parquet format: {error}"
        ) from error


def _physical(file: pq.ParquetFile, name: str) -> str:
    leaves = [file.schema.column(index) for index in range(len(file.schema))]
    return next((leaf.physical_type for leaf in leaves if leaf.path == name), "group")


_OIDS = {
    "tinyint": 21, "smallint": 21, "int": 23, "integer": 23, "bigint": 20, "float": 700, "double": 701, "boolean": 16,
    "date": 1082, "timestamp": 1114,
}  # fmt: skip


def _declared(name: str, hive: str) -> Column:
    """The external column as a column of PostgreSQL."""
    decimal = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", hive.strip().lower())
    if decimal:
        return Column(name, 1700, ((int(decimal[1]) << 16) | int(decimal[2])) + 4)
    return Column(name, _OIDS.get(hive.strip().lower(), 1043))
