"""Workflows and their runs.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-workflow.html
"""

from __future__ import annotations

from collections.abc import Mapping

from local.engines.glue import crawlers, firing, flow, jobs, model
from local.engines.glue.engine import Engine
from local.engines.glue.errors import GlueError, exists, invalid, not_found
from local.engines.glue.state import public

# --- definitions --------------------------------------------------------------------------------


def create_workflow(engine: Engine, request: dict) -> dict:
    tags = request.pop("Tags", {})
    name = request["Name"]
    with engine.store.lock:
        if name in engine.store.workflows:
            raise exists("Workflow", name)
        _check(request)
        now = engine.now()
        engine.store.workflows[name] = {**request, "CreatedOn": now, "LastModifiedOn": now}
        if tags:
            engine.store.tags[engine.arn("workflow", name)] = tags
    return {"Name": name}


def update_workflow(engine: Engine, request: dict) -> dict:
    name = request["Name"]
    with engine.store.lock:
        workflow = _workflow(engine, name)
        _check(request)
        workflow.update(request)
        touch(engine, name)
    return {"Name": name}


def replace_workflow(engine: Engine, name: str, definition: Mapping) -> None:
    """As a template's update does: what the template no longer says is unset."""
    with engine.store.lock:
        created = _workflow(engine, name)["CreatedOn"]
        _check(definition)
        engine.store.workflows[name] = {**definition, "Name": name, "CreatedOn": created}
        touch(engine, name)


def delete_workflow(engine: Engine, request: dict) -> dict:
    """Of a workflow that does not exist: no error, as on AWS."""
    name = request["Name"]
    with engine.store.lock:
        engine.store.workflows.pop(name, None)
        engine.store.tags.pop(engine.arn("workflow", name), None)
    return {"Name": name}


def get_workflow(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        workflow = _workflow(engine, request["Name"])
        return {"Workflow": _shown(engine, workflow, request.get("IncludeGraph", False))}


def list_workflows(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        return model.page(list(engine.store.workflows), request, "Workflows", most=25)


def batch_get_workflows(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        known, names = engine.store.workflows, request["Names"]
        graph = request.get("IncludeGraph", False)
        return {
            "Workflows": [_shown(engine, known[n], graph) for n in names if n in known],
            "MissingWorkflows": [n for n in names if n not in known],
        }


def touch(engine: Engine, name: str | None) -> None:
    if name in engine.store.workflows:
        engine.store.workflows[name]["LastModifiedOn"] = engine.now()


def _check(workflow: Mapping) -> None:
    if workflow.get("MaxConcurrentRuns", 1) < 1:
        raise invalid("MaxConcurrentRuns must be at least 1")


def _workflow(engine: Engine, name: str) -> dict:
    if name not in engine.store.workflows:
        raise not_found("Workflow", name)
    return engine.store.workflows[name]


def _shown(engine: Engine, workflow: dict, with_graph: bool) -> dict:
    answer = public(workflow)
    runs = engine.store.workflow_runs_of(workflow["Name"])
    if runs:
        answer["LastRun"] = shown(engine, runs[-1], with_graph)
    if with_graph:
        triggers = [public(t) for t in engine.store.triggers_of(workflow["Name"])]
        answer["Graph"] = flow.graph(triggers)
    return answer


# --- runs ----------------------------------------------------------------------------------------


def start_workflow_run(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        run = firing.start_run(engine, request["Name"], request.get("RunProperties", {}))
    return {"RunId": run["WorkflowRunId"]}


def _run(engine: Engine, request: Mapping) -> dict:
    run = engine.store.workflow_runs.get(request["RunId"])
    if run is None or run["Name"] != request["Name"]:
        raise not_found("WorkflowRun", request["RunId"])
    return run


def shown(engine: Engine, run: dict, with_graph: bool) -> dict:
    answer = public(run)
    answer["Statistics"] = run.get("_statistics") or engine.store.statistics_of(run)
    if with_graph:
        answer["Graph"] = run.get("_graph") or engine.store.graph_of(run)
    return answer


def get_workflow_run(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        return {"Run": shown(engine, _run(engine, request), request.get("IncludeGraph", False))}


def get_workflow_runs(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        _workflow(engine, request["Name"])
        newest_first = [
            shown(engine, run, request.get("IncludeGraph", False))
            for run in reversed(engine.store.workflow_runs_of(request["Name"]))
        ]
    return model.page(newest_first, request, "Runs")


def get_workflow_run_properties(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        return {"RunProperties": dict(_run(engine, request)["WorkflowRunProperties"])}


def put_workflow_run_properties(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        _run(engine, request)["WorkflowRunProperties"].update(request["RunProperties"])
    return {}


def stop_workflow_run(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        run = _run(engine, request)
        if run["Status"] != "RUNNING":
            raise GlueError(
                "IllegalWorkflowStateException",
                f"Workflow run {request['RunId']} is {run['Status']} and can't be stopped",
            )
        run["Status"] = "STOPPING"
        for job_run in list(engine.store.runs_in(run["WorkflowRunId"])):
            if job_run["JobRunState"] in flow.JOB_ACTIVE:
                jobs.stop(engine, job_run)
        for crawl in list(engine.store.crawls_in(run["WorkflowRunId"])):
            if crawl["State"] in flow.CRAWL_ACTIVE:
                crawlers.stop(engine, crawl)
        firing.settle(engine, run)
    return {}


OPERATIONS = {
    "CreateWorkflow": create_workflow,
    "UpdateWorkflow": update_workflow,
    "DeleteWorkflow": delete_workflow,
    "GetWorkflow": get_workflow,
    "ListWorkflows": list_workflows,
    "BatchGetWorkflows": batch_get_workflows,
    "StartWorkflowRun": start_workflow_run,
    "GetWorkflowRun": get_workflow_run,
    "GetWorkflowRuns": get_workflow_runs,
    "GetWorkflowRunProperties": get_workflow_run_properties,
    "PutWorkflowRunProperties": put_workflow_run_properties,
    "StopWorkflowRun": stop_workflow_run,
}
