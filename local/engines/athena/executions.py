"""Query executions: from StartQueryExecution to a result file in the results bucket."""

from __future__ import annotations

import contextlib
import copy
import logging
import re
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.caller import OPERATOR
from local.context import Context
from local.engines.athena import ctas, hive_ddl, results, trino_client, values
from local.engines.athena.errors import ApiError, QueryCancelled, QueryFailed
from local.engines.athena.parquet_types import ParquetTypes
from local.engines.athena.statements import Statement, recognise, with_parameters
from local.engines.athena.trino_server import CATALOG, PRINCIPAL, TrinoError, TrinoServer
from local.engines.athena.workgroups import ENGINE, checked_result_configuration

CONCURRENT = 8  # further queries stay QUEUED
KEPT = 2000  # executions that are remembered; AWS keeps 45 days
QUERY_LIMIT = "30m"  # AWS's quota for the time of a DML query
UNFINISHED = ("QUEUED", "RUNNING")
_DATABASE = re.compile(r"[A-Za-z0-9_.-]{1,255}")

log = logging.getLogger("lakeshift.athena")


@dataclass
class Execution:
    """One query. `record` is what GetQueryExecution answers; the rest is ours."""

    record: dict[str, Any]
    columns: list[dict[str, Any]] = field(default_factory=list)
    update_count: int = 0
    rows: dict[str, int] = field(default_factory=dict)  # for GetQueryRuntimeStatistics
    principal: str = OPERATOR

    @property
    def id(self) -> str:
        return self.record["QueryExecutionId"]

    @property
    def state(self) -> str:
        return self.record["Status"]["State"]


