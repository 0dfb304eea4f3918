"""UNLOAD to Parquet in S3: https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .columns import Column
from .errors import NotEmulated, RedshiftError, syntax_error
from .lake import Lake, parse_url
from .tokens import (
    Cursor,
    Token,
    find_top,
    is_comma,
    split_statements,
    split_top,
    tokenize,
)

_ROWS_PER_FILE = 1_000_000  # as if each slice wrote that many
_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


@dataclass
class UnloadCommand:
    url: str
    role_arn: str
    partition_by: list[str] = field(default_factory=list)
    include: bool = False
    overwrite: bool = False
    clean: bool = False
    manifest: bool = False
    kms_key: str | None = None
    sql: str = ""
    command = "unload"

    @property
    def encryption(self) -> dict[str, str]:
        # without ENCRYPTED it is SSE-S3, whatever the bucket's default
        if self.kms_key:
            return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key}
        return {"ServerSideEncryption": "AES256"}


def parse_unload(cursor: Cursor) -> tuple[UnloadCommand, list[Token]]:
    """The command, and the tokens of its query."""
    inside = Cursor(cursor.group())
    statements = split_statements(tokenize(inside.string()))
    inside.end()
    if len(statements) != 1 or not statements[0][0].is_word("select", "with"):
        raise RedshiftError("UNLOAD takes one SELECT statement")
    query = statements[0]
    if find_top(query, "limit", "top") >= 0:
        raise RedshiftError("LIMIT clause is not supported in UNLOAD")
    cursor.expect("to")
    command = UnloadCommand(cursor.string(), "")
    parse_url(command.url)
    layout, encrypted = None, False
    while not cursor.done:
        if cursor.accept("iam_role"):
            if cursor.accept("default"):
                raise NotEmulated("IAM_ROLE default: name the role by its ARN")
            command.role_arn = cursor.string()
        elif cursor.accept("format"):
            cursor.accept("as")
            layout = cursor.identifier()
        elif cursor.one_of("parquet", "csv", "json"):
            layout = cursor.tokens[cursor.at - 1].text
        elif cursor.accept("partition", "by"):
            command.partition_by = [_column(part) for part in split_top(cursor.group(), is_comma)]
            command.include = cursor.accept("include")
        elif cursor.accept("allowoverwrite"):
            command.overwrite = True
        elif cursor.accept("cleanpath"):
            command.clean = True
        elif cursor.accept("manifest"):
            if cursor.looks("verbose"):
                raise NotEmulated("UNLOAD … MANIFEST VERBOSE")
            command.manifest = True
        elif cursor.accept("kms_key_id"):
            command.kms_key = cursor.string()
        elif cursor.accept("encrypted"):
            encrypted = True
            if cursor.looks("auto"):
                raise NotEmulated("UNLOAD … ENCRYPTED AUTO")
        elif cursor.accept("parallel"):
            cursor.one_of("on", "off", "true", "false")
        elif cursor.accept("maxfilesize") or cursor.accept("rowgroupsize"):
            cursor.accept("as")
            cursor.next()
            cursor.one_of("mb", "gb")
        elif cursor.accept("region"):
            cursor.accept("as")
            cursor.string()
        else:
            raise NotEmulated(f"UNLOAD … {cursor.peek().raw.upper()}")
    _check(command, layout, encrypted)
    return command, query


def _column(tokens: list[Token]) -> str:
    if len(tokens) != 1 or not tokens[0].is_name:
        raise syntax_error(tokens[0].raw if tokens else ")")
    return tokens[0].text


def _check(command: UnloadCommand, layout: str | None, encrypted: bool) -> None:
    if not command.role_arn:
        raise syntax_error("")
    if layout != "parquet":
        raise NotEmulated(f"UNLOAD as {layout or 'delimited text'}: only FORMAT AS PARQUET")
    if command.overwrite and command.clean:
        raise RedshiftError("CLEANPATH and ALLOWOVERWRITE can't be used together")
    if command.kms_key and not encrypted:
        raise RedshiftError("KMS_KEY_ID needs the ENCRYPTED option")
    if encrypted and not command.kms_key:
        raise RedshiftError("UNLOAD with PARQUET and ENCRYPTED is only supported with KMS_KEY_ID")


def check_target(command: UnloadCommand, lake: Lake) -> None:
    bucket, prefix = parse_url(command.url)
    if not command.overwrite and not command.clean and lake.objects(bucket, _prefix(command, prefix)):
        raise RedshiftError(
            "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually "
            "removing the target files in S3, or using the ALLOWOVERWRITE option."
        )


def _prefix(command: UnloadCommand, prefix: str) -> str:
    return prefix + "/" if command.partition_by and prefix and not prefix.endswith("/") else prefix


def run_unload(command: UnloadCommand, lake: Lake, table: pa.Table, columns: list[Column], check_cancelled) -> int:
    """Writes the rows; returns their number. No rows, no files."""
    names = [column.name for column in columns]
    for column in command.partition_by:
        if column not in names:
            raise RedshiftError(f'column "{column}" in PARTITION BY is not a column of the query')
    if set(command.partition_by) == set(names) and not command.include:
        raise RedshiftError("PARTITION BY must leave a column to unload")
    bucket, prefix = parse_url(command.url)
    prefix = _prefix(command, prefix)
    written: list[tuple[str, int]] = []
    for folder, rows in _partitions(command, table):
        if command.clean:
            lake.delete(bucket, [item.key for item in lake.objects(bucket, prefix + folder)])
        for slice_number, start in enumerate(range(0, rows.num_rows, _ROWS_PER_FILE)):
            check_cancelled()
            sink = io.BytesIO()
            pq.write_table(rows.slice(start, _ROWS_PER_FILE), sink, compression="snappy")
            key = f"{prefix}{folder}{slice_number:04d}_part_00.parquet"
            lake.write(bucket, key, sink.getvalue(), command.encryption)
            written.append((f"s3://{bucket}/{key}", sink.tell()))
    if command.manifest:
        entries = [{"url": url, "meta": {"content_length": size}} for url, size in written]
        body = json.dumps({"entries": entries}).encode()
        lake.write(bucket, f"{prefix}manifest", body, command.encryption)
    return table.num_rows


def _partitions(command: UnloadCommand, table: pa.Table):
    """(folder, rows) for each combination of the partition columns' values."""
    if not table.num_rows:
        return
    if not command.partition_by:
        yield "", table
        return
    keep = [name for name in table.column_names if command.include or name not in command.partition_by]
    for combination in table.select(command.partition_by).group_by(command.partition_by).aggregate([]).to_pylist():
        mask = None
        for name, value in combination.items():
            column = table.column(name)
            same = (
                pc.is_null(column)
                if value is None
                else pc.fill_null(pc.equal(column, pa.scalar(value, column.type)), False)
            )
            mask = same if mask is None else pc.and_(mask, same)
        folder = "".join(f"{name}={_folder(value)}/" for name, value in combination.items())
        yield folder, table.filter(mask).select(keep)


def _folder(value: object) -> str:
    if value is None or value == "":
        return _NULL_PARTITION
    if isinstance(value, bool):
        return str(value).lower()
    return quote(str(value), safe=" !$&'()+,-.;@_~")
