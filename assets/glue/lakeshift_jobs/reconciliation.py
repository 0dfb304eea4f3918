"""Does every zone hold what the one before it handed on? Questions as SQL, answers as plain numbers, a verdict."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lakeshift_jobs.contract import Column, Contract
from lakeshift_jobs.lake import RawObject
from lakeshift_jobs.loading import LEDGER_TABLE
from lakeshift_jobs.records import REMARK_LINE, SEPARATOR, UNREADABLE_LINE
from lakeshift_jobs.sql import Statement, any_text, quote
from lakeshift_jobs.words import count

# doubles are summed in another order by each engine
_DOUBLE_TOLERANCE = Decimal("1e-9")
# both engines' decimals end at 38 digits: the sum of ten thousand million values of more than 28 may not fit
_MAX_SUMMED_DIGITS = 28
_SHOWN = 3


@dataclass(frozen=True)
class LedgerRow:
    object_key: str
    etag: str
    run_id: str
    rows_read: int
    rows_loaded: int
    rows_rejected: int


@dataclass
class Findings:
    """What was counted, and everything that does not agree."""

    raw_rows: int = 0
    rejected_rows: int = 0
    landing_rows: int = 0
    landing_keys: int = 0
    fact_rows: int = 0
    fact_keys: int = 0
    published_rows: int = 0
    keys_match: bool = False
    unreadable: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def expect(self, is_true: bool, failure: str) -> None:
        if not is_true:
            self.failures.append(failure)


def ledger(contract: Contract) -> Statement:
    columns = "object_key, etag, run_id, rows_read, rows_loaded, rows_rejected"
    pattern = quote(contract.dataset + "/%")
    return Statement(f"select {columns} from {LEDGER_TABLE} where object_key like {pattern}", "ledger", 1)


def landed(contract: Contract) -> Statement:
    query = f"select object_key, count(*) as landed from {contract.landing_table} group by object_key"
    return Statement(query, "landed rows", 1)


def keys(contract: Contract) -> Statement:
    """Counts of keys, and of those that only one side has."""
    key = ", ".join(contract.business_key)
    landing, fact = contract.landing_table, contract.published.warehouse_table
    counts = [
        f"select distinct {key} from {landing}",
        f"select {key} from {fact}",
        f"select distinct {key} from {fact}",
        f"select {key} from {landing} except select {key} from {fact}",
        f"select {key} from {fact} except select {key} from {landing}",
    ]
    names = ["landing_keys", "fact_rows", "fact_keys", "only_landed", "only_facts"]
    columns = [f"(select count(*) from ({query}) as t) as {name}" for query, name in zip(counts, names)]
    return Statement(f"select {', '.join(columns)}", "keys", 1)


def raw_rows(contract: Contract, raw_database: str, raw_bucket: str, left_out: Sequence[str]) -> str:
    """Athena's count of records: those of Parquet, or lines that are not blank; without those of some objects."""
    conditions = ["true"] if contract.format == "parquet" else ["not regexp_like(line, '^[ \\t]*$')"]
    if left_out:
        paths = ", ".join(any_text(f"s3://{raw_bucket}/{key}") for key in left_out)
        conditions.append(f'"$path" not in ({paths})')
    return f'select count(*) from "{raw_database}"."{contract.lines_table}" where {" and ".join(conditions)}'


def rejected_rows(contract: Contract, raw_database: str) -> str:
    """What the rejected zone holds, per load of an object: how many lines, why the object can't be read, if so, and what
    the load remarked on it.

    An attempt repeated in a run wrote lines twice; lines 0 and -1 are no lines, but stand for the object.
    """
    return (
        "select object_key, etag, run_id, count(distinct case when line_number > 0 then line_number end) as lines, "
        f"max(case when line_number = {UNREADABLE_LINE} then reason end) as unreadable, "
        f"max(case when line_number = {REMARK_LINE} then reason end) as remark "
        f'from "{raw_database}"."{contract.rejected_table}" group by object_key, etag, run_id'
    )


def totals_in_warehouse(contract: Contract) -> Statement:
    query = f"select {_totals(contract.published.columns)} from {contract.published.warehouse_table}"
    return Statement(query, "totals", 1)


def totals_in_athena(contract: Contract, curated_database: str) -> str:
    return f'select {_totals(contract.published.columns)} from "{curated_database}"."{contract.published.table}"'


def current(ledger_rows: Iterable[LedgerRow], objects: Iterable[RawObject]) -> tuple[list[LedgerRow], list[RawObject]]:
    """The ledger rows of objects that still lie in the lake, and the objects that were not loaded yet."""
    by_content = {(row.object_key, row.etag): row for row in ledger_rows}
    rows, pending = [], []
    for item in objects:
        row = by_content.get((item.key, item.etag))
        if row:
            rows.append(row)
        else:
            pending.append(item)
    return rows, pending