class Executions:
    """All executions, newest last, and the threads that run them. Thread-safe."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.all: dict[str, Execution] = {}
        self._tokens: dict[str, tuple[dict, str]] = {}
        self._stopping: set[str] = set()
        self._pool = ThreadPoolExecutor(CONCURRENT, thread_name_prefix="athena-query")
        self._context: Context  # this and the next are set by attach, before any query
        self._server: TrinoServer

    def attach(self, context: Context, server: TrinoServer) -> None:
        self._context, self._server = context, server
        self._parquet_types = ParquetTypes(lambda service: self._client(service, PRINCIPAL))

    def clear(self) -> None:
        with self.lock:
            self._stopping.update(i for i, e in self.all.items() if e.state in UNFINISHED)
            self.all.clear()
            self._tokens.clear()

    def get(self, execution_id: str) -> Execution:
        with self.lock:
            if execution_id not in self.all:
                raise ApiError(f"QueryExecution {execution_id} was not found")
            return self.all[execution_id]

    def start(self, request: Mapping[str, Any], workgroup: Mapping[str, Any], principal: str) -> str:
        """Checks the request, files the execution as QUEUED and returns its id."""
        text = request.get("QueryString") or ""
        if not 1 <= len(text.encode()) <= 262144:
            raise ApiError("QueryString must have 1 to 262144 bytes")
        token = request.get("ClientRequestToken")
        asked = {k: v for k, v in request.items() if k != "ClientRequestToken"}
        with self.lock:
            if token in self._tokens:
                before, execution_id = self._tokens[token]
                if before != asked:
                    raise ApiError("Idempotent parameters do not match")
                return execution_id
        statement = recognise(text)
        parameters = request.get("ExecutionParameters") or []
        if parameters:
            if statement.kind == "hive":
                raise ApiError("ExecutionParameters are for queries, not for DDL")
            with_parameters(text, parameters)
        configuration = workgroup["Configuration"]
        result = output_configuration(request.get("ResultConfiguration") or {}, configuration)
        context = query_context(request.get("QueryExecutionContext") or {})
        self._check_bucket(result["OutputLocation"], principal)
        execution_id = str(uuid.uuid4())
        ctas_location = None
        if statement.kind == "ctas":
            ctas_location = _join(result["OutputLocation"], f"tables/{execution_id}")
            ctas.check(statement, configuration["EnforceWorkGroupConfiguration"])
        suffix = {"select": ".csv", "insert": "", "ctas": ""}.get(statement.kind, ".txt")
        record = {
            "QueryExecutionId": execution_id,
            "Query": text,
            "StatementType": statement.type,
            "SubstatementType": statement.substatement,
            "ResultConfiguration": {
                **result,
                "OutputLocation": ctas_location or _join(result["OutputLocation"], execution_id + suffix),
            },
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": context,
            "Status": {"State": "QUEUED", "SubmissionDateTime": time.time()},
            "Statistics": {"DataScannedInBytes": 0},
            "WorkGroup": workgroup["Name"],
            "EngineVersion": {
                "SelectedEngineVersion": configuration["EngineVersion"]["SelectedEngineVersion"],
                "EffectiveEngineVersion": ENGINE,
            },
        }
        if parameters:
            record["ExecutionParameters"] = list(parameters)
        execution = Execution(record, principal=principal)
        with self.lock:
            self.all[execution_id] = execution
            if token:
                self._tokens[token] = (copy.deepcopy(asked), execution_id)
            while len(self.all) > KEPT:
                self.all.pop(next(iter(self.all)))
        self._pool.submit(self._run, execution, statement, copy.deepcopy(dict(configuration)))
        return execution_id

    def stop(self, execution_id: str) -> None:
        """Asks a running query to end; it becomes CANCELLED within a second. Else does nothing."""
        with self.lock:
            execution = self.get(execution_id)
            if execution.state in UNFINISHED:
                self._stopping.add(execution_id)

    def shut_down(self) -> None:
        """Ends every query; for the end of the gateway."""
        with self.lock:
            self._stopping.update(i for i, e in self.all.items() if e.state in UNFINISHED)
        self._pool.shutdown(wait=False, cancel_futures=True)

    # --- on a worker thread -----------------------------------------------------------------------

    def _run(self, execution: Execution, statement: Statement, configuration: dict) -> None:
        began = time.monotonic()
        status: dict[str, Any] = {"State": "SUCCEEDED"}
        try:
            self._check_stop(execution)
            if statement.kind == "hive":
                self._set(execution, State="RUNNING")
                self._run_hive(execution, statement)
            else:
                self._run_trino(execution, statement, configuration)
        except QueryCancelled as cancelled:
            status = {"State": "CANCELLED", "StateChangeReason": str(cancelled)}
        except (QueryFailed, ApiError) as failure:
            status = _failed(str(failure), getattr(failure, "user_error", True))
        except (ClientError, BotoCoreError) as failure:
            status = _failed(f"GENERIC_USER_ERROR: {failure}", True)
        except TrinoError as failure:
            status = _failed(f"GENERIC_INTERNAL_ERROR: {failure}", False)
        except Exception as failure:  # a bug of ours must not leave the query RUNNING for ever
            log.exception("query %s", execution.id)
            status = _failed(f"GENERIC_INTERNAL_ERROR: {failure!r}", False)
        total = _milliseconds(time.monotonic() - began)
        with self.lock:
            statistics = execution.record["Statistics"]
            statistics.setdefault("QueryQueueTimeInMillis", 0)
            statistics["TotalExecutionTimeInMillis"] = total
            statistics.setdefault("EngineExecutionTimeInMillis", total)
            statistics["ServiceProcessingTimeInMillis"] = max(
                0,
                total - statistics["QueryQueueTimeInMillis"] - statistics["EngineExecutionTimeInMillis"],
            )
            statistics["ResultReuseInformation"] = {"ReusedPreviousResult": False}
            execution.record["Status"].update(status, CompletionDateTime=time.time())
            self._stopping.discard(execution.id)
        if configuration["PublishCloudWatchMetricsEnabled"]:
            self._publish_metrics(execution)

    def _run_trino(self, execution: Execution, statement: Statement, configuration: dict) -> None:
        waited = time.monotonic()
        url = self._server.wait_until_ready()
        self._check_stop(execution)
        queued = _milliseconds(time.monotonic() - waited)
        self._set(execution, State="RUNNING")
        text = statement.sql
        session = {"query_max_run_time": QUERY_LIMIT}
        if statement.kind == "ctas":
            location = execution.record["ResultConfiguration"]["OutputLocation"]
            text, settings = ctas.for_trino(statement, f"{location}/")
            session.update({f"{CATALOG}.{name}": value for name, value in settings.items()})
        if parameters := execution.record.get("ExecutionParameters"):
            text = with_parameters(text, parameters)
        answer = trino_client.Answer()
        running = trino_client.run(
            url,
            text,
            execution.record["QueryExecutionContext"]["Database"],
            execution.principal,
            session,
            answer,
            lambda now: self._progress(execution, now, configuration, queued),
        )
        with contextlib.closing(running) as rows:
            if statement.kind == "select":
                self._write_rows(execution, answer, rows)
                self._check_types(execution, answer, url)
            elif statement.kind == "explain":
                lines = [line for row in rows for line in row[0].rstrip("\n").split("\n")]
                execution.columns = [values.text_column("Query Plan", "varchar")]
                self._put(execution, results.write_lines(lines))
            else:
                for _ in rows:
                    pass
                execution.update_count = answer.update_count or 0
                if statement.kind == "view":
                    self._put(execution, b"")

    def _check_types(self, execution: Execution, answer: trino_client.Answer, url: str) -> None:
        # what a condition on "$path" leaves out, Trino does not say
        if "$path" not in execution.record["Query"]:
            read = trino_client.inputs(url, answer.query_id, execution.principal)
            self._parquet_types.check(read, answer.stats.get("processedRows", 0))

    def _write_rows(self, execution: Execution, answer: trino_client.Answer, rows: Iterator[list]) -> None:
        # the columns are known with the first row, or when there is none
        first = next(rows, None)
        execution.columns = [values.column_info(column) for column in answer.columns]
        formatters = [values.formatter(column) for column in answer.columns]

        def texts() -> Iterator[list[str | None]]:
            if first is not None:
                yield [render(value) for render, value in zip(formatters, first, strict=True)]
            for row in rows:
                yield [render(value) for render, value in zip(formatters, row, strict=True)]

        with tempfile.SpooledTemporaryFile(max_size=8 << 20) as file:
            header = [column["Name"] for column in execution.columns]
            count = results.write_csv(file, header, texts())
            execution.rows.update(OutputRows=count, OutputBytes=file.tell())
            file.seek(0)
            self._put(execution, file)

    def _run_hive(self, execution: Execution, statement: Statement) -> None:
        outcome = hive_ddl.run(
            statement,
            execution.record["QueryExecutionContext"]["Database"],
            self._client("glue", execution.principal),
            self._client("s3", execution.principal),
        )
        execution.columns = [values.text_column(name) for name in outcome.columns]
        self._put(execution, results.write_lines(outcome.lines))

    def _progress(
        self,
        execution: Execution,
        answer: trino_client.Answer,
        configuration: Mapping[str, Any],
        queued: int,
    ) -> None:
        stats = answer.stats
        scanned = stats.get("physicalInputBytes", 0)
        with self.lock:
            execution.record["Statistics"].update(
                DataScannedInBytes=scanned,
                QueryQueueTimeInMillis=queued + stats.get("queuedTimeMillis", 0),
                QueryPlanningTimeInMillis=stats.get("planningTimeMillis", 0),
                EngineExecutionTimeInMillis=stats.get("elapsedTimeMillis", 0),
            )
            execution.rows.update(InputRows=stats.get("processedRows", 0), InputBytes=scanned)
        cutoff = configuration.get("BytesScannedCutoffPerQuery")
        if cutoff is not None and scanned > cutoff:
            raise QueryCancelled("Bytes scanned limit was exceeded")
        self._check_stop(execution)

    def _check_stop(self, execution: Execution) -> None:
        with self.lock:
            if execution.id in self._stopping:
                raise QueryCancelled("Query cancelled by user")

    def _set(self, execution: Execution, **status: Any) -> None:
        with self.lock:
            execution.record["Status"].update(status)

    def _put(self, execution: Execution, body: Any) -> None:
        configuration = execution.record["ResultConfiguration"]
        bucket, key = split_uri(configuration["OutputLocation"])
        encryption = configuration.get("EncryptionConfiguration") or {}
        extra: dict[str, Any] = {}
        if encryption.get("EncryptionOption") == "SSE_KMS":
            extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": encryption["KmsKey"]}
        elif encryption:
            extra = {"ServerSideEncryption": "AES256"}
        self._client("s3", execution.principal).put_object(
            Bucket=bucket,
            Key=key,
            Body=body,
            ContentType="application/octet-stream",
            **extra,
        )

    def content(self, execution: Execution) -> bytes:
        """The result file's bytes, read as the caller that ran the query."""
        bucket, key = split_uri(execution.record["ResultConfiguration"]["OutputLocation"])
        try:
            answer = self._client("s3", execution.principal).get_object(Bucket=bucket, Key=key)
            return answer["Body"].read()
        except ClientError as error:
            raise ApiError(f"Could not find results: {error}") from error

    def _check_bucket(self, location: str, principal: str) -> None:
        bucket, _ = split_uri(location)
        try:
            self._client("s3", principal).head_bucket(Bucket=bucket)
        except ClientError as error:
            raise ApiError(f"Unable to verify/create output bucket {bucket}") from error

    def _publish_metrics(self, execution: Execution) -> None:
        """https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html"""
        statistics = execution.record["Statistics"]
        dimensions = [
            {"Name": "QueryState", "Value": execution.state},
            {"Name": "QueryType", "Value": execution.record["StatementType"]},
            {"Name": "WorkGroup", "Value": execution.record["WorkGroup"]},
        ]
        measured = {
            "ProcessedBytes": ("DataScannedInBytes", "Bytes"),
            "EngineExecutionTime": ("EngineExecutionTimeInMillis", "Milliseconds"),
            "QueryPlanningTime": ("QueryPlanningTimeInMillis", "Milliseconds"),
            "QueryQueueTime": ("QueryQueueTimeInMillis", "Milliseconds"),
            "ServiceProcessingTime": ("ServiceProcessingTimeInMillis", "Milliseconds"),
            "TotalExecutionTime": ("TotalExecutionTimeInMillis", "Milliseconds"),
        }
        try:
            self._client("cloudwatch").put_metric_data(
                Namespace="AWS/Athena",
                MetricData=[
                    {
                        "MetricName": metric,
                        "Dimensions": dimensions,
                        "Value": statistics[name],
                        "Unit": unit,
                    }
                    for metric, (name, unit) in measured.items()
                    if name in statistics
                ],
            )
        except (ClientError, BotoCoreError):
            log.exception("metrics of query %s", execution.id)

    def _client(self, service: str, principal: str = OPERATOR):
        return self._context.client(service, None if principal == OPERATOR else principal)

    # --- state ------------------------------------------------------------------------------------

    def dump(self) -> list[dict[str, Any]]:
        with self.lock:
            return [copy.deepcopy(vars(execution)) for execution in self.all.values()]

    def restore(self, saved: list[dict[str, Any]]) -> None:
        with self.lock:
            self.all = {}
            for values_ in saved:
                execution = Execution(**values_)
                if execution.state in UNFINISHED:
                    execution.record["Status"].update(
                        _failed("Internal error: the local AWS ended while this query ran", False),
                        CompletionDateTime=time.time(),
                    )
                self.all[execution.id] = execution


