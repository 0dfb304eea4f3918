from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal
from typing import Any

from lakeshift_jobs import reconciliation as rec
from lakeshift_jobs.contract import Column
from lakeshift_jobs.lake import Partition, RawObject

NOW = datetime.datetime(2025, 2, 1, 12, tzinfo=datetime.UTC)


def raw(key: str, etag: str) -> RawObject:
    return RawObject(key, etag, Partition("2025", "01", "15"), NOW, 1)


def row(key: str, etag: str = "e", read: int = 3, loaded: int = 2, rejected: int = 1) -> rec.LedgerRow:
    return rec.LedgerRow(key, etag, "run", read, loaded, rejected)


def test_only_what_lies_in_the_lake_and_was_loaded_is_compared() -> None:
    ledger = [row("a", "1"), row("deleted", "1"), row("replaced", "old")]
    rows, pending = rec.current(ledger, [raw("a", "1"), raw("replaced", "new"), raw("new", "1")])
    assert [found.object_key for found in rows] == ["a"]
    assert [item.key for item in pending] == ["replaced", "new"]


def test_agreeing_zones_leave_no_failure() -> None:
    findings = rec.Findings()
    rec.check_landing(findings, [row("a"), row("b")], {"a": 2, "b": 2})
    rec.check_raw(findings, 6)
    rec.check_rejected(findings, [row("a"), row("b")], {("a", "e", "run"): 1, ("b", "e", "run"): 1, ("a", "e", "x"): 7})
    rec.check_keys(findings, 4, 4, 4, 0, 0)
    assert findings.failures == [] and findings.keys_match
    assert (findings.raw_rows, findings.landing_rows, findings.rejected_rows) == (6, 4, 2)


def test_rows_whose_object_is_gone_from_raw_are_a_failure() -> None:
    findings, landed = rec.Findings(), {"a": 2, "gone": 9, "pending": 1}
    rec.check_landing(findings, [row("a")], landed)
    rec.check_raw(findings, 3)
    rec.check_gone(findings, [raw("a", "e"), raw("pending", "new")], landed)
    assert findings.failures == [
        (
            "9 rows landed from objects that raw no longer holds: gone "
            "(bring the objects back, or upload empty ones of their names to take the rows out)"
        )
    ]
    assert findings.landing_rows == 11, "so that status does not call it reconciled"


def test_every_disagreement_is_a_failure_that_gives_the_numbers() -> None:
    findings = rec.Findings()
    rec.check_landing(findings, [row("a"), row("b", read=9)], {"b": 2})
    rec.check_raw(findings, 7)
    rec.check_rejected(findings, [row("a")], {})
    rec.check_keys(findings, 5, 4, 3, 2, 1)
    assert findings.failures == [
        (
            "ledger and landing disagree on a (read 3, loaded 2, rejected 1, landed 0); "
            "b (read 9, loaded 2, rejected 1, landed 2)"
        ),
        "raw has 7 rows: 2 landed, 2 rejected",
        "ledger and rejected zone disagree on a (1 in the ledger, 0 in the zone)",
        "2 landed keys without a fact",
        "1 fact without a landed row",
        "4 facts with 3 different keys",
    ]
    assert not findings.keys_match


def test_totals_are_compared_exactly_but_for_doubles(contract: Any) -> None:
    findings = rec.Findings()
    rec.check_totals(findings, contract, (2, 3, Decimal("10.10"), 0.1 + 0.2, 0.3), ("2", "3", "10.10", "0.3", "0.3"))
    rec.check_totals(findings, contract, (0, None, None, None, None), ("0", None, None, None, None))
    # amounts and their reversals: the sum is all rounding
    rec.check_totals(findings, contract, (2, 3, None, 1e-7, 1e6), ("2", "3", None, "-3E-7", "1.0E6"))
    rec.check_totals(findings, contract, (2, 3, None, float("nan"), 1), ("2", "3", None, "NaN", "NaN"))
    assert findings.failures == []
    rec.check_totals(findings, contract, (2, 3, Decimal("10.10"), 1.0, 1.0), ("1", "3", "10.11", "1.1", "1.1"))
    assert findings.failures == [
        "fact_orders: 2 rows in the warehouse, 1 published",
        "fact_orders.price: 10.10 in the warehouse, 10.11 published",
        "fact_orders.weight: 1.0 in the warehouse, 1.1 published",
    ]


def test_questions_are_the_same_text_for_both_engines(contract: Any) -> None:
    totals = (
        "select count(*) as row_count, sum(cast(id as decimal(38, 0))) as id, "
        "sum(cast(price as decimal(38, 2))) as price, sum(cast(weight as double precision)) as weight, "
        "sum(abs(cast(weight as double precision))) as size_of_weight from "
    )
    assert rec.totals_in_warehouse(contract).text == totals + "analytics.fact_orders"
    assert rec.totals_in_athena(contract, "curated") == totals + '"curated"."fact_orders"'


