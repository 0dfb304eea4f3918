"""Triggers: their definitions, and the operations on them.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-trigger.html
"""

from __future__ import annotations

from collections.abc import Mapping

from local.engines.glue import cron, firing, flow, model, workflows
from local.engines.glue.engine import Engine
from local.engines.glue.errors import exists, invalid, not_emulated, not_found
from local.engines.glue.state import public

JOB_STATES: tuple[str, ...] = ("SUCCEEDED", "STOPPED", "FAILED", "TIMEOUT")
CRAWL_STATES: tuple[str, ...] = ("SUCCEEDED", "FAILED", "CANCELLED")
UPDATABLE = ("Description", "Schedule", "Actions", "Predicate")


# --- definitions --------------------------------------------------------------------------------


def create_trigger(engine: Engine, request: dict) -> dict:
    tags = request.pop("Tags", {})
    activate = request.pop("StartOnCreation", False)
    name = request["Name"]
    with engine.store.lock:
        if name in engine.store.triggers:
            raise exists("Trigger", name)
        if activate and request["Type"] == "ON_DEMAND":
            raise invalid("StartOnCreation is not supported for ON_DEMAND triggers")
        check(engine, request)
        state = "ACTIVATED" if activate else "CREATED"
        engine.store.triggers[name] = {**request, "State": state}
        if tags:
            engine.store.tags[engine.arn("trigger", name)] = tags
        workflows.touch(engine, request.get("WorkflowName"))
    return {"Name": name}


def update_trigger(engine: Engine, request: dict) -> dict:
    """The new definition overwrites the old one wholly; type, workflow and state stay."""
    name, update = request["Name"], request["TriggerUpdate"]
    if "EventBatchingCondition" in update:
        raise not_emulated("triggers of type EVENT")
    with engine.store.lock:
        old = _trigger(engine, name)
        new = {k: v for k, v in old.items() if k not in UPDATABLE}
        new |= {k: update[k] for k in UPDATABLE if k in update}
        check(engine, new)
        engine.store.triggers[name] = new
        engine.store.trigger_events.pop(name, None)
        workflows.touch(engine, new.get("WorkflowName"))
        return {"Trigger": public(new)}


def delete_trigger(engine: Engine, request: dict) -> dict:
    """Of a trigger that does not exist: no error, as on AWS."""
    name = request["Name"]
    with engine.store.lock:
        engine.store.triggers.pop(name, None)
        engine.store.trigger_events.pop(name, None)
        engine.store.tags.pop(engine.arn("trigger", name), None)
    return {"Name": name}