def output_configuration(asked: Mapping[str, Any], workgroup: Mapping[str, Any]) -> dict[str, Any]:
    """Where and how results are written: the workgroup's word counts if it is enforced."""
    own = workgroup["ResultConfiguration"]
    chosen = dict(own) if workgroup["EnforceWorkGroupConfiguration"] else {**own, **asked}
    if "OutputLocation" not in chosen:
        raise ApiError(
            "No output location provided. An output location is required either through the "
            "Workgroup result configuration setting or as an API input."
        )
    return checked_result_configuration(chosen)


def query_context(asked: Mapping[str, Any]) -> dict[str, str]:
    catalog = asked.get("Catalog") or CATALOG
    if catalog.lower() != CATALOG:
        raise ApiError(f"catalog {catalog!r}: the local Athena has AwsDataCatalog only")
    database = (asked.get("Database") or "default").lower()
    if not _DATABASE.fullmatch(database):
        raise ApiError(f"database {database!r} is no database name")
    return {"Catalog": CATALOG, "Database": database}


def split_uri(uri: str) -> tuple[str, str]:
    """s3://bucket/key → (bucket, key)."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _join(location: str, name: str) -> str:
    return f"{location.rstrip('/')}/{name}"


def _failed(reason: str, user_error: bool) -> dict[str, Any]:
    return {
        "State": "FAILED",
        "StateChangeReason": reason,
        "AthenaError": {
            "ErrorCategory": 2 if user_error else 1,
            "ErrorMessage": reason,
            "Retryable": False,
        },
    }


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
