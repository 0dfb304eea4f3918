"""The records of the engine, and how they survive the gateway's end."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from local.engines.glue import flow

INTERRUPTED = "The local AWS ended while this was running."


@dataclass
class Records:
    """JSON-able. Runs are in the order of their start. Keys that begin with _ are our own and
    never answered."""

    jobs: dict[str, dict] = field(default_factory=dict)
    job_runs: dict[str, dict] = field(default_factory=dict)
    workflows: dict[str, dict] = field(default_factory=dict)
    workflow_runs: dict[str, dict] = field(default_factory=dict)
    triggers: dict[str, dict] = field(default_factory=dict)
    # trigger outside a workflow → events since it last fired
    trigger_events: dict[str, list] = field(default_factory=dict)
    crawlers: dict[str, dict] = field(default_factory=dict)
    crawls: dict[str, dict] = field(default_factory=dict)
    security_configurations: dict[str, dict] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)

    def runs_in(self, workflow_run_id: str) -> Iterator[dict]:
        return (r for r in self.job_runs.values() if r.get("_workflow_run") == workflow_run_id)

    def crawls_in(self, workflow_run_id: str) -> Iterator[dict]:
        return (c for c in self.crawls.values() if c.get("_workflow_run") == workflow_run_id)

    def workflow_runs_of(self, workflow: str) -> list[dict]:
        return [r for r in self.workflow_runs.values() if r["Name"] == workflow]

    def triggers_of(self, workflow: str) -> list[dict]:
        return [t for t in self.triggers.values() if t.get("WorkflowName") == workflow]


class Store(Records):
    """Records behind one lock: hold it to read more than one of them, or to write."""

    def __init__(self):
        super().__init__()
        self.lock = threading.RLock()

    def dump(self) -> dict:
        with self.lock:
            return {f.name: copy.deepcopy(getattr(self, f.name)) for f in fields(Records)}

    def load(self, data: dict, now: float) -> None:
        """Takes up what `dump` gave; what was running then failed when the process ended."""
        with self.lock:
            for item in fields(Records):
                setattr(self, item.name, copy.deepcopy(data.get(item.name, {})))
            self._end_interrupted(now)

    def clear(self) -> None:
        self.load({}, 0)

    def _end_interrupted(self, now: float) -> None:
        for run in self.job_runs.values():
            if run["JobRunState"] in flow.JOB_ACTIVE:
                run.update(
                    JobRunState="FAILED",
                    ErrorMessage=INTERRUPTED,
                    CompletedOn=now,
                    LastModifiedOn=now,
                )
        for crawl in self.crawls.values():
            if crawl["State"] in flow.CRAWL_ACTIVE:
                crawl.update(State="FAILED", ErrorMessage=INTERRUPTED, CompletedOn=now)
        for crawler in self.crawlers.values():
            if crawler["State"] != "READY":
                crawler["State"] = "READY"
                crawler["LastCrawl"] = {
                    **crawler.get("LastCrawl", {}),
                    "Status": "FAILED",
                    "ErrorMessage": INTERRUPTED,
                }
        for run in self.workflow_runs.values():
            if run["Status"] in ("RUNNING", "STOPPING"):
                run["Status"] = "STOPPED" if run["Status"] == "STOPPING" else "COMPLETED"
                run["CompletedOn"] = now
                run["_graph"] = self.graph_of(run)
                run["_statistics"] = self.statistics_of(run)

    def graph_of(self, run: dict) -> dict:
        """The nodes of a workflow run as they stand now."""
        return flow.graph(
            [public(t) for t in self.triggers_of(run["Name"])],
            [public(r) for r in self.runs_in(run["WorkflowRunId"])],
            [{**public(c), "CrawlerName": c["_crawler"]} for c in self.crawls_in(run["WorkflowRunId"])],
        )

    def statistics_of(self, run: dict) -> dict[str, int]:
        return flow.statistics(
            self.triggers_of(run["Name"]),
            # a retry stands for the attempts before it
            {r["_node"]: r["JobRunState"] for r in self.runs_in(run["WorkflowRunId"])}.values(),
            [c["State"] for c in self.crawls_in(run["WorkflowRunId"])],
        )


def public(record: dict) -> dict:
    """A copy of a record without our own keys and what is not set."""
    return {key: copy.deepcopy(value) for key, value in record.items() if not key.startswith("_") and value is not None}
