"""What we know of the emulator's insides is checked before it answers."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import time

import pytest

from local import adapter


def test_the_locked_emulator_fits() -> None:
    adapter.check()


def test_a_name_that_moved_is_reported_with_all_others() -> None:
    names: dict[str, dict[str, tuple[str, ...] | None]] = {
        "ministack.app": {"gone_for_good": None, "_lazy_handler": ("another_parameter",)},
        "ministack.no_such_module": {"anything": None},
    }
    with pytest.raises(adapter.AdapterError) as error:
        adapter.check(names)
    said = str(error.value)
    assert "ministack.app.gone_for_good is gone" in said
    assert "_lazy_handler takes (module_name), expected (another_parameter)" in said
    assert "ministack.no_such_module can't be imported" in said


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: "9.9.9")
    with pytest.raises(adapter.AdapterError, match=r"its version is 9\.9\.9"):
        adapter.check({})


@pytest.mark.parametrize("action", ["GetTable", "GetTables"])
def test_an_unset_description_is_left_out_as_on_aws(action: str) -> None:
    table = {"Name": "a_view", "Description": ""}
    answer = {"Table": table, "TableList": [table, {"Name": "b", "Description": "said"}]}
    headers = {"x-amz-target": f"AWSGlue.{action}"}
    changed = json.loads(adapter.without_empty_descriptions(headers, json.dumps(answer).encode()))
    assert changed["Table"] == {"Name": "a_view"}
    assert changed["TableList"] == [{"Name": "a_view"}, {"Name": "b", "Description": "said"}]


@pytest.mark.parametrize(
    ("interrupted", "settled"),
    [
        ("CREATE_IN_PROGRESS", "ROLLBACK_FAILED"),
        ("ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED"),
        ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"),
        ("DELETE_IN_PROGRESS", "DELETE_FAILED"),
        ("CREATE_COMPLETE", None),
    ],
)
def test_no_stack_stays_in_progress_after_a_kill(interrupted: str, settled: str | None) -> None:
    assert adapter.settled_status(interrupted) == settled


def test_an_alarm_looks_at_no_other_datasets_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    cloudwatch = importlib.import_module("ministack.services.cloudwatch")
    monkeypatch.setattr(cloudwatch, "_evaluate_alarm", cloudwatch._evaluate_alarm)  # put back afterwards
    adapter.let_alarms_look_at_their_own_metrics()
    alarms = [
        {
            "AlarmName": name,
            "Namespace": "T",
            "MetricName": "Rows",
            "Dimensions": [{"Name": "Dataset", "Value": name}],
            "Statistic": "Sum",
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "StateValue": "OK",
        }
        for name in ("orders", "returns")
    ]
    monkeypatch.setattr(cloudwatch, "_metrics", {})
    cloudwatch._store_datum("T", "Rows", {"Dataset": "returns"}, time.time(), "Count", 3.0, None, None, None)
    for alarm in alarms:
        cloudwatch._evaluate_alarm(alarm)
    assert [alarm["StateValue"] for alarm in alarms] == ["OK", "ALARM"]
