"""Services in memory, behind real clients: every call and every answer is checked against the models of the botocore
that the jobs are deployed with.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import io
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.validate import ParamValidator

PROJECT = Path(__file__).resolve().parents[2]
LIBRARY = PROJECT / "build" / "library"
NOW = datetime.datetime(2025, 2, 1, 12, tzinfo=datetime.UTC)

Handler = Callable[[dict[str, Any]], Any]


class Service:
    """A client whose operations are answered by functions. Calls are kept as (operation, parameters)."""

    def __init__(self, name: str, handlers: Mapping[str, Handler], extra_models: bool = False) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._handlers = handlers
        self.client = _session(extra_models).create_client(
            name, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.client.meta.events.register("before-parameter-build", self._note)
        self.client.meta.events.register("before-call", self._answer)

    def named(self, operation: str) -> list[dict[str, Any]]:
        return [params for name, params in self.calls if name == operation]

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, dict(params)))

    def _answer(self, model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        operation, params = self.calls[-1]
        assert operation == model.name
        if operation not in self._handlers:
            raise AssertionError(f"unexpected call of {operation}")
        answer = self._handlers[operation](params) or {}
        if isinstance(answer, ClientError):
            status = answer.response["ResponseMetadata"]["HTTPStatusCode"]
            return AWSResponse("", status, {}, None), answer.response
        if model.output_shape is not None:
            plain = {name: value for name, value in answer.items() if not isinstance(value, StreamingBody)}
            report = ParamValidator().validate(plain, model.output_shape)
            assert not report.has_errors(), f"{operation}: {report.generate_report()}"
        metadata = {"HTTPStatusCode": 200, "RetryAttempts": 0}
        return AWSResponse("", 200, {}, None), {**answer, "ResponseMetadata": metadata}


def error(code: str, status: int = 400, message: str = "") -> ClientError:
    response = {"Error": {"Code": code, "Message": message or code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "")


class Bucket:
    """S3, as far as the jobs use it. Keys are (bucket, key)."""

    def __init__(self, objects: Mapping[tuple[str, str], bytes] | None = None) -> None:
        self.objects = dict(objects or {})
        self.modified: dict[tuple[str, str], datetime.datetime] = {}
        operations = {
            "ListObjectsV2": self._list,
            "HeadObject": self._head,
            "GetObject": self._get,
            "PutObject": self._put,
            "CopyObject": self._copy,
            "DeleteObjects": self._delete,
        }
        self.service = Service("s3", operations)
        self.client = self.service.client

    def _entry(self, bucket: str, key: str) -> dict[str, Any]:
        content = self.objects[bucket, key]
        etag = hashlib.md5(content).hexdigest()
        modified = self.modified.get((bucket, key), NOW)
        return {"Key": key, "ETag": f'"{etag}"', "Size": len(content), "LastModified": modified}

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        keys = sorted(k for b, k in self.objects if b == params["Bucket"] and k.startswith(params["Prefix"]))
        # two a page, so that every caller has to ask for the next
        begin = int(params.get("ContinuationToken", 0))
        page = [self._entry(params["Bucket"], key) for key in keys[begin : begin + 2]]
        answer: dict[str, Any] = {"Contents": page, "IsTruncated": begin + 2 < len(keys)}
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = str(begin + 2)
        return answer

    def _head(self, params: dict[str, Any]) -> Any:
        place = (params["Bucket"], params["Key"])
        if place not in self.objects:
            return error("404", 404)
        entry = self._entry(*place)
        return {
            "ETag": entry["ETag"],
            "LastModified": entry["LastModified"],
            "ContentLength": entry["Size"],
            "VersionId": "v-" + entry["ETag"].strip('"')[:4],
        }

    def _get(self, params: dict[str, Any]) -> Any:
        place = (params["Bucket"], params["Key"])
        if place not in self.objects:
            return error("NoSuchKey", 404)
        content = self.objects[place]
        return {"Body": StreamingBody(io.BytesIO(content), len(content))}

    def _put(self, params: dict[str, Any]) -> None:
        body = params["Body"]
        self.objects[params["Bucket"], params["Key"]] = body if isinstance(body, bytes) else body.read()

    def _copy(self, params: dict[str, Any]) -> None:
        # the client has made one text of bucket and key
        bucket, _, key = params["CopySource"].partition("/")
        self.objects[params["Bucket"], params["Key"]] = self.objects[bucket, key]

    def _delete(self, params: dict[str, Any]) -> None:
        for entry in params["Delete"]["Objects"]:
            del self.objects[params["Bucket"], entry["Key"]]


class RedshiftData:
    """The Data API: keeps what it was sent; `answers` maps the beginning of a statement to rows, or to an error."""

    def __init__(self, answers: Mapping[str, Any] | None = None) -> None:
        self.answers = dict(answers or {})
        self.batches: list[list[str]] = []
        self.under_way: dict[str, str] = {}
        self._sent: dict[str, list[str]] = {}
        operations = {
            "ExecuteStatement": lambda params: self._send([params["Sql"]]),
            "BatchExecuteStatement": lambda params: self._send(params["Sqls"]),
            "DescribeStatement": self._describe,
            "GetStatementResult": self._result,
            "ListStatements": self._list,
            "CancelStatement": self._cancel,
        }
        self.service = Service("redshift-data", operations)
        self.client = self.service.client

    @property
    def statements(self) -> list[str]:
        return [text for batch in self.batches for text in batch]

    def _send(self, texts: list[str]) -> dict[str, Any]:
        self.batches.append(texts)
        identifier = f"id-{len(self.batches)}"
        self._sent[identifier] = texts
        return {"Id": identifier}

    def _answer(self, text: str) -> Any:
        for beginning, answer in self.answers.items():
            if text.startswith(beginning):
                return answer
        return []

    def _describe(self, params: dict[str, Any]) -> dict[str, Any]:
        identifier = params["Id"]
        if identifier not in self._sent:
            return {"Id": identifier, "Status": self.under_way[identifier]}
        parts = []
        failed = None
        for number, text in enumerate(self._sent[identifier], start=1):
            answer = self._answer(text)
            status = "ABORTED" if failed else "FAILED" if isinstance(answer, str) else "FINISHED"
            parts.append({"Id": f"{identifier}:{number}", "Status": status})
            if status == "FAILED":
                failed = answer
                parts[-1]["Error"] = answer
        if failed:
            message = failed if len(parts) == 1 else f"Query #{parts} failed"
            return {"Id": identifier, "Status": "FAILED", "Error": message, "SubStatements": parts}
        return {"Id": identifier, "Status": "FINISHED", "SubStatements": parts}

    def _result(self, params: dict[str, Any]) -> dict[str, Any]:
        rows = self._answer(self._sent[params["Id"]][0])
        begin = int(params.get("NextToken", 0))
        columns = [{"name": f"c{n}", "typeName": _type_name(value)} for n, value in enumerate(rows[0] if rows else ())]
        answer = {"ColumnMetadata": columns, "Records": [[_field(value) for value in row] for row in rows[begin:][:2]]}
        return {**answer, "NextToken": str(begin + 2)} if begin + 2 < len(rows) else answer

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        found = [identifier for identifier, status in self.under_way.items() if status == params["Status"]]
        return {"Statements": [{"Id": identifier} for identifier in found]}

    def _cancel(self, params: dict[str, Any]) -> dict[str, Any]:
        self.under_way[params["Id"]] = "ABORTED"
        return {"Status": True}


class Glue:
    """Tables with partitions: {(database, table): {values: location}}."""

    def __init__(self, tables: Mapping[tuple[str, str], list[str]]) -> None:
        self.keys = dict(tables)
        self.partitions: dict[tuple[str, str], dict[tuple[str, ...], str]] = {place: {} for place in tables}
        operations = {
            "GetTable": self._table,
            "GetPartitions": self._list,
            "BatchCreatePartition": self._create_many,
            "CreatePartition": self._create,
            "UpdatePartition": self._update,
            "BatchDeletePartition": self._delete,
        }
        self.service = Service("glue", operations)
        self.client = self.service.client

    def _of(self, params: dict[str, Any]) -> dict[tuple[str, ...], str]:
        return self.partitions[params["DatabaseName"], params["TableName"]]

    def _table(self, params: dict[str, Any]) -> dict[str, Any]:
        keys = self.keys[params["DatabaseName"], params["Name"]]
        descriptor = {"Location": "s3://somewhere/", "InputFormat": "format", "Compressed": False}
        return {
            "Table": {
                "Name": params["Name"],
                "PartitionKeys": [{"Name": key, "Type": "int"} for key in keys],
                "StorageDescriptor": descriptor,
            }
        }

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        found = sorted(self._of(params).items())
        begin = int(params.get("NextToken", 0))
        page = [
            {"Values": list(values), "StorageDescriptor": {"Location": location}}
            for values, location in found[begin : begin + 1]
        ]
        return {"Partitions": page, **({"NextToken": str(begin + 1)} if begin + 1 < len(found) else {})}

    def _add(self, params: dict[str, Any], entry: dict[str, Any]) -> None:
        assert entry["StorageDescriptor"]["InputFormat"] == "format"
        self._of(params)[tuple(entry["Values"])] = entry["StorageDescriptor"]["Location"]

    def _create_many(self, params: dict[str, Any]) -> dict[str, Any]:
        assert len(params["PartitionInputList"]) <= 100
        errors = []
        for entry in params["PartitionInputList"]:
            if tuple(entry["Values"]) in self._of(params):
                detail = {"ErrorCode": "AlreadyExistsException", "ErrorMessage": "Partition already exists."}
                errors.append({"PartitionValues": entry["Values"], "ErrorDetail": detail})
            else:
                self._add(params, entry)
        return {"Errors": errors}

    def _create(self, params: dict[str, Any]) -> None:
        assert tuple(params["PartitionInput"]["Values"]) not in self._of(params)
        self._add(params, params["PartitionInput"])

    def _update(self, params: dict[str, Any]) -> None:
        assert tuple(params["PartitionValueList"]) in self._of(params)
        self._add(params, params["PartitionInput"])

    def _delete(self, params: dict[str, Any]) -> dict[str, Any]:
        assert len(params["PartitionsToDelete"]) <= 25
        for entry in params["PartitionsToDelete"]:
            del self._of(params)[tuple(entry["Values"])]
        return {"Errors": []}


class Athena:
    """Answers queries by what they contain: rows of text, or an error as text."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)
        self.sent: list[str] = []
        operations = {
            "StartQueryExecution": self._start,
            "GetQueryExecution": self._get,
            "GetQueryResults": self._results,
        }
        self.service = Service("athena", operations)
        self.client = self.service.client

    def _answer(self, identifier: str) -> Any:
        text = self.sent[int(identifier)]
        return next(answer for part, answer in self.answers.items() if part in text)

    def _start(self, params: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(params["QueryString"])
        return {"QueryExecutionId": str(len(self.sent) - 1)}

    def _get(self, params: dict[str, Any]) -> dict[str, Any]:
        answer = self._answer(params["QueryExecutionId"])
        status = {"State": "SUCCEEDED"}
        if isinstance(answer, str):
            status = {"State": "FAILED", "StateChangeReason": answer}
        return {"QueryExecution": {"Status": status}}

    def _results(self, params: dict[str, Any]) -> dict[str, Any]:
        rows = [["header"], *self._answer(params["QueryExecutionId"])]
        begin = int(params.get("NextToken", 0))
        page = [
            {"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows[begin:][:2]
        ]
        more = {"NextToken": str(begin + 2)} if begin + 2 < len(rows) else {}
        return {"ResultSet": {"Rows": page}, **more}


@functools.lru_cache(maxsize=2)
def _session(extra_models: bool) -> botocore.session.Session:
    subprocess.run([sys.executable, str(PROJECT / "local" / "library.py")], check=True)
    session = botocore.session.get_session()
    models = str(LIBRARY / "vendor" / "botocore" / "data")
    # the schema step runs on Lambda's botocore, which knows more services than the library brings along
    loader = botocore.loaders.Loader([models], include_default_search_paths=extra_models)
    session.register_component("data_loader", loader)
    return session


def _type_name(value: Any) -> str:
    return "numeric" if type(value).__name__ == "Decimal" else "varchar"


def _field(value: Any) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    return {"stringValue": str(value)}
