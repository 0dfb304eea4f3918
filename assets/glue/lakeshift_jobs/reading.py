"""Reads raw objects inside Spark tasks, so that no row passes through the driver."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import boto3
from pyspark.sql import DataFrame, SparkSession

from lakeshift_jobs import records
from lakeshift_jobs.conform import RECORD_SCHEMA
from lakeshift_jobs.contract import Contract
from lakeshift_jobs.lake import RawObject

Row = tuple[str, int, str, Sequence[Any], Any]


def read(session: SparkSession, bucket: str, objects: Sequence[RawObject], contract: Contract) -> DataFrame:
    """The records of all objects, one object a task."""
    names = [column.name for column in contract.columns]
    task = functools.partial(
        read_objects, bucket=bucket, format=contract.format, options=dict(contract.options), columns=names
    )
    sources = [(item.key, item.version_id, item.etag) for item in objects]
    rows = session.sparkContext.parallelize(sources, len(sources)).mapPartitions(task)
    return session.createDataFrame(rows, RECORD_SCHEMA, verifySchema=False)


def read_objects(
    sources: Iterable[tuple[str, str | None, str]],
    bucket: str,
    format: str,
    options: Mapping[str, Any],
    columns: Sequence[str],
) -> Iterator[Row]:
    for key, version_id, etag in sources:
        # where nothing keeps versions, at least not another content than the one listed
        version = {"VersionId": version_id} if version_id else {"IfMatch": etag}
        body = _client().get_object(Bucket=bucket, Key=key, **version)["Body"]
        # as Athena and Spectrum decide it: .GZ is no suffix of theirs
        for record in records.read(body, key.endswith(".gz"), format, options, columns):
            yield key, record.line_number, record.content, record.values, record.problem


@functools.lru_cache(maxsize=1)
def _client() -> Any:
    """One client per worker process."""
    return boto3.client("s3")
