"""From raw file to answered query. Each test is a fact; later ones build on what earlier ones loaded."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from platform_under_test import RAW, Platform

HEADER = "order_id,customer_id,product_id,quantity,unit_price,order_date,region\n"
SAMPLE = Path("testdata/sales")
MENDED = "1021,C1,P1,1,1.00,2025-03-04,eu\n"
BROKEN = (
    b'"1020,C1,P1,1,1.00,2025-03-02,eu',
    b'1020",C1,P1,1,1.00,2025-03-02,eu',
    b'1020,C1,P"x"1,1,1.00,2025-03-02,eu',
    b'1020,C\\"1,P1,1,1.00,2025-03-02,"eu',
    b"1020,C\x001,P1,1,1.00,2025-03-02,m\xfcnchen",
)
SALES_TABLES = (
    "raw_data.sales",
    "raw_data.sales_affected_keys",
    "raw_data.load_ledger",
    "analytics.fact_orders",
    "analytics.publish_queue",
    "analytics.monthly_regional_sales",
)


def totals_by_region(platform: Platform) -> dict[str, str]:
    return dict(platform.warehouse("select region, sum(total_amount) from analytics.fact_orders group by region"))


def test_uploaded_orders_are_pending_until_they_are_loaded(platform: Platform) -> None:
    for day in sorted((platform.root / SAMPLE).iterdir()):
        platform.cli("upload", "sales", str(day / "orders.csv"), "--date", day.name)
    assert sum(int(row[-1]) for row in platform.pending()) == 5
    assert not platform.status()["reconciled"]


def test_the_sample_gives_the_known_answers(platform: Platform) -> None:
    last_run = platform.run()
    assert last_run["state"] == "SUCCEEDED"
    assert [(step["name"], step["state"]) for step in last_run["steps"]] == [
        (name, "SUCCEEDED") for name in ("crawl", "load", "transform", "check")
    ]
    assert platform.warehouse("select count(*), sum(total_amount) from analytics.fact_orders") == [[5, "279.91"]]
    assert totals_by_region(platform) == {"us-east": "119.95", "us-west": "129.97", "eu-west": "29.99"}
    assert platform.warehouse(
        "select unique_customers, order_count, revenue from analytics.monthly_regional_sales"
        " where order_year = 2025 and order_month = 1 and region = 'us-east'"
    ) == [[1, 2, "119.95"]]
    assert [
        [row[0], Decimal(row[1])]
        for row in platform.athena(
            "select region, cast(sum(cast(quantity as integer) * cast(unit_price as decimal(10,2))) as varchar)"
            " from elt_local_raw.sales group by region order by region"
        )
    ] == [["eu-west", Decimal("29.99")], ["us-east", Decimal("119.95")], ["us-west", Decimal("129.97")]]
    assert platform.pending() == []


def test_the_view_data_validation_shows_equal_counts_and_totals(platform: Platform) -> None:
    rows = platform.athena("select source, order_count, total_amount from data_validation order by source")
    assert len(rows) == 2
    assert rows[0][1:] == rows[1][1:] == [5, "279.91"]


def test_status_reconciles_every_zone(platform: Platform) -> None:
    status = platform.status()
    zones = ("raw_rows", "rejected_rows", "landing_rows", "fact_rows", "published_rows", "reconciled")
    assert [status[zone] for zone in zones] == [5, 0, 5, 5, 5, True]
    assert 0 <= status["freshness_seconds"] < 600
    assert status["last_run"]["state"] == "SUCCEEDED"


def test_a_second_run_changes_no_table_and_its_load_reads_no_raw_object(platform: Platform) -> None:
    before, position = platform.tables(*SALES_TABLES), platform.requests_position()
    platform.run()
    reads = [
        request
        for request in platform.requests_since(position)
        if request["principal"] == "elt-local-load"
        and request["method"] == "GET"
        and f"/{RAW}/sales/" in request["path"]
    ]
    assert reads == []
    assert platform.tables(*SALES_TABLES) == before


def test_the_request_log_would_have_shown_a_read(platform: Platform) -> None:
    """Guards the test above: the same filter does find the first load's reads."""
    reads = [
        request
        for request in platform.requests_since(0)
        if request["principal"] == "elt-local-load"
        and request["method"] == "GET"
        and f"/{RAW}/sales/" in request["path"]
    ]
    assert len(reads) >= 3


