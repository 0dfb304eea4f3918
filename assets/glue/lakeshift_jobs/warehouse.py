"""Redshift through the Data API: one statement, one transaction of several, or a query.

Imports nothing of this package but sql, which the schema step ships beside it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

try:
    from lakeshift_jobs.sql import Statement
except ImportError:  # in the schema step the modules lie side by side
    from sql import Statement  # type: ignore[assignment]

# https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html#data-api-calling-considerations
MAX_STATEMENTS = 40
MAX_STATEMENT_BYTES = 100_000

_UNFINISHED = ("SUBMITTED", "PICKED", "STARTED")
_FIRST_WAIT_SECONDS = 0.05
_LONGEST_WAIT_SECONDS = 2.0


class WarehouseError(RuntimeError):
    """A statement the warehouse refused, with file, statement and the engine's message."""


@dataclass(frozen=True)
class Target:
    """Which warehouse, and as whom. Without a secret the Data API logs in as the caller's IAM identity."""

    kind: str
    name: str
    database: str
    secret_arn: str | None = None

    def arguments(self) -> dict[str, str]:
        keys = {"workgroup": "WorkgroupName", "cluster": "ClusterIdentifier"}
        if self.kind not in keys:
            raise ValueError(f"warehouse {self.kind!r} is unknown: use workgroup or cluster")
        arguments = {keys[self.kind]: self.name, "Database": self.database}
        if self.secret_arn:
            arguments["SecretArn"] = self.secret_arn
        return arguments


class Warehouse:
    """A client of one warehouse. `name` begins the name of every statement, so that a later attempt finds them."""

    def __init__(
        self,
        client: Any,
        target: Target,
        name: str,
        attempt_id: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._target = target
        self._name = name
        self._attempt_id = attempt_id
        self._sleep = sleep
        self._sent = 0

    def execute(self, statement: Statement) -> None:
        """Runs one statement in a transaction of its own."""
        self._run([statement])

    def transaction(self, statements: Sequence[Statement]) -> None:
        """Runs all statements in one session and one transaction, or none of them."""
        check_batch(statements)
        answer = self._client.batch_execute_statement(
            Sqls=[statement.text for statement in statements],
            StatementName=self._statement_name(),
            ClientToken=self._token(statements),
            **self._target.arguments(),
        )
        self._wait(answer["Id"], statements)

    def query(self, statement: Statement) -> list[tuple[Any, ...]]:
        """The rows of one query; decimals as Decimal, everything the API has no type for as text."""
        identifier = self._run([statement])
        rows: list[tuple[Any, ...]] = []
        numeric: list[bool] = []
        page: dict[str, Any] = {"Id": identifier}
        while True:
            answer = self._client.get_statement_result(**page)
            if not numeric:
                numeric = [is_numeric(column) for column in answer.get("ColumnMetadata", [])]
            for record in answer["Records"]:
                rows.append(tuple(_value(field, exact) for field, exact in zip(record, numeric)))
            if not answer.get("NextToken"):
                return rows
            page = {"Id": identifier, "NextToken": answer["NextToken"]}

    def settle(self, patience_seconds: float = 600) -> int:
        """Waits until no statement of an earlier attempt is under way; cancels those that outlast our patience.

        A batch goes on when the client that sent it dies. Returns how many were found.
        """
        found = self._unfinished()
        for identifier in found:
            state = self._poll(identifier, patience_seconds)["Status"]
            if state in _UNFINISHED:
                self._client.cancel_statement(Id=identifier)
                self._poll(identifier, patience_seconds)
        return len(found)

    def _unfinished(self) -> list[str]:
        identifiers = []
        for status in _UNFINISHED:
            page: dict[str, Any] = {"StatementName": self._name + "-", "Status": status, "RoleLevel": True}
            while True:
                answer = self._client.list_statements(**page)
                identifiers += [statement["Id"] for statement in answer["Statements"]]
                if not answer.get("NextToken"):
                    break
                page["NextToken"] = answer["NextToken"]
        return identifiers

    def _run(self, statements: Sequence[Statement]) -> str:
        check_batch(statements)
        answer = self._client.execute_statement(
            Sql=statements[0].text,
            StatementName=self._statement_name(),
            ClientToken=self._token(statements),
            **self._target.arguments(),
        )
        self._wait(answer["Id"], statements)
        return str(answer["Id"])

    def _statement_name(self) -> str:
        return f"{self._name}-{self._attempt_id}"

    def _token(self, statements: Sequence[Statement]) -> str:
        """The same for a retry of this call, another for every other call."""
        self._sent += 1
        text = "\x00".join([self._attempt_id, str(self._sent), *(statement.text for statement in statements)])
        return hashlib.sha256(text.encode()).hexdigest()

    def _wait(self, identifier: str, statements: Sequence[Statement]) -> None:
        answer = self._poll(identifier, None)
        if answer["Status"] != "FINISHED":
            raise WarehouseError(failure(answer, statements))

    def _poll(self, identifier: str, patience_seconds: float | None) -> dict[str, Any]:
        pause, waited = _FIRST_WAIT_SECONDS, 0.0
        while True:
            answer: dict[str, Any] = self._client.describe_statement(Id=identifier)
            if answer["Status"] not in _UNFINISHED or (patience_seconds is not None and waited >= patience_seconds):
                return answer
            self._sleep(pause)
            waited += pause
            pause = min(pause * 1.5, _LONGEST_WAIT_SECONDS)


def check_batch(statements: Sequence[Statement]) -> None:
    """Raises if the Data API would refuse these statements as one call."""
    if not statements:
        raise WarehouseError("there is no statement to run")
    if len(statements) > MAX_STATEMENTS:
        sources = ", ".join(dict.fromkeys(statement.source for statement in statements))
        raise WarehouseError(f"{len(statements)} statements in one transaction ({sources}): at most {MAX_STATEMENTS}")
    for statement in statements:
        size = len(statement.text.encode())
        if size > MAX_STATEMENT_BYTES:
            raise WarehouseError(f"{statement.describe()}: {size} bytes: at most {MAX_STATEMENT_BYTES}")


def failure(answer: dict[str, Any], statements: Sequence[Statement]) -> str:
    """What went wrong, named by file and statement; a batch names the statement that stopped it."""
    message = answer.get("Error") or answer["Status"].lower()
    failed = statements[0]
    for statement, part in zip(statements, answer.get("SubStatements", [])):
        if part.get("Status") in ("FAILED", "ABORTED") and (part.get("Error") or part["Status"] == "FAILED"):
            return f"{statement.describe()}: {part.get('Error') or message}"
    return f"{failed.describe()}: {message}"


def is_numeric(column: dict[str, Any]) -> bool:
    return str(column.get("typeName", "")).lower() in ("numeric", "decimal")


def _value(field: dict[str, Any], exact: bool) -> Any:
    if field.get("isNull"):
        return None
    (value,) = field.values()
    return Decimal(value) if exact and isinstance(value, str) else value