def check_landing(findings: Findings, rows: Sequence[LedgerRow], landed_rows: Mapping[str, int]) -> None:
    """Each object: read = loaded + rejected, and as many rows landed as the ledger says."""
    wrong = [
        f"{row.object_key} (read {row.rows_read}, loaded {row.rows_loaded}, rejected {row.rows_rejected}, "
        f"landed {landed_rows.get(row.object_key, 0)})"
        for row in rows
        if row.rows_read != row.rows_loaded + row.rows_rejected or row.rows_loaded != landed_rows.get(row.object_key, 0)
    ]
    findings.landing_rows = sum(landed_rows.get(row.object_key, 0) for row in rows)
    findings.rejected_rows = sum(row.rows_rejected for row in rows)
    # usually another header or another format, not bad rows
    findings.refused = sorted(row.object_key for row in rows if row.rows_rejected and not row.rows_loaded)
    findings.expect(not wrong, f"ledger and landing disagree on {_some(wrong)}")


def check_readable(
    findings: Findings, rows: Sequence[LedgerRow], reasons: Mapping[tuple[str, str, str], str | None]
) -> list[str]:
    """The keys of the objects that nobody can read: the load took nothing of them, and a query on them fails."""
    broken = {}
    for row in rows:
        reason = reasons.get((row.object_key, row.etag, row.run_id))
        if reason:
            broken[row.object_key] = reason
    findings.unreadable = sorted(broken)
    shown = [f"{key}: {broken[key]}" for key in findings.unreadable]
    findings.expect(
        not broken,
        f"{count(len(broken), 'raw object')} can't be read (to mend: upload again, or remove): {_some(shown)}",
    )
    return findings.unreadable


def note_remarks(
    findings: Findings, rows: Sequence[LedgerRow], remarks: Mapping[tuple[str, str, str], str | None]
) -> None:
    """What the load said of objects that still lie in the lake, each remark once. No failure: their rows are right."""
    objects: dict[str, list[str]] = {}
    for row in rows:
        said = remarks.get((row.object_key, row.etag, row.run_id))
        for remark in said.split(SEPARATOR) if said else ():
            objects.setdefault(remark, []).append(row.object_key)
    findings.remarks = [
        f"{remark} (in {count(len(keys), 'raw object')}, the first {min(keys)})" for remark, keys in objects.items()
    ]


def check_raw(findings: Findings, counted: int) -> None:
    findings.raw_rows = counted
    kept = findings.landing_rows + findings.rejected_rows
    findings.expect(
        counted == kept,
        f"raw has {count(counted, 'row')}: {findings.landing_rows} landed, {findings.rejected_rows} rejected",
    )


def check_gone(findings: Findings, objects: Iterable[RawObject], landed_rows: Mapping[str, int]) -> None:
    """Every landed row has its object in the lake. Nothing here deletes raw data, so somebody did."""
    held = {item.key for item in objects}
    gone = {key: rows for key, rows in sorted(landed_rows.items()) if key not in held}
    findings.landing_rows += sum(gone.values())
    findings.expect(
        not gone,
        f"{count(sum(gone.values()), 'row')} landed from objects that raw no longer holds: {_some(list(gone))} "
        "(bring the objects back, or upload empty ones of their names to take the rows out)",
    )


def check_rejected(findings: Findings, rows: Sequence[LedgerRow], zone: Mapping[tuple[str, str, str], int]) -> None:
    """The rejected zone holds every row that the ledger calls rejected; orphans of killed attempts don't count."""
    wrong = [
        f"{row.object_key} ({row.rows_rejected} in the ledger, {held} in the zone)"
        for row in rows
        for held in [zone.get((row.object_key, row.etag, row.run_id), 0)]
        if held != row.rows_rejected
    ]
    findings.expect(not wrong, f"ledger and rejected zone disagree on {_some(wrong)}")


def check_keys(
    findings: Findings, landing_keys: int, fact_rows: int, fact_keys: int, only_landed: int, only_facts: int
) -> None:
    findings.landing_keys, findings.fact_rows, findings.fact_keys = landing_keys, fact_rows, fact_keys
    findings.keys_match = only_landed == 0 and only_facts == 0 and fact_rows == fact_keys
    findings.expect(only_landed == 0, f"{count(only_landed, 'landed key')} without a fact")
    findings.expect(only_facts == 0, f"{count(only_facts, 'fact')} without a landed row")
    findings.expect(fact_rows == fact_keys, f"{count(fact_rows, 'fact')} with {count(fact_keys, 'different key')}")


