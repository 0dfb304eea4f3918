"""Triggers, workflow runs and what their nodes say; no thread, no process, no network."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from local.engines.glue import crawlers, firing, jobs, triggers, workflows
from local.engines.glue.errors import GlueError
from local.engines.glue.state import INTERRUPTED

SPARK = {
    "Role": "arn:aws:iam::000000000000:role/elt-load",
    "Command": {"Name": "glueetl", "ScriptLocation": "s3://b/load.py"},
    "GlueVersion": "5.1",
    "WorkerType": "G.1X",
    "NumberOfWorkers": 2,
}
INHERIT = json.dumps({"CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}})
CRAWLER = {
    "Role": "elt-crawler",
    "Targets": {"CatalogTargets": [{"DatabaseName": "raw", "Tables": ["sales"]}]},
    "SchemaChangePolicy": {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
    "Configuration": INHERIT,
}


def after(*, job=None, crawler=None, state="SUCCEEDED"):
    condition = {"LogicalOperator": "EQUALS"}
    if job:
        return {**condition, "JobName": job, "State": state}
    return {**condition, "CrawlerName": crawler, "CrawlState": state}


def add_trigger(engine, name, kind, action, conditions=(), workflow="pipeline", **more):
    request = {
        "Name": name,
        "Type": kind,
        "Actions": [action],
        "StartOnCreation": kind != "ON_DEMAND",
        **more,
    }
    if workflow:
        request["WorkflowName"] = workflow
    if kind == "SCHEDULED":
        request.setdefault("Schedule", "cron(0 6 * * ? *)")
    if conditions:
        request["Predicate"] = {"Logical": "AND", "Conditions": list(conditions)}
    triggers.create_trigger(engine, request)


@pytest.fixture
def pipeline(engine):
    """schedule → crawl → load → transform"""
    workflows.create_workflow(engine, {"Name": "pipeline", "MaxConcurrentRuns": 1})
    crawlers.create_crawler(engine, {"Name": "crawl", **CRAWLER})
    for name in ("load", "transform"):
        jobs.create_job(engine, {"Name": name, **SPARK})
    add_trigger(engine, "schedule", "SCHEDULED", {"CrawlerName": "crawl"})
    add_trigger(engine, "to-load", "CONDITIONAL", {"JobName": "load"}, [after(crawler="crawl")])
    add_trigger(engine, "to-transform", "CONDITIONAL", {"JobName": "transform"}, [after(job="load")])
    return engine


def start(engine):
    return workflows.start_workflow_run(engine, {"Name": "pipeline"})["RunId"]


def get(engine, run_id):
    request = {"Name": "pipeline", "RunId": run_id, "IncludeGraph": True}
    return workflows.get_workflow_run(engine, request)["Run"]


def states(engine, run_id):
    """Node → the state of its latest run; None if it never started."""
    found = {}
    for node in get(engine, run_id)["Graph"]["Nodes"]:
        if node["Type"] == "JOB":
            runs = node["JobDetails"]["JobRuns"]
            found[node["Name"]] = runs[-1]["JobRunState"] if runs else None
        elif node["Type"] == "CRAWLER":
            runs = node["CrawlerDetails"]["Crawls"]
            found[node["Name"]] = runs[-1]["State"] if runs else None
    return found


def active_run(engine, job):
    return next(
        r["Id"]
        for r in engine.store.job_runs.values()
        if r["JobName"] == job and r["JobRunState"] in ("STARTING", "RUNNING", "STOPPING")
    )


def end_job(engine, job, state="SUCCEEDED", message=None):
    jobs.ended(engine, active_run(engine, job), state, message)


def end_crawl(engine, state="SUCCEEDED"):
    crawlers.ended(engine, engine.store.crawlers["crawl"]["_crawl"], state)


# --- order ---------------------------------------------------------------------------------------


def test_each_step_starts_when_the_one_before_has_succeeded(pipeline):
    run = start(pipeline)
    assert states(pipeline, run) == {"crawl": "RUNNING", "load": None, "transform": None}
    end_crawl(pipeline)
    assert states(pipeline, run) == {"crawl": "SUCCEEDED", "load": "STARTING", "transform": None}
    end_job(pipeline, "load")
    assert get(pipeline, run)["Status"] == "RUNNING"
    end_job(pipeline, "transform")
    assert set(states(pipeline, run).values()) == {"SUCCEEDED"}
    done = get(pipeline, run)
    assert done["Status"] == "COMPLETED"
    assert done["Statistics"]["TotalActions"] == done["Statistics"]["SucceededActions"] == 3


def test_a_failure_leaves_the_rest_unstarted_and_the_run_completed(pipeline):
    run = start(pipeline)
    end_crawl(pipeline)
    end_job(pipeline, "load", "FAILED", "ValueError: no")
    assert states(pipeline, run) == {"crawl": "SUCCEEDED", "load": "FAILED", "transform": None}
    done = get(pipeline, run)
    assert done["Status"] == "COMPLETED"
    assert done["Statistics"]["FailedActions"] == 1


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_crawl_that_did_not_succeed_starts_no_load(pipeline, state):
    run = start(pipeline)
    end_crawl(pipeline, state)
    assert states(pipeline, run) == {"crawl": state, "load": None, "transform": None}
    assert get(pipeline, run)["Status"] == "COMPLETED"


def test_a_job_started_by_hand_fires_no_trigger(pipeline):
    run = start(pipeline)
    jobs.start_job_run(pipeline, {"JobName": "load"})
    end_job(pipeline, "load")
    assert states(pipeline, run)["transform"] is None
    assert [run["JobName"] for run in pipeline.store.job_runs.values()] == ["load"]


def test_a_deactivated_trigger_does_not_fire(pipeline):
    triggers.stop_trigger(pipeline, {"Name": "to-transform"})
    run = start(pipeline)
    end_crawl(pipeline)
    end_job(pipeline, "load")
    assert states(pipeline, run)["transform"] is None
    assert get(pipeline, run)["Status"] == "COMPLETED"


def test_a_changed_trigger_is_followed(pipeline):
    update = {
        "Predicate": {"Conditions": [after(crawler="crawl")]},
        "Actions": [{"JobName": "transform", "Arguments": {"--a": "b"}}],
    }
    triggers.update_trigger(pipeline, {"Name": "to-transform", "TriggerUpdate": update})
    run = start(pipeline)
    end_crawl(pipeline)
    assert states(pipeline, run) == {
        "crawl": "SUCCEEDED",
        "load": "STARTING",
        "transform": "STARTING",
    }
    started = pipeline.store.job_runs[active_run(pipeline, "transform")]
    assert started["Arguments"] == {"--a": "b"}


def test_a_finished_run_keeps_its_graph_when_triggers_change(pipeline):
    run = start(pipeline)
    end_crawl(pipeline, "FAILED")
    triggers.delete_trigger(pipeline, {"Name": "to-transform"})
    assert "transform" in states(pipeline, run)


def test_all_waits_for_every_condition_and_any_for_the_first(engine):
    workflows.create_workflow(engine, {"Name": "pipeline"})
    for name in ("a", "b", "all", "any"):
        jobs.create_job(engine, {"Name": name, **SPARK})
    add_trigger(engine, "start", "ON_DEMAND", {"JobName": "a"}, Actions=[{"JobName": "a"}, {"JobName": "b"}])
    both = [after(job="a"), after(job="b")]
    add_trigger(engine, "to-all", "CONDITIONAL", {"JobName": "all"}, both)
    either = {"Logical": "ANY", "Conditions": both}
    add_trigger(engine, "to-any", "CONDITIONAL", {"JobName": "any"}, Predicate=either)
    run = start(engine)
    end_job(engine, "a")
    assert states(engine, run) | {} == {
        "a": "SUCCEEDED",
        "b": "STARTING",
        "all": None,
        "any": "STARTING",
    }
    end_job(engine, "any")
    end_job(engine, "b")
    # ANY has fired once in this run and does not again
    assert states(engine, run) == {
        "a": "SUCCEEDED",
        "b": "SUCCEEDED",
        "all": "STARTING",
        "any": "SUCCEEDED",
    }


def test_a_trigger_outside_workflows_follows_triggered_jobs(engine):
    for name in ("first", "second"):
        jobs.create_job(engine, {"Name": name, **SPARK})
    add_trigger(engine, "go", "ON_DEMAND", {"JobName": "first"}, workflow=None)
    add_trigger(engine, "next", "CONDITIONAL", {"JobName": "second"}, [after(job="first")], workflow=None)
    jobs.start_job_run(engine, {"JobName": "first"})
    end_job(engine, "first")
    assert len(engine.store.job_runs) == 1
    triggers.start_trigger(engine, {"Name": "go"})
    end_job(engine, "first")
    assert active_run(engine, "second")


# --- schedules and limits ----------------------------------------------------------------------


def test_a_schedule_starts_the_workflow_at_its_minute(pipeline):
    firing.on_minute(pipeline, datetime(2025, 1, 15, 5, 59, tzinfo=UTC))
    assert not pipeline.store.workflow_runs
    firing.on_minute(pipeline, datetime(2025, 1, 15, 6, 0, tzinfo=UTC))
    (run,) = pipeline.store.workflow_runs.values()
    assert run["Status"] == "RUNNING"


def test_a_deactivated_schedule_starts_nothing_but_a_run_by_hand_does(pipeline):
    triggers.stop_trigger(pipeline, {"Name": "schedule"})
    firing.on_minute(pipeline, datetime(2025, 1, 15, 6, 0, tzinfo=UTC))
    assert not pipeline.store.workflow_runs
    assert states(pipeline, start(pipeline))["crawl"] == "RUNNING"


def test_one_run_at_a_time(pipeline):
    start(pipeline)
    with pytest.raises(GlueError) as refused:
        start(pipeline)
    assert refused.value.code == "ConcurrentRunsExceededException"
    firing.on_minute(pipeline, datetime(2025, 1, 15, 6, 0, tzinfo=UTC))
    (newest, _) = workflows.get_workflow_runs(pipeline, {"Name": "pipeline"})["Runs"]
    assert newest["Status"] == "ERROR"
    assert newest["ErrorMessage"] == "Concurrent runs exceeded for workflow: pipeline"


def test_a_job_over_its_limit_is_refused_and_in_a_workflow_an_error_node(pipeline):
    jobs.start_job_run(pipeline, {"JobName": "load"})
    with pytest.raises(GlueError) as refused:
        jobs.start_job_run(pipeline, {"JobName": "load"})
    assert refused.value.code == "ConcurrentRunsExceededException"
    run = start(pipeline)
    end_crawl(pipeline)
    assert states(pipeline, run)["load"] == "ERROR"
    assert get(pipeline, run)["Statistics"]["ErroredActions"] == 1
    assert get(pipeline, run)["Status"] == "COMPLETED"


def test_a_busy_crawler_is_refused_and_in_a_workflow_an_error_node(pipeline):
    crawlers.start_crawler(pipeline, {"Name": "crawl"})
    for operation in (crawlers.start_crawler, crawlers.delete_crawler):
        with pytest.raises(GlueError) as refused:
            operation(pipeline, {"Name": "crawl"})
        assert refused.value.code == "CrawlerRunningException"
    assert states(pipeline, start(pipeline))["crawl"] == "ERROR"


# --- retries, stops, restarts --------------------------------------------------------------------


def test_a_failed_run_is_retried_before_triggers_hear_of_it(pipeline):
    update = {**SPARK, "MaxRetries": 1}
    jobs.update_job(pipeline, {"JobName": "load", "JobUpdate": update})
    run = start(pipeline)
    end_crawl(pipeline)
    first = active_run(pipeline, "load")
    end_job(pipeline, "load", "FAILED", "x")
    second = pipeline.store.job_runs[active_run(pipeline, "load")]
    assert (second["Id"], second["Attempt"]) == (f"{first}_attempt_1", 1)
    assert second["PreviousRunId"] == first
    assert get(pipeline, run)["Status"] == "RUNNING"
    end_job(pipeline, "load")
    assert states(pipeline, run)["transform"] == "STARTING"
    end_job(pipeline, "transform")
    assert get(pipeline, run)["Statistics"]["FailedActions"] == 0


def test_retries_end(pipeline):
    jobs.update_job(pipeline, {"JobName": "load", "JobUpdate": {**SPARK, "MaxRetries": 1}})
    run = start(pipeline)
    end_crawl(pipeline)
    end_job(pipeline, "load", "FAILED")
    end_job(pipeline, "load", "FAILED")
    assert get(pipeline, run)["Status"] == "COMPLETED"


def test_stopping_a_run_stops_what_is_active_and_starts_nothing_more(pipeline):
    run = start(pipeline)
    end_crawl(pipeline)
    workflows.stop_workflow_run(pipeline, {"Name": "pipeline", "RunId": run})
    assert get(pipeline, run)["Status"] == "STOPPING"
    assert pipeline.workers.asked[-1] == ("stop job", active_run(pipeline, "load"))
    # it may have been too late for this one
    end_job(pipeline, "load", "SUCCEEDED")
    assert get(pipeline, run)["Status"] == "STOPPED"
    assert states(pipeline, run)["transform"] is None
    with pytest.raises(GlueError) as refused:
        workflows.stop_workflow_run(pipeline, {"Name": "pipeline", "RunId": run})
    assert refused.value.code == "IllegalWorkflowStateException"


def test_what_ran_when_the_process_died_has_failed(pipeline):
    run = start(pipeline)
    end_crawl(pipeline)
    pipeline.store.load(json.loads(json.dumps(pipeline.store.dump())), now=2000.0)
    assert states(pipeline, run) == {"crawl": "SUCCEEDED", "load": "FAILED", "transform": None}
    again = get(pipeline, run)
    assert again["Status"] == "COMPLETED" and again["CompletedOn"] == 2000.0
    (load,) = jobs.get_job_runs(pipeline, {"JobName": "load"})["JobRuns"]
    assert load["ErrorMessage"] == INTERRUPTED
    # and nothing is in the way of the next run
    end_crawl_of = start(pipeline)
    assert states(pipeline, end_crawl_of)["crawl"] == "RUNNING"


def test_a_crawl_that_ran_when_the_process_died_has_failed(pipeline):
    run = start(pipeline)
    pipeline.store.load(pipeline.store.dump(), now=2000.0)
    assert states(pipeline, run)["crawl"] == "FAILED"
    crawler = crawlers.get_crawler(pipeline, {"Name": "crawl"})["Crawler"]
    assert (crawler["State"], crawler["LastCrawl"]["Status"]) == ("READY", "FAILED")


# --- what is told ---------------------------------------------------------------------------------


def test_ends_are_announced_as_aws_does(pipeline):
    start(pipeline)
    end_crawl(pipeline)
    end_job(pipeline, "load", "FAILED", "ValueError: no")
    told = [(kind, detail["state"]) for kind, detail in pipeline.events]
    assert told == [
        ("Glue Crawler State Change", "Started"),
        ("Glue Crawler State Change", "Succeeded"),
        ("Glue Job State Change", "FAILED"),
    ]
    assert pipeline.events[-1][1] == {
        "jobName": "load",
        "severity": "ERROR",
        "state": "FAILED",
        "jobRunId": next(iter(pipeline.store.job_runs)),
        "message": "ValueError: no",
    }


def test_edges_lead_from_triggers_to_actions_and_on(pipeline):
    graph = workflows.get_workflow(pipeline, {"Name": "pipeline", "IncludeGraph": True})["Workflow"]["Graph"]
    names = {node["UniqueId"]: node["Name"] for node in graph["Nodes"]}
    assert {(names[e["SourceId"]], names[e["DestinationId"]]) for e in graph["Edges"]} == {
        ("schedule", "crawl"),
        ("crawl", "to-load"),
        ("to-load", "load"),
        ("load", "to-transform"),
        ("to-transform", "transform"),
    }


def test_execution_time_counts_from_the_script_s_start(pipeline):
    run_id = jobs.start_job_run(pipeline, {"JobName": "load"})["JobRunId"]
    pipeline.time += 10
    jobs.set_running(pipeline, run_id)
    pipeline.time += 7
    assert jobs.get_job_run(pipeline, {"JobName": "load", "RunId": run_id})["JobRun"]["ExecutionTime"] == 7
    end_job(pipeline, "load")
    run = jobs.get_job_run(pipeline, {"JobName": "load", "RunId": run_id})["JobRun"]
    assert (run["JobRunState"], run["ExecutionTime"], run["CompletedOn"]) == (
        "SUCCEEDED",
        7,
        1017.0,
    )
    assert not any(key.startswith("_") for key in run)


# --- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Type": "EVENT"}, "Not emulated"),
        ({"Type": "SCHEDULED", "Schedule": "cron(* * * * ? *)"}, "every 5 minutes"),
        ({"Type": "SCHEDULED", "Schedule": "cron(0 6 * * ? *)"}, "already has a starting trigger"),
        ({"Type": "CONDITIONAL"}, "Predicate"),
        ({"Type": "ON_DEMAND", "StartOnCreation": True, "WorkflowName": None}, "StartOnCreation"),
        ({"Type": "ON_DEMAND", "Actions": []}, "Actions"),
        ({"Type": "ON_DEMAND", "Actions": [{"JobName": "none"}]}, "Job none not found"),
        ({"Type": "ON_DEMAND", "WorkflowName": "none"}, "Workflow none not found"),
        (
            {
                "Type": "CONDITIONAL",
                "Predicate": {"Conditions": [{"JobName": "transform", "State": "SUCCEEDED"}]},
            },
            "Logical operator cannot be null or empty",
        ),
        (
            {"Type": "CONDITIONAL", "Predicate": {"Conditions": [after(job="load")]}},
            "cannot be a Predicate and Action",
        ),
        (
            {
                "Type": "CONDITIONAL",
                "Predicate": {"Conditions": [after(job="transform", state="RUNNING")]},
            },
            "must be one of",
        ),
        (
            {
                "Type": "CONDITIONAL",
                "Predicate": {"Conditions": [after(job="transform"), after(crawler="crawl")]},
            },
            "Logical is required",
        ),
    ],
)
def test_a_wrong_trigger_is_refused(pipeline, change, why):
    request = {
        "Name": "new",
        "Actions": [{"JobName": "load"}],
        "WorkflowName": "pipeline",
        **change,
    }
    request = {key: value for key, value in request.items() if value is not None}
    with pytest.raises(GlueError, match=why):
        triggers.create_trigger(pipeline, request)
    assert "new" not in pipeline.store.triggers


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"GlueVersion": "4.0"}, "Not emulated"),
        ({"GlueVersion": None}, "Not emulated"),
        ({"NumberOfWorkers": 1}, "at least 2"),
        ({"MaxCapacity": 2.0}, "do not set Max Capacity"),
        ({"WorkerType": "G.9X"}, "is not one of"),
        ({"Timeout": 0}, "Timeout"),
        ({"MaxRetries": 11}, "MaxRetries"),
        ({"JobRunQueuingEnabled": True}, "Not emulated"),
        ({"Command": {"Name": "gluestreaming", "ScriptLocation": "s3://b/k"}}, "Not emulated"),
        ({"Command": {"Name": "glueetl", "ScriptLocation": "x.py"}}, "s3:// location"),
        ({"Command": {"Name": "pythonshell", "ScriptLocation": "s3://b/k"}}, "not supported"),
    ],
)
def test_a_wrong_job_is_refused(engine, change, why):
    request = {k: v for k, v in {"Name": "new", **SPARK, **change}.items() if v is not None}
    with pytest.raises(GlueError, match=why):
        jobs.create_job(engine, request)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Targets": {"S3Targets": [{"Path": "s3://b"}]}}, "Not emulated"),
        ({"Configuration": "{}"}, "InheritFromTable"),
        ({"Configuration": "{"}, "not JSON"),
        ({"SchemaChangePolicy": {"UpdateBehavior": "LOG"}}, "DeleteBehavior"),
        ({"Schedule": "cron(0 6 * * ? *)"}, "Not emulated"),
    ],
)
def test_a_wrong_crawler_is_refused(engine, change, why):
    with pytest.raises(GlueError, match=why):
        crawlers.create_crawler(engine, {"Name": "new", **CRAWLER, **change})
