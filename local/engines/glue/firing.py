"""What happens when a trigger fires, and when what it started has ended."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from local.engines.glue import crawlers, cron, flow, jobs
from local.engines.glue.engine import Engine
from local.engines.glue.errors import GlueError, invalid, not_found

log = logging.getLogger("lakeshift.glue")


def fire(engine: Engine, trigger: dict, run: dict | None) -> None:
    """Does a trigger's actions, within a workflow run or outside of any; hold the lock.

    An action that can't be started becomes a node in state ERROR and stops no other.
    """
    run_id = run["WorkflowRunId"] if run else None
    name = trigger["Name"]
    log.info("trigger %s fires%s", name, f" in {run_id}" if run_id else "")
    for action in trigger["Actions"]:
        if "JobName" in action:
            settings = {
                k: action[k] for k in ("Timeout", "SecurityConfiguration", "NotificationProperty") if k in action
            }
            try:
                jobs.start(
                    engine,
                    action["JobName"],
                    action.get("Arguments", {}),
                    settings,
                    trigger=name,
                    workflow_run=run_id,
                    predecessors=_predecessors(engine, trigger, run_id),
                )
            except GlueError as error:
                jobs.record_unstarted(engine, action["JobName"], error, name, run_id)
        else:
            try:
                crawlers.start(engine, action["CrawlerName"], trigger=name, workflow_run=run_id)
            except GlueError as error:
                crawlers.record_unstarted(engine, action["CrawlerName"], error, name, run_id)


def _predecessors(engine: Engine, trigger: dict, run_id: str | None) -> list[dict]:
    if run_id is None:
        return []
    awaited = set(flow.events_awaited(trigger))
    return [
        {"JobName": run["JobName"], "RunId": run["Id"]}
        for run in engine.store.runs_in(run_id)
        if ("job", run["JobName"], run["JobRunState"]) in awaited
    ]


def on_event(engine: Engine, event: flow.Event, trigger_name: str | None, workflow_run: str | None) -> None:
    """Lets go the triggers that waited for `event`; hold the lock.

    What was started by hand (no trigger) fires nothing, as on AWS. A trigger of a workflow listens
    to its own workflow's run only, and fires once in it.
    """
    if workflow_run is not None:
        run = engine.store.workflow_runs[workflow_run]
        run["_seen"].append(list(event))
        if run["Status"] == "RUNNING":
            seen = {tuple(one) for one in run["_seen"]}
            for trigger in engine.store.triggers_of(run["Name"]):
                if trigger["Name"] not in run["_fired"] and flow.is_due(trigger, seen, event):
                    run["_fired"].append(trigger["Name"])
                    fire(engine, trigger, run)
        settle(engine, run)
    elif trigger_name is not None:
        for trigger in list(engine.store.triggers.values()):
            if trigger.get("WorkflowName") or event not in flow.events_awaited(trigger):
                continue
            events = engine.store.trigger_events.setdefault(trigger["Name"], [])
            events.append(list(event))
            if flow.is_due(trigger, {tuple(one) for one in events}, event):
                events.clear()
                fire(engine, trigger, None)


def on_minute(engine: Engine, moment: datetime) -> None:
    """Fires the schedules of this minute (UTC). Missed ones are not made up for, as on AWS."""
    with engine.store.lock:
        for trigger in list(engine.store.triggers.values()):
            if trigger["Type"] != "SCHEDULED" or trigger["State"] != "ACTIVATED":
                continue
            if not cron.parse(trigger["Schedule"]).matches(moment):
                continue
            if trigger.get("WorkflowName"):
                start_scheduled(engine, trigger["WorkflowName"])
            else:
                fire(engine, trigger, None)


# --- workflow runs ---------------------------------------------------------------------------------


def start_run(engine: Engine, name: str, properties: Mapping[str, str]) -> dict:
    """Starts a run by firing the workflow's starting trigger, whatever its state; hold the lock.

    Raises GlueError if there are too many runs or nothing to start.
    """
    workflow = engine.store.workflows.get(name)
    if workflow is None:
        raise not_found("Workflow", name)
    starting = [t for t in engine.store.triggers_of(name) if t["Type"] in flow.STARTING_TYPES]
    if not starting:
        raise invalid(f"Workflow {name} has no starting trigger")
    if _is_full(engine, workflow):
        raise GlueError("ConcurrentRunsExceededException", f"Concurrent runs exceeded for workflow: {name}")
    run = _new_run(engine, workflow, properties)
    run["_fired"].append(starting[0]["Name"])
    fire(engine, starting[0], run)
    settle(engine, run)
    return run


def start_scheduled(engine: Engine, name: str) -> None:
    """Starts a run for a schedule; what can't be started is a run in state ERROR; hold the lock."""
    try:
        start_run(engine, name, {})
    except GlueError as error:
        log.warning("workflow %s did not start by its schedule: %s", name, error.message)
        run = _new_run(engine, engine.store.workflows[name], {})
        run.update(Status="ERROR", ErrorMessage=error.message, CompletedOn=engine.now())


def _is_full(engine: Engine, workflow: dict) -> bool:
    most = workflow.get("MaxConcurrentRuns")
    active = [r for r in engine.store.workflow_runs_of(workflow["Name"]) if r["Status"] in ("RUNNING", "STOPPING")]
    return most is not None and len(active) >= most


def _new_run(engine: Engine, workflow: dict, properties: Mapping[str, str]) -> dict:
    run = {
        "Name": workflow["Name"],
        "WorkflowRunId": engine.new_id("wr"),
        "WorkflowRunProperties": {**workflow.get("DefaultRunProperties", {}), **properties},
        "StartedOn": engine.now(),
        "Status": "RUNNING",
        "_fired": [],
        "_seen": [],
    }
    engine.store.workflow_runs[run["WorkflowRunId"]] = run
    return run


def settle(engine: Engine, run: dict) -> None:
    """Ends a run when nothing in it is active any more; hold the lock.

    There is no FAILED: a run with failed or never started nodes is COMPLETED, as on AWS.
    """
    if run["Status"] not in ("RUNNING", "STOPPING"):
        return
    run_id = run["WorkflowRunId"]
    if any(r["JobRunState"] in flow.JOB_ACTIVE for r in engine.store.runs_in(run_id)):
        return
    if any(c["State"] in flow.CRAWL_ACTIVE for c in engine.store.crawls_in(run_id)):
        return
    run["Status"] = "STOPPED" if run["Status"] == "STOPPING" else "COMPLETED"
    run["CompletedOn"] = engine.now()
    # later changes of the triggers must not rewrite what this run did
    run["_graph"] = engine.store.graph_of(run)
    run["_statistics"] = engine.store.statistics_of(run)
    log.info("workflow run %s of %s: %s", run_id, run["Name"], run["Status"])
