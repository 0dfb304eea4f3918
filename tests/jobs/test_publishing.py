from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest

from fakes import NOW, Bucket, Glue
from lakeshift_jobs import catalog, publishing

TABLE = ("curated", "fact_orders")
PREFIX = "curated/fact_orders/run=a/"


def test_a_publish_file_is_named_for_its_table() -> None:
    assert publishing.table_of("sql/publish/10_fact_orders.sql") == "fact_orders"
    with pytest.raises(ValueError, match="fact.sql: a publish file is named NN_<table>.sql"):
        publishing.table_of("sql/publish/fact.sql")


def test_what_came_out_is_switched_and_what_did_not_is_dropped() -> None:
    keys = [f"{PREFIX}order_year=2025/order_month=1/0000_part_00.parquet", f"{PREFIX}order_year=2025/order_month=1/b"]
    queue = ["order_year=2025/order_month=1", "order_year=2024/order_month=12"]
    plan = publishing.plan(queue, f"s3://b/{PREFIX}", keys, PREFIX, ["order_year", "order_month"])
    assert plan.locations == {("2025", "1"): f"s3://b/{PREFIX}order_year=2025/order_month=1/"}
    assert plan.emptied == (("2024", "12"),)


@pytest.mark.parametrize(
    ("queued", "folder", "value"),
    [
        ("region=a b", "region=a%20b", "a b"),
        ("region=a/b", "region=a%2Fb", "a/b"),
        ("region=50%25", "region=50%2525", "50%25"),
        ("region=x=y", "region=x%3Dy", "x=y"),
        ("region=__HIVE_DEFAULT_PARTITION__", "region=__HIVE_DEFAULT_PARTITION__", "__HIVE_DEFAULT_PARTITION__"),
    ],
)
def test_escaped_partition_values_are_the_same_partition(queued: str, folder: str, value: str) -> None:
    plan = publishing.plan([queued], "s3://b/p/", [f"p/{folder}/0.parquet"], "p/", ["region"])
    assert plan == publishing.Switch({(value,): f"s3://b/p/{folder}/"}, ())
    assert publishing.plan([queued], "s3://b/p/", [], "p/", ["region"]).emptied == ((value,),)


def test_the_order_of_a_folders_keys_does_not_matter() -> None:
    assert catalog.parse_folder("n=1/region=a%2Fb", ["region", "n"]) == ("a/b", "1")


def test_the_catalog_follows_the_plan_for_old_and_new_partitions() -> None:
    glue = Glue({TABLE: ["order_year", "order_month"]})
    glue.partitions[TABLE] = {("2025", "1"): "s3://old/1/", ("2025", "2"): "s3://old/2/", ("2025", "3"): "s3://old/3/"}
    catalog.switch(
        glue.client,
        *TABLE,
        {("2025", "1"): "s3://new/1/", ("2025", "4"): "s3://new/4/"},
        [("2025", "2"), ("2020", "1")],
    )
    assert glue.partitions[TABLE] == {
        ("2025", "1"): "s3://new/1/",
        ("2025", "3"): "s3://old/3/",
        ("2025", "4"): "s3://new/4/",
    }


@pytest.mark.parametrize("parse", [catalog.parse_folder, catalog.parse_path])
def test_a_partition_of_another_table_is_an_error(parse: Callable[[str, list[str]], tuple[str, ...]]) -> None:
    with pytest.raises(catalog.CatalogError, match="does not have the table's keys order_year, order_month"):
        parse("year=2025", ["order_year", "order_month"])


def test_registering_adds_what_is_missing_and_leaves_the_rest() -> None:
    glue = Glue({TABLE: ["year", "month", "day"]})
    glue.partitions[TABLE] = {("2025", "01", "01"): "s3://old/"}
    wanted: dict[tuple[str, ...], str] = {("2025", "01", f"{day:02}"): f"s3://new/{day}/" for day in range(1, 32)}
    wanted.update({("2024", str(month), str(day)): "s3://new/" for month in range(10) for day in range(10)})
    catalog.register(glue.client, *TABLE, wanted)
    assert len(glue.partitions[TABLE]) == 131
    assert glue.partitions[TABLE]["2025", "01", "01"] == "s3://old/"


def test_registering_nothing_asks_nothing() -> None:
    glue = Glue({TABLE: []})
    catalog.register(glue.client, *TABLE, {})
    assert glue.service.calls == []


def test_a_long_queue_is_taken_off_in_statements_of_a_legal_size() -> None:
    partitions = [f"name={number:04}{'x' * 900}" for number in range(200)]
    statements = list(publishing.done("fact_orders", partitions))
    assert len(statements) > 1
    assert all(len(statement.text) < 100_000 for statement in statements)
    assert all(sum(f"'{path}'" in statement.text for statement in statements) == 1 for path in partitions)
    assert statements[0].text.startswith(
        "delete from analytics.publish_queue where table_name = 'fact_orders' and partition_path in ('name=0000x"
    )
    assert list(publishing.done("fact_orders", [])) == []
    (statement,) = publishing.done("fact_orders", ["shop=a\\b"])
    assert statement.text.endswith("partition_path in ('shop=a' || chr(92) || 'b')")


def test_only_old_runs_that_no_partition_points_to_are_deleted() -> None:
    old, young = NOW - datetime.timedelta(days=2), NOW - datetime.timedelta(hours=23)
    runs = {"run=used": old, "run=young": young, "run=gone": old}
    assert publishing.unused_runs(runs, ["run=used"], NOW) == ["run=gone"]
    root = "s3://b/curated/fact_orders"
    assert publishing.run_prefix(f"{root}/run=used/order_year=2025/", root) == "run=used"
    assert publishing.run_prefix("s3://b/curated/fact_orders2/run=x/", root) is None


def test_a_prefix_is_deleted_whole() -> None:
    fake = Bucket({("b", f"curated/t/run={run}/{number}"): b"x" for run in "ab" for number in range(5)})
    publishing.delete_prefixes(fake.client, "b", ["curated/t/run=a/"])
    assert {key for _, key in fake.objects} == {f"curated/t/run=b/{number}" for number in range(5)}
