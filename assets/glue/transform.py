"""Transform: from landed rows to facts, in one transaction; then what is made from the facts."""

from __future__ import annotations

import datetime
import importlib
import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from typing import Any

import boto3


def use_library(argv: Sequence[str]) -> None:
    """Puts the deployed library before the runtime's own packages, whose boto3 is too old for us."""
    library = next((argv[i + 1] for i, word in enumerate(argv[:-1]) if word == "--library"), None)
    if library is None:
        raise SystemExit("--library is missing: the s3:// address of the deployed library")
    bucket, _, key = library.partition("://")[2].partition("/")
    content = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    folder = tempfile.mkdtemp(prefix="library-")
    zipfile.ZipFile(io.BytesIO(content)).extractall(folder)
    sys.path[:0] = [folder, os.path.join(folder, "vendor")]
    shipped = {name.split(".")[0] for name in os.listdir(os.path.join(folder, "vendor"))}
    for name in [name for name in sys.modules if name.split(".")[0] in shipped]:
        del sys.modules[name]
    importlib.invalidate_caches()
    globals()["boto3"] = importlib.import_module("boto3")
    if not boto3.__file__.startswith(folder):
        raise SystemExit(f"boto3 {boto3.__version__} of {boto3.__file__} is not the library's")


def main(argv: Sequence[str]) -> None:
    from lakeshift_jobs import arguments, bundle, rebuilding, sql
    from lakeshift_jobs.warehouse import Target, Warehouse

    args = arguments.parse(argv, extra=("publish_role_arn",))
    s3 = boto3.client("s3")
    deployed = bundle.read(s3, args.bundle)
    warehouse = Warehouse(
        boto3.client("redshift-data"),
        Target(args.warehouse, args.warehouse_name, args.database),
        args.statement_name("transform"),
        args.attempt_id,
    )
    if warehouse.settle():
        print("an earlier attempt's statements were still under way: waited for them", flush=True)

    placeholders = args.placeholders(args.extra["publish_role_arn"])
    statements = deployed.statements("transform", placeholders)
    current = rebuilding.fingerprint(deployed.folder("transform"))
    if warehouse.query(rebuilding.recorded(deployed.contract)) != [(current,)]:
        print("the transform's SQL is new: all facts are made with it", flush=True)
        contract = deployed.contract
        statements = [*rebuilding.before(contract), *statements, *rebuilding.after(contract, current)]
    warehouse.transaction(statements)
    print("facts are up to date", flush=True)
    # after the commit: an incremental refresh sees committed rows only
    for name in deployed.materialized_views():
        warehouse.execute(sql.Statement(f"refresh materialized view {name}", name, 1))
        print(f"{name} refreshed", flush=True)
    publish(s3, boto3.client("glue"), warehouse, args, deployed, placeholders)


def publish(s3: Any, glue: Any, warehouse: Any, args: Any, deployed: Any, placeholders: dict[str, str]) -> None:
    """Writes the queued partitions anew and switches readers to them. What is not done stays on the queue."""
    from lakeshift_jobs import catalog, publishing, sql, words

    for path, text in deployed.folder("publish").items():
        table = publishing.table_of(path)
        queue = [partition for (partition,) in warehouse.query(publishing.queued(table))]
        if queue:
            for statement in sql.split(sql.render(text, placeholders, path), path):
                warehouse.execute(statement)
            prefix = f"curated/{table}/run={args.attempt_id}/"
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=args.processed_bucket, Prefix=prefix)
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
            names = catalog.partition_keys(glue, args.curated_database, table)
            switch = publishing.plan(queue, f"s3://{args.processed_bucket}/{prefix}", keys, prefix, names)
            catalog.switch(glue, args.curated_database, table, switch.locations, switch.emptied)
            for statement in publishing.done(table, queue):
                warehouse.execute(statement)
            published = words.count(len(switch.locations), "partition")
            print(f"{table}: {published} published, {len(switch.emptied)} emptied", flush=True)
        remove_unused(s3, glue, args, table)


def remove_unused(s3: Any, glue: Any, args: Any, table: str) -> None:
    """Deletes files that were replaced more than a day ago."""
    from lakeshift_jobs import catalog, publishing

    root = f"curated/{table}/"
    runs: dict[str, datetime.datetime] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=args.processed_bucket, Prefix=root):
        for entry in page.get("Contents", []):
            run = entry["Key"][len(root) :].split("/")[0]
            if run.startswith("run="):
                runs[run] = max(runs.get(run, entry["LastModified"]), entry["LastModified"])
    now = datetime.datetime.now(datetime.timezone.utc)
    if not publishing.unused_runs(runs, (), now):
        return
    root_uri = f"s3://{args.processed_bucket}/curated/{table}"
    used = [
        publishing.run_prefix(location, root_uri) for location in catalog.locations(glue, args.curated_database, table)
    ]
    unused = publishing.unused_runs(runs, [run for run in used if run], now)
    publishing.delete_prefixes(s3, args.processed_bucket, [f"{root}{run}/" for run in unused])


if __name__ == "__main__":
    use_library(sys.argv)
    main(sys.argv[1:])
