"""The local Redshift as the tests see it: the engine alone, and behind a gateway of its own."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

ACCOUNT = "000000000000"
DATABASE = "analytics"


class Warehouse:
    """One database; `run` runs statements as a user, one by one or as a batch."""

    def __init__(self, folder: Path):
        from local.engines.redshift.server import Server

        self.server = Server(folder / "data", folder / "log")
        self.server.start()
        self.server.create_database(DATABASE)
        with self.server.connect(DATABASE, autocommit=True) as connection:
            connection.execute("create role admin superuser login")
            connection.execute(f"alter database {DATABASE} owner to admin")

    def session(self, user: str = "admin", in_batch: bool = True):
        from local.engines.redshift.session import DatabaseSession, Login

        return DatabaseSession(Login(self.server, DATABASE, user, None, ACCOUNT, lambda: frozenset()), in_batch)

    def run(self, *statements: str, user: str = "admin", batch: bool | None = None, parameters: dict | None = None):
        """The last statement's result; several statements are one transaction."""
        session = self.session(user, len(statements) > 1 if batch is None else batch)
        try:
            for statement in statements:
                result = session.run(statement, parameters)[0]
            session.commit()
            return result
        finally:
            session.close()

    def rows(self, *statements: str, **options) -> list[list]:
        return plain(self.run(*statements, **options).rows)


def plain(rows: list[list[dict]]) -> list[list]:
    return [[None if "isNull" in field else next(iter(field.values())) for field in row] for row in rows]


def arn(role: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{role}"


class Gateway:
    """A gateway process with namespace and workgroup `elt-test`, two buckets and a few roles."""

    ROLES = ("elt-test-load", "elt-test-transform", "copier", "unloader", "lake", "stranger")
    ATTACHED = ("copier", "unloader", "lake")

    def __init__(self, state: Path):
        self.state = state
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen | None = None
        self.start()
        try:
            self._populate()
        except BaseException:
            self.kill()
            raise

    def start(self) -> None:
        from local.context import Context

        with (self.state / "output").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "local.gateway", "--state", str(self.state), "--port", str(self.port),
                 "--engines", "redshift"],
                cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        endpoint = f"http://127.0.0.1:{self.port}"
        self.context = Context(ROOT, self.state, {}, endpoint)
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2)
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.state / "output").read_text()[-3000:]) from None
                time.sleep(0.1)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def kill(self) -> None:
        """As a crash would: nobody says goodbye."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def client(self, service: str, principal: str | None = None):
        return self.context.client(service, principal)

    def _populate(self) -> None:
        for role in self.ROLES:
            self.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument="{}")
        for bucket in ("raw", "processed"):
            self.client("s3").create_bucket(Bucket=bucket)
        self.create_stack("warehouse", {
            "Namespace": {"Type": "AWS::RedshiftServerless::Namespace", "Properties": {
                "NamespaceName": "elt-test", "DbName": DATABASE, "ManageAdminPassword": True,
                "IamRoles": [arn(role) for role in self.ATTACHED], "LogExports": ["userlog"],
            }},
            "Workgroup": {"Type": "AWS::RedshiftServerless::Workgroup", "Properties": {
                "WorkgroupName": "elt-test", "NamespaceName": {"Ref": "Namespace"}, "BaseCapacity": 8,
            }},
        })  # fmt: skip
        namespace = self.client("redshift-serverless").get_namespace(namespaceName="elt-test")["namespace"]
        self.secret = namespace["adminPasswordSecretArn"]

    def create_stack(self, name: str, resources: dict, update: bool = False) -> dict:
        client = self.client("cloudformation")
        call = client.update_stack if update else client.create_stack
        call(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
        return self.wait_stack(name)

    def wait_stack(self, name: str) -> dict:
        while True:
            stack = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return stack
            time.sleep(0.1)

    # -- the Data API -----------------------------------------------------------------------------------

    def submit(self, sql, principal: str | None = None, admin: bool = False, **options) -> str:
        client = self.client("redshift-data", principal)
        place = {"WorkgroupName": "elt-test", "Database": DATABASE, **({"SecretArn": self.secret} if admin else {})}
        if isinstance(sql, list):
            return client.batch_execute_statement(Sqls=sql, **place, **options)["Id"]
        return client.execute_statement(Sql=sql, **place, **options)["Id"]

    def wait(self, number: str, principal: str | None = None) -> dict:
        while True:
            found = self.client("redshift-data", principal).describe_statement(Id=number, WaitTimeSeconds=10)
            if found["Status"] in ("FINISHED", "FAILED", "ABORTED"):
                return found

    def run(self, sql, principal: str | None = None, admin: bool = False, **options) -> dict:
        return self.wait(self.submit(sql, principal, admin, **options), principal)

    def done(self, sql, principal: str | None = None, admin: bool = False, **options) -> dict:
        found = self.run(sql, principal, admin, **options)
        assert found["Status"] == "FINISHED", found.get("Error")
        return found

    def rows(self, sql, principal: str | None = None, admin: bool = False, **options) -> list[list]:
        found = self.done(sql, principal, admin, **options)
        pages = self.client("redshift-data", principal).get_paginator("get_statement_result").paginate(Id=found["Id"])
        return [row for page in pages for row in plain(page["Records"])]

    def error(self, sql, principal: str | None = None, admin: bool = False, **options) -> str:
        found = self.run(sql, principal, admin, **options)
        assert found["Status"] == "FAILED", found["Status"]
        return found["Error"]

    # -- the lake ---------------------------------------------------------------------------------------

    def put_parquet(self, key: str, table: pa.Table, bucket: str = "processed", **options) -> int:
        sink = io.BytesIO()
        pq.write_table(table, sink, **options)
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=sink.getvalue())
        return sink.tell()

    def get_parquet(self, key: str, bucket: str = "processed") -> pa.Table:
        body = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return pq.ParquetFile(io.BytesIO(body)).read()

    def keys(self, prefix: str, bucket: str = "processed") -> list[str]:
        answer = self.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for item in answer.get("Contents", [])]
