"""Job definitions and job runs.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html and …-jobs-runs.html
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from local.engines.glue import flow, model
from local.engines.glue.engine import Engine
from local.engines.glue.errors import GlueError, exists, invalid, not_emulated, not_found
from local.engines.glue.state import public

log = logging.getLogger("lakeshift.glue")

SPARK_VERSIONS = ("5.0", "5.1")
WORKER_DPUS = {"G.025X": 0.25, "G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8, "G.12X": 12, "G.16X": 16}
FEWEST_WORKERS = 2
SHELL_CAPACITIES = (0.0625, 1.0)
MOST_RETRIES = 10
LONGEST_MINUTES = 7 * 24 * 60
# What a run may set for itself.
RUN_SETTINGS = (
    "AllocatedCapacity",
    "Timeout",
    "MaxCapacity",
    "SecurityConfiguration",
    "NotificationProperty",
    "WorkerType",
    "NumberOfWorkers",
    "ExecutionClass",
)
SEVERITIES = {"SUCCEEDED": "INFO", "STOPPED": "INFO", "TIMEOUT": "WARN", "FAILED": "ERROR"}


# --- definitions ------------------------------------------------------------------------------


def create_job(engine: Engine, request: dict) -> dict:
    tags = request.pop("Tags", {})
    name = request["Name"]
    with engine.store.lock:
        if name in engine.store.jobs:
            raise exists("Job", name)
        now = engine.now()
        engine.store.jobs[name] = {**checked(request), "CreatedOn": now, "LastModifiedOn": now}
        if tags:
            engine.store.tags[engine.arn("job", name)] = tags
    return {"Name": name}


def update_job(engine: Engine, request: dict) -> dict:
    """The new definition overwrites the old one wholly."""
    name = request["JobName"]
    with engine.store.lock:
        created = _job(engine, name)["CreatedOn"]
        engine.store.jobs[name] = {
            **checked({"Name": name, **request["JobUpdate"]}),
            "CreatedOn": created,
            "LastModifiedOn": engine.now(),
        }
    return {"JobName": name}


def delete_job(engine: Engine, request: dict) -> dict:
    """Of a job that does not exist: no error, as on AWS."""
    name = request["JobName"]
    with engine.store.lock:
        engine.store.jobs.pop(name, None)
        engine.store.tags.pop(engine.arn("job", name), None)
    return {"JobName": name}


def get_job(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        return {"Job": public(_job(engine, request["JobName"]))}


def get_jobs(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        return model.page([public(job) for job in engine.store.jobs.values()], request, "Jobs")


def list_jobs(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        return model.page(list(engine.store.jobs), request, "JobNames")


def batch_get_jobs(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        jobs = engine.store.jobs
        names = request["JobNames"]
        return {
            "Jobs": [public(jobs[name]) for name in names if name in jobs],
            "JobsNotFound": [name for name in names if name not in jobs],
        }


def _job(engine: Engine, name: str) -> dict:
    if name not in engine.store.jobs:
        raise not_found("Job", name)
    return engine.store.jobs[name]


def checked(job: dict) -> dict:
    """The definition with AWS's defaults; raises GlueError for what AWS or we refuse."""
    command = job["Command"]
    kind = command.get("Name")
    if kind not in ("glueetl", "pythonshell"):
        raise not_emulated(f"a job command named {kind!r} (glueetl and pythonshell are)")
    if not command.get("ScriptLocation", "").startswith("s3://"):
        raise invalid("Command.ScriptLocation must be an s3:// location")
    if not 0 <= job.get("MaxRetries", 0) <= MOST_RETRIES:
        raise invalid(f"MaxRetries must be between 0 and {MOST_RETRIES}")
    if not 1 <= job.get("Timeout", 1) <= LONGEST_MINUTES:
        raise invalid(f"Timeout must be between 1 and {LONGEST_MINUTES} minutes")
    if job.get("ExecutionProperty", {}).get("MaxConcurrentRuns", 1) < 1:
        raise invalid("ExecutionProperty.MaxConcurrentRuns must be at least 1")
    if job.get("JobRunQueuingEnabled"):
        raise not_emulated("JobRunQueuingEnabled")
    both = job.get("DefaultArguments", {}).keys() & job.get("NonOverridableArguments", {}).keys()
    if both:
        raise invalid(f"arguments {sorted(both)} are both default and non-overridable")
    job = {
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "JobMode": "SCRIPT",
        **job,
    }
    return _checked_spark(job) if kind == "glueetl" else _checked_shell(job)


