"""The Redshift Data API: statements run on worker threads and go on when their client dies.

https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore.exceptions import ClientError

from .errors import RedshiftError
from .grants import user_name
from .serverless import Serverless, iam_user
from .session import Cancelled, DatabaseSession, Login, Result
from .wire import ApiError, validation

MAX_STATEMENTS = 40
MAX_STATEMENT_BYTES = 100 * 1024
MAX_ACTIVE = 500  # statements of an account that are not done
MAX_RESULT_BYTES = 500 * 1024 * 1024
KEPT_SECONDS = 24 * 3600  # results and statements are forgotten after a day
_WORKERS = 16  # what runs at the same time; the others wait as they do in Redshift's queue
_PAGE_ROWS, _PAGE_BYTES = 1000, 1024 * 1024
_DONE = ("FINISHED", "FAILED", "ABORTED")
_TYPE_NAMES = {
    "integer": "int4", "bigint": "int8", "smallint": "int2", "character varying": "varchar", "boolean": "bool",
    "double precision": "float8", "real": "float4", "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz", "character": "bpchar",
}  # fmt: skip
_STATUSES = ("SUBMITTED", "PICKED", "STARTED", *_DONE, "ALL")
_INPUTS = {
    "ClusterIdentifier", "SecretArn", "DbUser", "Database", "WithEvent", "StatementName", "Parameters",
    "WorkgroupName", "ClientToken", "ResultFormat", "WaitTimeSeconds",
}  # fmt: skip


class DataApi:
    """Statements, their state and their results."""

    def __init__(self, context, folder: Path, serverless: Serverless):
        self.context = context
        self.serverless = serverless
        self.folder = folder / "statements"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="redshift-data")
        self._sessions: dict[str, DatabaseSession] = {}
        self._cancelled: set[str] = set()
        self.statements: dict[str, dict] = {}
        self._load()

    # -- state ------------------------------------------------------------------------------------------

    def _load(self) -> None:
        for file in self.folder.glob("*/statement.json"):
            statement = json.loads(file.read_text())
            if statement["CreatedAt"] < time.time() - KEPT_SECONDS:
                shutil.rmtree(file.parent, ignore_errors=True)
                continue
            self.statements[statement["Id"]] = statement
            if statement["Status"] not in _DONE:
                # It was running when the gateway died; its transaction died with it.
                self._finish(statement, "FAILED", "ERROR: the local Redshift was stopped while the statement ran")

    def _save(self, statement: dict) -> None:
        folder = self.folder / statement["Id"]
        folder.mkdir(exist_ok=True)
        draft = folder / "statement.new"
        draft.write_text(json.dumps(statement))
        draft.replace(folder / "statement.json")

    def stop(self) -> None:
        with self._lock:
            running = list(self._sessions.values())
        self._workers.shutdown(wait=False, cancel_futures=True)
        for session in running:
            session.cancel()

    def reset(self) -> None:
        with self._lock:
            self.statements.clear()
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True, exist_ok=True)

    # -- the API ------------------------------------------------------------------------------------------

    def call(self, operation: str, request: Mapping, principal: str) -> dict:
        handler = getattr(self, f"_{re.sub('([A-Z])', lambda m: '_' + m[1].lower(), operation).lstrip('_')}", None)
        if handler is None:
            raise ApiError("UnknownOperationException", f"{operation} is not emulated by the local Redshift Data API")
        return handler(request, principal)

    def done(self, request: Mapping) -> bool:
        """For WaitTimeSeconds: is there nothing left to wait for?"""
        statement = self.statements.get(str(request.get("Id", "")).partition(":")[0])
        return statement is None or statement["Status"] in _DONE

    def _execute_statement(self, request: Mapping, principal: str) -> dict:
        _known(request, _INPUTS | {"Sql"})
        sql = request.get("Sql")
        if not sql:
            raise validation("Sql must not be empty")
        return self._submit(request, [sql], principal, batch=False)

    def _batch_execute_statement(self, request: Mapping, principal: str) -> dict:
        _known(request, _INPUTS | {"Sqls", "ExecutionMode"})
        sqls = request.get("Sqls") or []
        if not 1 <= len(sqls) <= MAX_STATEMENTS:
            raise validation(f"Sqls must hold 1 to {MAX_STATEMENTS} statements, not {len(sqls)}")
        return self._submit(request, list(sqls), principal, batch=True)

    def _submit(self, request: Mapping, sqls: list[str], principal: str, batch: bool) -> dict:
        parameters = _parameters(request)
        _check_limits(request, sqls)
        namespace = self._namespace(request)
        with self._lock:
            known = self._by_token(request, sqls, principal)
            if known is not None:
                return _submitted(known)
            if sum(s["Status"] not in _DONE for s in self.statements.values()) >= MAX_ACTIVE:
                raise ApiError(
                    "ActiveStatementsExceededException", "Active statements exceeded the allowed quota (500)."
                )
            user, is_iam = self._user(request, namespace, principal)
            self._forget_old()
            now = time.time()
            number = str(uuid.uuid4())
            statement = {
                "Id": number,
                "Status": "SUBMITTED",
                "CreatedAt": now,
                "UpdatedAt": now,
                "Sqls": sqls,
                "Batch": batch,
                "Parameters": parameters,
                "Mode": request.get("ExecutionMode", "TRANSACTION"),
                "StatementName": request.get("StatementName"),
                "ClientToken": request.get("ClientToken"),
                "WithEvent": bool(request.get("WithEvent")),
                "ResultFormat": request.get("ResultFormat", "JSON"),
                "Database": request["Database"],
                "WorkgroupName": request["WorkgroupName"],
                "SecretArn": request.get("SecretArn"),
                "DbUser": user,
                "Iam": is_iam,
                "Principal": principal,
                "Namespace": namespace["namespaceName"],
                "ResultRows": -1,
                "ResultSize": -1,
                "HasResultSet": False,
                "Duration": -1,
                "RedshiftPid": 0,
                "RedshiftQueryId": 0,
                "Sub": [
                    {"Id": f"{number}:{index}", "QueryString": sql, "Status": "SUBMITTED", "CreatedAt": now,
                     "UpdatedAt": now, "Duration": -1, "ResultRows": -1, "ResultSize": -1, "HasResultSet": False,
                     "RedshiftQueryId": 0}
                    for index, sql in enumerate(sqls, 1)
                ],
            }  # fmt: skip
            self.statements[number] = statement
            self._save(statement)
        self._workers.submit(self._run, statement)
        return _submitted(statement)

    def _forget_old(self) -> None:
        for statement in list(self.statements.values()):
            if statement["Status"] in _DONE and statement["CreatedAt"] < time.time() - KEPT_SECONDS:
                del self.statements[statement["Id"]]
                shutil.rmtree(self.folder / statement["Id"], ignore_errors=True)

    def _by_token(self, request: Mapping, sqls: list[str], principal: str) -> dict | None:
        token = request.get("ClientToken")
        if not token:
            return None
        for statement in self.statements.values():
            if statement["ClientToken"] == token and statement["Principal"] == principal:
                if statement["Sqls"] != sqls:
                    raise validation("ClientToken was used with other parameters before")
                return statement
        return None

    def _namespace(self, request: Mapping) -> dict:
        if request.get("ClusterIdentifier"):
            raise validation(
                "Redshift endpoint doesn't exist in this region. (The local AWS has no provisioned clusters.)"
            )
        if not request.get("WorkgroupName"):
            raise validation("WorkgroupName or ClusterIdentifier is required")
        if not request.get("Database"):
            raise validation("Database is required")
        if request.get("DbUser"):
            raise validation("DbUser can't be used with WorkgroupName")
        return self.serverless.namespace_of(request["WorkgroupName"])

    def _user(self, request: Mapping, namespace: dict, principal: str) -> tuple[str, bool]:
        if not request.get("SecretArn"):
            return iam_user(principal), True
        client = self.context.client("secretsmanager", principal=None if principal == "operator" else principal)
        try:
            secret = json.loads(client.get_secret_value(SecretId=request["SecretArn"])["SecretString"])
            user, password = user_name(secret["username"]), secret["password"]
        except ClientError as error:
            raise validation(f"SecretArn: {error.response['Error'].get('Message', error)}") from error
        except (KeyError, ValueError, TypeError) as error:
            raise validation("The secret must hold username and password") from error
        if not self.serverless.password_is(namespace["namespaceName"], user, password):
            raise validation(f'FATAL: password authentication failed for user "{user}"')
        return user, False

    # -- running --------------------------------------------------------------------------------------------

    def _run(self, statement: dict) -> None:
        self._change(statement, Status="PICKED")
        session = None
        started = time.monotonic()
        status, error = "FAILED", None
        try:
            if statement["Id"] in self._cancelled:
                raise Cancelled
            session = self._open(statement)
            with self._lock:
                self._sessions[statement["Id"]] = session
                cancelled = statement["Id"] in self._cancelled
            if cancelled:
                raise Cancelled
            self._change(statement, Status="STARTED", RedshiftPid=session.backend_pid)
            status, error = self._run_all(statement, session)
        except Cancelled:
            status, error = "ABORTED", "Query cancelled on user's request"
        except RedshiftError as failure:
            error = str(failure)
        except Exception as failure:  # noqa: BLE001 - a statement must end, whatever happened
            error = f"ERROR: internal error of the local Redshift: {type(failure).__name__}: {failure}"
            self._report(statement)
        finally:
            with self._lock:
                self._sessions.pop(statement["Id"], None)
                self._cancelled.discard(statement["Id"])
            if session is not None:
                session.close()  # whatever was not committed is rolled back
        statement["Duration"] = int((time.monotonic() - started) * 1e9)
        self._finish(statement, status, error)
        self._announce(statement)

    def _open(self, statement: dict) -> DatabaseSession:
        namespace = statement["Namespace"]
        if namespace not in self.serverless.namespaces:
            raise RedshiftError("the namespace is gone")
        server = self.serverless.server(namespace)
        server.start()
        if statement["Iam"]:
            self.serverless.ensure_user(namespace, statement["DbUser"])
        login = Login(
            server, statement["Database"], statement["DbUser"], self.context, self.context.account,
            lambda: self.serverless.attached_roles(namespace),
        )  # fmt: skip
        return DatabaseSession(login, in_batch=statement["Batch"] and statement["Mode"] == "TRANSACTION")

    def _run_all(self, statement: dict, session: DatabaseSession) -> tuple[str, str | None]:
        each_commits = statement["Mode"] == "AUTO_COMMIT" or not statement["Batch"]
        used: set[str] = set()
        first_error = None
        for index, (sql, sub) in enumerate(zip(statement["Sqls"], statement["Sub"], strict=True), 1):
            begun = time.monotonic()
            sub.update(Status="STARTED", RedshiftQueryId=time.time_ns() // 1_000_000 % 2**31)
            try:
                result, names = session.run(sql, statement["Parameters"])
                used |= names
                if each_commits:
                    session.commit()
                self._keep(statement, sub, result)
                sub.update(Status="FINISHED")
            except (RedshiftError, Cancelled) as failure:
                cancelled = isinstance(failure, Cancelled)
                error = "Query cancelled on user's request" if cancelled else str(failure)
                sub.update(Status="ABORTED" if cancelled else "FAILED", Error=error)
                session.rollback()
                first_error = first_error or (f"Query #{index} failed with {error}" if statement["Batch"] else error)
                if cancelled or statement["Mode"] == "TRANSACTION":
                    for later in statement["Sub"][index:]:
                        later.update(
                            Status="ABORTED", Error="Connection or an prior query failed.", UpdatedAt=time.time()
                        )
                    return ("ABORTED" if cancelled else "FAILED"), first_error
            finally:
                sub.update(Duration=int((time.monotonic() - begun) * 1e9), UpdatedAt=time.time())
        if not each_commits:
            session.commit()
        unused = set(statement["Parameters"]) - used
        if unused and first_error is None:
            first_error = f"ERROR: Parameters not used by any statement: {', '.join(sorted(unused))}"
        return ("FAILED" if first_error else "FINISHED"), first_error

    def _keep(self, statement: dict, sub: dict, result: Result) -> None:
        """Results lie in pages on disk, so that a big one does not stay in memory."""
        sub.update(ResultRows=result.count, HasResultSet=result.has_rows)
        if not result.has_rows:
            sub["ResultSize"] = 0
            return
        folder = self.folder / statement["Id"]
        size, pages = 0, list(_pages(result.rows))
        for number, page in enumerate(pages):
            body = json.dumps({
                "ColumnMetadata": result.columns,
                "Records": page,
                "TotalNumRows": len(result.rows),
                "Last": number == len(pages) - 1,
            })  # fmt: skip
            size += len(body)
            if size > MAX_RESULT_BYTES:
                raise RedshiftError("Query result is larger than the limit of 500 MB")
            (folder / f"result-{_number(sub['Id'])}-{number}.json").write_text(body)
        sub["ResultSize"] = size

    def _change(self, statement: dict, **fields: object) -> None:
        with self._lock:
            statement.update(fields, UpdatedAt=time.time())
            self._save(statement)

    def _finish(self, statement: dict, status: str, error: str | None) -> None:
        with self._lock:
            for sub in statement["Sub"]:
                if sub["Status"] not in _DONE:
                    sub.update(
                        Status="ABORTED" if status == "ABORTED" else "FAILED", Error=error, UpdatedAt=time.time()
                    )
            last = statement["Sub"][-1]
            statement.update(
                Status=status,
                Error=error,
                HasResultSet=any(sub["HasResultSet"] for sub in statement["Sub"]) and status == "FINISHED",
                ResultRows=last["ResultRows"],
                ResultSize=last["ResultSize"],
                RedshiftQueryId=last["RedshiftQueryId"],
                UpdatedAt=time.time(),
            )
            self._save(statement)

    def _announce(self, statement: dict) -> None:
        # https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-monitoring-events.html
        if statement["WithEvent"]:
            detail = {
                "principal": statement["Principal"],
                "statementName": statement["StatementName"] or "",
                "statementId": statement["Id"],
                "redshiftQueryId": statement["RedshiftQueryId"],
                "state": statement["Status"],
                "rows": statement["ResultRows"],
                "expireAt": int(statement["CreatedAt"] + KEPT_SECONDS),
            }
            self.context.emit_event("aws.redshift-data", "Redshift Data Statement Status Change", detail)

    def _report(self, statement: dict) -> None:
        import traceback

        with self.context.log_path("redshift").open("a") as log:
            log.write(f"{statement['Id']}: {traceback.format_exc()}\n")

    # -- asking ---------------------------------------------------------------------------------------------

    def _mine(self, number: str, principal: str) -> tuple[dict, dict | None]:
        """The statement, and its part when the number has one. Only who ran it may ask."""
        main, _, part = number.partition(":")
        statement = self.statements.get(main)
        if statement is None or statement["Principal"] != principal:
            raise ApiError("ResourceNotFoundException", "Query does not exist.", ResourceId=number)
        if not part:
            return statement, None
        for sub in statement["Sub"]:
            if sub["Id"] == number and statement["Batch"]:
                return statement, sub
        raise ApiError("ResourceNotFoundException", "Query does not exist.", ResourceId=number)

    def _describe_statement(self, request: Mapping, principal: str) -> dict:
        with self._lock:
            statement, sub = self._mine(request.get("Id", ""), principal)
            shown = {
                "Id": request["Id"],
                "Status": statement["Status"],
                "CreatedAt": statement["CreatedAt"],
                "UpdatedAt": statement["UpdatedAt"],
                "Database": statement["Database"],
                "WorkgroupName": statement["WorkgroupName"],
                "DbUser": statement["DbUser"],
                "Duration": statement["Duration"],
                "HasResultSet": statement["HasResultSet"],
                "RedshiftPid": statement["RedshiftPid"],
                "RedshiftQueryId": statement["RedshiftQueryId"],
                "ResultRows": statement["ResultRows"],
                "ResultSize": statement["ResultSize"],
                "ResultFormat": statement["ResultFormat"],
            }
            for key in ("Error", "SecretArn"):
                if statement.get(key):
                    shown[key] = statement[key]
            if statement["Parameters"]:
                shown["QueryParameters"] = [{"name": k, "value": v} for k, v in statement["Parameters"].items()]
            if sub is not None:
                return shown | {key: value for key, value in sub.items() if value is not None}
            if statement["Batch"]:
                shown["SubStatements"] = [{k: v for k, v in s.items() if v is not None} for s in statement["Sub"]]
                shown["ExecutionMode"] = statement["Mode"]
            else:
                shown["QueryString"] = statement["Sqls"][0]
            return shown

    def _get_statement_result(self, request: Mapping, principal: str) -> dict:
        statement, sub = self._mine(request.get("Id", ""), principal)
        if sub is None and statement["Batch"]:
            with_rows = [s for s in statement["Sub"] if s["HasResultSet"]]
            if not with_rows:
                raise _no_result(statement["Id"])
            sub = with_rows[-1]
        sub = sub or statement["Sub"][0]
        if sub["Status"] != "FINISHED" or not sub["HasResultSet"] or statement["Status"] != "FINISHED":
            raise _no_result(request["Id"])
        page = _page_of(request.get("NextToken"), sub["Id"])
        file = self.folder / statement["Id"] / f"result-{_number(sub['Id'])}-{page}.json"
        if not file.exists():
            raise validation("Invalid NextToken")
        body = json.loads(file.read_text())
        if not body.pop("Last"):
            body["NextToken"] = base64.b64encode(f"{sub['Id']}/{page + 1}".encode()).decode()
        return body

    def _cancel_statement(self, request: Mapping, principal: str) -> dict:
        with self._lock:
            statement, _ = self._mine(request.get("Id", ""), principal)
            if statement["Status"] in _DONE:
                raise validation("Could not cancel a query that is already in FINISHED, FAILED or ABORTED state")
            self._cancelled.add(statement["Id"])
            session = self._sessions.get(statement["Id"])
        if session is not None:
            session.cancel()
        return {"Status": True}

    def _list_statements(self, request: Mapping, principal: str) -> dict:
        status = request.get("Status", "ALL")
        if status not in _STATUSES:
            raise validation(f"Status {status!r} must be one of {', '.join(_STATUSES)}")
        prefix = request.get("StatementName", "")
        with self._lock:
            found = [
                s for s in self.statements.values()
                if s["Principal"] == principal
                and (status in ("ALL", s["Status"]))
                and (not prefix or (s["StatementName"] or "").startswith(prefix))
                and request.get("WorkgroupName", s["WorkgroupName"]) == s["WorkgroupName"]
                and request.get("Database", s["Database"]) == s["Database"]
            ]  # fmt: skip
        found.sort(key=lambda s: s["CreatedAt"], reverse=True)
        start, most = _page_of(request.get("NextToken"), "list"), int(request.get("MaxResults") or 100)
        answer: dict = {"Statements": [_listed(s) for s in found[start : start + most]]}
        if start + most < len(found):
            answer["NextToken"] = base64.b64encode(f"list/{start + most}".encode()).decode()
        return answer

    # -- the catalog ------------------------------------------------------------------------------------------

    def _ask(self, request: Mapping, principal: str, sql: str) -> list[list]:
        namespace = self._namespace(request)
        user, is_iam = self._user(request, namespace, principal)
        statement = {
            "Namespace": namespace["namespaceName"], "DbUser": user, "Iam": is_iam, "Batch": False,
            "Mode": "TRANSACTION", "Database": request.get("ConnectedDatabase") or request["Database"],
        }  # fmt: skip
        try:
            session = self._open(statement)
        except RedshiftError as error:
            raise validation(str(error)) from error
        try:
            return [list(row) for row in session.connection.execute(sql.encode()).fetchall()]
        finally:
            session.close()

    def _list_databases(self, request: Mapping, principal: str) -> dict:
        rows = self._ask(
            request, principal,
            "select datname::text from pg_catalog.pg_database "
            "where datname not like 'template%' and datname <> 'postgres' order by 1",
        )  # fmt: skip
        return {"Databases": [row[0] for row in rows]}

    def _list_schemas(self, request: Mapping, principal: str) -> dict:
        pattern = _quote(request.get("SchemaPattern", "%"))
        rows = self._ask(
            request,
            principal,
            f"select schema_name from rs.svv_all_schemas where schema_name like {pattern} order by 1",
        )
        return {"Schemas": [row[0] for row in rows]}

    def _list_tables(self, request: Mapping, principal: str) -> dict:
        schema, table = _quote(request.get("SchemaPattern", "%")), _quote(request.get("TablePattern", "%"))
        rows = self._ask(
            request, principal,
            "select schema_name, table_name, table_type from rs.svv_redshift_tables "
            f"where schema_name like {schema} and table_name like {table} order by 1, 2",
        )  # fmt: skip
        return {"Tables": [{"schema": s, "name": n, "type": t} for s, n, t in rows]}

    def _describe_table(self, request: Mapping, principal: str) -> dict:
        schema, table = _quote(request.get("Schema", "public")), _quote(request.get("Table", ""))
        rows = self._ask(
            request, principal,
            "select column_name, data_type, is_nullable, character_maximum_length, numeric_precision, numeric_scale, "
            f"column_default from rs.svv_all_columns where schema_name = {schema} and table_name = {table} "
            "order by ordinal_position",
        )  # fmt: skip
        columns = [
            {"name": name, "label": name, "typeName": _TYPE_NAMES.get(kind, kind), "nullable": int(nullable == "YES"),
             "length": length or 0, "precision": precision or length or 0, "scale": scale or 0,
             "schemaName": request.get("Schema", "public"), "tableName": request.get("Table", ""),
             "columnDefault": default, "isSigned": kind in ("integer", "bigint", "smallint", "numeric"),
             "isCaseSensitive": "character" in kind, "isCurrency": False}
            for name, kind, nullable, length, precision, scale, default in rows
        ]  # fmt: skip
        return {"TableName": request.get("Table", ""), "ColumnList": columns}


def _no_result(number: str) -> ApiError:
    message = "Query does not have result. Please check query status with DescribeStatement."
    return ApiError("ResourceNotFoundException", message, ResourceId=number)


def _submitted(statement: dict) -> dict:
    shown = {
        "Id": statement["Id"],
        "CreatedAt": statement["CreatedAt"],
        "Database": statement["Database"],
        "WorkgroupName": statement["WorkgroupName"],
        "DbUser": statement["DbUser"],
        "Status": statement["Status"],
    }
    if statement.get("SecretArn"):
        shown["SecretArn"] = statement["SecretArn"]
    return shown


def _listed(statement: dict) -> dict:
    shown = {
        "Id": statement["Id"],
        "Status": statement["Status"],
        "CreatedAt": statement["CreatedAt"],
        "UpdatedAt": statement["UpdatedAt"],
        "IsBatchStatement": statement["Batch"],
        "ResultFormat": statement["ResultFormat"],
    }
    shown |= {"QueryStrings": statement["Sqls"]} if statement["Batch"] else {"QueryString": statement["Sqls"][0]}
    for key in ("StatementName", "SecretArn"):
        if statement.get(key):
            shown[key] = statement[key]
    return shown


def _known(request: Mapping, inputs: set[str]) -> None:
    for key in request:
        if key not in inputs:
            raise validation(f"{key} is not emulated by the local Redshift Data API")
    if request.get("ResultFormat", "JSON") != "JSON":
        raise validation("ResultFormat CSV is not emulated by the local Redshift Data API")


def _parameters(request: Mapping) -> dict[str, str]:
    if "Parameters" not in request:
        return {}
    parameters: dict[str, str] = {}
    for item in request["Parameters"]:
        name, value = item.get("name"), item.get("value")
        if not name or not re.fullmatch(r"[0-9a-zA-Z_]+", name):
            raise validation(f"Parameter name {name!r} must consist of letters, digits and underscores")
        if not isinstance(value, str) or value == "":
            raise validation(f"Parameter {name} must have a value of at least 1 character: NULL and '' can't be passed")
        if name in parameters:
            raise validation(f"Parameter {name} is given twice")
        parameters[name] = value
    if not parameters:
        raise validation("Parameters must hold at least one parameter")
    return parameters


def _check_limits(request: Mapping, sqls: list[str]) -> None:
    for index, sql in enumerate(sqls, 1):
        if not sql:
            raise validation(f"statement {index} is empty")
        if len(sql.encode()) > MAX_STATEMENT_BYTES:
            raise validation(
                f"Cannot process query string larger than 100kB: statement {index} has {len(sql.encode())} bytes"
            )
    if len(request.get("ClientToken") or "x") > 64:
        raise validation("ClientToken must have at most 64 characters")
    if request.get("ExecutionMode", "TRANSACTION") not in ("TRANSACTION", "AUTO_COMMIT"):
        raise validation("ExecutionMode must be TRANSACTION or AUTO_COMMIT")


def _pages(rows: list[list[dict]]):
    page: list[list[dict]] = []
    size = 0
    for row in rows:
        page.append(row)
        size += sum(len(str(cell)) for cell in row)
        if len(page) >= _PAGE_ROWS or size >= _PAGE_BYTES:
            yield page
            page, size = [], 0
    if page or not rows:
        yield page


def _page_of(token: str | None, owner: str) -> int:
    if not token:
        return 0
    try:
        name, _, page = base64.b64decode(token).decode().rpartition("/")
        if name != owner:
            raise ValueError
        return int(page)
    except ValueError as error:
        raise validation("Invalid NextToken") from error


def _number(sub_id: str) -> str:
    return sub_id.partition(":")[2]


def _quote(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
