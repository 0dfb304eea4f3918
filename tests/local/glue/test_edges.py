"""Where the engine meets time and processes."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime

import pytest
from glue_gateway import wait_for

from local.engines.glue import process, workers
from local.engines.glue.state import Store


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-01-15T{text}").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("clock", "fires"),
    [
        (["05:59:59.900", "05:59:59.900", "06:00:00"], "06:00"),
        # asleep from six to nine: what was missed stays missed
        (["05:59:30", "09:00:10", "09:00:10", "09:01:00"], "09:01"),
    ],
)
def test_schedules_are_looked_at_when_their_minute_begins(engine, monkeypatch, clock, fires):
    """Each look at the clock sees the next moment, and the last one for ever."""
    moments = [at(text) for text in clock]
    fired: list[datetime] = []
    monkeypatch.setattr(workers.firing, "on_minute", lambda _engine, minute: fired.append(minute))
    scheduler = workers.Scheduler(engine, lambda: moments.pop(0) if len(moments) > 1 else moments[0])
    scheduler.start()
    wait_for(lambda: fired, 5, "the minute")
    scheduler.stop()
    scheduler.join(5)
    assert fired == [at(fires)]


def test_a_run_over_its_time_is_ended(gateway, monkeypatch):
    monkeypatch.setattr(process, "SECONDS_PER_MINUTE", 1)
    s3 = gateway.client("s3")
    s3.create_bucket(Bucket="timeouts")
    body = textwrap.dedent("import time; print('begun', flush=True); time.sleep(60)").encode()
    s3.put_object(Bucket="timeouts", Key="sleep.py", Body=body)
    run = {
        "Id": "jr_timeout",
        "JobName": "sleeps",
        "LogGroupName": "/aws-glue/python-jobs",
        "Timeout": 2,
        "_definition": {
            "Name": "sleeps",
            "Role": "elt-test",
            "Command": {"Name": "pythonshell", "ScriptLocation": "s3://timeouts/sleep.py"},
        },
    }
    running = []
    outcome = process.JobProcess(gateway.context, run, None).run(lambda: running.append(True))
    assert running and outcome.state == "TIMEOUT"
    assert "timeout of 2 minutes" in (outcome.message or "")
    assert "begun" in (gateway.folder / "logs/jobs/jr_timeout.log").read_text()


def test_an_empty_store_is_what_an_empty_state_gives():
    store = Store()
    store.load({}, 0)
    assert store.dump() == Store().dump()
