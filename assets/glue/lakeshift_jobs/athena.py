"""Athena: run a statement, read its rows.

Imports nothing of this package, so that the schema step can ship it too.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

_FIRST_WAIT_SECONDS = 0.05
_LONGEST_WAIT_SECONDS = 2.0


class AthenaError(RuntimeError):
    """A statement Athena refused, with its source and the engine's message."""


class Athena:
    """A client of one workgroup, which says where results go and how much may be scanned."""

    def __init__(self, client: Any, workgroup: str, database: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._workgroup = workgroup
        self._database = database
        self._sleep = sleep

    def execute(self, sql: str, source: str) -> str:
        """Runs a statement to its end and returns its identifier."""
        answer = self._client.start_query_execution(
            QueryString=sql,
            ClientRequestToken=uuid.uuid4().hex,
            QueryExecutionContext={"Database": self._database},
            WorkGroup=self._workgroup,
        )
        identifier: str = answer["QueryExecutionId"]
        pause = _FIRST_WAIT_SECONDS
        while True:
            execution = self._client.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
            state = execution["Status"]["State"]
            if state == "SUCCEEDED":
                return identifier
            if state in ("FAILED", "CANCELLED"):
                message = execution["Status"].get("StateChangeReason", state.lower())
                raise AthenaError(f"{source}: {' '.join(sql.split())[:200]}: {message}")
            self._sleep(pause)
            pause = min(pause * 1.5, _LONGEST_WAIT_SECONDS)

    def query(self, sql: str, source: str) -> list[tuple[str | None, ...]]:
        """The rows of a query, as text."""
        identifier = self.execute(sql, source)
        rows: list[tuple[str | None, ...]] = []
        page: dict[str, Any] = {"QueryExecutionId": identifier}
        first = True
        while True:
            answer = self._client.get_query_results(**page)
            records = answer["ResultSet"]["Rows"]
            # the first row of the first page repeats the column names
            for record in records[1:] if first else records:
                rows.append(tuple(cell.get("VarCharValue") for cell in record["Data"]))
            first = False
            if not answer.get("NextToken"):
                return rows
            page["NextToken"] = answer["NextToken"]
