"""Athena's operations, as the wire has them.

https://docs.aws.amazon.com/athena/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import copy
import json
import logging
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from local.caller import OPERATOR
from local.context import Context
from local.engines.athena import results
from local.engines.athena.errors import ApiError
from local.engines.athena.executions import Execution, Executions
from local.engines.athena.hive_ddl import columns_of
from local.engines.athena.trino_server import TrinoServer
from local.engines.athena.workgroups import PRIMARY, NamedQueries, Workgroups

CATALOG_NAME = "AwsDataCatalog"
PARSED_RESULTS = 4  # result files kept in memory for the next page

log = logging.getLogger("lakeshift.athena")


class Service:
    """Everything that the local Athena knows. Thread-safe; operations run on worker threads."""

    def __init__(self) -> None:
        self.workgroups = Workgroups()
        self.named_queries = NamedQueries()
        self.executions = Executions()
        # one lock for all: operations are short, queries run outside it
        self.lock = self.executions.lock
        self._context: Context  # set by attach, before any request
        self._parsed: OrderedDict[str, list] = OrderedDict()

    def attach(self, context: Context, server: TrinoServer) -> None:
        self._context = context
        self.executions.attach(context, server)

    def answer(self, operation: str, body: bytes, principal: str) -> tuple[int, dict, bytes]:
        """Carries one request out; never raises."""
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "x-amzn-RequestId": str(uuid.uuid4()),
        }
        try:
            handler = _OPERATIONS.get(operation)
            if handler is None:
                raise ApiError(f"the local Athena has no operation {operation}", "UnknownOperationException")
            output = handler(self, json.loads(body or b"{}"), principal)
            return 200, headers, json.dumps(output).encode()
        except ApiError as error:
            return 400, headers, _error(error.code, error.message)
        except ClientError as error:  # Glue's or S3's own word
            detail = error.response["Error"]
            return (
                400,
                headers,
                _error("MetadataException", f"{detail['Code']}: {detail['Message']}"),
            )
        except Exception as error:
            log.exception("%s", operation)
            return 500, headers, _error("InternalServerException", f"{operation}: {error!r}")

    # --- workgroups -------------------------------------------------------------------------------

    def create_work_group(self, request: dict, principal: str) -> dict:
        with self.lock:
            self.workgroups.create(
                request.get("Name", ""),
                request.get("Configuration") or {},
                request.get("Description", ""),
                tags=_tags(request.get("Tags")),
            )
        return {}

    def get_work_group(self, request: dict, principal: str) -> dict:
        with self.lock:
            return {"WorkGroup": copy.deepcopy(self.workgroups.get(request.get("WorkGroup", "")))}

    def update_work_group(self, request: dict, principal: str) -> dict:
        with self.lock:
            self.workgroups.update(request.get("WorkGroup", ""), request)
        return {}

    def delete_work_group(self, request: dict, principal: str) -> dict:
        self.remove_workgroup(request.get("WorkGroup", ""), bool(request.get("RecursiveDeleteOption")))
        return {}

    def remove_workgroup(self, name: str, recursive: bool) -> None:
        with self.lock:
            queries = self.named_queries.of(name)
            executions = [e.id for e in self.executions.all.values() if _group_of(e) == name]
            self.workgroups.delete(name, bool(queries or executions), recursive)
            for query_id in queries:
                self.named_queries.delete(query_id)
            for execution_id in executions:
                self.executions.stop(execution_id)
                del self.executions.all[execution_id]

    def list_work_groups(self, request: dict, principal: str) -> dict:
        with self.lock:
            groups = [
                {
                    "Name": group["Name"],
                    "State": group["State"],
                    "Description": group["Description"],
                    "CreationTime": group["CreationTime"],
                    "EngineVersion": copy.deepcopy(group["Configuration"]["EngineVersion"]),
                }
                for group in self.workgroups.groups.values()
            ]
        return _paged("WorkGroups", groups, request, 50)

    def tag_resource(self, request: dict, principal: str) -> dict:
        with self.lock:
            self._tags_of(request).update(_tags(request.get("Tags")))
        return {}

    def untag_resource(self, request: dict, principal: str) -> dict:
        with self.lock:
            for key in request.get("TagKeys", []):
                self._tags_of(request).pop(key, None)
        return {}

    def list_tags(self, request: dict, principal: str) -> dict:
        with self.lock:
            tags = [{"Key": k, "Value": v} for k, v in self._tags_of(request).items()]
        return _paged("Tags", tags, request, 75)

    def _tags_of(self, request: dict) -> dict[str, str]:
        arn = request.get("ResourceARN", "")
        kind, _, name = arn.rpartition(":")[2].partition("/")
        if kind != "workgroup" or name not in self.workgroups.groups:
            raise ApiError(f"{arn} is no workgroup", "ResourceNotFoundException")
        return self.workgroups.tags.setdefault(name, {})

    # --- named queries ----------------------------------------------------------------------------

    def create_named_query(self, request: dict, principal: str) -> dict:
        with self.lock:
            self.workgroups.get(request.get("WorkGroup") or PRIMARY)
            token = request.get("ClientRequestToken")
            return {"NamedQueryId": self.named_queries.create(request, token)}

    def get_named_query(self, request: dict, principal: str) -> dict:
        with self.lock:
            return {"NamedQuery": dict(self.named_queries.get(request.get("NamedQueryId", "")))}

    def batch_get_named_query(self, request: dict, principal: str) -> dict:
        with self.lock:
            found, missing = _sorted_out(request.get("NamedQueryIds", []), self.named_queries.queries, "NamedQueryId")
            queries = [dict(self.named_queries.queries[i]) for i in found]
        return {"NamedQueries": queries, "UnprocessedNamedQueryIds": missing}

    def list_named_queries(self, request: dict, principal: str) -> dict:
        with self.lock:
            group = request.get("WorkGroup") or PRIMARY
            self.workgroups.get(group)
            return _paged("NamedQueryIds", self.named_queries.of(group), request, 50)

    def update_named_query(self, request: dict, principal: str) -> dict:
        with self.lock:
            fields = {name: request.get(name) for name in ("Name", "Description", "QueryString")}
            self.named_queries.update(request.get("NamedQueryId", ""), fields)
        return {}

    def delete_named_query(self, request: dict, principal: str) -> dict:
        with self.lock:
            self.named_queries.delete(request.get("NamedQueryId", ""))
        return {}

    # --- executions -------------------------------------------------------------------------------

    def start_query_execution(self, request: dict, principal: str) -> dict:
        with self.lock:
            workgroup = copy.deepcopy(self.workgroups.get(request.get("WorkGroup") or PRIMARY))
        if workgroup["State"] != "ENABLED":
            raise ApiError(f"WorkGroup {workgroup['Name']} is disabled.")
        return {"QueryExecutionId": self.executions.start(request, workgroup, principal)}

    def get_query_execution(self, request: dict, principal: str) -> dict:
        with self.lock:
            execution = self.executions.get(request.get("QueryExecutionId", ""))
            return {"QueryExecution": copy.deepcopy(execution.record)}

    def batch_get_query_execution(self, request: dict, principal: str) -> dict:
        with self.lock:
            found, missing = _sorted_out(request.get("QueryExecutionIds", []), self.executions.all, "QueryExecutionId")
            records = [copy.deepcopy(self.executions.all[i].record) for i in found]
        return {"QueryExecutions": records, "UnprocessedQueryExecutionIds": missing}

    def list_query_executions(self, request: dict, principal: str) -> dict:
        with self.lock:
            group = request.get("WorkGroup") or PRIMARY
            self.workgroups.get(group)
            ids = [e.id for e in reversed(self.executions.all.values()) if _group_of(e) == group]
        return _paged("QueryExecutionIds", ids, request, 50)

    def stop_query_execution(self, request: dict, principal: str) -> dict:
        self.executions.stop(request.get("QueryExecutionId", ""))
        return {}

    def get_query_results(self, request: dict, principal: str) -> dict:
        if request.get("QueryResultType", "DATA_ROWS") != "DATA_ROWS":
            raise ApiError("the local Athena answers QueryResultType DATA_ROWS only")
        with self.lock:
            execution = self.executions.get(request.get("QueryExecutionId", ""))
            state = execution.state
            columns = copy.deepcopy(execution.columns)
        if state in ("QUEUED", "RUNNING"):
            raise ApiError(f"Query has not yet finished. Current state: {state}")
        if state != "SUCCEEDED":
            raise ApiError(f"Query did not finish successfully. Final query state: {state}")
        rows, following = results.page(self._rows(execution), request.get("NextToken"), request.get("MaxResults"))
        output: dict[str, Any] = {
            "UpdateCount": execution.update_count,
            "ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": columns}},
        }
        if following:
            output["NextToken"] = following
        return output

    def _rows(self, execution: Execution) -> list:
        location = execution.record["ResultConfiguration"]["OutputLocation"]
        if not location.endswith((".csv", ".txt")):
            return []
        with self.lock:
            if execution.id in self._parsed:
                self._parsed.move_to_end(execution.id)
                return self._parsed[execution.id]
        content = self.executions.content(execution)
        read = results.read_csv if location.endswith(".csv") else results.read_lines
        rows = read(content)
        with self.lock:
            self._parsed[execution.id] = rows
            while len(self._parsed) > PARSED_RESULTS:
                self._parsed.popitem(last=False)
        return rows

    def get_query_runtime_statistics(self, request: dict, principal: str) -> dict:
        with self.lock:
            execution = self.executions.get(request.get("QueryExecutionId", ""))
            timeline = {
                name: value for name, value in execution.record["Statistics"].items() if name.endswith("InMillis")
            }
            return {"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": dict(execution.rows)}}

    # --- the data catalog, which is Glue's --------------------------------------------------------

    def list_data_catalogs(self, request: dict, principal: str) -> dict:
        summary = {"CatalogName": CATALOG_NAME, "Type": "GLUE"}
        return {"DataCatalogsSummary": [summary]}

    def get_data_catalog(self, request: dict, principal: str) -> dict:
        _check_catalog(request.get("Name", ""))
        return {"DataCatalog": {"Name": CATALOG_NAME, "Type": "GLUE", "Parameters": {}}}

    def list_databases(self, request: dict, principal: str) -> dict:
        _check_catalog(request.get("CatalogName", ""))
        pages = self._glue(principal).get_paginator("get_databases").paginate()
        databases = [_database(database) for page in pages for database in page["DatabaseList"]]
        return _paged("DatabaseList", databases, request, 50)

    def get_database(self, request: dict, principal: str) -> dict:
        _check_catalog(request.get("CatalogName", ""))
        answer = self._glue(principal).get_database(Name=request["DatabaseName"])
        return {"Database": _database(answer["Database"])}

    def list_table_metadata(self, request: dict, principal: str) -> dict:
        _check_catalog(request.get("CatalogName", ""))
        arguments = {"DatabaseName": request["DatabaseName"]}
        if request.get("Expression"):
            arguments["Expression"] = request["Expression"]
        pages = self._glue(principal).get_paginator("get_tables").paginate(**arguments)
        tables = [_table(table) for page in pages for table in page["TableList"]]
        return _paged("TableMetadataList", tables, request, 50)

    def get_table_metadata(self, request: dict, principal: str) -> dict:
        _check_catalog(request.get("CatalogName", ""))
        answer = self._glue(principal).get_table(DatabaseName=request["DatabaseName"], Name=request["TableName"])
        return {"TableMetadata": _table(answer["Table"])}

    def _glue(self, principal: str):
        return self._context.client("glue", None if principal == OPERATOR else principal)

    # --- state ------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        with self.lock:
            return {
                "workgroups": copy.deepcopy(self.workgroups.groups),
                "tags": copy.deepcopy(self.workgroups.tags),
                "named_queries": copy.deepcopy(self.named_queries.queries),
                "executions": self.executions.dump(),
            }

    def restore(self, saved: Mapping[str, Any]) -> None:
        with self.lock:
            self.workgroups.groups.update(saved["workgroups"])
            self.workgroups.tags.update(saved["tags"])
            self.named_queries.queries.update(saved["named_queries"])
            self.executions.restore(saved["executions"])

    def clear(self) -> None:
        with self.lock:
            self.workgroups.clear()
            self.named_queries.clear()
            self.executions.clear()
            self._parsed.clear()


def _group_of(execution: Execution) -> str:
    return execution.record["WorkGroup"]


def _check_catalog(name: str) -> None:
    if name.lower() != CATALOG_NAME.lower():
        raise ApiError(f"catalog {name!r}: the local Athena has {CATALOG_NAME} only")


def _database(database: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"Name": database["Name"], "Parameters": dict(database.get("Parameters") or {})}
    if database.get("Description"):
        shown["Description"] = database["Description"]
    return shown


def _table(table: Mapping[str, Any]) -> dict[str, Any]:
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    parameters = {
        **(table.get("Parameters") or {}),
        "location": storage.get("Location"),
        "inputformat": storage.get("InputFormat"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
        **{f"serde.param.{k}": v for k, v in (serde.get("Parameters") or {}).items()},
    }
    shown = {
        "Name": table["Name"],
        "TableType": table.get("TableType", ""),
        "Columns": [_column(column) for column in columns_of(table)],
        "PartitionKeys": [_column(column) for column in table.get("PartitionKeys", [])],
        "Parameters": {k: v for k, v in parameters.items() if v is not None},
    }
    for name in ("CreateTime", "LastAccessTime"):
        if name in table:
            shown[name] = table[name].timestamp()
    return shown


def _column(column: Mapping[str, Any]) -> dict[str, str]:
    return {k: column[k] for k in ("Name", "Type", "Comment") if column.get(k)}


def _tags(tags: list[dict[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in tags or []}


def _sorted_out(ids: list[str], known: Mapping, name: str) -> tuple[list[str], list[dict]]:
    if len(ids) > 50:
        raise ApiError(f"{len(ids)} ids in one request: at most 50")
    missing = [
        {name: i, "ErrorCode": "INTERNAL_FAILURE", "ErrorMessage": f"{i} was not found"} for i in ids if i not in known
    ]
    return [i for i in ids if i in known], missing


def _paged(key: str, items: list, request: Mapping[str, Any], most: int) -> dict[str, Any]:
    size = request.get("MaxResults") or most
    if not 1 <= size <= most:
        raise ApiError(f"MaxResults is {size}: it must be 1 to {most}")
    start = results.position(request.get("NextToken"), len(items))
    output: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        output["NextToken"] = str(start + size)
    return output


def _error(code: str, message: str) -> bytes:
    return json.dumps({"__type": code, "message": message, "Message": message}).encode()


_OPERATIONS: dict[str, Callable[[Service, dict, str], dict]] = {
    "CreateWorkGroup": Service.create_work_group,
    "GetWorkGroup": Service.get_work_group,
    "UpdateWorkGroup": Service.update_work_group,
    "DeleteWorkGroup": Service.delete_work_group,
    "ListWorkGroups": Service.list_work_groups,
    "TagResource": Service.tag_resource,
    "UntagResource": Service.untag_resource,
    "ListTagsForResource": Service.list_tags,
    "CreateNamedQuery": Service.create_named_query,
    "GetNamedQuery": Service.get_named_query,
    "BatchGetNamedQuery": Service.batch_get_named_query,
    "ListNamedQueries": Service.list_named_queries,
    "UpdateNamedQuery": Service.update_named_query,
    "DeleteNamedQuery": Service.delete_named_query,
    "StartQueryExecution": Service.start_query_execution,
    "GetQueryExecution": Service.get_query_execution,
    "BatchGetQueryExecution": Service.batch_get_query_execution,
    "ListQueryExecutions": Service.list_query_executions,
    "StopQueryExecution": Service.stop_query_execution,
    "GetQueryResults": Service.get_query_results,
    "GetQueryRuntimeStatistics": Service.get_query_runtime_statistics,
    "ListDataCatalogs": Service.list_data_catalogs,
    "GetDataCatalog": Service.get_data_catalog,
    "ListDatabases": Service.list_databases,
    "GetDatabase": Service.get_database,
    "ListTableMetadata": Service.list_table_metadata,
    "GetTableMetadata": Service.get_table_metadata,
}
