"""What every operation needs: the records, the clock, and the edges that do the work."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from local.engines.glue.state import Store


class Workers(Protocol):
    """What runs jobs and crawls. All return at once; the end is told to `jobs.ended` and
    `crawlers.ended`."""

    def start_job(self, run_id: str) -> None: ...
    def stop_job(self, run_id: str) -> None: ...
    def start_crawl(self, crawl_id: str) -> None: ...
    def stop_crawl(self, crawl_id: str) -> None: ...


@dataclass
class Engine:
    region: str
    account: str
    workers: Workers
    # detail type, detail → an event of aws.glue
    announce: Callable[[str, Mapping], None]
    # firing.on_event: what a job or crawl that ended sets off
    on_event: Callable[..., None]
    store: Store = field(default_factory=Store)
    clock: Callable[[], float] = time.time

    def now(self) -> float:
        return round(self.clock(), 3)

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:glue:{self.region}:{self.account}:{kind}/{name}"

    def new_id(self, prefix: str) -> str:
        """As long as AWS's, whose readers may have fixed columns for it."""
        return f"{prefix}_{uuid.uuid4().hex}{uuid.uuid4().hex}"
