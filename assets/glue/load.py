"""Load: what is new in the raw zone, typed by the contract, into the landing table.

Killed anywhere and run again it gives the same tables: rows and ledger change in one transaction.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3

from lakeshift_jobs import arguments, bundle, catalog, lake, loading
from lakeshift_jobs.contract import Contract
from lakeshift_jobs.records import REMARK_LINE, UNREADABLE_LINE
from lakeshift_jobs.warehouse import Target, Warehouse
from lakeshift_jobs.words import count


@dataclass(frozen=True)
class Staged:
    ledger_manifest: str
    rows_manifest: str | None
    read: int
    loaded: int
    rejected: int


def main(argv: Sequence[str]) -> None:
    args = arguments.parse(argv, extra=("copy_role_arn",))
    s3 = boto3.client("s3")
    contract = bundle.read(s3, args.bundle).contract
    warehouse = Warehouse(
        boto3.client("redshift-data"),
        Target(args.warehouse, args.warehouse_name, args.database),
        args.statement_name("load"),
        args.attempt_id,
    )
    if warehouse.settle():
        print("an earlier attempt's statements were still under way: waited for them", flush=True)

    new = find_new(s3, warehouse, args.raw_bucket, contract)
    if not new:
        print("every object is in the ledger: nothing to load", flush=True)
        return
    print(count(len(new), "new object"), flush=True)
    register(boto3.client("glue"), args, contract, new)
    staged = stage(s3, args, contract, new)
    warehouse.transaction(
        loading.transaction(contract, args.extra["copy_role_arn"], staged.ledger_manifest, staged.rows_manifest)
    )
    print(f"{count(staged.read, 'row')} read = {staged.loaded} loaded + {staged.rejected} rejected", flush=True)


def find_new(s3: Any, warehouse: Warehouse, bucket: str, contract: Contract) -> list[lake.RawObject]:
    """The objects to load. Starting Spark costs more than all this, so it comes first."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    prefixes = lake.window_prefixes(contract.dataset, contract.window_days, today)
    listing = lake.list_objects(s3, bucket, contract.dataset, prefixes)
    for key in listing.strays:
        print(f"ignored, as it lies in no year=YYYY/month=MM/day=DD/ of a real date: {key}", flush=True)
    print(count(len(listing.objects), "raw object"), flush=True)
    if not listing.objects:
        return []
    ledger = warehouse.query(loading.known_objects(contract))
    unknown = lake.unknown_objects(listing.objects, ledger)
    return lake.pin_versions(s3, bucket, unknown)


def register(glue: Any, args: arguments.Arguments, contract: Contract, objects: Sequence[lake.RawObject]) -> None:
    """Shows the objects' partitions to Athena and Spectrum, should the crawler not have."""
    root = f"s3://{args.raw_bucket}/{contract.dataset}"
    locations = {tuple(item.partition.values): f"{root}/{item.partition.path}/" for item in objects}
    catalog.register(glue, args.raw_database, contract.raw_table, locations)


def stage(s3: Any, args: arguments.Arguments, contract: Contract, objects: Sequence[lake.RawObject]) -> Staged:
    """Reads, types and writes: good rows and ledger rows for COPY, the others into the rejected zone."""
    # here and not above: a run that finds nothing new must not pay for Spark
    from pyspark import StorageLevel

    from lakeshift_jobs import conform, reading

    bucket = args.processed_bucket
    prefix = f"staging/{contract.dataset}/{args.attempt_id}"
    root = f"s3://{bucket}/{prefix}"
    session = conform.open_session(args.statement_name("load"))
    try:
        described = conform.describe(session, objects, args.run_id)
        judged = conform.judge(reading.read(session, args.raw_bucket, objects, contract), contract)
        # the raw objects are read once, whatever is made of them
        judged = judged.persist(StorageLevel.MEMORY_AND_DISK)
        counts = {item.key: (0, 0, 0) for item in objects}
        for key, read, loaded, rejected in conform.count(judged):
            loading.check_counts(key, read, loaded, rejected)
            counts[key] = (read, loaded, rejected)
        read, loaded, rejected = (sum(column) for column in zip(*counts.values()))
        broken = list(conform.notes(judged, UNREADABLE_LINE)) if contract.format == "parquet" else []
        for key, reason in broken:
            print(f"{key}: {reason}: upload it again, or remove it", flush=True)
        remarks = list(conform.notes(judged, REMARK_LINE)) if contract.format == "parquet" else []
        for key, reason in remarks:
            print(f"warning: {key}: {reason}", flush=True)
        for key, (rows_read, fit, _) in counts.items():
            if rows_read and not fit:
                print(f"warning: {key}: no row fits", flush=True)

        files = max(1, min(len(objects), session.sparkContext.defaultParallelism))
        if rejected or broken or remarks:
            conform.rejected(judged, contract, described).coalesce(files).write.parquet(f"{root}/rejected")
            keep_rejected(s3, bucket, f"{prefix}/rejected/", f"rejected/{contract.dataset}/{args.attempt_id}")
        if loaded:
            loaded_at = datetime.datetime.now(datetime.timezone.utc).isoformat()
            rows = conform.accepted(judged, contract, described, loaded_at)
            rows.coalesce(files).write.parquet(f"{root}/rows")
        ledger = [(item.key, item.etag, item.version_id, args.run_id, *counts[item.key]) for item in objects]
        ledger_schema = ", ".join(
            f"{column.name} {'bigint' if column.bits else 'string'}" for column in loading.LEDGER_COLUMNS
        )
        session.createDataFrame(ledger, ledger_schema).coalesce(1).write.parquet(f"{root}/ledger")
    finally:
        session.stop()
    return Staged(
        ledger_manifest=write_manifest(s3, bucket, f"{prefix}/ledger"),
        rows_manifest=write_manifest(s3, bucket, f"{prefix}/rows") if loaded else None,
        read=read,
        loaded=loaded,
        rejected=rejected,
    )


def keep_rejected(s3: Any, bucket: str, source: str, target: str) -> None:
    """Moves nothing, copies: the rejected zone is flat, and Spark writes folders."""
    for number, (key, _) in enumerate(parquet_files(s3, bucket, source)):
        s3.copy_object(Bucket=bucket, Key=f"{target}-{number:05d}.parquet", CopySource={"Bucket": bucket, "Key": key})


def write_manifest(s3: Any, bucket: str, prefix: str) -> str:
    files = [(f"s3://{bucket}/{key}", size) for key, size in parquet_files(s3, bucket, f"{prefix}/")]
    key = f"{prefix}.manifest"
    s3.put_object(Bucket=bucket, Key=key, Body=loading.manifest(files).encode())
    return f"s3://{bucket}/{key}"


def parquet_files(s3: Any, bucket: str, prefix: str) -> list[tuple[str, int]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    entries = [entry for page in pages for entry in page.get("Contents", [])]
    return [(entry["Key"], entry["Size"]) for entry in entries if entry["Key"].endswith(".parquet")]


if __name__ == "__main__":
    main(sys.argv[1:])
