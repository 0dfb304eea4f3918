"""A gateway with the local Athena on a free port, for the tests that ask Trino itself."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.caller import OPERATOR_CREDENTIALS

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60
QUERY_SECONDS = 60


class Gateway:
    """One running gateway and clients of it."""

    def __init__(self, state: Path):
        paths = json.loads(
            subprocess.run(
                [sys.executable, "local/install.py", "--print-paths"],
                cwd=ROOT,
                check=False,  # exits 3 if any part is missing; the gateway says it if one of ours is
                capture_output=True,
            ).stdout
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.state = state
        self.endpoint = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "local.gateway", "--state", str(state)]
        command += ["--port", str(port), "--engines", "glue,athena", "--cache", json.dumps(paths)]
        with (state / "output").open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.client("s3").list_buckets()
                return
            except (BotoCoreError, ClientError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    pytest.fail(f"no gateway: {(state / 'output').read_text()[-3000:]}")
                time.sleep(0.2)

    def client(self, service: str):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            config=Config(proxies={}, retries={"max_attempts": 0}, connect_timeout=2),
            **OPERATOR_CREDENTIALS,
        )

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Athena:
    """Runs queries in one workgroup and hands back what the API says."""

    def __init__(self, client, workgroup: str, database: str):
        self.client = client
        self.workgroup = workgroup
        self.database = database

    def start(self, sql: str, **request) -> str:
        request.setdefault("WorkGroup", self.workgroup)
        return self.client.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": self.database}, **request
        )["QueryExecutionId"]

    def wait(self, execution: str, *states: str) -> dict:
        """The execution once it has ended, or is in one of `states`."""
        wanted = states or ("SUCCEEDED", "FAILED", "CANCELLED")
        deadline = time.monotonic() + QUERY_SECONDS
        while time.monotonic() < deadline:
            found = self.client.get_query_execution(QueryExecutionId=execution)["QueryExecution"]
            if found["Status"]["State"] in wanted:
                return found
            time.sleep(0.05)
        raise AssertionError(f"still {found['Status']} after {QUERY_SECONDS} s")

    def run(self, sql: str, **request) -> dict:
        """The execution of a statement that must succeed."""
        found = self.wait(self.start(sql, **request))
        assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
        return found

    def rows(self, sql: str, **request) -> list[list[str | None]]:
        """First page of a query's rows, without the header."""
        found = self.run(sql, **request)
        answer = self.client.get_query_results(QueryExecutionId=found["QueryExecutionId"])
        rows = [[d.get("VarCharValue") for d in row["Data"]] for row in answer["ResultSet"]["Rows"]]
        return rows[1:] if found["StatementType"] == "DML" else rows
