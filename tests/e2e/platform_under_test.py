"""A copy of the project, deployed to a local AWS of its own: what the end-to-end tests act on."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import boto3

PROJECT = Path(__file__).resolve().parents[2]
ACCOUNT, REGION = "000000000000", "us-east-1"
RAW = f"elt-local-raw-{ACCOUNT}-{REGION}"
PROCESSED = f"elt-local-processed-{ACCOUNT}-{REGION}"


class Failed(AssertionError):
    """A command that was expected to succeed did not; the message holds its output."""


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_of_another_dataset(name: str) -> bool:
    """Contract or SQL of a dataset that is not sales."""
    path = Path(name)
    if path.parts[0] == "sql":
        return path.parts[1] not in ("warehouse", "sales")
    return path.parts[0] == "datasets" and path.suffix == ".yaml" and path.stem != "sales"


class Platform:
    """Tests edit the copy under `root`, never the project's own tree."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {
            **os.environ,
            "LAKESHIFT_STATE": str(root / ".local"),
            "LAKESHIFT_PORT": str(free_port()),
            "NO_COLOR": "1",
        }

    @classmethod
    def copy_of_project(cls, root: Path) -> Platform:
        """The project with dataset sales alone: what a team adds beside it is deployed, run and counted by no test."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            source, target = PROJECT / name, root / name
            if source.is_file() and not is_of_another_dataset(name):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        return cls(root)

    def add_dataset(self, name: str, folder: Path) -> None:
        """As a user adds one: its contract and its SQL, no code."""
        shutil.copytree(folder / "sql", self.root / "sql" / name)
        shutil.copy(folder / f"{name}.yaml", self.root / "datasets" / f"{name}.yaml")

    # -- commands ---------------------------------------------------------------------------------

    def execute(self, *command: str, check: bool = True, timeout: int = 600) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=timeout
        )
        if check and done.returncode:
            raise Failed(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def cli(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.execute("bin/lakeshift", *arguments, check=check)

    def cdk(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        env = {**self.environment, **self.exports}
        # the stock CLI, but it asks our CloudFormation ten times a second
        env["NODE_OPTIONS"] = f"--require {self.root / 'local' / 'short_polls.cjs'}"
        env["CDK_DISABLE_CLI_TELEMETRY"] = "true"
        # the other environments are synthesized by tests that need no AWS: here they would cost more than the deployment
        command = ["scripts/with-tools", "cdk", *arguments, "--context", "env=local", "--no-color"]
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, timeout=900)
        if check and done.returncode:
            raise Failed(f"cdk {' '.join(arguments)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def deploy(self, *stacks: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.cdk("deploy", *(stacks or ("local/*",)), "--require-approval", "never", check=check)

    # -- the pipeline -----------------------------------------------------------------------------

    def upload(self, dataset: str, name: str, text: str | bytes, date: str) -> None:
        file = self.root / "uploads" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.cli("upload", dataset, str(file), "--date", date)

    def run(self, dataset: str = "sales", check: bool = True) -> dict[str, Any]:
        done = self.cli("run", dataset, "--json", check=False)
        if check and done.returncode:
            raise Failed(f"run {dataset} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return json.loads(done.stdout)

    def status(self, dataset: str = "sales") -> dict[str, Any]:
        (entry,) = json.loads(self.cli("status", dataset, "--json").stdout)
        return entry

    def query(self, engine: str, sql: str) -> list[list[Any]]:
        return json.loads(self.cli("query", "--engine", engine, "--json", sql).stdout)["rows"]

    def query_file(self, engine: str, file: str) -> list[list[Any]]:
        return json.loads(self.cli("query", "--engine", engine, "--json", "-f", file).stdout)["rows"]

    def warehouse(self, sql: str) -> list[list[Any]]:
        return self.query("warehouse", sql)

    def athena(self, sql: str) -> list[list[Any]]:
        return self.query("athena", sql)

    def pending(self) -> list[list[Any]]:
        return self.query_file("warehouse", "sql/sales/queries/unified_pending.sql")

    def tables(self, *names: str) -> dict[str, list[list[Any]]]:
        """Whole tables, ordered: equal answers mean that nothing was changed."""
        return {name: sorted(self.warehouse(f"select * from {name}"), key=repr) for name in names}

    # -- the local AWS ----------------------------------------------------------------------------

    @property
    def exports(self) -> dict[str, str]:
        return json.loads((self.root / ".local" / "local.json").read_text())["env"]

    def client(self, service: str) -> Any:
        local = json.loads((self.root / ".local" / "local.json").read_text())
        return boto3.client(
            service,
            endpoint_url=local["endpoint"],
            region_name=local["region"],
            aws_access_key_id=local["access_key_id"],
            aws_secret_access_key=local["secret_access_key"],
        )

    def requests_since(self, position: int) -> list[dict[str, Any]]:
        text = (self.root / ".local" / "logs" / "requests.jsonl").read_bytes()[position:]
        return [json.loads(line) for line in text.splitlines() if line.strip()]

    def requests_position(self) -> int:
        return (self.root / ".local" / "logs" / "requests.jsonl").stat().st_size

    def wait_for_run(self, run_id: str, workflow: str = "elt-local-sales-pipeline") -> dict[str, Any]:
        glue = self.client("glue")
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            run = glue.get_workflow_run(Name=workflow, RunId=run_id, IncludeGraph=True)["Run"]
            if run["Status"] in ("COMPLETED", "STOPPED", "ERROR"):
                return run
            time.sleep(0.5)
        raise Failed(f"{workflow} run {run_id} did not end within 300 s")

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{file} does not hold {old!r}: the test is out of date"
        path.write_text(text.replace(old, new))
