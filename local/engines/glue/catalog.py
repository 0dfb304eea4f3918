"""The data catalog: ministack's, made as strict as AWS's where this project leans on it.

ministack takes partitions of tables that do not exist, ignores filters and lacks some operations;
what is added here goes through its own operations.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from local.engines.glue import filters, model
from local.engines.glue.errors import GlueError, exists, invalid

# Served by ministack as they are.
STOCK = frozenset(
    [
        "CreateDatabase",
        "DeleteDatabase",
        "GetDatabase",
        "GetDatabases",
        "UpdateDatabase",
        "CreateTable",
        "DeleteTable",
        "GetTable",
        "GetTables",
        "UpdateTable",
        "BatchDeleteTable",
        "BatchGetPartition",
        "GetPartitionIndexes",
        "CreatePartitionIndex",
        "UpdateColumnStatisticsForTable",
        "GetColumnStatisticsForTable",
        "DeleteColumnStatisticsForTable",
        "UpdateColumnStatisticsForPartition",
        "GetColumnStatisticsForPartition",
        "DeleteColumnStatisticsForPartition",
        "CreateConnection",
        "DeleteConnection",
        "GetConnection",
        "GetConnections",
        "GetUserDefinedFunction",
        "GetUserDefinedFunctions",
    ]
)

Ask = Callable[[str, dict], Awaitable[dict]]


class Catalog:
    """Operations on top of `ask(operation, request)`, which is ministack's Glue."""

    def __init__(self, ask: Ask):
        self._ask = ask
        self.operations = {
            "GetTables": self.get_tables,
            "CreateConnection": self.create_connection,
            "GetPartition": self.get_partition,
            "GetPartitions": self.get_partitions,
            "CreatePartition": self.create_partition,
            "BatchCreatePartition": self.batch_create_partition,
            "UpdatePartition": self.update_partition,
            "BatchUpdatePartition": self.batch_update_partition,
            "DeletePartition": self.delete_partition,
            "BatchDeletePartition": self.batch_delete_partition,
        }

    async def get_tables(self, request: dict) -> dict:
        await self._ask("GetDatabase", {"Name": request["DatabaseName"]})
        return await self._ask("GetTables", request)

    async def create_connection(self, request: dict) -> dict:
        name = request["ConnectionInput"]["Name"]
        found = await self._ask("GetConnections", {})
        if any(connection["Name"] == name for connection in found["ConnectionList"]):
            raise exists("Connection", name)
        return await self._ask("CreateConnection", request)

    async def get_partition(self, request: dict) -> dict:
        await self._table(request)
        return await self._ask("GetPartition", request)

    async def get_partitions(self, request: dict) -> dict:
        table = await self._table(request)
        if "Segment" in request:
            segment = request["Segment"]
            if segment["SegmentNumber"] >= segment["TotalSegments"]:
                raise invalid("Segment.SegmentNumber must be less than TotalSegments")
        names = {"DatabaseName": request["DatabaseName"], "TableName": request["TableName"]}
        found = (await self._ask("GetPartitions", names))["Partitions"]
        if request.get("Expression"):
            wanted = filters.compile(request["Expression"], table.get("PartitionKeys", []))
            found = [partition for partition in found if wanted(partition["Values"])]
        if "Segment" in request:
            found = found[segment["SegmentNumber"] :: segment["TotalSegments"]]
        return model.page(found, request, "Partitions")

    async def create_partition(self, request: dict) -> dict:
        _check_values(await self._table(request), request["PartitionInput"])
        return await self._ask("CreatePartition", request)

    async def batch_create_partition(self, request: dict) -> dict:
        table = await self._table(request)
        for given in request["PartitionInputList"]:
            _check_values(table, given)
        return await self._ask("BatchCreatePartition", request)

    async def update_partition(self, request: dict) -> dict:
        """Also to new values: then the partition moves."""
        table = await self._table(request)
        new, old_values = request["PartitionInput"], request["PartitionValueList"]
        new = {"Values": old_values, **new}
        _check_values(table, new)
        where = _where(request)
        await self._ask("GetPartition", {**where, "PartitionValues": old_values})
        if new["Values"] != old_values:
            await self._ask("CreatePartition", {**where, "PartitionInput": new})
            await self._ask("DeletePartition", {**where, "PartitionValues": old_values})
            return {}
        entry = {"PartitionValueList": old_values, "PartitionInput": new}
        await self._ask("BatchUpdatePartition", {**where, "Entries": [entry]})
        return {}

    async def batch_update_partition(self, request: dict) -> dict:
        await self._table(request)
        return await _each(
            [
                (
                    {"PartitionValueList": entry["PartitionValueList"]},
                    self.update_partition({**_where(request), **entry}),
                )
                for entry in request["Entries"]
            ]
        )

    async def delete_partition(self, request: dict) -> dict:
        await self.get_partition(request)
        return await self._ask("DeletePartition", request)

    async def batch_delete_partition(self, request: dict) -> dict:
        await self._table(request)
        return await _each(
            [
                (
                    {"PartitionValues": given["Values"]},
                    self.delete_partition({**_where(request), "PartitionValues": given["Values"]}),
                )
                for given in request["PartitionsToDelete"]
            ]
        )

    async def _table(self, request: Mapping) -> dict:
        names = {"DatabaseName": request["DatabaseName"], "Name": request["TableName"]}
        return (await self._ask("GetTable", names))["Table"]


async def _each(entries: list[tuple[dict, Awaitable[Any]]]) -> dict:
    """Does one after the other; errors are told per entry and stop none."""
    errors = []
    for named, work in entries:
        try:
            await work
        except GlueError as error:
            detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
            errors.append({**named, "ErrorDetail": detail})
    return {"Errors": errors}


def _where(request: Mapping) -> dict:
    return {name: request[name] for name in ("DatabaseName", "TableName")}


def _check_values(table: Mapping, partition: Mapping) -> None:
    keys, values = table.get("PartitionKeys", []), partition.get("Values", [])
    if len(values) != len(keys):
        raise invalid(
            f"The number of partition values ({len(values)}) does not match the number of "
            f"partition keys ({len(keys)}) of table {table['Name']}"
        )
    if not all(values):
        raise invalid("Partition values cannot be empty")


def read_answer(status: int, body: bytes) -> dict:
    """ministack's answer; its errors as ours."""
    answer = json.loads(body or b"{}")
    if status >= 400:
        raise GlueError(
            str(answer.get("__type", "InternalServiceException")).rsplit("#", 1)[-1],
            answer.get("message") or answer.get("Message") or "",
        )
    return answer
