from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fakes import RedshiftData
from lakeshift_jobs.sql import Statement, split
from lakeshift_jobs.warehouse import Target, Warehouse, WarehouseError

WORKGROUP = Target("workgroup", "elt-test", "analytics")


def connect(fake: RedshiftData, target: Target = WORKGROUP, **options: Any) -> Warehouse:
    return Warehouse(fake.client, target, "elt-test-orders-load", "attempt", sleep=lambda _: None, **options)


def test_a_batch_is_one_call_with_name_and_token() -> None:
    fake = RedshiftData()
    connect(fake).transaction(split("select 1; select 2", "a.sql"))
    (call,) = fake.service.named("BatchExecuteStatement")
    assert call.pop("ClientToken")
    assert call == {
        "Sqls": ["select 1", "select 2"],
        "StatementName": "elt-test-orders-load-attempt",
        "WorkgroupName": "elt-test",
        "Database": "analytics",
    }


def test_a_cluster_is_reached_as_well_and_a_secret_is_passed_on() -> None:
    fake = RedshiftData()
    connect(fake, Target("cluster", "elt-test", "analytics", "arn:aws:secretsmanager:secret")).query(
        split("select 1", "a")[0]
    )
    (call,) = fake.service.named("ExecuteStatement")
    assert call["ClusterIdentifier"] == "elt-test" and call["SecretArn"] == "arn:aws:secretsmanager:secret"
    assert "WorkgroupName" not in call and "DbUser" not in call


def test_another_kind_of_warehouse_is_an_error() -> None:
    with pytest.raises(ValueError, match="'lake' is unknown: use workgroup or cluster"):
        connect(RedshiftData(), Target("lake", "x", "y")).execute(Statement("select 1", "a", 1))


def test_the_same_statement_twice_is_two_calls_not_a_retry() -> None:
    fake = RedshiftData()
    warehouse = connect(fake)
    for _ in range(2):
        warehouse.execute(Statement("delete from t", "a", 1))
    first, second = fake.service.named("ExecuteStatement")
    assert first["ClientToken"] != second["ClientToken"]


def test_rows_are_read_over_all_pages_with_their_types() -> None:
    fake = RedshiftData({"select": [(1, "a", None, Decimal("1.10"))] * 5})
    rows = connect(fake).query(Statement("select x", "a", 1))
    assert rows == [(1, "a", None, Decimal("1.10"))] * 5
    assert isinstance(rows[0][3], Decimal)


def test_a_failed_batch_names_file_statement_and_the_engines_message() -> None:
    fake = RedshiftData({"insert": "relation does not exist"})
    statements = split("delete from a; insert\ninto b select 1; delete from c", "transform/10_a.sql")
    with pytest.raises(WarehouseError) as failure:
        connect(fake).transaction(statements)
    assert str(failure.value) == "transform/10_a.sql: statement 2: insert into b select 1: relation does not exist"


def test_what_the_data_api_would_refuse_is_refused_before() -> None:
    warehouse = connect(RedshiftData())
    with pytest.raises(WarehouseError, match=r"41 statements in one transaction \(a.sql, b.sql\): at most 40"):
        warehouse.transaction(split("select 1;" * 40, "a.sql") + split("select 1", "b.sql"))
    with pytest.raises(WarehouseError, match="a.sql: statement 1: .*100009 bytes: at most 100000"):
        warehouse.execute(Statement("select '" + "x" * 100_000 + "'", "a.sql", 1))
    with pytest.raises(WarehouseError, match="no statement"):
        warehouse.transaction([])


def test_a_batch_of_an_earlier_attempt_is_waited_for() -> None:
    fake = RedshiftData()
    fake.under_way = {"old": "STARTED"}
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        fake.under_way["old"] = "FINISHED"

    warehouse = Warehouse(fake.client, WORKGROUP, "elt-test-orders-load", "attempt", sleep=sleep)
    assert warehouse.settle() == 1
    assert waits and not fake.service.named("CancelStatement")
    assert {call["StatementName"] for call in fake.service.named("ListStatements")} == {"elt-test-orders-load-"}


def test_a_batch_that_outlasts_our_patience_is_cancelled() -> None:
    fake = RedshiftData()
    fake.under_way = {"old": "STARTED"}
    assert connect(fake).settle(patience_seconds=10) == 1
    assert fake.service.named("CancelStatement") == [{"Id": "old"}]
