"""When a trigger fires and what a workflow run looks like: pure functions over plain records.

An event is (kind, name, state), such as ("job", "elt-local-sales-load", "SUCCEEDED").
https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence

Event = tuple[str, str, str]

JOB_ACTIVE = ("STARTING", "RUNNING", "STOPPING", "WAITING")
CRAWL_ACTIVE = ("RUNNING", "CANCELLING")
STARTING_TYPES = ("ON_DEMAND", "SCHEDULED")

# How the states of job runs and crawls are counted in a run's statistics.
COUNTED = {
    "SUCCEEDED": "SucceededActions",
    "FAILED": "FailedActions",
    "TIMEOUT": "TimeoutActions",
    "STOPPED": "StoppedActions",
    "CANCELLED": "StoppedActions",
    "ERROR": "ErroredActions",
    "WAITING": "WaitingActions",
}


def events_awaited(trigger: Mapping) -> list[Event]:
    """The events that a trigger's conditions name."""
    awaited = []
    for condition in trigger.get("Predicate", {}).get("Conditions", []):
        if "JobName" in condition:
            awaited.append(("job", condition["JobName"], condition["State"]))
        else:
            awaited.append(("crawler", condition["CrawlerName"], condition["CrawlState"]))
    return awaited


def is_due(trigger: Mapping, seen: Collection[Event], event: Event) -> bool:
    """Whether `event`, the last of `seen`, makes a conditional trigger fire.

    `seen` holds the events of one workflow run, or since the trigger's last firing. A trigger that
    is not ACTIVATED never fires, and nothing is made up for when it is activated later.
    """
    awaited = events_awaited(trigger)
    if trigger["Type"] != "CONDITIONAL" or trigger["State"] != "ACTIVATED" or event not in awaited:
        return False
    if trigger["Predicate"].get("Logical", "AND") == "ANY":
        return True
    return all(one in seen for one in awaited)


def graph(
    triggers: Sequence[Mapping],
    job_runs: Iterable[Mapping] = (),
    crawls: Iterable[Mapping] = (),
) -> dict:
    """A workflow's nodes and edges, as AWS draws them, with the runs of each node.

    Records name their node by JobName and CrawlerName. A node that never started has no runs.
    """
    nodes: dict[str, dict] = {}
    edges: list[dict] = []

    def node(kind: str, name: str, details: dict) -> str:
        unique = "wnode_" + hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()
        nodes.setdefault(unique, {"Type": kind, "Name": name, "UniqueId": unique, **details})
        return unique

    def job(name: str) -> str:
        runs = [run for run in job_runs if run["JobName"] == name]
        return node("JOB", name, {"JobDetails": {"JobRuns": runs}})

    def crawler(name: str) -> str:
        runs = [
            {key: value for key, value in crawl.items() if key != "CrawlerName"}
            for crawl in crawls
            if crawl["CrawlerName"] == name
        ]
        return node("CRAWLER", name, {"CrawlerDetails": {"Crawls": runs}})

    job_runs, crawls = list(job_runs), list(crawls)
    for trigger in triggers:
        own = node("TRIGGER", trigger["Name"], {"TriggerDetails": {"Trigger": dict(trigger)}})
        for kind, name, _state in events_awaited(trigger):
            source = job(name) if kind == "job" else crawler(name)
            edges.append({"SourceId": source, "DestinationId": own})
        for action in trigger.get("Actions", []):
            target = job(action["JobName"]) if "JobName" in action else crawler(action["CrawlerName"])
            edges.append({"SourceId": own, "DestinationId": target})
    return {"Nodes": list(nodes.values()), "Edges": edges}


def statistics(triggers: Iterable[Mapping], job_states: Iterable[str], crawl_states: Iterable[str]) -> dict[str, int]:
    """Counts of a run's actions; one that was never started is in the total alone."""
    counts = dict.fromkeys(("TotalActions", "RunningActions", *COUNTED.values()), 0)
    counts["TotalActions"] = sum(len(trigger.get("Actions", [])) for trigger in triggers)
    for state in (*job_states, *crawl_states):
        counts[COUNTED.get(state, "RunningActions")] += 1
    return counts
