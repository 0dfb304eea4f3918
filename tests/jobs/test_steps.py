"""The steps whole, against services in memory."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import sys
import time
import zipfile
from decimal import Decimal
from typing import Any

import pytest

from fakes import PROJECT, Athena, Bucket, Glue, RedshiftData, Service
from lakeshift_jobs import rebuilding
from lakeshift_jobs.contract import Column

KEY = "orders/year=2025/month=01/day=15/a.csv"
CONTRACT = {
    "dataset": "orders",
    "format": "csv",
    "options": {"delimiter": ",", "quote": '"', "escape": "\\", "header": True},
    "columns": [{"name": "id", "type": "integer", "required": True}, {"name": "price", "type": "decimal(10,2)"}],
    "business_key": ["id"],
    "landing_table": "raw_data.orders",
    "affected_table": "raw_data.orders_affected_keys",
    "raw_table": "orders",
    "lines_table": "orders_lines",
    "rejected_table": "orders_rejected",
    "published": {
        "table": "fact_orders",
        "warehouse_table": "analytics.fact_orders",
        "partitions": ["order_year"],
        "columns": [{"name": "id", "type": "integer"}, {"name": "price", "type": "decimal(10,2)"}],
    },
    "freshness_seconds": 3600,
}
COLUMNS = [Column("id", "integer"), Column("price", "decimal(10,2)")]
SQL = {
    "sql/transform/10_a.sql": "lock a; -- ${dataset}\ninsert into a select 1;",
    "sql/transform/20_b.sql": "merge into b using a on a.x = b.x when matched then delete;",
    "sql/schema/30_m.sql": "create materialized view analytics.monthly as select 1;",
    "sql/publish/10_fact_orders.sql": "unload ('x') to '${curated_uri}/fact_orders/run=${attempt_id}/';",
    "sql/check/10_ids_are_unique.sql": "select id from checked",
}


def packed() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in {"contract.json": json.dumps(CONTRACT), **SQL}.items():
            archive.writestr(name, text)
    return buffer.getvalue()


class Platform:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.s3 = Bucket({("assets", "bundle.zip"): packed(), ("raw", KEY): b"id,price\n1,2\n"})
        self.warehouse = RedshiftData()
        self.athena = Athena({})
        self.glue = Glue({("curated", "fact_orders"): ["order_year"], ("lake", "orders"): ["year", "month", "day"]})
        self.metrics = Service("cloudwatch", {"PutMetricData": lambda _: None})
        clients = {
            "s3": self.s3.client,
            "redshift-data": self.warehouse.client,
            "athena": self.athena.client,
            "glue": self.glue.client,
            "cloudwatch": self.metrics.client,
        }
        self.clients = clients
        self.monkeypatch = monkeypatch

    def run(self, step: str, *more: str, run_id: str = "wr_1") -> None:
        module = importlib.import_module(step)
        self.monkeypatch.setattr(module.boto3, "client", self.clients.__getitem__)
        arguments = {
            "environment": "test",
            "dataset": "orders",
            "bundle": "s3://assets/bundle.zip",
            "warehouse": "workgroup",
            "warehouse_name": "elt-test",
            "database": "analytics",
            "raw_bucket": "raw",
            "processed_bucket": "processed",
            "artifacts_bucket": "artifacts",
            "raw_database": "lake",
            "curated_database": "curated",
            "athena_workgroup": "elt-test",
            "copy_role_arn": "arn:copy",
            "publish_role_arn": "arn:publish",
            "WORKFLOW_RUN_ID": run_id,
            "TempDir": "s3://unknown/",
        }
        module.main([word for name, value in arguments.items() for word in (f"--{name}", value)] + list(more))

    def etag(self) -> str:
        return self.s3._entry("raw", KEY)["ETag"].strip('"')


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setattr("time.sleep", lambda _: None)
    return Platform(monkeypatch)


def test_a_load_that_finds_nothing_new_touches_nothing_and_starts_no_spark(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.warehouse.answers = {"select object_key, etag": [(KEY, platform.etag(), time.time())]}
    for name in [name for name in sys.modules if name.startswith(("pyspark", "lakeshift_jobs.conform"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    platform.run("load")
    assert [call for call in platform.s3.service.named("GetObject") if call["Bucket"] == "raw"] == []
    assert platform.s3.service.named("HeadObject") == []
    assert all(text.startswith("select") for text in platform.warehouse.statements)
    assert platform.glue.service.calls == []


def test_a_load_commits_once_and_after_everything_is_staged(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = importlib.import_module("load")
    staged = load.Staged("s3://p/ledger.manifest", "s3://p/rows.manifest", 3, 2, 1)
    seen: list[Any] = []

    def stage(s3: Any, args: Any, contract: Any, objects: Any) -> Any:
        seen.extend(objects)
        assert not [batch for batch in platform.warehouse.batches if len(batch) > 1]
        return staged

    monkeypatch.setattr(load, "stage", stage)
    platform.run("load")
    assert [(item.key, item.etag) for item in seen] == [(KEY, platform.etag())]
    (batch,) = [batch for batch in platform.warehouse.batches if len(batch) > 1]
    assert batch[0] == "lock raw_data.load_ledger, raw_data.orders"
    assert platform.glue.partitions["lake", "orders"] == {
        ("2025", "01", "15"): "s3://raw/orders/year=2025/month=01/day=15/"
    }


def test_rejected_files_are_copied_flat_and_manifests_list_what_was_written(platform: Platform) -> None:
    load = importlib.import_module("load")
    for name in ("_SUCCESS", "part-0.parquet", "part-1.parquet", "part-2.parquet"):
        platform.s3.objects["processed", f"staging/orders/x/rejected/{name}"] = name.encode()
    load.keep_rejected(platform.s3.client, "processed", "staging/orders/x/rejected/", "rejected/orders/x")
    kept = [key for bucket, key in platform.s3.objects if key.startswith("rejected/")]
    assert kept == [f"rejected/orders/x-0000{number}.parquet" for number in range(3)]
    uri = load.write_manifest(platform.s3.client, "processed", "staging/orders/x/rejected")
    assert uri == "s3://processed/staging/orders/x/rejected.manifest"
    manifest = json.loads(platform.s3.objects["processed", "staging/orders/x/rejected.manifest"])
    assert [entry["meta"]["content_length"] for entry in manifest["entries"]] == [14, 14, 14]


def fingerprint() -> str:
    return rebuilding.fingerprint({path: text for path, text in SQL.items() if path.startswith("sql/transform/")})


def test_a_transform_is_one_transaction_then_refresh_then_publish(platform: Platform) -> None:
    platform.warehouse.answers = {
        "select fingerprint": [(fingerprint(),)],
        "select distinct partition_path": [("order_year=2025",), ("order_year=2024",)],
    }
    platform.glue.partitions["curated", "fact_orders"] = {("2024",): "s3://processed/curated/fact_orders/run=old/"}
    unloaded: list[str] = []

    def unload(params: dict[str, Any]) -> dict[str, Any]:
        if params["Sql"].startswith("unload"):
            prefix = params["Sql"].split("s3://processed/")[1].rstrip("'")
            unloaded.append(prefix)
            platform.s3.objects["processed", f"{prefix}order_year=2025/0.parquet"] = b"x"
        return platform.warehouse._send([params["Sql"]])

    platform.warehouse.service._handlers["ExecuteStatement"] = unload
    platform.run("transform")
    kinds = [batch[0].split()[0] for batch in platform.warehouse.batches]
    assert kinds == ["select", "lock", "refresh", "select", "unload", "delete"]
    assert platform.warehouse.batches[1] == [
        "lock a",
        "insert into a select 1",
        "merge into b using a on a.x = b.x when matched then delete",
    ]
    assert platform.warehouse.batches[2] == ["refresh materialized view analytics.monthly"]
    assert platform.glue.partitions["curated", "fact_orders"] == {
        ("2025",): f"s3://processed/{unloaded[0]}order_year=2025/"
    }
    assert platform.warehouse.statements[-1].endswith("partition_path in ('order_year=2024', 'order_year=2025')")


def test_nothing_queued_publishes_nothing(platform: Platform) -> None:
    platform.warehouse.answers = {"select fingerprint": [(fingerprint(),)]}
    platform.run("transform")
    assert not [text for text in platform.warehouse.statements if text.startswith(("unload", "delete"))]
    assert platform.glue.service.calls == []


def test_a_failing_transform_names_the_file_and_publishes_nothing(platform: Platform) -> None:
    platform.warehouse.answers = {"merge": "column x does not exist"}
    with pytest.raises(RuntimeError, match="sql/transform/20_b.sql: statement 1: merge .*: column x does not exist"):
        platform.run("transform")
    assert not [text for text in platform.warehouse.statements if text.startswith(("refresh", "unload"))]


def test_new_transform_sql_makes_all_facts_anew_in_the_same_transaction(platform: Platform) -> None:
    platform.warehouse.answers = {"select fingerprint": [("another",)]}
    platform.run("transform")
    (batch,) = [batch for batch in platform.warehouse.batches if len(batch) > 1]
    assert batch[:2] == [
        "lock analytics.fact_orders, analytics.publish_queue",
        (
            "insert into raw_data.orders_affected_keys (id) "
            "select id from raw_data.orders union select id from analytics.fact_orders"
        ),
    ]
    assert batch[-2] == "delete from analytics.transform_state where dataset = 'orders'"
    assert fingerprint() in batch[-1]


def test_a_comment_is_no_new_sql() -> None:
    assert rebuilding.fingerprint({"a": "select 1; -- x"}) == rebuilding.fingerprint({"a": "/* y */\nselect  1;"})
    assert rebuilding.fingerprint({"a": "select 1"}) != rebuilding.fingerprint({"a": "select 2"})


def agree(platform: Platform) -> None:
    platform.warehouse.answers = {
        "select object_key, etag, run_id": [
            (KEY, platform.etag(), "wr_1", 3, 2, 1),
        ],
        "select id from checked": [],
        "select object_key, count(*)": [(KEY, 2)],
        "select (select count(*)": [(11, 11, 11, 0, 0)],
        "select count(*) as row_count": [(11, 66, Decimal("6.60"))],
    }
    platform.athena.answers = {
        '"lake"."orders_lines" where': [["3"]],
        "orders_rejected": [
            [KEY, platform.etag(), "wr_1", "1", None, None],
            [KEY, platform.etag(), "killed", "1", None, None],
        ],
        '"curated"."fact_orders"': [["11", "66", "6.60"]],
    }


def summary(platform: Platform, name: str = "latest") -> dict[str, Any]:
    return json.loads(platform.s3.objects["artifacts", f"runs/orders/{name}.json"])


def test_a_check_that_holds_leaves_summary_and_heartbeat(platform: Platform) -> None:
    agree(platform)
    platform.run("check")
    found = summary(platform)
    assert found == summary(platform, "wr_1")
    assert found["ok"] and found["failures"] == [] and found["last_success_at"] == found["checked_at"]
    rows = [found[name] for name in ("raw_rows", "landing_rows", "rejected_rows", "fact_rows", "published_rows")]
    assert rows == [3, 2, 1, 11, 11]
    (call,) = platform.metrics.named("PutMetricData")
    assert call["Namespace"] == "Lakeshift"
    values = {metric["MetricName"]: metric["Value"] for metric in call["MetricData"]}
    assert values["Heartbeat"] == 1 and values["RowsRejected"] == 1


def test_a_check_that_fails_says_so_in_summary_metrics_and_exit(platform: Platform) -> None:
    agree(platform)
    platform.run("check")
    success = summary(platform)["last_success_at"]
    platform.warehouse.answers["select id from checked"] = [(7,)]
    platform.athena.answers['"lake"."orders_lines" where'] = "TABLE_NOT_FOUND"
    with pytest.raises(RuntimeError, match="10_ids_are_unique: 1 row against it, the first is .*TABLE_NOT_FOUND"):
        platform.run("check", run_id="wr_2")
    found = summary(platform)
    assert not found["ok"] and len(found["failures"]) == 2 and found["last_success_at"] == success
    values = {m["MetricName"]: m["Value"] for m in platform.metrics.named("PutMetricData")[-1]["MetricData"]}
    assert values["CheckFailures"] == 2 and "Heartbeat" not in values


def test_an_object_that_came_after_the_load_is_no_failure(platform: Platform) -> None:
    agree(platform)
    late = KEY.replace("a.csv", "late.csv")
    platform.s3.objects["raw", late] = b"id,price\n5,5\n"
    platform.run("check")
    (counted,) = [text for text in platform.athena.sent if '"lake"."orders_lines" where' in text]
    assert f"\"$path\" not in ('s3://raw/{late}')" in counted


def test_an_object_that_no_reader_finds_is_a_failure(platform: Platform) -> None:
    agree(platform)
    platform.s3.objects["raw", "orders/lost.csv"] = b"id,price\n5,5\n"
    with pytest.raises(RuntimeError, match="1 raw object in no year=.*orders/lost.csv"):
        platform.run("check")


def test_a_missing_argument_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        importlib.import_module("load").main(["--environment", "test"])
    assert "--dataset" in capsys.readouterr().err


def test_outside_a_workflow_a_run_is_named_after_its_attempt() -> None:
    from lakeshift_jobs import arguments

    words = [word for name in arguments._REQUIRED for word in (f"--{name}", "x")]
    args = arguments.parse(words)
    assert args.run_id == args.attempt_id
    assert arguments.parse([*words, "--WORKFLOW_RUN_ID", "wr_9"]).run_id == "wr_9"


def test_the_sample_sql_has_no_placeholder_that_a_run_does_not_fill() -> None:
    from lakeshift_jobs import arguments, sql

    args = arguments.parse([word for name in arguments._REQUIRED for word in (f"--{name}", "x")])
    for folder in ("transform", "publish", "check"):
        for path in sorted((PROJECT / "sql" / "sales" / folder).glob("*.sql")):
            assert sql.split(sql.render(path.read_text(), args.placeholders("arn"), path.name), path.name)


def test_an_object_is_read_by_the_version_that_was_listed(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = importlib.import_module("lakeshift_jobs.reading")
    platform.s3.objects["raw", "a.csv.gz"] = gzip.compress(b"id,price\n3,4\n")
    reading._client.cache_clear()
    monkeypatch.setattr(reading.boto3, "client", platform.clients.__getitem__)
    sources = [(KEY, "v1", "e1"), ("a.csv.gz", None, "e2")]
    rows = list(reading.read_objects(sources, "raw", "csv", CONTRACT["options"], COLUMNS))
    reading._client.cache_clear()
    assert rows == [(KEY, 2, "1,2", ["1", "2"], None), ("a.csv.gz", 2, "3,4", ["3", "4"], None)]
    first, second = platform.s3.service.named("GetObject")
    assert first["VersionId"] == "v1" and "IfMatch" not in first
    assert second["IfMatch"] == "e2", "without versions at least not another content"


def test_only_what_athena_unpacks_is_unpacked(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = importlib.import_module("lakeshift_jobs.reading")
    platform.s3.objects["raw", "a.csv.GZ"] = gzip.compress(b"id,price\n3,4\n")
    reading._client.cache_clear()
    monkeypatch.setattr(reading.boto3, "client", platform.clients.__getitem__)
    rows = list(reading.read_objects([("a.csv.GZ", None, "e")], "raw", "csv", CONTRACT["options"], COLUMNS))
    reading._client.cache_clear()
    assert all(problem for *_, problem in rows), "Athena would count the lines of the packed bytes"
