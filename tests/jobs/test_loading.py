from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import contract_of
from lakeshift_jobs import loading
from lakeshift_jobs.contract import ContractError

ROLE = "arn:aws:iam::123456789012:role/load"


def texts(contract: Any, rows: str | None) -> list[str]:
    statements = loading.transaction(contract, ROLE, "s3://b/ledger.manifest", rows)
    return [statement.text for statement in statements]


def test_the_transaction_replaces_what_earlier_loads_left(contract: Any) -> None:
    landing = "id, name, price, loaded_at, object_key, line_number, partition_date, object_modified_at"
    ledger = "object_key, etag, version_id, run_id, rows_read, rows_loaded, rows_rejected"
    staged = "object_key in (select object_key from staged_ledger)"
    assert texts(contract, "s3://b/rows.manifest") == [
        "lock raw_data.load_ledger, raw_data.orders",
        (
            "create temp table staged_ledger (object_key varchar(1024), etag varchar(64), version_id varchar(1024), "
            "run_id varchar(128), rows_read bigint, rows_loaded bigint, rows_rejected bigint)"
        ),
        f"copy staged_ledger from 's3://b/ledger.manifest' iam_role '{ROLE}' format as parquet manifest",
        (
            "create temp table staged_rows (id integer, name varchar(5), price decimal(10,2), loaded_at timestamp, "
            "object_key varchar(1024), line_number bigint, partition_date date, object_modified_at timestamp)"
        ),
        f"copy staged_rows from 's3://b/rows.manifest' iam_role '{ROLE}' format as parquet manifest",
        (
            "insert into raw_data.orders_affected_keys (id) "
            f"select id from raw_data.orders where {staged} union select id from staged_rows"
        ),
        f"delete from raw_data.orders where {staged}",
        f"insert into raw_data.orders ({landing}) select {landing} from staged_rows",
        f"delete from raw_data.load_ledger where {staged}",
        f"insert into raw_data.load_ledger ({ledger}, committed_at) select {ledger}, getdate() from staged_ledger",
    ]


def test_records_without_a_key_are_affected_by_where_they_stand() -> None:
    contract = contract_of([{"name": "id", "type": "integer"}], business_key=["object_key", "line_number"])
    assert [(column.name, column.type) for column in contract.key_columns] == [
        ("object_key", "varchar(1024)"),
        ("line_number", "bigint"),
    ]
    (affected,) = [text for text in texts(contract, "s3://b/m") if "affected_keys" in text]
    assert affected.endswith("union select object_key, line_number from staged_rows")
    with pytest.raises(ContractError, match="business_key loaded_at is no column"):
        contract_of([{"name": "id", "type": "integer"}], business_key=["loaded_at"])


def test_without_good_rows_nothing_is_copied_but_old_rows_still_go(contract: Any) -> None:
    statements = texts(contract, None)
    assert not any(text.startswith("copy staged_rows") for text in statements)
    assert any(text.startswith("delete from raw_data.orders ") for text in statements)


def test_a_manifest_gives_each_files_length() -> None:
    assert json.loads(loading.manifest([("s3://b/a.parquet", 12)])) == {
        "entries": [{"url": "s3://b/a.parquet", "mandatory": True, "meta": {"content_length": 12}}]
    }


def test_a_lost_row_stops_the_load() -> None:
    loading.check_counts("a", 3, 2, 1)
    with pytest.raises(loading.CountError, match="a: 3 rows read, but 2 loaded and 0 rejected"):
        loading.check_counts("a", 3, 2, 0)
