"""AWS Glue: ministack keeps the catalog; jobs, crawlers, triggers and workflows are ours and real.

service        a request to who answers it
jobs crawlers triggers workflows security
               the operations of the API, on the records of `state`
flow firing    which trigger fires when, and what a workflow run looks like
workers process runner spark logs
               threads, processes and what they need
crawl cron arguments filters model
               pure: partitions, schedules, command lines, partition filters, the API's shapes
cloudformation the resource types
"""

from __future__ import annotations

import time
from collections.abc import Callable

from local.context import Context
from local.engines.glue import cloudformation, firing, process, spark
from local.engines.glue.engine import Engine
from local.engines.glue.service import Service
from local.engines.glue.state import Store
from local.engines.glue.workers import Scheduler, Threads

_store = Store()
_running: Running | None = None


class Running:
    """Everything that lives between `start` and `stop`."""

    def __init__(self, context: Context):
        self.threads = Threads(context)
        self.engine = Engine(
            region=context.region,
            account=context.account,
            workers=self.threads,
            announce=lambda kind, detail: context.emit_event("aws.glue", kind, detail),
            on_event=firing.on_event,
            store=_store,
        )
        self.threads.engine = self.engine
        self.service = Service(self.engine, context.stock("glue"))
        self.scheduler = Scheduler(self.engine)
        self.archive = spark.archive_maker(context.cache)

    def start(self) -> None:
        self.scheduler.start()
        self.archive.start()

    def stop(self) -> None:
        self.archive.stop()
        self.scheduler.stop()
        self.threads.stop_all()


def start(context: Context) -> None:
    global _running
    process.clear_leftovers(context)
    _running = Running(context)
    _running.start()


def stop() -> None:
    """Ends every process of ours; their runs are STOPPED."""
    global _running
    if _running is not None:
        _running.stop()
        _running = None


async def handle_request(method, path, headers, body, query):
    if _running is None:
        raise RuntimeError("the Glue engine is not started")
    return await _running.service.handle(method, path, headers, body, query)


def get_state() -> dict:
    return _store.dump()


def load_persisted_state(data: dict) -> None:
    _store.load(data, time.time())


def reset() -> None:
    if _running is not None:
        _running.threads.stop_all()
    _store.clear()


def cloudformation_types() -> dict[str, dict[str, Callable]]:
    def engine() -> Engine:
        if _running is None:
            raise RuntimeError("the Glue engine is not started")
        return _running.engine

    return cloudformation.types(engine)
