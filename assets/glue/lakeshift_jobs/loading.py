"""What the load sends to the warehouse: one transaction that replaces all that earlier loads left of these objects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from lakeshift_jobs.contract import Column, Contract
from lakeshift_jobs.sql import Statement, quote

LEDGER_TABLE = "raw_data.load_ledger"

# the ledger's columns but committed_at, which the warehouse sets
LEDGER_COLUMNS = (
    Column("object_key", "varchar(1024)"),
    Column("etag", "varchar(64)"),
    Column("version_id", "varchar(1024)"),
    Column("run_id", "varchar(128)"),
    Column("rows_read", "bigint"),
    Column("rows_loaded", "bigint"),
    Column("rows_rejected", "bigint"),
)


class CountError(RuntimeError):
    """Rows were lost or made between reading and loading."""


def known_objects(contract: Contract) -> Statement:
    return Statement(
        f"select object_key, etag, extract(epoch from committed_at) from {LEDGER_TABLE} "
        f"where object_key like {quote(contract.dataset + '/%')}",
        "known objects",
        1,
    )


def check_counts(key: str, read: int, loaded: int, rejected: int) -> None:
    if read != loaded + rejected:
        raise CountError(f"{key}: {read} rows read, but {loaded} loaded and {rejected} rejected")


def manifest(files: Iterable[tuple[str, int]]) -> str:
    """COPY's manifest; Parquet needs each file's length in it."""
    entries = [{"url": url, "mandatory": True, "meta": {"content_length": size}} for url, size in files]
    return json.dumps({"entries": entries})


def transaction(
    contract: Contract, copy_role_arn: str, ledger_manifest: str, rows_manifest: str | None
) -> list[Statement]:
    """The statements, in order. Without rows (all rejected, or files without rows) there is nothing to copy."""
    key = ", ".join(contract.business_key)
    columns = ", ".join(column.name for column in contract.landing_columns)
    ledger_columns = ", ".join(column.name for column in LEDGER_COLUMNS)
    staged = "object_key in (select object_key from staged_ledger)"
    texts = [
        # Before the snapshot is taken: under snapshot isolation a killed run's batch that is still committing
        # would otherwise go unseen, and its rows stay beside ours.
        f"lock {LEDGER_TABLE}, {contract.landing_table}",
        _create_temp("staged_ledger", LEDGER_COLUMNS),
        _copy("staged_ledger", ledger_manifest, copy_role_arn),
        _create_temp("staged_rows", contract.landing_columns),
    ]
    if rows_manifest:
        texts.append(_copy("staged_rows", rows_manifest, copy_role_arn))
    texts += [
        (
            f"insert into {contract.affected_table} ({key}) "
            f"select {key} from {contract.landing_table} where {staged} union select {key} from staged_rows"
        ),
        f"delete from {contract.landing_table} where {staged}",
        f"insert into {contract.landing_table} ({columns}) select {columns} from staged_rows",
        f"delete from {LEDGER_TABLE} where {staged}",
        (
            f"insert into {LEDGER_TABLE} ({ledger_columns}, committed_at) "
            f"select {ledger_columns}, getdate() from staged_ledger"
        ),
    ]
    return [Statement(text, "load", number) for number, text in enumerate(texts, start=1)]


def _create_temp(name: str, columns: Sequence[Column]) -> str:
    return f"create temp table {name} ({', '.join(f'{column.name} {column.warehouse_type}' for column in columns)})"


def _copy(table: str, manifest_uri: str, role_arn: str) -> str:
    return f"copy {table} from {quote(manifest_uri)} iam_role {quote(role_arn)} format as parquet manifest"
