"""The deploy-time runner. Its modules lie side by side, as in its Lambda function."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import re
import time
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody

import evolution
import patience
import sql
import steps
from contract import Column
from fakes import PROJECT, Athena, RedshiftData, Service
from warehouse import Target, Warehouse, WarehouseError

VALUES = {
    name: f"<{name}>"
    for name in (
        *("environment", "region", "database", "raw_database", "curated_database", "load_user", "transform_user"),
        *("check_user", "copy_role_arn", "publish_role_arn", "lake_role_arn"),
    )
}


def connect(fake: RedshiftData) -> Warehouse:
    return Warehouse(
        fake.client, Target("workgroup", "elt-test", "analytics", "arn:secret"), "schema", "a", sleep=lambda _: None
    )


def test_the_warehouses_sql_creates_each_user_and_role_once() -> None:
    first, second = RedshiftData(), RedshiftData()
    steps.apply_warehouse(connect(first), PROJECT / "sql" / "warehouse", VALUES, ["IAM:operator"])
    names = re.findall(r'^create (user|role) "?([^" \n]+)', "\n".join(first.statements), re.MULTILINE)
    second.answers = {
        "select user_name": [(name.upper(),) for kind, name in names if kind == "user"],
        "select role_name": [(name,) for kind, name in names if kind == "role"],
    }
    steps.apply_warehouse(connect(second), PROJECT / "sql" / "warehouse", VALUES, ["IAM:operator"])
    assert len(names) == 8
    assert 'grant role analyst to "IAM:operator"' in second.statements
    assert not [text for text in second.statements if text.startswith(("create user", "create role"))]
    assert [
        text for text in first.statements if not text.startswith(("create user", "create role"))
    ] == second.statements


def test_who_is_no_analyst_any_more_loses_the_role_and_nobody_else_does() -> None:
    fake = RedshiftData(
        {"select user_name from svv_user_grants": [("IAM:Ann",), ("IAMR:team",), ("IAM:bob",), ("tool",)]}
    )
    steps.apply_warehouse(connect(fake), PROJECT / "sql" / "warehouse", VALUES, ["IAM:ann", "IAMR:team"])
    assert [text for text in fake.statements if text.startswith("revoke role")] == [
        'revoke role analyst from "IAM:bob"'
    ]


def test_everything_else_in_the_warehouses_sql_may_run_again() -> None:
    again = re.compile(
        r"create (schema|table|external schema) if not exists|create (user|role) |grant |revoke |alter default |"
        r"alter table \S+ owner to "
    )
    for path in sorted((PROJECT / "sql" / "warehouse").glob("*.sql")):
        for statement in sql.split(path.read_text(), path.name):
            assert again.match(statement.text), statement.describe()


def test_each_statement_of_the_warehouse_runs_on_its_own() -> None:
    fake = RedshiftData()
    steps.apply_warehouse(connect(fake), PROJECT / "sql" / "warehouse", VALUES, [])
    assert {len(batch) for batch in fake.batches} == {1}


def bundle(folder: Path) -> Path:
    columns = [{"name": "id", "type": "integer", "required": True}, {"name": "name", "type": "varchar(20)"}]
    document = {
        "dataset": "orders",
        "format": "csv",
        "columns": columns,
        "business_key": ["id"],
        "landing_table": "raw_data.orders",
        "affected_table": "raw_data.orders_affected_keys",
        "raw_table": "orders",
        "lines_table": "orders_lines",
        "rejected_table": "orders_rejected",
        "published": {"table": "fact", "warehouse_table": "analytics.fact", "partitions": [], "columns": columns},
        "freshness_seconds": 1,
    }
    (folder / "contract.json").write_text(json.dumps(document))
    (folder / "landing.sql").write_text("create table if not exists raw_data.orders (id integer);\nselect 2;")
    schema = folder / "sql" / "schema"
    schema.mkdir(parents=True)
    (schema / "20_view.sql").write_text("create view v as select 1;")
    (schema / "10_fact.sql").write_text("-- ${database}\ncreate table if not exists analytics.fact (id integer);")
    return folder


def test_a_datasets_objects_are_made_by_their_owners(tmp_path: Path) -> None:
    fake = RedshiftData()
    steps.apply_dataset(connect(fake), bundle(tmp_path), VALUES)
    transactions = [batch for batch in fake.batches if len(batch) > 1]
    load, transform = ("set session authorization '<load_user>'", "set session authorization '<transform_user>'")
    assert transactions == [
        [load, "create table if not exists raw_data.orders (id integer)", "select 2"],
        [transform, "create table if not exists analytics.fact (id integer)"],
        [transform, "create view v as select 1"],
    ]


def test_tables_that_exist_follow_the_contract(tmp_path: Path) -> None:
    landing = [("id", "integer", None, 32, 0), ("name", "character varying", 10, None, None)]
    fake = RedshiftData({"select column_name": landing})
    steps.apply_dataset(connect(fake), bundle(tmp_path), VALUES)
    alters = [batch for batch in fake.batches if batch[0].startswith("alter")]
    assert ["alter table raw_data.orders alter column name type varchar(20)"] in alters
    assert ["alter table raw_data.orders add column loaded_at timestamp"] in alters
    assert ["alter table analytics.fact alter column name type varchar(20)"] in alters


def test_a_failing_schema_statement_names_its_file(tmp_path: Path) -> None:
    fake = RedshiftData({"create view": "relation x does not exist"})
    with pytest.raises(WarehouseError) as failure:
        steps.apply_dataset(connect(fake), bundle(tmp_path), VALUES)
    message = "sql/orders/schema/20_view.sql: statement 1: create view v as select 1: relation x does not exist"
    assert str(failure.value) == message


FOUND = {"id": "integer", "name": "varchar(20)", "price": "decimal(10,2)", "old": "date"}


def test_columns_are_added_and_varchars_widened() -> None:
    wanted = [
        Column("id", "integer"),
        Column("name", "varchar(30)"),
        Column("weight", "double"),
        Column("at", "timestamp"),
    ]
    assert [statement.text for statement in evolution.plan("s.t", FOUND, wanted)] == [
        "alter table s.t alter column name type varchar(30)",
        "alter table s.t add column weight double precision",
        "alter table s.t add column at timestamp",
    ]


def test_whatever_could_lose_data_is_refused_all_at_once() -> None:
    wanted = [
        Column("id", "bigint"),
        Column("name", "varchar(10)"),
        Column("price", "decimal(12,2)"),
        Column("x", "date"),
    ]
    with pytest.raises(sql.SqlError) as failure:
        evolution.plan("s.t", FOUND, wanted)
    assert str(failure.value).startswith(
        "s.t: id is integer and can't become bigint; name is varchar(20) and can't become varchar(10); "
        "price is decimal(10,2) and can't become decimal(12,2): columns can be added"
    )


def test_types_are_read_from_the_catalog() -> None:
    rows: list[tuple[Any, ...]] = [
        ("a", "character varying", 20, None, None),
        ("b", "numeric", None, 10, 2),
        ("c", "double precision", None, None, None),
        ("d", "timestamp without time zone", None, None, None),
        ("e", "smallint", None, 16, 0),
    ]
    kinds = {"a": "varchar(20)", "b": "decimal(10,2)", "c": "double", "d": "timestamp", "e": "smallint"}
    assert evolution.existing(rows) == kinds


def test_views_are_made_by_athena(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "v.sql").write_text("create view ${curated_database}.v as select 1;\n")
    fake = Athena({"create view": []})
    module = importlib.import_module("athena")
    steps.apply_athena(module.Athena(fake.client, "workgroup", "db", sleep=lambda _: None), tmp_path, VALUES)
    assert fake.sent == ["create view <curated_database>.v as select 1"]
    fake.answers = {"create view": "SYNTAX_ERROR: no"}
    with pytest.raises(module.AthenaError, match="sql/orders/athena/views/v.sql: statement 1: .*: SYNTAX_ERROR: no"):
        steps.apply_athena(module.Athena(fake.client, "workgroup", "db", sleep=lambda _: None), tmp_path, VALUES)


def test_the_administrator_logs_in_with_the_managed_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    index = importlib.import_module("index")
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:admin"
    namespace = Service(
        "redshift-serverless", {"GetNamespace": lambda _: {"namespace": {"adminPasswordSecretArn": arn}}}, True
    )
    fake = RedshiftData({"select 1": "no such thing"})
    clients = {"redshift-serverless": namespace.client, "redshift-data": fake.client}
    monkeypatch.setattr(index.boto3, "client", clients.__getitem__)
    variables = {
        "TARGET": "warehouse",
        "WAREHOUSE": "workgroup",
        "WAREHOUSE_NAME": "elt-test",
        "DATABASE": "analytics",
        "NAMESPACE": "elt-test",
        "PLACEHOLDERS": json.dumps(VALUES),
    }
    folder = PROJECT / "sql" / "warehouse"
    index.apply(variables, folder, time.sleep)
    assert {call["SecretArn"] for call in fake.service.named("ExecuteStatement")} == {arn}
    fake.answers = {"create schema": "permission denied"}
    with pytest.raises(
        WarehouseError, match="sql/warehouse/01_schemas.sql: statement 1: create schema .*: permission denied"
    ):
        index.apply(variables, folder, time.sleep)


def test_a_statement_that_outlasts_the_function_is_named_and_cancelled() -> None:
    class Context:
        left = 90_000

        def get_remaining_time_in_millis(self) -> int:
            self.left -= 20_000
            return self.left

    parts = [{"Id": "a:1", "Status": "FINISHED"}, {"Id": "a:2", "Status": "STARTED"}]
    operations = {
        "BatchExecuteStatement": lambda _: {"Id": "a"},
        "DescribeStatement": lambda _: {"Id": "a", "Status": "STARTED", "SubStatements": parts},
        "CancelStatement": lambda _: {"Status": True},
    }
    fake = Service("redshift-data", operations)
    target = Target("workgroup", "elt-test", "analytics", "arn:secret")
    warehouse = patience.PatientWarehouse(fake.client, target, "schema", "a", patience.until_end_of(Context()))
    texts = ["set session authorization 'x'", "create materialized view v"]
    statements: list[Any] = [sql.Statement(text, "f.sql", number) for number, text in enumerate(texts, start=1)]
    with pytest.raises(WarehouseError, match="f.sql: statement 2: create materialized view v: .* used up; cancelled"):
        warehouse.transaction(statements)
    assert fake.named("CancelStatement") == [{"Id": "a"}]


@pytest.mark.parametrize(
    ("kind", "fault", "status", "reason"),
    [
        ("Create", None, "SUCCESS", ""),
        ("Update", WarehouseError("01.sql: statement 1: no"), "FAILED", "01.sql: statement 1: no"),
        ("Create", KeyError("NAMESPACE"), "FAILED", "KeyError: 'NAMESPACE'"),
        ("Create", WarehouseError("x" * 9000), "FAILED", "x" * 2000),
        ("Create", WarehouseError("x" + "é" * 9000), "FAILED", "x" + "é" * 999),
        ("Delete", WarehouseError("must not be asked"), "SUCCESS", ""),
    ],
)
def test_cloudformation_is_always_answered(
    monkeypatch: pytest.MonkeyPatch, kind: str, fault: Exception | None, status: str, reason: str
) -> None:
    index = importlib.import_module("index")
    sent: list[urllib.request.Request] = []

    applied: list[str] = []

    def apply(variables: dict[str, str], folder: Path, sleep: Any) -> None:
        applied.extend(path.read_text() for path in folder.glob("schema/*.sql"))
        if fault:
            raise fault

    monkeypatch.setattr(index, "apply", apply)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("schema/10_facts.sql", "create table facts")
    body = archive.getvalue()
    s3 = Service("s3", {"GetObject": lambda _: {"Body": StreamingBody(io.BytesIO(body), len(body))}}, True)
    monkeypatch.setattr(index.boto3, "client", {"s3": s3.client}.__getitem__)

    def urlopen(request: urllib.request.Request, timeout: float) -> contextlib.nullcontext[None]:
        sent.append(request)
        return contextlib.nullcontext()

    monkeypatch.setattr(index, "urlopen", urlopen)
    asked = {"StackId": "s", "RequestId": "r", "LogicalResourceId": "SchemaRun"}
    event = {"RequestType": kind, "ResponseURL": "https://example.com/a?b", "ResourceProperties": {}}
    event["ResourceProperties"] = {"Archive": "s3://assets/a/b.zip", "Variables": {}}
    index.handler({**asked, **event}, None)
    asked_for = [] if kind == "Delete" else [("assets", "a/b.zip")]
    assert [(call["Bucket"], call["Key"]) for call in s3.named("GetObject")] == asked_for
    assert applied == ([] if kind == "Delete" else ["create table facts"])
    (request,) = sent
    assert request.get_method() == "PUT"
    assert request.get_header("Content-type") == ""
    assert isinstance(request.data, bytes)
    assert len(request.data) < 4096
    said = json.loads(request.data)
    assert said == {**asked, "Status": status, "Reason": reason, "PhysicalResourceId": "SchemaRun"}