def test_a_run_started_through_the_aws_api_adds_just_the_rows_of_a_new_day(platform: Platform) -> None:
    before = platform.tables("analytics.fact_orders")["analytics.fact_orders"]
    platform.upload("sales", "day.csv", HEADER + "1006,C004,P104,1,5.00,2025-02-01,eu-west\n", "2025-02-01")
    started = platform.client("glue").start_workflow_run(Name="elt-local-sales-pipeline")
    run = platform.wait_for_run(started["RunId"])
    assert run["Statistics"]["FailedActions"] == 0
    after = platform.tables("analytics.fact_orders")["analytics.fact_orders"]
    assert [row for row in after if row in before] == before
    assert len(after) == len(before) + 1
    status = platform.status()
    assert (status["last_run"]["id"], status["reconciled"]) == (started["RunId"], True)


@pytest.fixture(scope="module")
def after_bad_files(platform: Platform) -> dict[str, Any]:
    """The status after one run over a corrected file and three that do not fit, each in its own way."""
    platform.upload("sales", "day.csv", HEADER + "1007,C004,P104,2,5.50,2025-03-01,eu-west\n", "2025-02-01")
    rows = "1008,C005,P105,1,7.25,2025-03-02,us-east\n1009,C005,P105,many,7.25,2025-03-02,us-east\nbroken\n"
    platform.upload("sales", "mixed.csv", HEADER + rows, "2025-03-02")
    broken = HEADER.encode() + b"\n".join(BROKEN) + b"\n"
    platform.upload("sales", "broken.csv", broken, "2025-03-02")
    platform.upload("sales", "header.csv", HEADER.replace("region", "area") + MENDED, "2025-03-04")
    assert len(platform.pending()) >= 3, "what the next tests say of pending rows would say nothing"
    platform.run()
    return platform.status()


def test_the_same_object_with_new_content_replaces_its_rows(
    platform: Platform, after_bad_files: dict[str, Any]
) -> None:
    assert platform.warehouse(
        "select order_id, total_amount from analytics.fact_orders where order_id in (1006, 1007)"
    ) == [[1007, "11.00"]]
    assert platform.athena(
        "select order_id, order_year, order_month from fact_orders where order_id in (1006, 1007)"
    ) == [[1007, 2025, 3]]
    assert after_bad_files["reconciled"]


def test_a_row_that_does_not_fit_is_kept_with_its_reason(platform: Platform, after_bad_files: dict[str, Any]) -> None:
    assert after_bad_files["rejected_rows"] == 2 + len(BROKEN) + 1
    rejected = platform.athena(
        "select line_number, reason, content from elt_local_raw.sales_rejected"
        " where object_key like '%/mixed.csv' order by line_number"
    )
    assert [row[0] for row in rejected] == [3, 4]
    assert "quantity" in rejected[0][1] and "many" in rejected[0][2]


def test_no_line_however_broken_is_pending_once_it_was_refused(
    platform: Platform, after_bad_files: dict[str, Any]
) -> None:
    assert platform.pending() == []
    rows = platform.athena("select source, order_count, total_amount from data_validation order by source")
    assert rows[0][1:] == rows[1][1:]


def test_rows_refused_for_their_header_are_pending_once_it_is_mended(
    platform: Platform, after_bad_files: dict[str, Any]
) -> None:
    platform.upload("sales", "header.csv", HEADER + MENDED, "2025-03-04")
    assert platform.pending() == [["eu", "2025-03-04", 1]]
    platform.run()
    assert platform.pending() == []
