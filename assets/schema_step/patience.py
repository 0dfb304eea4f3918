"""What to do with a statement that outlasts the function: take it back and name it.

Left alone it would go on, and hold its locks, while CloudFormation goes back and waits for them in vain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from warehouse import Warehouse, WarehouseError

# Milliseconds that are left for the answer.
RESERVE = 30_000


class OutOfTime(RuntimeError):
    """The function's time is used up."""


def until_end_of(context: Any) -> Callable[[float], None]:
    """A sleep that raises OutOfTime in place of sleeping into the function's last seconds."""

    def sleep(seconds: float) -> None:
        if context.get_remaining_time_in_millis() - seconds * 1000 < RESERVE:
            raise OutOfTime("the time of a schema step is used up")
        time.sleep(seconds)

    return sleep


class PatientWarehouse(Warehouse):
    """A warehouse whose statements don't outlast the function."""

    def _wait(self, identifier: str, statements: Sequence[Any]) -> None:
        try:
            super()._wait(identifier, statements)
        except OutOfTime as end:
            parts = self._client.describe_statement(Id=identifier).get("SubStatements", [])
            done = sum(part["Status"] == "FINISHED" for part in parts)
            slow = statements[min(done, len(statements) - 1)]
            message = f"{slow.describe()}: {end}; cancelled: have a pipeline's step do what takes so long"
            try:
                self._client.cancel_statement(Id=identifier)
            except self._client.exceptions.ClientError as error:  # it ended meanwhile
                message += f" ({error})"
            raise WarehouseError(message) from None
