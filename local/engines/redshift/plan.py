"""What a statement comes to: PostgreSQL's text, or work for COPY, UNLOAD and their like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DOCS = "https://docs.aws.amazon.com/redshift/latest/dg/"

ROWS, COUNT, NOTHING = "rows", "count", "nothing"


@dataclass
class Plan:
    """One statement, ready to run."""

    sql: list[str] = field(default_factory=list)  # run in this order; the last one's result counts
    result: str = NOTHING
    action: Any = None  # a CopyCommand, an UnloadCommand: run by the session instead of `sql`
    external_tables: set[tuple[str, str]] = field(default_factory=set)
    late_views: set[tuple[str, str]] = field(default_factory=set)
    columns: frozenset[str] | None = None  # names the statement mentions; None: it wants whole rows
    must_be_tables: list[Any] = field(default_factory=list)  # Names that may not be views
    materialized: str | None = None  # the materialized view that it makes
    superuser: str | None = None  # what only a superuser may do, in words
    create_schema: str | None = None  # where later statements of the session create their tables
    new_external_schema: str | None = None
    new_late_view: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Form:
    """A statement form of Redshift's."""

    name: str
    page: str  # of the documentation
    in_transaction: bool = True  # may it run inside a batch?
    emulated: bool = True

    @property
    def url(self) -> str:
        return f"{DOCS}{self.page}.html"
