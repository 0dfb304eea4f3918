"""Applies SQL at deploy time: the warehouse's, a dataset's, or the Athena views.

A Lambda function that a deployment runs whenever its content changes. A statement that fails fails the deployment.
Beside this file lie modules of lakeshift_jobs (sql, warehouse, athena, contract), in payload/ what is to be applied.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

import steps
from athena import Athena, AthenaError
from sql import SqlError
from warehouse import Target, Warehouse, WarehouseError

PAYLOAD = Path(__file__).parent / "payload"


def handler(event: Any, context: Any) -> dict[str, str]:
    target = os.environ["TARGET"]
    placeholders = json.loads(os.environ.get("PLACEHOLDERS") or "{}")
    try:
        if target == "warehouse":
            analysts = json.loads(os.environ.get("ANALYSTS") or "[]")
            steps.apply_warehouse(connect("warehouse"), PAYLOAD / "warehouse", placeholders, analysts)
        elif target == "dataset":
            steps.apply_dataset(connect("dataset"), PAYLOAD / "bundle", placeholders)
        elif target == "athena":
            athena = Athena(boto3.client("athena"), os.environ["ATHENA_WORKGROUP"], os.environ["CURATED_DATABASE"])
            steps.apply_athena(athena, PAYLOAD / "athena", placeholders)
        else:
            raise RuntimeError(f"TARGET is {target!r}: use warehouse, dataset or athena")
    except (WarehouseError, AthenaError, SqlError) as error:
        raise RuntimeError(str(error)) from None
    return {"applied": target}


def connect(step: str) -> Warehouse:
    """The warehouse as its administrator, whose password only the service that made it knows."""
    environment: Mapping[str, str] = os.environ
    secret = environment.get("SECRET_ARN") or admin_secret(environment["NAMESPACE"])
    target = Target(environment["WAREHOUSE"], environment["WAREHOUSE_NAME"], environment["DATABASE"], secret)
    name = f"{environment['WAREHOUSE_NAME']}-schema-{step}"
    return Warehouse(boto3.client("redshift-data"), target, name, uuid.uuid4().hex)


def admin_secret(namespace: str) -> str:
    """CloudFormation does not tell a serverless namespace's secret, so the service is asked."""
    answer = boto3.client("redshift-serverless").get_namespace(namespaceName=namespace)
    arn = answer["namespace"].get("adminPasswordSecretArn")
    if not arn:
        raise RuntimeError(f"namespace {namespace} has no managed administrator password: set manageAdminPassword")
    return str(arn)
