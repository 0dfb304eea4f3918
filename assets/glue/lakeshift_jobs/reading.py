"""Reads raw objects inside Spark tasks, so that no row passes through the driver."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import boto3
from pyspark.sql import DataFrame, SparkSession

from lakeshift_jobs import records
from lakeshift_jobs.conform import RECORD_SCHEMA
from lakeshift_jobs.contract import Column, Contract
from lakeshift_jobs.lake import RawObject

Row = tuple[str, int, str | None, Sequence[Any], Any]


def read(session: SparkSession, bucket: str, objects: Sequence[RawObject], contract: Contract) -> DataFrame:
    """The records of all objects, one object a task."""
    task = functools.partial(
        read_objects, bucket=bucket, format=contract.format, options=dict(contract.options), columns=contract.columns
    )
    sources = [(item.key, item.version_id, item.etag) for item in objects]
    rows = session.sparkContext.parallelize(sources, len(sources)).mapPartitions(task)
    return session.createDataFrame(rows, RECORD_SCHEMA, verifySchema=False)


def read_objects(
    sources: Iterable[tuple[str, str | None, str]],
    bucket: str,
    format: str,
    options: Mapping[str, Any],
    columns: Sequence[Column],
) -> Iterator[Row]:
    for key, version_id, etag in sources:
        # where nothing keeps versions, at least not another content than the one listed
        version = {"VersionId": version_id} if version_id else {"IfMatch": etag}
        body = _client().get_object(Bucket=bucket, Key=key, **version)["Body"]
        if format == "parquet":
            found = read_parquet(body, columns)
        else:
            # as Athena and Spectrum decide it: .GZ is no suffix of theirs
            fields = [column.source for column in columns]
            found = records.read(body, key.endswith(".gz"), format, options, fields)
        for record in found:
            yield key, record.line_number, record.content, record.values, record.problem


def read_parquet(body: Any, columns: Sequence[Column]) -> Iterator[records.Record]:
    """Parquet is read from its end, so the object is copied to the worker's disk first."""
    # here and not above: the other formats do without pyarrow
    from lakeshift_jobs import parquet

    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(body, file, records.CHUNK_BYTES)
        yield from parquet.read(file, columns)


@functools.lru_cache(maxsize=1)
def _client() -> Any:
    """One client per worker process."""
    return boto3.client("s3")
