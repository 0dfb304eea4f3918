"""The threads that run jobs and crawls; engine.Workers over the real world."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from local.context import Context
from local.engines.glue import crawl, crawlers, firing, jobs
from local.engines.glue.engine import Engine
from local.engines.glue.logs import Stream
from local.engines.glue.process import JobProcess

log = logging.getLogger("lakeshift.glue")

BATCH_PARTITIONS = 100  # BatchCreatePartition's limit


class Threads:
    """A thread per job run and per crawl; each lives as long as what it watches."""

    def __init__(self, context: Context):
        self._context = context
        self.engine: Engine  # set before anything starts
        self._jobs: dict[str, JobProcess] = {}
        self._cancelled: dict[str, threading.Event] = {}
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._closed = False

    def start_job(self, run_id: str) -> None:
        if self._closed:
            return  # a run that starts while all else ends is found interrupted at the next start
        store = self.engine.store
        run = dict(store.job_runs[run_id])
        workflow_run = store.workflow_runs.get(run.get("_workflow_run") or "")
        process = JobProcess(self._context, run, workflow_run["Name"] if workflow_run else None)
        with self._lock:
            self._jobs[run_id] = process
        self._spawn(f"job {run['JobName']}", lambda: self._run_job(run_id, process))

    def _run_job(self, run_id: str, process: JobProcess) -> None:
        try:
            outcome = process.run(lambda: jobs.set_running(self.engine, run_id))
        finally:
            with self._lock:
                self._jobs.pop(run_id, None)
        jobs.ended(self.engine, run_id, outcome.state, outcome.message)

    def stop_job(self, run_id: str) -> None:
        with self._lock:
            process = self._jobs.get(run_id)
        if process is not None:
            process.stop()

    def start_crawl(self, crawl_id: str) -> None:
        if self._closed:
            return
        cancelled = threading.Event()
        with self._lock:
            self._cancelled[crawl_id] = cancelled
        name = self.engine.store.crawls[crawl_id]["_crawler"]
        crawler = dict(self.engine.store.crawlers[name])
        self._spawn(f"crawl {name}", lambda: self._run_crawl(crawl_id, crawler, cancelled))

    def _run_crawl(self, crawl_id: str, crawler: dict, cancelled: threading.Event) -> None:
        created, state, message = 0, "SUCCEEDED", None
        role = crawler["Role"].rsplit("/", 1)[-1]
        name = crawler["Name"]
        stream = Stream(self._context.client("logs", role), crawlers.LOG_GROUP, name)
        mark = f"[{crawl_id.removeprefix('crawl_')[:32]}]"
        stream.write(f"{mark} BENCHMARK : Running Start Crawl for Crawler {name}")
        try:
            created = self._crawl(crawl_id, crawler, role, cancelled, lambda s: stream.write(f"{mark} {s}"))
        except Cancelled:
            state = "CANCELLED"
        except Exception as error:  # noqa: BLE001 - whatever it was, the crawl has failed
            state, message = "FAILED", str(error)
            stream.write(f"{mark} ERROR : {message}")
        finally:
            with self._lock:
                self._cancelled.pop(crawl_id, None)
        stream.write(f"{mark} BENCHMARK : Crawler has finished running and is in state READY")
        stream.close()
        crawlers.ended(self.engine, crawl_id, state, message, created)

    def _crawl(
        self,
        crawl_id: str,
        crawler: dict,
        role: str,
        cancelled: threading.Event,
        say: Callable[[str], None],
    ) -> int:
        """Adds what the tables lack; returns how many partitions that were."""
        glue, s3 = (self._context.client(service, role) for service in ("glue", "s3"))
        additions = []
        for target in crawler["Targets"]["CatalogTargets"]:
            for table_name in target["Tables"]:
                names = {"DatabaseName": target["DatabaseName"], "Name": table_name}
                table = glue.get_table(**names)["Table"]
                pages = glue.get_paginator("get_partitions").paginate(
                    DatabaseName=target["DatabaseName"], TableName=table_name
                )
                known = [p["Values"] for page in pages for p in page["Partitions"]]
                keys = _keys(s3, table, cancelled)
                found, strays = crawl.missing_partitions(table, keys, known)
                if strays:
                    say(f"WARN : {strays} objects lie in no partition of {table_name}")
                additions.append((target["DatabaseName"], table_name, found))
        crawlers.saving(self.engine, crawl_id)
        for database, table_name, found in additions:
            for start in range(0, len(found), BATCH_PARTITIONS):
                batch = found[start : start + BATCH_PARTITIONS]
                _create(glue, database, table_name, batch)
                values = [partition["Values"] for partition in batch]
                say(f"INFO : Created partitions with values {values} for table {table_name} in database {database}")
        return sum(len(found) for _, _, found in additions)

    def stop_crawl(self, crawl_id: str) -> None:
        with self._lock:
            cancelled = self._cancelled.get(crawl_id)
        if cancelled is not None:
            cancelled.set()

    def stop_all(self) -> None:
        """Ends everything and waits until the records say so."""
        self._closed = True
        with self._lock:
            processes, events = list(self._jobs.values()), list(self._cancelled.values())
            threads = list(self._threads)
        for process in processes:
            process.stop()
        for event in events:
            event.set()
        for thread in threads:
            thread.join(timeout=5)
        self._closed = False

    def _spawn(self, name: str, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            except Exception:
                log.exception("%s", name)
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name=name, daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()


class Cancelled(Exception):
    """A crawl was asked to stop."""


def _keys(s3, table: dict, cancelled: threading.Event) -> Iterator[str]:
    bucket, prefix = crawl.bucket_and_prefix(table["StorageDescriptor"].get("Location", ""))
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        if cancelled.is_set():
            raise Cancelled
        yield from (item["Key"] for item in page.get("Contents", []))


def _create(glue, database: str, table: str, batch: list[dict]) -> None:
    answer = glue.batch_create_partition(DatabaseName=database, TableName=table, PartitionInputList=batch)
    # another writer may have been quicker: then it is there, as wanted
    errors = [e for e in answer.get("Errors", []) if e["ErrorDetail"]["ErrorCode"] != "AlreadyExistsException"]
    if errors:
        raise RuntimeError(f"partitions of {database}.{table} could not be created: {errors}")


class Scheduler(threading.Thread):
    """Fires schedules at the start of each minute (UTC)."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        super().__init__(name="glue schedules", daemon=True)
        self._engine = engine
        self._now = now
        self._stopping = threading.Event()

    def run(self) -> None:
        next_minute = _minute_after(self._now())
        while not self._stopping.wait(max(0.0, (next_minute - self._now()).total_seconds())):
            now = self._now()
            if now >= next_minute + timedelta(minutes=1):
                # this machine slept: what it missed stays missed
                next_minute = _minute_after(now)
                continue
            try:
                firing.on_minute(self._engine, next_minute)
            except Exception:
                log.exception("schedules of %s", next_minute)
            next_minute += timedelta(minutes=1)

    def stop(self) -> None:
        self._stopping.set()


def _minute_after(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