def _checked_spark(job: dict) -> dict:
    version = job.get("GlueVersion", "not set")
    if version not in SPARK_VERSIONS:
        raise not_emulated(f"GlueVersion {version} ({' and '.join(SPARK_VERSIONS)} are: Spark 3.5)")
    if "MaxCapacity" in job and ("WorkerType" in job or "NumberOfWorkers" in job):
        raise invalid("Please do not set Max Capacity if using Worker Type and Number of Workers.")
    if "MaxCapacity" in job:
        raise invalid("MaxCapacity is not for Glue 2.0 and later: set WorkerType and NumberOfWorkers")
    if ("WorkerType" in job) != ("NumberOfWorkers" in job):
        raise invalid("WorkerType and NumberOfWorkers must be set together")
    kind, number = job.get("WorkerType", "G.1X"), job.get("NumberOfWorkers", 10)
    if kind not in WORKER_DPUS:
        raise invalid(f"WorkerType {kind!r} is not one of {', '.join(WORKER_DPUS)}")
    if number < FEWEST_WORKERS:
        raise invalid(f"NumberOfWorkers must be at least {FEWEST_WORKERS}, it is {number}")
    capacity = WORKER_DPUS[kind] * number
    return {
        "Timeout": 480,
        "ExecutionClass": "STANDARD",
        **job,
        "WorkerType": kind,
        "NumberOfWorkers": number,
        "MaxCapacity": float(capacity),
        "AllocatedCapacity": int(capacity),
    }


def _checked_shell(job: dict) -> dict:
    for name in ("WorkerType", "NumberOfWorkers", "ExecutionClass"):
        if name in job:
            raise invalid(f"{name} is not supported for a Python shell job")
    if job.get("MaxCapacity", 0.0625) not in SHELL_CAPACITIES:
        raise invalid("MaxCapacity of a Python shell job must be 0.0625 or 1")
    if job["Command"].get("PythonVersion") != "3.9":
        raise not_emulated("a Python shell other than 3.9")
    return {"Timeout": 2880, "MaxCapacity": 0.0625, "AllocatedCapacity": 0, **job}


# --- runs --------------------------------------------------------------------------------------


def start_job_run(engine: Engine, request: dict) -> dict:
    if request.get("JobRunQueuingEnabled"):
        raise not_emulated("JobRunQueuingEnabled")
    with engine.store.lock:
        previous = request.get("JobRunId")
        if previous and engine.store.job_runs.get(previous, {}).get("JobName") != request["JobName"]:
            raise not_found("JobRun", previous)
        run = start(
            engine,
            request["JobName"],
            request.get("Arguments", {}),
            {name: request[name] for name in RUN_SETTINGS if name in request},
            previous=previous,
        )
    return {"JobRunId": run["Id"]}


def start(
    engine: Engine,
    name: str,
    arguments: Mapping[str, str],
    settings: Mapping,
    *,
    trigger: str | None = None,
    workflow_run: str | None = None,
    predecessors: Sequence[dict] = (),
    previous: str | None = None,
) -> dict:
    """Starts a run of a job; hold the lock. Raises GlueError if it can't be started."""
    job = _job(engine, name)
    most = job["ExecutionProperty"].get("MaxConcurrentRuns", 1)
    active = [
        run
        for run in engine.store.job_runs.values()
        if run["JobName"] == name and run["JobRunState"] in flow.JOB_ACTIVE
    ]
    if len(active) >= most:
        raise GlueError("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}")
    run = _new_run(engine, job, arguments, settings, trigger, workflow_run)
    run.update(PreviousRunId=previous, PredecessorRuns=list(predecessors) or None)
    engine.store.job_runs[run["Id"]] = run
    engine.workers.start_job(run["Id"])
    return run


