"""Applies SQL at deploy time: the warehouse's, a dataset's, or the Athena views.

The Lambda function that stands behind every schema step of an environment: CloudFormation calls it whenever a step's SQL
or what it is filled in with changes. A statement that fails fails the deployment.
Beside this file lie modules of lakeshift_jobs (sql, warehouse, athena, contract).
"""

from __future__ import annotations

import io
import json
import tempfile
import traceback
import uuid
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3

import patience
import steps
from athena import Athena, AthenaError
from sql import SqlError
from warehouse import Target, Warehouse, WarehouseError

# Bytes. CloudFormation takes 4 KB of an answer, and shows less.
LONGEST_REASON = 2000


def handler(event: Mapping[str, Any], context: Any) -> None:
    reason = ""
    try:
        if event["RequestType"] != "Delete":  # what is deleted with a stack, SQL did not make
            properties = event["ResourceProperties"]
            with tempfile.TemporaryDirectory() as folder:
                fetch(properties["Archive"], folder)
                apply(properties["Variables"], Path(folder), patience.until_end_of(context))
    except (WarehouseError, AthenaError, SqlError, patience.OutOfTime) as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - CloudFormation would wait in vain for the answer
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}"
    if reason:
        print(reason)
    answer(event, reason)


def answer(event: Mapping[str, Any], reason: str) -> None:
    """Tells CloudFormation that it is done, or why not."""
    said = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason.encode()[:LONGEST_REASON].decode(errors="ignore"),
        "PhysicalResourceId": event.get("PhysicalResourceId") or event["LogicalResourceId"],
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    body = json.dumps(said, ensure_ascii=False).encode()
    # a signed address takes no other type of content
    request = Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT")
    with urlopen(request, timeout=30):
        pass


def fetch(archive: str, folder: str) -> None:
    """Unpacks an archive, s3://bucket/key, into a folder."""
    bucket, key = archive.removeprefix("s3://").split("/", 1)
    body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as files:
        files.extractall(folder)


def apply(variables: Mapping[str, str], folder: Path, sleep: Callable[[float], None]) -> None:
    target = variables["TARGET"]
    placeholders = json.loads(variables.get("PLACEHOLDERS") or "{}")
    if target == "warehouse":
        analysts = json.loads(variables.get("ANALYSTS") or "[]")
        steps.apply_warehouse(connect("warehouse", variables, sleep), folder, placeholders, analysts)
    elif target == "dataset":
        steps.apply_dataset(connect("dataset", variables, sleep), folder, placeholders)
    elif target == "athena":
        athena = Athena(boto3.client("athena"), variables["ATHENA_WORKGROUP"], variables["CURATED_DATABASE"], sleep)
        steps.apply_athena(athena, folder, placeholders)
    else:
        raise RuntimeError(f"TARGET is {target!r}: use warehouse, dataset or athena")


def connect(step: str, variables: Mapping[str, str], sleep: Callable[[float], None]) -> Warehouse:
    """The warehouse as its administrator, whose password only the service that made it knows."""
    secret = variables.get("SECRET_ARN") or admin_secret(variables["NAMESPACE"])
    target = Target(variables["WAREHOUSE"], variables["WAREHOUSE_NAME"], variables["DATABASE"], secret)
    name = f"{variables['WAREHOUSE_NAME']}-schema-{step}"
    return patience.PatientWarehouse(boto3.client("redshift-data"), target, name, uuid.uuid4().hex, sleep)


def admin_secret(namespace: str) -> str:
    """CloudFormation does not tell a serverless namespace's secret, so the service is asked."""
    answer = boto3.client("redshift-serverless").get_namespace(namespaceName=namespace)
    arn = answer["namespace"].get("adminPasswordSecretArn")
    if not arn:
        raise RuntimeError(f"namespace {namespace} has no managed administrator password: set manageAdminPassword")
    return str(arn)
