"""Facts follow the transform's SQL: when that has changed, every business key counts as affected once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from lakeshift_jobs.contract import Contract
from lakeshift_jobs.publishing import QUEUE_TABLE
from lakeshift_jobs.sql import Statement, quote, without_comments

STATE_TABLE = "analytics.transform_state"


def fingerprint(files: Mapping[str, str]) -> str:
    """Names what the SQL does; comments and blanks do nothing."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(" ".join(without_comments(files[path]).split()).encode() + b"\0")
    return digest.hexdigest()


def recorded(contract: Contract) -> Statement:
    text = f"select fingerprint from {STATE_TABLE} where dataset = {quote(contract.dataset)}"
    return Statement(text, "transform state", 1)


def before(contract: Contract) -> list[Statement]:
    """What comes before the transform's statements in their transaction."""
    key, fact = ", ".join(contract.business_key), contract.published.warehouse_table
    texts = [
        # before the snapshot, as the transform's own lock would be
        f"lock {fact}, {QUEUE_TABLE}",
        (
            f"insert into {contract.affected_table} ({key}) "
            f"select {key} from {contract.landing_table} union select {key} from {fact}"
        ),
    ]
    return [Statement(text, "transform state", number) for number, text in enumerate(texts, start=1)]


def after(contract: Contract, current: str) -> list[Statement]:
    """What comes after them."""
    dataset = quote(contract.dataset)
    texts = [
        f"delete from {STATE_TABLE} where dataset = {dataset}",
        f"insert into {STATE_TABLE} (dataset, fingerprint, applied_at) values ({dataset}, {quote(current)}, getdate())",
    ]
    return [Statement(text, "transform state", number) for number, text in enumerate(texts, start=1)]