def record_unstarted(
    engine: Engine,
    name: str,
    error: GlueError,
    trigger: str,
    workflow_run: str | None,
) -> dict:
    """The run of a job that a trigger could not start: state ERROR."""
    now = engine.now()
    run: dict = {
        "Id": engine.new_id("jr"),
        "Attempt": 0,
        "JobName": name,
        "TriggerName": trigger,
        "JobRunState": "ERROR",
        "ErrorMessage": f"{error.message} (Service: AWSGlue; Error Code: {error.code})",
        "StartedOn": now,
        "LastModifiedOn": now,
        "CompletedOn": now,
        "ExecutionTime": 0,
        "_workflow_run": workflow_run,
    }
    run["_node"] = run["Id"]
    engine.store.job_runs[run["Id"]] = run
    return run


def _new_run(
    engine: Engine,
    job: dict,
    arguments: Mapping[str, str],
    settings: Mapping,
    trigger: str | None,
    workflow_run: str | None,
) -> dict:
    # the run is of the definition as it stands now, whatever becomes of it meanwhile
    definition = {**public(job), **settings}
    run_id = engine.new_id("jr")
    now = engine.now()
    group = "/aws-glue/jobs" if job["Command"]["Name"] == "glueetl" else "/aws-glue/python-jobs"
    copied = (
        "AllocatedCapacity",
        "Timeout",
        "MaxCapacity",
        "WorkerType",
        "NumberOfWorkers",
        "SecurityConfiguration",
        "NotificationProperty",
        "GlueVersion",
        "ExecutionClass",
        "JobMode",
    )
    return {
        "Id": run_id,
        "Attempt": 0,
        "TriggerName": trigger,
        "JobName": job["Name"],
        "StartedOn": now,
        "LastModifiedOn": now,
        "JobRunState": "STARTING",
        "Arguments": dict(arguments),
        "ExecutionTime": 0,
        "LogGroupName": group,
        **{name: definition[name] for name in copied if name in definition},
        "_definition": definition,
        "_workflow_run": workflow_run,
        "_node": run_id,
    }


def set_running(engine: Engine, run_id: str) -> None:
    with engine.store.lock:
        run = engine.store.job_runs.get(run_id)
        if run and run["JobRunState"] == "STARTING":
            run.update(JobRunState="RUNNING", LastModifiedOn=engine.now(), _ran_from=engine.now())


def ended(engine: Engine, run_id: str, state: str, message: str | None = None) -> None:
    """A run came to its end: retries it, or lets the triggers that wait for it go."""
    with engine.store.lock:
        run = engine.store.job_runs.get(run_id)
        if run is None or run["JobRunState"] not in flow.JOB_ACTIVE:
            return
        now = engine.now()
        run.update(
            JobRunState=state,
            ErrorMessage=message or None,
            LastModifiedOn=now,
            CompletedOn=now,
            # AWS counts whole seconds, without the start-up
            ExecutionTime=round(now - run["_ran_from"]) if "_ran_from" in run else 0,
        )
        _announce(engine, run)
        if state == "FAILED" and _retry(engine, run):
            return
        engine.on_event(engine, ("job", run["JobName"], state), run.get("TriggerName"), run.get("_workflow_run"))