def check_totals(findings: Findings, contract: Contract, warehouse: Sequence[Any], athena: Sequence[Any]) -> None:
    """Row count and sums of the published table are those of the warehouse's."""
    findings.published_rows = int(athena[0])
    table = contract.published.table
    findings.expect(
        int(warehouse[0]) == int(athena[0]),
        f"{table}: {count(int(warehouse[0]), 'row')} in the warehouse, {athena[0]} published",
    )
    columns = _summed(contract.published.columns)
    sums, sizes = len(columns) + 1, iter(athena[len(columns) + 1 :])
    for column, here, there in zip(columns, warehouse[1:sums], athena[1:sums]):
        ours, theirs = Decimal(str(here or 0)), Decimal(str(there or 0))
        tolerance = Decimal(str(next(sizes) or 0)) * _DOUBLE_TOLERANCE if _is_rough(column) else Decimal(0)
        findings.expect(
            _is_near(ours, theirs, tolerance), f"{table}.{column.name}: {ours} in the warehouse, {theirs} published"
        )


def summary(
    findings: Findings,
    dataset: str,
    run_id: str,
    now: datetime.datetime,
    last_success_at: str | None,
    run_rows: Sequence[LedgerRow] = (),
) -> dict[str, Any]:
    """What the command line's `status` reads, so that it need not wake the warehouse."""
    checked_at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    ok = not findings.failures
    return {
        "dataset": dataset,
        "run_id": run_id,
        "checked_at": checked_at,
        "ok": ok,
        "raw_rows": findings.raw_rows,
        "rejected_rows": findings.rejected_rows,
        "landing_rows": findings.landing_rows,
        "landing_keys": findings.landing_keys,
        "fact_rows": findings.fact_rows,
        "fact_keys": findings.fact_keys,
        "keys_match": findings.keys_match,
        "unreadable": findings.unreadable,
        "refused": findings.refused,
        "remarks": findings.remarks,
        # of this run alone, as the alarm on them looks at it
        "run_rejected_rows": sum(row.rows_rejected for row in run_rows),
        "published_rows": findings.published_rows,
        "last_success_at": checked_at if ok else last_success_at,
        "failures": findings.failures,
    }


def metrics(findings: Findings, environment: str, dataset: str, run_rows: Sequence[LedgerRow]) -> list[dict[str, Any]]:
    """CloudWatch metrics; without a heartbeat the freshness alarm rings."""
    values = {
        "RowsRead": sum(row.rows_read for row in run_rows),
        "RowsLoaded": sum(row.rows_loaded for row in run_rows),
        "RowsRejected": sum(row.rows_rejected for row in run_rows),
        "CheckFailures": len(findings.failures),
        "PublishedRows": findings.published_rows,
    }
    if not findings.failures:
        values["Heartbeat"] = 1
    dimensions = [{"Name": "Environment", "Value": environment}, {"Name": "Dataset", "Value": dataset}]
    return [
        {"MetricName": name, "Dimensions": dimensions, "Value": float(value), "Unit": "Count"}
        for name, value in values.items()
    ]


def _totals(columns: Sequence[Column]) -> str:
    expressions = ["count(*) as row_count"]
    for column in _summed(columns):
        # wide, as a sum of integers outgrows their type
        kind = "double precision" if _is_rough(column) else f"decimal(38, {_scale(column)})"
        expressions.append(f"sum(cast({column.name} as {kind})) as {column.name}")
    for column in _summed(columns):
        if _is_rough(column):
            # what the sum may be off by follows from the values' size, not from the sum: that may be near zero
            expressions.append(f"sum(abs(cast({column.name} as double precision))) as size_of_{column.name}")
    return ", ".join(expressions)


def _summed(columns: Sequence[Column]) -> list[Column]:
    return [column for column in columns if column.is_numeric]


def _is_rough(column: Column) -> bool:
    """Whether its sum is compared as a double."""
    return column.base == "double" or column.base == "decimal" and column.sizes[0] > _MAX_SUMMED_DIGITS


def _is_near(ours: Decimal, theirs: Decimal, tolerance: Decimal) -> bool:
    if not (ours.is_finite() and theirs.is_finite()):
        # a NaN is in no order, not even with itself
        return str(ours) == str(theirs)
    return abs(ours - theirs) <= tolerance


def _scale(column: Column) -> int:
    return column.sizes[1] if column.base == "decimal" else 0


def _some(items: Sequence[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return "; ".join(items[:_SHOWN]) + more
