"""Check: are the tables right, and does every zone hold what the one before it handed on?

Always leaves a run summary; fails the job when anything does not hold.
"""

from __future__ import annotations

import datetime
import importlib
import io
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import boto3


class CheckFailed(RuntimeError):
    """Something does not hold."""


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
    from lakeshift_jobs import arguments, bundle
    from lakeshift_jobs import reconciliation as rec
    from lakeshift_jobs.athena import Athena
    from lakeshift_jobs.warehouse import Target, Warehouse

    args = arguments.parse(argv, extra=("athena_workgroup",))
    s3 = boto3.client("s3")
    deployed = bundle.read(s3, args.bundle)
    warehouse = Warehouse(
        boto3.client("redshift-data"),
        Target(args.warehouse, args.warehouse_name, args.database),
        args.statement_name("check"),
        args.attempt_id,
    )
    athena = Athena(boto3.client("athena"), args.extra["athena_workgroup"], args.raw_database)

    findings = rec.Findings()
    ledger = [rec.LedgerRow(*row) for row in warehouse.query(rec.ledger(deployed.contract))]
    attempt(findings, "checks", lambda: check_facts(findings, warehouse, deployed, args.placeholders()))
    attempt(findings, "raw zone", lambda: check_zones(findings, s3, warehouse, athena, deployed.contract, args, ledger))
    attempt(findings, "tables", lambda: check_tables(findings, warehouse, athena, deployed.contract, args))

    run_rows = [row for row in ledger if row.run_id == args.run_id]
    report(s3, args, rec, findings, run_rows)
    for remark in findings.remarks:
        print(f"remark: {remark}", flush=True)
    for key in findings.refused:
        print(f"no row of {key} fits", flush=True)
    boto3.client("cloudwatch").put_metric_data(
        Namespace="Lakeshift", MetricData=rec.metrics(findings, args.environment, args.dataset, run_rows)
    )
    if findings.failures:
        raise CheckFailed("; ".join(findings.failures))
    print("everything holds", flush=True)


def attempt(findings: Any, name: str, step: Callable[[], None]) -> None:
    """Runs a group of checks; one that breaks is a failure like any other, and the rest still run."""
    try:
        step()
    except Exception as error:  # noqa: BLE001 - whatever it is, the summary has to say so
        findings.failures.append(f"{name}: {error}")


def check_facts(findings: Any, warehouse: Any, deployed: Any, placeholders: dict[str, str]) -> None:
    """Every file of check/ is a query for rows that must not be, named for what it proves."""
    from lakeshift_jobs.words import count

    for statement in deployed.statements("check", placeholders):
        rows = warehouse.query(statement)
        name = os.path.splitext(os.path.basename(statement.source))[0]
        against = f"{count(len(rows), 'row')} against it"
        print(f"{name}: {against if rows else 'holds'}", flush=True)
        findings.expect(not rows, f"{name}: {against}, the first is {rows[0] if rows else ''}")


def check_zones(
    findings: Any, s3: Any, warehouse: Any, athena: Any, contract: Any, args: Any, ledger: Sequence[Any]
) -> None:
    """raw = landed + rejected, object by object and in Athena's eyes."""
    from lakeshift_jobs import lake
    from lakeshift_jobs import reconciliation as rec
    from lakeshift_jobs.words import count

    listing = lake.list_objects(s3, args.raw_bucket, contract.dataset, [f"{contract.dataset}/"])
    rows, pending = rec.current(ledger, listing.objects)
    if pending:
        print(f"left out, as not loaded yet: {count(len(pending), 'object')}", flush=True)
    strays = listing.strays
    findings.expect(not strays, f"{count(len(strays), 'raw object')} in no year=/month=/day=, as {strays[:1]}")
    landed = dict(warehouse.query(rec.landed(contract)))
    rec.check_landing(findings, rows, landed)
    zone = {}
    if findings.rejected_rows or contract.format == "parquet":
        for key, etag, run_id, lines, reason, remark in athena.query(
            rec.rejected_rows(contract, args.raw_database), "rejected rows"
        ):
            zone[key, etag, run_id] = (int(lines), reason, remark)
    unreadable = rec.check_readable(findings, rows, {load: reason for load, (_, reason, _) in zone.items()})
    rec.note_remarks(findings, rows, {load: remark for load, (_, _, remark) in zone.items()})
    left_out = [item.key for item in pending] + unreadable
    counted = athena.query(rec.raw_rows(contract, args.raw_database, args.raw_bucket, left_out), "raw rows")
    rec.check_raw(findings, int(counted[0][0]))
    rec.check_gone(findings, listing.objects, landed)
    rec.check_rejected(findings, rows, {load: lines for load, (lines, _, _) in zone.items()})


def check_tables(findings: Any, warehouse: Any, athena: Any, contract: Any, args: Any) -> None:
    """Landing keys = fact keys, and published files = facts."""
    from lakeshift_jobs import reconciliation as rec

    rec.check_keys(findings, *warehouse.query(rec.keys(contract))[0])
    here = warehouse.query(rec.totals_in_warehouse(contract))[0]
    there = athena.query(rec.totals_in_athena(contract, args.curated_database), "published totals")[0]
    rec.check_totals(findings, contract, here, there)


def report(s3: Any, args: Any, rec: Any, findings: Any, run_rows: Sequence[Any]) -> None:
    """Writes the run summary, under the run's name and as the latest."""
    latest = f"runs/{args.dataset}/latest.json"
    now = datetime.datetime.now(datetime.timezone.utc)
    before = last_success(s3, args.artifacts_bucket, latest)
    summary = rec.summary(findings, args.dataset, args.run_id, now, before, run_rows)
    body = json.dumps(summary, indent=2).encode()
    for key in (f"runs/{args.dataset}/{args.run_id}.json", latest):
        s3.put_object(Bucket=args.artifacts_bucket, Key=key, Body=body, ContentType="application/json")


def last_success(s3: Any, bucket: str, key: str) -> str | None:
    try:
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).get("last_success_at")
    except s3.exceptions.NoSuchKey:
        return None


if __name__ == "__main__":
    use_library(sys.argv)
    main(sys.argv[1:])
