"""Which types of Parquet files Athena reads as which column types: fewer than Trino does.

https://docs.aws.amazon.com/athena/latest/ug/updates-changing-column-type.html: an int may be read as a bigint and a float
as a double; any other difference fails the query.
"""

from __future__ import annotations

import io
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from local.engines.athena.errors import QueryFailed

_TAIL_BYTES = 64 << 10
_REMEMBERED = 1000


class ParquetTypes:
    """Checks what a query has read, by the footers of the files; those of files that don't change are remembered."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client
        self._schemas: dict[tuple[str, str, str], Mapping[str, tuple[str, pa.DataType]]] = {}

    def check(self, inputs: Sequence[Mapping[str, Any]], rows: int) -> None:
        """`inputs` as Trino reports them; raises QueryFailed for a column that Athena would not read."""
        for read in inputs:
            info = read.get("connectorInfo") or {}
            if info.get("tableDefaultFileFormat") != "PARQUET" or not read["columns"] or not rows:
                continue
            for location in self._locations(read["schema"], read["table"], info):
                for uri, schema in self._files(location):
                    _check_file(uri, schema, read["columns"])

    def _locations(self, database: str, table: str, info: Mapping[str, Any]) -> Iterator[str]:
        glue, names = self._client("glue"), {"DatabaseName": database, "TableName": table}
        if not info.get("partitioned"):
            yield glue.get_table(DatabaseName=database, Name=table)["Table"]["StorageDescriptor"]["Location"]
        elif info.get("partitionIds"):
            for partition in info["partitionIds"]:
                values = [urllib.parse.unquote(part.partition("=")[2]) for part in partition.split("/")]
                found = glue.get_partition(**names, PartitionValues=values)["Partition"]
                yield found["StorageDescriptor"]["Location"]
        else:  # all of them
            for page in glue.get_paginator("get_partitions").paginate(**names):
                yield from (partition["StorageDescriptor"]["Location"] for partition in page["Partitions"])

    def _files(self, location: str) -> Iterator[tuple[str, Mapping[str, tuple[str, pa.DataType]]]]:
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        prefix = prefix.rstrip("/") + "/"
        for page in self._client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                hidden = any(part.startswith((".", "_")) for part in entry["Key"][len(prefix) :].split("/"))
                if entry["Size"] and not hidden:
                    yield f"s3://{bucket}/{entry['Key']}", self._schema(bucket, entry)

    def _schema(self, bucket: str, entry: Mapping[str, Any]) -> Mapping[str, tuple[str, pa.DataType]]:
        name = (bucket, entry["Key"], entry["ETag"])
        if name not in self._schemas:
            while len(self._schemas) >= _REMEMBERED:
                self._schemas.pop(next(iter(self._schemas)))
            tail = self._tail(bucket, entry["Key"], entry["Size"], _TAIL_BYTES)
            needed = int.from_bytes(tail[-8:-4], "little") + 8
            if needed > len(tail):
                tail = self._tail(bucket, entry["Key"], entry["Size"], needed)
            schema = pq.read_metadata(io.BytesIO(tail)).schema
            fields = schema.to_arrow_schema()
            physical = {leaf.path: leaf.physical_type for leaf in map(schema.column, range(len(schema)))}
            self._schemas[name] = {
                field.name.lower(): (physical.get(field.name, "GROUP"), field.type) for field in fields
            }
        return self._schemas[name]

    def _tail(self, bucket: str, key: str, size: int, count: int) -> bytes:
        span = f"bytes={max(0, size - count)}-{size - 1}"
        return self._client("s3").get_object(Bucket=bucket, Key=key, Range=span)["Body"].read()


def _check_file(uri: str, schema: Mapping[str, tuple[str, pa.DataType]], columns: Sequence[Mapping[str, str]]) -> None:
    for column in columns:
        physical, kind = schema.get(column["name"], ("", None))
        if kind is not None and not reads(column["type"], physical, kind):
            raise QueryFailed(
                f"HIVE_BAD_DATA: Field {column['name']}'s type {physical} in parquet file {uri} is incompatible with "
                f"type {column['type']} defined in table schema"
            )


def reads(declared: str, physical: str, kind: pa.DataType) -> bool:
    """Whether a column of Trino's type `declared` may be stored so."""
    types = pa.types
    base = declared.partition("(")[0]
    if base in ("tinyint", "smallint", "integer"):
        return types.is_integer(kind) and physical == "INT32"
    if base == "bigint":
        return types.is_integer(kind)
    if base in ("real", "double"):
        return physical == "FLOAT" or (base, physical) == ("double", "DOUBLE")
    if base == "decimal":
        return types.is_decimal(kind)
    if base == "varchar":
        return physical == "BYTE_ARRAY" and not types.is_decimal(kind)
    if base == "boolean":
        return physical == "BOOLEAN"
    if base == "date":
        return types.is_date(kind)
    if base == "timestamp":
        return types.is_timestamp(kind)
    return True