def _retry(engine: Engine, run: dict) -> bool:
    """Starts the next attempt, if the job has one left. https://…/aws-glue-api-jobs-job.html"""
    attempt = run["Attempt"] + 1
    if attempt > run["_definition"].get("MaxRetries", 0):
        return False
    first = run["_node"]
    now = engine.now()
    again = {
        **{k: v for k, v in run.items() if k not in ("CompletedOn", "ErrorMessage", "_ran_from")},
        "Id": f"{first}_attempt_{attempt}",
        "Attempt": attempt,
        "PreviousRunId": run["Id"],
        "JobRunState": "STARTING",
        "StartedOn": now,
        "LastModifiedOn": now,
        "ExecutionTime": 0,
    }
    engine.store.job_runs[again["Id"]] = again
    engine.workers.start_job(again["Id"])
    return True


def _announce(engine: Engine, run: dict) -> None:
    state = run["JobRunState"]
    message = {
        "SUCCEEDED": "Job run succeeded",
        "STOPPED": "Job run stopped",
        "TIMEOUT": "Job run timed out",
    }.get(state, run.get("ErrorMessage") or "Job run failed")
    engine.announce(
        "Glue Job State Change",
        {
            "jobName": run["JobName"],
            "severity": SEVERITIES.get(state, "ERROR"),
            "state": state,
            "jobRunId": run["Id"],
            "message": message,
        },
    )


def get_job_run(engine: Engine, request: dict) -> dict:
    with engine.store.lock:
        run = engine.store.job_runs.get(request["RunId"])
        if run is None or run["JobName"] != request["JobName"]:
            raise not_found("JobRun", request["RunId"])
        return {"JobRun": shown(engine, run)}


def get_job_runs(engine: Engine, request: dict) -> dict:
    name = request["JobName"]
    with engine.store.lock:
        runs = [r for r in engine.store.job_runs.values() if r["JobName"] == name]
        if not runs:
            _job(engine, name)
        newest_first = [shown(engine, run) for run in reversed(runs)]
    return model.page(newest_first, request, "JobRuns", most=200)


def shown(engine: Engine, run: dict) -> dict:
    """A run as the API answers it, with the seconds so far if it is running."""
    answer = public(run)
    if run["JobRunState"] in ("RUNNING", "STOPPING") and "_ran_from" in run:
        answer["ExecutionTime"] = round(engine.now() - run["_ran_from"])
    return answer


def batch_stop_job_run(engine: Engine, request: dict) -> dict:
    name = request["JobName"]
    stopped, errors = [], []
    with engine.store.lock:
        _job(engine, name)
        for run_id in request["JobRunIds"]:
            run = engine.store.job_runs.get(run_id)
            if run is None or run["JobName"] != name:
                errors.append(_stop_error(name, run_id, "EntityNotFoundException", "not found"))
            elif run["JobRunState"] not in flow.JOB_ACTIVE:
                state = run["JobRunState"]
                errors.append(_stop_error(name, run_id, "InvalidInputException", f"is {state}"))
            else:
                stop(engine, run)
                stopped.append({"JobName": name, "JobRunId": run_id})
    return {"SuccessfulSubmissions": stopped, "Errors": errors}


def stop(engine: Engine, run: dict) -> None:
    """Asks a run to end; hold the lock."""
    if run["JobRunState"] != "STOPPING":
        run.update(JobRunState="STOPPING", LastModifiedOn=engine.now())
        engine.workers.stop_job(run["Id"])


def _stop_error(name: str, run_id: str, code: str, what: str) -> dict:
    return {
        "JobName": name,
        "JobRunId": run_id,
        "ErrorDetail": {"ErrorCode": code, "ErrorMessage": f"Job run {run_id} {what}."},
    }


OPERATIONS = {
    "CreateJob": create_job,
    "UpdateJob": update_job,
    "DeleteJob": delete_job,
    "GetJob": get_job,
    "GetJobs": get_jobs,
    "ListJobs": list_jobs,
    "BatchGetJobs": batch_get_jobs,
    "StartJobRun": start_job_run,
    "GetJobRun": get_job_run,
    "GetJobRuns": get_job_runs,
    "BatchStopJobRun": batch_stop_job_run,
}
