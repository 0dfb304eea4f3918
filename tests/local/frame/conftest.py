"""A gateway without engines, in a state directory and on a port of its own: starts in a second."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from local import install, lifecycle
from local.context import Context
from local.place import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lifecycle.Place]:
    wanted = {
        "LAKESHIFT_STATE": str(tmp_path_factory.mktemp("state")),
        "LAKESHIFT_PORT": str(free_port()),
        "LAKESHIFT_ENGINES": "none",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    yield lifecycle.Place.from_environment()
    lifecycle.down(print)
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(scope="session")
def start(place: lifecycle.Place) -> Callable[[], dict]:
    def start_gateway() -> dict:
        place.logs.mkdir(parents=True, exist_ok=True)
        paths = install.Layout(install.cache_root()).paths()
        return lifecycle.running(place) or lifecycle._start(place, paths, print)

    return start_gateway


@pytest.fixture
def context(place: lifecycle.Place, start: Callable[[], dict]) -> Context:
    start()
    return Context(root=ROOT, state_dir=place.state, cache={}, endpoint=place.endpoint)


@pytest.fixture
def requests(place: lifecycle.Place) -> Callable[[], list[dict]]:
    def read() -> list[dict]:
        file = place.logs / "requests.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()]

    return read


@pytest.fixture
def deploy(context: Context) -> Callable[[str, dict], tuple[str, str]]:
    """Creates or updates a stack of these resources; its status, and the reasons of what failed."""

    def deploy_stack(name: str, resources: dict) -> tuple[str, str]:
        cloudformation = context.client("cloudformation")
        existing = [s["StackName"] for s in cloudformation.describe_stacks()["Stacks"]]
        act = cloudformation.update_stack if name in existing else cloudformation.create_stack
        template = json.dumps({"Resources": resources})
        act(StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
        for _ in range(300):
            (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                break
            time.sleep(0.1)
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [e.get("ResourceStatusReason", "") for e in events if "FAILED" in e["ResourceStatus"]]
        return stack["StackStatus"], "\n".join(failed)

    return deploy_stack