def get_trigger(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        return {"Trigger": public(_trigger(engine, request["Name"]))}


def get_triggers(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        found = [public(t) for t in _depending(engine, request.get("DependentJobName"))]
    return model.page(found, request, "Triggers", most=200)


def list_triggers(engine: Engine, request: dict) -> dict:
    if request.get("Tags"):
        raise not_emulated("ListTriggers by tags")
    with engine.store.lock:
        names = [t["Name"] for t in _depending(engine, request.get("DependentJobName"))]
    return model.page(names, request, "TriggerNames", most=200)


def batch_get_triggers(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        triggers, names = engine.store.triggers, request["TriggerNames"]
        return {
            "Triggers": [public(triggers[n]) for n in names if n in triggers],
            "TriggersNotFound": [n for n in names if n not in triggers],
        }


def _depending(engine: Engine, job: str | None) -> list[dict]:
    """Triggers that start `job`, or all."""
    return [
        trigger
        for trigger in engine.store.triggers.values()
        if job is None or any(a.get("JobName") == job for a in trigger.get("Actions", []))
    ]


def _trigger(engine: Engine, name: str) -> dict:
    if name not in engine.store.triggers:
        raise not_found("Trigger", name)
    return engine.store.triggers[name]


def check(engine: Engine, trigger: Mapping) -> None:
    """Raises GlueError for what AWS or we refuse."""
    kind = trigger["Type"]
    if kind == "EVENT" or "EventBatchingCondition" in trigger:
        raise not_emulated("triggers of type EVENT")
    if kind == "SCHEDULED":
        try:
            cron.parse(trigger.get("Schedule", ""))
        except cron.CronError as error:
            raise invalid(str(error)) from error
    elif trigger.get("Schedule"):
        raise invalid(f"a trigger of type {kind} has no schedule")
    if not trigger.get("Actions"):
        raise invalid("Actions cannot be null or empty")
    for action in trigger["Actions"]:
        if ("JobName" in action) == ("CrawlerName" in action):
            raise invalid("each action must name either a job or a crawler")
        _must_exist(engine, action)
    if kind == "CONDITIONAL":
        _check_predicate(engine, trigger)
    elif trigger.get("Predicate", {}).get("Conditions"):
        raise invalid(f"a trigger of type {kind} has no predicate")
    _check_workflow(engine, trigger)


def _check_predicate(engine: Engine, trigger: Mapping) -> None:
    predicate = trigger.get("Predicate", {})
    conditions = predicate.get("Conditions", [])
    if not conditions:
        raise invalid("Predicate cannot be null or empty for a CONDITIONAL trigger")
    if len(conditions) > 1 and "Logical" not in predicate:
        raise invalid("Predicate.Logical is required for more than one condition")
    for condition in conditions:
        if condition.get("LogicalOperator") != "EQUALS":
            raise invalid("Logical operator cannot be null or empty")
        _must_exist(engine, condition)
        if "JobName" in condition and "CrawlerName" not in condition:
            allowed, state = JOB_STATES, condition.get("State")
        elif "CrawlerName" in condition and "JobName" not in condition:
            allowed, state = CRAWL_STATES, condition.get("CrawlState")
        else:
            raise invalid("each condition must name either a job or a crawler")
        if state not in allowed:
            raise invalid(f"a condition's state must be one of {', '.join(allowed)}, not {state}")
    awaited = {(kind, name) for kind, name, _state in flow.events_awaited(trigger)}
    for action in trigger["Actions"]:
        if ("job", action.get("JobName")) in awaited:
            raise invalid("Job cannot be a Predicate and Action for Conditional Trigger.")
        if ("crawler", action.get("CrawlerName")) in awaited:
            raise invalid("Crawler cannot be a Predicate and Action for Conditional Trigger.")


def _must_exist(engine: Engine, reference: Mapping) -> None:
    if "JobName" in reference and reference["JobName"] not in engine.store.jobs:
        raise not_found("Job", reference["JobName"])
    if "CrawlerName" in reference and reference["CrawlerName"] not in engine.store.crawlers:
        raise not_found("Crawler", reference["CrawlerName"])


def _check_workflow(engine: Engine, trigger: Mapping) -> None:
    workflow = trigger.get("WorkflowName")
    if workflow is None:
        return
    if workflow not in engine.store.workflows:
        raise not_found("Workflow", workflow)
    starting = [
        other["Name"]
        for other in engine.store.triggers_of(workflow)
        if other["Type"] in flow.STARTING_TYPES and other["Name"] != trigger["Name"]
    ]
    if trigger["Type"] in flow.STARTING_TYPES and starting:
        raise invalid(f"Workflow {workflow} already has a starting trigger: {starting[0]}")


# --- starting and stopping -----------------------------------------------------------------------


def start_trigger(engine: Engine, request: dict) -> dict:
    """Fires an ON_DEMAND trigger, activates any other."""
    with engine.store.lock:
        trigger = _trigger(engine, request["Name"])
        if trigger["Type"] == "ON_DEMAND":
            if trigger.get("WorkflowName"):
                firing.start_run(engine, trigger["WorkflowName"], {})
            else:
                firing.fire(engine, trigger, None)
        else:
            trigger["State"] = "ACTIVATED"
    return {"Name": request["Name"]}


def stop_trigger(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        trigger = _trigger(engine, request["Name"])
        if trigger["Type"] == "ON_DEMAND":
            raise invalid("ON_DEMAND triggers can't be stopped")
        trigger["State"] = "DEACTIVATED"
        engine.store.trigger_events.pop(trigger["Name"], None)
    return {"Name": request["Name"]}


OPERATIONS = {
    "CreateTrigger": create_trigger,
    "UpdateTrigger": update_trigger,
    "DeleteTrigger": delete_trigger,
    "GetTrigger": get_trigger,
    "GetTriggers": get_triggers,
    "ListTriggers": list_triggers,
    "BatchGetTriggers": batch_get_triggers,
    "StartTrigger": start_trigger,
    "StopTrigger": stop_trigger,
}
