"""One database session: logs a user in, runs statements one after the other, in one transaction or each in its own."""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from . import external
from .columns import Column, table_of_csv
from .copy import CopyCommand, run_copy
from .errors import RedshiftError, reword
from .external import ExternalSchema
from .forms import Session as Scope
from .forms import prepare
from .lake import Lake, role_of_arn
from .plan import COUNT, ROWS, Plan
from .server import Server
from .tokens import quote_ident
from .translate import Catalog
from .types import OID_NAMES
from .unload import UnloadCommand, check_target, run_unload


class Cancelled(Exception):
    """The statement was cancelled by its user."""


@dataclass
class Result:
    """What a statement gave: rows as Data API fields, or the number of rows it changed."""

    form: str
    has_rows: bool = False
    columns: list[dict] = field(default_factory=list)
    rows: list[list[dict]] = field(default_factory=list)
    count: int = -1


@dataclass
class Login:
    """Who works where."""

    server: Server
    database: str
    user: str
    context: object
    account: str
    attached_roles: Callable[[], frozenset[str]]  # the ARNs that belong to the namespace


class DatabaseSession:
    """Used by one thread; `cancel` may be called by another."""

    def __init__(self, login: Login, in_batch: bool):
        self.login = login
        self.in_batch = in_batch
        self._cancelled = threading.Event()
        self._schemas: dict[str, ExternalSchema] = {}
        # made in this very transaction: the other connection does not see them yet
        self._new_schemas: set[str] = set()
        self._new_views: dict[tuple[str, str], str] = {}
        self._create_schema = "public"
        self._admin = self._connect(None, autocommit=True)
        try:
            self.connection = self._connect(login.user, autocommit=False)
            self.connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self.connection.prepare_threshold = None
        except BaseException:
            self._admin.close()
            raise

    def _connect(self, user: str | None, autocommit: bool) -> psycopg.Connection:
        try:
            options: dict[str, Any] = {
                "autocommit": autocommit,
                "options": '-c search_path=rs,pg_catalog,"$user",public',
            }
            if user is None:
                # The log of queries may lose its last lines; nothing else is written by this connection.
                options["options"] = "-c synchronous_commit=off"
                return self.login.server.connect(self.login.database, **options)
            return self.login.server.connect(self.login.database, user=user, **options)
        except psycopg.OperationalError as error:
            message = str(error)
            if "does not exist" in message and f'database "{self.login.database}"' in message:
                raise RedshiftError(f'database "{self.login.database}" does not exist') from error
            if "does not exist" in message or "not permitted to log in" in message:
                raise RedshiftError(f'password authentication failed for user "{user}"') from error
            raise RedshiftError(message.strip()) from error

    @property
    def backend_pid(self) -> int:
        return self.connection.info.backend_pid

    def close(self) -> None:
        for connection in (self.connection, self._admin):
            connection.close()

    def cancel(self) -> None:
        self._cancelled.set()
        with contextlib.suppress(psycopg.Error):
            self.connection.cancel_safe(timeout=5)

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled

    # -- one statement ----------------------------------------------------------------------------

    def run(self, sql: str, parameters: Mapping[str, str] | None = None) -> tuple[Result, set[str]]:
        """Runs one statement; raises RedshiftError or Cancelled. The caller commits or rolls back."""
        self._check_cancelled()
        started = datetime.now(UTC).replace(tzinfo=None)
        result, failure = None, None
        try:
            scope = Scope(self._catalog(), parameters or {}, self.in_batch, self._create_schema, self.login.account)
            form, plan, used = prepare(sql, scope)
            result = Result(form.name)
            self._run_plan(plan, result)
            return result, used
        except psycopg.Error as error:
            self._check_cancelled()
            diagnostics = error.diag
            message = diagnostics.message_primary or str(error).strip()
            failure = RedshiftError(reword(error.sqlstate, message, diagnostics.message_detail))
            raise failure from error
        except RedshiftError as error:
            self._check_cancelled()
            failure = error
            raise
        finally:
            self._log(sql, started, result, failure)

    def commit(self) -> None:
        self._check_cancelled()
        try:
            self.connection.commit()
        except psycopg.Error as error:
            raise RedshiftError(reword(error.sqlstate, error.diag.message_primary or str(error))) from error

    def rollback(self) -> None:
        if not self.connection.closed:
            self.connection.rollback()

    def _catalog(self) -> Catalog:
        # By another connection: a look at the catalog here would take the snapshot before a LOCK does its waiting.
        found = self._admin.execute("select schema_name, glue_database, role_arn from rs_catalog.external_schema")
        self._schemas = {row[0]: ExternalSchema(*row) for row in found}
        views = self._admin.execute("select schema_name, view_name, definition from rs_catalog.late_view").fetchall()
        late = {(schema, name): text for schema, name, text in views} | self._new_views
        return Catalog(frozenset(self._schemas) | self._new_schemas, late)

    def _run_plan(self, plan: Plan, result: Result) -> None:
        self._check_tables(plan)
        if plan.superuser:
            self._require_superuser(plan.superuser)
        for schema, table in sorted(plan.external_tables):
            self._load_external(schema, table, plan)
        for schema, view in sorted(plan.late_views):
            relation = _literal(f"{quote_ident(schema)}.{quote_ident(view)}")
            self._require(
                f"has_table_privilege(current_user, {relation}, 'select')", f"permission denied for relation {view}"
            )
        if isinstance(plan.action, CopyCommand):
            result.count = self._copy(plan.action)
        elif isinstance(plan.action, UnloadCommand):
            result.count = self._unload(plan.action)
        else:
            self._execute(plan, result)
        if plan.create_schema:
            self._create_schema = plan.create_schema
        if plan.new_external_schema:
            self._new_schemas.add(plan.new_external_schema)
        if plan.new_late_view:
            schema, name, text = plan.new_late_view
            self._new_views[schema, name] = text

    def _execute(self, plan: Plan, result: Result) -> None:
        cursor = None
        for text in plan.sql:
            cursor = self.connection.execute(text)
        if cursor is None:
            return
        if plan.materialized:
            self._check_below(plan.materialized)
        if plan.result == ROWS:
            result.has_rows = True
            result.columns, result.rows = _rows(cursor)
            result.count = len(result.rows)
        elif plan.result == COUNT:
            result.count = max(cursor.rowcount, 0)

    def _check_tables(self, plan: Plan) -> None:
        for name in plan.must_be_tables:
            schema = name.schema or self._create_schema
            found = self._admin.execute(
                "select c.relkind from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
                "where n.nspname = %s and c.relname = %s",
                [schema, name.last],
            ).fetchone()
            if found and found[0] != "r":
                raise RedshiftError(f'"{name.last}" is not a table')

    def _check_below(self, view: str) -> None:
        """A materialized view stands on tables and other materialized views only.
        https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-create-sql-command.html
        """
        below = self.connection.execute(
            "select c.relname::text from pg_catalog.pg_depend d join pg_catalog.pg_rewrite w on w.oid = d.objid "
            "join pg_catalog.pg_class c on c.oid = d.refobjid and d.refclassid = 'pg_class'::regclass "
            f"where w.ev_class = {_literal(view)}::regclass and c.relkind = 'v'"
        ).fetchone()
        if below:
            raise RedshiftError(f"Materialized views can't reference standard views or system views: {below[0]}")

    def _require(self, condition: str, refusal: str) -> None:
        row = self.connection.execute(f"select {condition}").fetchone()
        if not row or not row[0]:
            raise RedshiftError(refusal)

    def _require_superuser(self, what: str) -> None:
        self._require(
            "(select rolsuper from pg_catalog.pg_roles where rolname = current_user)", f"must be superuser to {what}"
        )

    # -- the lake -----------------------------------------------------------------------------------

    def _load_external(self, schema: str, table: str, plan: Plan) -> None:
        known = self._schemas.get(schema) or ExternalSchema(
            *_only_row(
                self.connection.execute(
                    "select schemaname, databasename, esoptions::json ->> 'IAM_ROLE' from rs.svv_external_schemas "
                    f"where schemaname = {_literal(schema)}"
                )
            )
        )
        self._require(
            f"has_schema_privilege(current_user, {_literal(schema)}, 'usage')", f"permission denied for schema {schema}"
        )
        self._require_attached(known.role_arn)
        external.load(self.connection, self.login.context, known, table, plan.columns, self.login.account)

    def _require_attached(self, arn: str) -> None:
        if arn not in self.login.attached_roles():
            raise RedshiftError(
                f"User arn:aws:redshift:{self.login.account} is not authorized to assume IAM Role {arn}"
            )

    def _lake(self, command: CopyCommand | UnloadCommand) -> Lake:
        """S3 as the role that the command names, if the user may use it."""
        role = role_of_arn(command.role_arn, self.login.account)
        user, superuser = _only_row(
            self.connection.execute(
                "select current_user::text, rolsuper from pg_catalog.pg_roles where rolname = current_user"
            )
        )
        if not superuser:
            granted = self._admin.execute(
                "select 1 from rs_catalog.assume_role a left join pg_catalog.pg_roles r on r.rolname = a.grantee "
                "where a.command = %s and a.role_arn in (%s, 'all') "
                "and (a.grantee = 'public' or pg_catalog.pg_has_role(%s, r.oid, 'usage'))",
                [command.command, command.role_arn, user],
            ).fetchone()
            if not granted:
                raise RedshiftError(
                    f'User {user} does not have ASSUMEROLE permission on IAM role "{command.role_arn}" '
                    f"for {command.command.upper()}"
                )
        self._require_attached(command.role_arn)
        return Lake(self.login.context, role)

    def _copy(self, command: CopyCommand) -> int:
        columns = self._table_columns(command)
        lake = self._lake(command)
        return run_copy(command, lake, self.connection, columns, self._check_cancelled)

    def _table_columns(self, command: CopyCommand) -> list[Column]:
        found = self.connection.execute(
            "select attname::text, atttypid::int4, atttypmod, attidentity::text from pg_catalog.pg_attribute "
            f"where attrelid = {_literal(command.table.sql)}::regclass and attnum > 0 and not attisdropped "
            "order by attnum"
        ).fetchall()
        columns = {name: Column(name, oid, typmod, identity == "a") for name, oid, typmod, identity in found}
        if not command.columns:
            return [column for column in columns.values() if not column.identity]
        for name in command.columns:
            if name not in columns:
                raise RedshiftError(f'column "{name}" of relation "{command.table.last}" does not exist')
            if columns[name].identity:
                raise RedshiftError("cannot set an identity column to a value")
        return [columns[name] for name in command.columns]

    def _unload(self, command: UnloadCommand) -> int:
        lake = self._lake(command)
        check_target(command, lake)
        shape = self.connection.execute(f"select * from ({command.sql}) as unloaded limit 0")
        assert shape.pgresult is not None and shape.description is not None  # a select has a result
        columns = [Column(d.name, d.type_code, shape.pgresult.fmod(i)) for i, d in enumerate(shape.description)]
        if len({column.name for column in columns}) < len(columns):
            raise RedshiftError("UNLOAD to PARQUET needs a unique name for each column")
        body = io.BytesIO()
        with self.connection.cursor().copy(f"copy ({command.sql}) to stdout (format csv)") as source:
            for block in source:
                body.write(block)
        self._check_cancelled()
        return run_unload(command, lake, table_of_csv(body.getvalue(), columns), columns, self._check_cancelled)

    def _log(self, sql: str, started: datetime, result: Result | None, failure: RedshiftError | None) -> None:
        now = datetime.now(UTC).replace(tzinfo=None)
        status = "failed" if failure else "success" if result else "canceled"
        form = result.form if result else "OTHER"
        rows = result.count if result and not failure else 0
        error = failure.message[:512] if failure else None
        text = sql[:4000].replace("\x00", "")
        who = (self.login.user, self.login.database)
        self._admin.execute(
            "insert into rs_catalog.query_log values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
            [time.time_ns() // 1000, *who, form, status, started, now, text, error, rows],
        )


def _only_row(cursor: psycopg.Cursor) -> tuple:
    row = cursor.fetchone()
    assert row is not None
    return row


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _rows(cursor: psycopg.Cursor) -> tuple[list[dict], list[list[dict]]]:
    """A result as the Data API gives it: ColumnMetadata and Records."""
    result = cursor.pgresult
    assert result is not None and cursor.description is not None  # called for what answers rows
    names = [d.name for d in cursor.description]
    columns = [Column(name, result.ftype(i), result.fmod(i)) for i, name in enumerate(names)]
    convert = [_converter(column) for column in columns]
    rows = [
        [
            {"isNull": True} if (value := result.get_value(row, index)) is None else convert[index](value)
            for index in range(len(columns))
        ]
        for row in range(result.ntuples)
    ]
    return [_metadata(column, rows, index) for index, column in enumerate(columns)], rows


def _double(value: bytes) -> dict:
    """JSON has no number for these three; AWS writes their names."""
    text = value.decode()
    return {"doubleValue": text if text in ("NaN", "Infinity", "-Infinity") else float(text)}


def _converter(column: Column) -> Callable[[bytes], dict]:
    if column.oid in (20, 21, 23, 26):
        return lambda value: {"longValue": int(value)}
    if column.oid in (700, 701):
        return _double
    if column.oid == 16:
        return lambda value: {"booleanValue": value == b"t"}
    return lambda value: {"stringValue": value.decode()}


_PRECISION = {16: 1, 20: 19, 21: 5, 23: 10, 700: 8, 701: 17, 1082: 13, 1114: 29, 1184: 35}
_TEXT = (25, 1043, 1042, 18, 19)


def _metadata(column: Column, rows: list[list[dict]], index: int) -> dict:
    precision, scale = _PRECISION.get(column.oid, 0), 0
    if column.oid == 1700:
        if column.decimal:
            precision, scale = column.decimal
        else:
            texts = [row[index].get("stringValue", "") for row in rows]
            precision, scale = 38, max((len(text.partition(".")[2]) for text in texts), default=0)
    elif column.oid in _TEXT:
        precision = column.length or 65535
    elif column.oid in (1114, 1184):
        scale = 6
    return {
        "name": column.name,
        "label": column.name,
        "typeName": OID_NAMES.get(column.oid, "varchar"),
        "precision": precision,
        "scale": scale,
        "length": 0,
        "nullable": 1,
        "isCaseSensitive": column.oid in _TEXT,
        "isCurrency": False,
        "isSigned": column.oid in (20, 21, 23, 700, 701, 1700),
        "schemaName": "",
        "tableName": "",
    }
