"""A gateway with the Glue engine alone, on a free port, in a folder of its own; and an engine without
anything around it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from glue_gateway import ROOT, Gateway

from local.engines.glue import firing
from local.engines.glue.engine import Engine


@pytest.fixture(scope="session")
def cache() -> dict[str, str]:
    """Where Java and the S3A jars are, as the installer says."""
    said = subprocess.run(
        [sys.executable, "local/install.py", "--print-paths"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = json.loads(os.environ.get("LAKESHIFT_TEST_PATHS") or said.stdout)
    if not Path(paths["jars"]).exists():
        pytest.fail("the jars are not installed: python3 local/install.py")
    return paths


@pytest.fixture(scope="session")
def gateway(tmp_path_factory, cache):
    gateway = Gateway(tmp_path_factory.mktemp("glue"), cache)
    gateway.start()
    yield gateway
    gateway.stop()


class FakeWorkers:
    """Runs nothing, remembers what it was asked to."""

    def __init__(self):
        self.asked: list[tuple[str, str]] = []

    def start_job(self, run_id):
        self.asked.append(("start job", run_id))

    def stop_job(self, run_id):
        self.asked.append(("stop job", run_id))

    def start_crawl(self, crawl_id):
        self.asked.append(("start crawl", crawl_id))

    def stop_crawl(self, crawl_id):
        self.asked.append(("stop crawl", crawl_id))


@pytest.fixture
def engine() -> Engine:
    """An engine without threads, whose clock stands at 1000 unless a test moves it."""
    made: Any = Engine(
        region="us-east-1",
        account="000000000000",
        workers=FakeWorkers(),
        announce=lambda kind, detail: made.events.append((kind, detail)),
        on_event=firing.on_event,
        clock=lambda: made.time,
    )
    made.events, made.time = [], 1000.0
    return made
