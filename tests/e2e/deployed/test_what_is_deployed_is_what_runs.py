"""Edits count once they are deployed, and not before; what a deployment says is what it did."""

from __future__ import annotations

import json
import shutil

from platform_under_test import PROJECT, Platform
from sockets import listening

from local import lifecycle

HEADER = (PROJECT / "testdata/sales/2025-01-15/orders.csv").read_text().splitlines(keepends=True)[0]


def test_diff_is_empty_after_a_deploy(platform: Platform) -> None:
    shown = platform.cdk("diff", "local/*", "--fail")
    assert "Number of stacks with differences: 0" in shown.stdout + shown.stderr


def test_edits_that_are_not_deployed_change_nothing_and_deployed_ones_do(platform: Platform) -> None:
    platform.edit(
        "assets/glue/load.py",
        'if __name__ == "__main__":\n',
        'if __name__ == "__main__":\n    print("edited load script")\n',
    )
    platform.edit(
        "sql/sales/transform/10_latest_orders.sql",
        "    region\nfrom ranked",
        "    upper(region) as region\nfrom ranked",
    )
    platform.edit(
        "datasets/sales.yaml",
        "business_key:",
        "  - {name: channel, type: varchar(10), description: sold through}\nbusiness_key:",
    )
    region_of = "select region from analytics.fact_orders where order_id = "
    with_channel = HEADER.replace("\n", ",channel\n")

    platform.upload("sales", "edited.csv", HEADER + "2001,C001,P100,2,10.00,2025-04-01,us-east\n", "2025-04-01")
    platform.upload(
        "sales", "channel.csv", with_channel + "2002,C001,P100,2,10.00,2025-04-01,us-east,web\n", "2025-04-01"
    )
    run_id = platform.run()["id"]
    assert platform.warehouse(region_of + "2001") == [["us-east"]]
    assert platform.warehouse(region_of + "2002") == [], "the deployed contract has no column channel"
    assert "edited load script" not in load_log(platform, run_id)

    platform.deploy()
    platform.upload(
        "sales", "edited.csv", with_channel + "2001,C001,P100,3,10.00,2025-04-01,us-east,shop\n", "2025-04-01"
    )
    run_id = platform.run()["id"]
    assert platform.warehouse(region_of + "2001") == [["US-EAST"]]
    assert platform.warehouse("select channel from raw_data.sales where order_id = 2001") == [["shop"]]
    assert "edited load script" in load_log(platform, run_id)


def load_log(platform: Platform, run_id: str) -> str:
    graph = platform.client("glue").get_workflow_run(Name="elt-local-sales-pipeline", RunId=run_id, IncludeGraph=True)[
        "Run"
    ]["Graph"]
    (load,) = [node for node in graph["Nodes"] if node["Type"] == "JOB" and node["Name"] == "elt-local-sales-load"]
    stream = load["JobDetails"]["JobRuns"][0]["Id"]
    events = platform.client("logs").get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=stream)[
        "events"
    ]
    return "\n".join(event["message"] for event in events)


def test_a_trigger_changed_through_the_api_is_followed(platform: Platform) -> None:
    glue = platform.client("glue")
    trigger = glue.get_trigger(Name="elt-local-sales-check")["Trigger"]
    watched = trigger["Predicate"]["Conditions"][0]["JobName"]
    assert watched == "elt-local-sales-transform"
    glue.stop_trigger(Name=trigger["Name"])
    update = {
        "Actions": trigger["Actions"],
        "Predicate": {
            "Logical": "AND",
            "Conditions": [{"LogicalOperator": "EQUALS", "JobName": watched, "State": "FAILED"}],
        },
    }
    glue.update_trigger(Name=trigger["Name"], TriggerUpdate=update)
    glue.start_trigger(Name=trigger["Name"])
    try:
        last_run = platform.run(check=False)
        states = {step["name"]: step["state"] for step in last_run["steps"]}
        assert states["transform"] == "SUCCEEDED"
        assert states["check"] == "NOT_STARTED"
        assert last_run["state"] == "FAILED"
    finally:
        glue.stop_trigger(Name=trigger["Name"])
        glue.update_trigger(
            Name=trigger["Name"], TriggerUpdate={"Actions": trigger["Actions"], "Predicate": trigger["Predicate"]}
        )
        glue.start_trigger(Name=trigger["Name"])
    assert platform.run()["state"] == "SUCCEEDED"


def test_a_failing_schema_statement_fails_the_deployment_and_is_named(platform: Platform) -> None:
    broken = platform.root / "sql" / "sales" / "schema" / "90_broken.sql"
    broken.write_text(
        "create or replace view analytics.broken as\nselect no_such_function(order_id) as x from analytics.fact_orders;\n"
    )
    try:
        failed = platform.deploy(check=False)
        shown = failed.stdout + failed.stderr
        assert failed.returncode != 0
        assert "sql/sales/schema/90_broken.sql" in shown
        assert "statement 1" in shown
        assert "no_such_function" in shown
    finally:
        broken.unlink()  # the next deployment goes on from here


def test_a_second_dataset_needs_no_code(platform: Platform) -> None:
    source = platform.root / "tests" / "e2e" / "deployed" / "second_dataset"
    shutil.copytree(source / "sql", platform.root / "sql" / "inventory")
    shutil.copy(source / "inventory.yaml", platform.root / "datasets" / "inventory.yaml")
    platform.deploy()
    counts = [
        {"warehouse": "W1", "sku": "SKU-1", "counted_at": "2025-05-01 10:00:00", "on_hand": 5, "available": True},
        {"warehouse": "W1", "sku": "SKU-2", "counted_at": "2025-05-01T11:30:00Z", "available": False},
        {"warehouse": "W2", "sku": "SKU-1", "counted_at": "yesterday", "on_hand": 1},
    ]
    platform.upload("inventory", "counts.json", "".join(json.dumps(count) + "\n" for count in counts), "2025-05-01")
    assert platform.run("inventory")["state"] == "SUCCEEDED"
    assert platform.warehouse(
        "select warehouse, sku, on_hand, available from analytics.stock_levels order by warehouse, sku"
    ) == [["W1", "SKU-1", 5, True], ["W1", "SKU-2", None, False]]
    status = platform.status("inventory")
    zones = ("raw_rows", "rejected_rows", "landing_rows", "fact_rows", "published_rows", "reconciled")
    assert [status[zone] for zone in zones] == [3, 1, 2, 2, 2, True]


def test_every_port_is_on_the_loopback(platform: Platform) -> None:
    place = lifecycle.Place(platform.root / ".local", int(platform.environment["LAKESHIFT_PORT"]))
    addresses = listening(lifecycle.owned(place))
    assert len(addresses) >= 2, "the gateway and Trino at least"
    assert {address.rpartition(":")[0] for address in addresses} <= {"127.0.0.1", "::1"}


def test_destroy_removes_the_environment(platform: Platform) -> None:
    platform.cdk("destroy", "local/*", "--force")
    stacks = platform.client("cloudformation").describe_stacks()["Stacks"]
    left = [stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"]
    assert left == ["CDKToolkit"]
    glue = platform.client("glue")
    assert glue.list_workflows()["Workflows"] == []
    assert [database["Name"] for database in glue.get_databases()["DatabaseList"]] == []


def test_down_leaves_nothing_running(platform: Platform) -> None:
    place = lifecycle.Place(platform.root / ".local", int(platform.environment["LAKESHIFT_PORT"]))
    assert lifecycle.owned(place) != []
    platform.cli("local", "down")
    assert lifecycle.owned(place) == []