def test_sums_that_no_decimal_may_hold_are_compared_as_doubles(contract: Any) -> None:
    published = dataclasses.replace(
        contract.published, columns=(Column("big", "decimal(29,2)"), Column("n", "decimal(28,0)"))
    )
    wide = dataclasses.replace(contract, published=published)
    assert rec.totals_in_athena(wide, "c").startswith(
        "select count(*) as row_count, sum(cast(big as double precision)) as big, sum(cast(n as decimal(38, 0))) as n, "
        "sum(abs(cast(big as double precision))) as size_of_big from"
    )
    findings = rec.Findings()
    rec.check_totals(findings, wide, (1, 2.5e37, 1, 2.5e37), ("1", "2.5000000000001E37", "1", "2.5E37"))
    assert findings.failures == []
    rec.check_totals(findings, wide, (1, 2.5e37, 1, 2.5e37), ("1", "2.6E37", "2", "2.5E37"))
    assert len(findings.failures) == 2


def test_raw_rows_are_counted_without_blank_lines_and_without_what_came_late(contract: Any) -> None:
    counted = """select count(*) from "raw"."orders_lines" where not regexp_like(line, '^[ \\t]*$')"""
    assert rec.raw_rows(contract, "raw", "bucket", []) == counted
    late = rec.raw_rows(contract, "raw", "bucket", ["orders/it's.csv"])
    assert late == counted + """ and "$path" not in ('s3://bucket/orders/it''s.csv')"""


def test_records_of_parquet_are_counted_without_reading_a_column(contract: Any) -> None:
    parquet = dataclasses.replace(contract, format="parquet")
    counted = 'select count(*) from "raw"."orders_lines" where true'
    assert rec.raw_rows(parquet, "raw", "bucket", []) == counted
    assert rec.raw_rows(parquet, "raw", "bucket", ["a"]) == counted + """ and "$path" not in ('s3://bucket/a')"""


def test_an_unreadable_object_is_a_failure_of_every_run_until_its_content_changes() -> None:
    rows = [row("a", "e1", 0, 0, 0), row("b", "e2")]
    reasons = {("a", "e1", "run"): "no Parquet", ("b", "old", "run"): "no Parquet either", ("b", "e2", "run"): None}
    findings = rec.Findings()
    assert rec.check_readable(findings, rows, reasons) == ["a"]
    assert findings.failures == ["1 raw object can't be read (to mend: upload again, or remove): a: no Parquet"]
    assert rec.summary(findings, "orders", "r", datetime.datetime(2025, 1, 1), None)["unreadable"] == ["a"]
    findings = rec.Findings()
    assert rec.check_readable(findings, rows[1:], reasons) == [] and findings.failures == []


def test_a_remark_is_said_once_for_all_objects_that_still_lie_there() -> None:
    remarks = {("a", "e", "run"): "int is double; x", ("b", "e", "run"): "int is double", ("b", "old", "run"): "else"}
    findings = rec.Findings()
    rec.note_remarks(findings, [row("b"), row("a"), row("c")], {**remarks, ("c", "e", "run"): None})
    assert findings.remarks == ["int is double (in 2 raw objects, the first a)", "x (in 1 raw object, the first a)"]
    assert findings.failures == []


def test_an_object_of_which_nothing_fits_is_named() -> None:
    findings = rec.Findings()
    rows = [row("bad", loaded=0, rejected=3), row("empty", read=0, loaded=0, rejected=0), row("good")]
    rec.check_landing(findings, rows, {"good": 2})
    summary = rec.summary(findings, "orders", "run", NOW, None, rows[:1])
    assert (summary["refused"], summary["rejected_rows"], summary["run_rejected_rows"]) == (["bad"], 4, 3)


def test_the_summary_remembers_the_last_success() -> None:
    good, bad = rec.Findings(fact_rows=5), rec.Findings(failures=["no"])
    assert rec.summary(good, "orders", "run", NOW, "before")["last_success_at"] == "2025-02-01T12:00:00Z"
    summary = rec.summary(bad, "orders", "run", NOW, "before")
    assert summary["last_success_at"] == "before" and summary["ok"] is False and summary["failures"] == ["no"]


def test_only_a_run_in_which_everything_holds_has_a_heartbeat() -> None:
    def names(findings: rec.Findings) -> dict[str, float]:
        return {metric["MetricName"]: metric["Value"] for metric in rec.metrics(findings, "test", "orders", [row("a")])}

    good = names(rec.Findings(published_rows=5))
    assert good == {
        "RowsRead": 3, "RowsLoaded": 2, "RowsRejected": 1, "CheckFailures": 0, "PublishedRows": 5, "Heartbeat": 1
    }  # fmt: skip
    bad = names(rec.Findings(failures=["a", "b"]))
    assert "Heartbeat" not in bad and bad["CheckFailures"] == 2
