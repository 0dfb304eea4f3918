"""The statements that Redshift has, each with the page that documents it. What is not here is refused.

A form that Redshift has and the local engine has not is listed too, so that it is refused by its name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from . import ddl, grants
from .copy import parse_copy
from .errors import NotEmulated, RedshiftError, syntax_error
from .plan import COUNT, ROWS, Form, Plan
from .tokens import (
    Cursor,
    Token,
    find_top,
    is_comma,
    quote_ident,
    quote_literal,
    render,
    split_statements,
    split_top,
    tokenize,
)
from .translate import Catalog, Translator
from .unload import parse_unload


@dataclass
class Session:
    """What a statement's translation must know of the session it runs in."""

    catalog: Catalog = field(default_factory=Catalog)
    parameters: Mapping[str, str] = field(default_factory=dict)
    in_batch: bool = False
    create_schema: str = "public"
    account: str = "000000000000"


@dataclass
class Parse:
    cursor: Cursor
    translator: Translator
    session: Session


Handler = Callable[[Parse], Plan]
_FORMS: list[tuple[tuple[str, ...], Form, Handler | None]] = []


def _form(words: str, page: str, *, transaction: bool = True, name: str = ""):
    def register(handler: Handler) -> Handler:
        for variant in words.split("|"):
            form = Form(name or variant.upper(), page, transaction)
            _FORMS.append((tuple(variant.split()), form, handler))
        return handler

    return register


def _missing(words: str, page: str, *, transaction: bool = True) -> None:
    """A form of Redshift's that the local engine does not have."""
    for variant in words.split("|"):
        _FORMS.append((tuple(variant.split()), Form(variant.upper(), page, transaction, emulated=False), None))


def prepare(sql: str, session: Session) -> tuple[Form, Plan, set[str]]:
    """The form of the only statement in `sql`, what to do for it, and the parameters it used."""
    statements = split_statements(tokenize(sql))
    if not statements:
        raise RedshiftError("Query is empty")
    if len(statements) > 1:
        raise RedshiftError("Multiple sql statements are not allowed")
    cursor = Cursor(statements[0])
    form, handler = _recognise(cursor)
    if session.in_batch and not form.in_transaction:
        raise RedshiftError(f"{form.name} cannot run inside a transaction block")
    if handler is None:
        raise NotEmulated(form.name)
    translator = Translator(session.catalog, session.parameters)
    plan = handler(Parse(cursor, translator, session))
    plan.external_tables |= translator.external_tables
    plan.late_views |= translator.late_views
    plan.columns = None if translator.whole_rows else frozenset(translator.words)
    return form, plan, translator.used_parameters


def _recognise(cursor: Cursor) -> tuple[Form, Handler | None]:
    best: tuple[tuple[str, ...], Form, Handler | None] | None = None
    for entry in _FORMS:
        if (best is None or len(entry[0]) > len(best[0])) and cursor.looks(*entry[0]):
            best = entry
    if best is None:
        first = cursor.peek()
        if first.is_word(
            "create", "alter", "drop", "reindex", "cluster", "do", "listen", "notify", "savepoint", "execute"
        ):
            text = render(cursor.tokens)
            raise RedshiftError(f'SQL command "{text}" not supported on Redshift tables.')
        raise syntax_error(first.raw)
    cursor.at = len(best[0])
    return best[1], best[2]


# -- queries and changes ----------------------------------------------------------------------------------------------


@_form("select|(", "r_SELECT_synopsis", name="SELECT")
def _select(parse: Parse) -> Plan:
    parse.cursor.at = 0
    tokens = parse.cursor.tokens
    into, source = find_top(tokens, "into"), find_top(tokens, "from")
    if into >= 0 and (source < 0 or into < source):
        raise NotEmulated("SELECT INTO")
    return Plan([parse.translator.sql(tokens)], result=ROWS)


@_form("with", "r_WITH_clause")
def _with(parse: Parse) -> Plan:
    main = find_top(parse.cursor.tokens, "select", "insert", "update", "delete", "merge")
    if main < 0:
        raise syntax_error("")
    verb = parse.cursor.tokens[main].text
    if verb in ("insert", "merge"):
        raise syntax_error(verb)
    for token in _words_in_groups(parse.cursor.tokens[:main]):
        if token.is_word("insert", "update", "delete", "merge"):
            raise syntax_error(token.raw)
    if verb == "select":
        return _select(parse)
    head = parse.translator.query(parse.cursor.tokens[:main])
    parse.cursor.at = main + 1
    plan = _update(parse) if verb == "update" else _delete(parse)
    plan.sql[-1] = f"{render(head)} {plan.sql[-1]}"
    return plan


def _words_in_groups(tokens: list[Token]) -> list[Token]:
    """The first word inside each parenthesis."""
    return [after for before, after in zip(tokens, tokens[1:], strict=False) if before.is_op("(")]


def _written(parse: Parse) -> str:
    """The name of the table that a statement changes."""
    name = parse.cursor.name()
    if name.schema in parse.session.catalog.external_schemas:
        raise NotEmulated("a change to an external table")
    if name.schema in ("rs", "rs_catalog", "pg_catalog", "information_schema"):
        raise RedshiftError(f"permission denied for relation {name.last}")
    return name.sql


@_form("insert into", "r_INSERT_30", name="INSERT")
def _insert(parse: Parse) -> Plan:
    cursor = parse.cursor
    target = _written(parse)
    columns = ""
    if cursor.looks("(") and not cursor.peek(1).is_word("select", "with"):
        columns = ddl.render_names(cursor.group())
    if cursor.accept("default", "values"):
        cursor.end()
        return Plan([f"insert into {target}{columns} default values"], result=COUNT)
    if cursor.accept("values"):
        rows = []
        for row in split_top(cursor.rest, is_comma):
            inside = Cursor(row)
            values = inside.group()
            inside.end()
            rows.append(f"({parse.translator.sql(values)})")
        return Plan([f"insert into {target}{columns} values {', '.join(rows)}"], result=COUNT)
    if not cursor.peek().is_word("select", "with") and not cursor.looks("("):
        raise syntax_error(cursor.peek().raw)
    return Plan([f"insert into {target}{columns} {parse.translator.sql(cursor.rest)}"], result=COUNT)


@_form("update", "r_UPDATE")
def _update(parse: Parse) -> Plan:
    target = _written(parse)
    if find_top(parse.cursor.rest, "set") < 0:
        raise syntax_error(parse.cursor.peek().raw)
    return Plan([f"update {target} {parse.translator.sql(parse.cursor.rest)}"], result=COUNT)


@_form("delete from|delete", "r_DELETE", name="DELETE")
def _delete(parse: Parse) -> Plan:
    parse.cursor.accept("from")
    target = _written(parse)
    return Plan([f"delete from {target} {parse.translator.sql(parse.cursor.rest)}"], result=COUNT)


@_form("merge into", "r_MERGE", name="MERGE")
def _merge(parse: Parse) -> Plan:
    cursor, translator = parse.cursor, parse.translator
    start = cursor.at
    target = _written(parse)
    target_name = Cursor(cursor.tokens[start:]).name()
    cursor.expect("using")  # an alias of the target is a syntax error
    if cursor.looks("("):
        raise RedshiftError("source of MERGE must be a table, not a subquery")
    source = cursor.name()
    if str(source) == str(target_name):
        raise RedshiftError("target and source of MERGE must not be the same table")
    alias = ""
    if cursor.accept("as") or not cursor.looks("on"):
        alias = f" as {quote_ident(cursor.identifier())}"
    source_sql = source.sql
    if source.schema in parse.session.catalog.external_schemas:
        translator.external_tables.add((source.schema, source.last))
        translator.whole_rows = True
        source_sql = quote_ident(f"{source.schema}.{source.last}")
        alias = alias or f" as {quote_ident(source.last)}"
    cursor.expect("on")
    if find_top(cursor.rest, "remove") >= 0 and find_top(cursor.rest, "duplicates") >= 0:
        raise NotEmulated("MERGE … REMOVE DUPLICATES")
    first = find_top(cursor.rest, "when")
    if first < 0:
        raise syntax_error("")
    condition = cursor.rest[:first]
    cursor.at += first
    matched = _matched(parse)
    unmatched = _not_matched(parse)
    cursor.end()
    plan = Plan(
        [f"merge into {target} using {source_sql}{alias} on {translator.sql(condition)} {matched} {unmatched}"],
        result=COUNT,
    )
    plan.must_be_tables = [target_name] + ([] if source.schema in parse.session.catalog.external_schemas else [source])
    return plan


def _matched(parse: Parse) -> str:
    cursor = parse.cursor
    cursor.expect("when", "matched", "then")
    if cursor.accept("delete"):
        return "when matched then delete"
    cursor.expect("update", "set")
    end = find_top(cursor.rest, "when")
    if end < 0:
        raise syntax_error("")
    sets = cursor.rest[:end]
    for part in split_top(sets, is_comma):
        if len(part) > 1 and not part[1].is_op("="):
            raise syntax_error(part[1].raw)  # a column's name comes without its table's
    cursor.at += end
    return f"when matched then update set {parse.translator.sql(sets)}"


def _not_matched(parse: Parse) -> str:
    cursor = parse.cursor
    cursor.expect("when", "not", "matched", "then", "insert")
    columns = ddl.render_names(cursor.group()) if cursor.looks("(") else ""
    cursor.expect("values")
    values = parse.translator.sql(cursor.group())
    return f"when not matched then insert{columns} values ({values})"


@_form("truncate", "r_TRUNCATE", transaction=False)
def _truncate(parse: Parse) -> Plan:
    # It commits what came before it: in a batch that breaks the transaction in two, so it is refused there.
    parse.cursor.accept("table")
    target = _written(parse)
    parse.cursor.end()
    return Plan([f"truncate {target}"])


@_form("lock", "r_LOCK")
def _lock(parse: Parse) -> Plan:
    cursor = parse.cursor
    cursor.accept("table")
    names = [cursor.name()]
    while cursor.accept(","):
        names.append(cursor.name())
    cursor.end()
    return Plan([f"lock table {', '.join(name.sql for name in names)}"], must_be_tables=names)


@_form("copy", "r_COPY")
def _copy(parse: Parse) -> Plan:
    return Plan(result=COUNT, action=parse_copy(parse.cursor, parse.session.catalog.external_schemas))


@_form("unload", "r_UNLOAD")
def _unload(parse: Parse) -> Plan:
    command, query = parse_unload(parse.cursor)
    command.sql = parse.translator.sql(query)
    return Plan(result=COUNT, action=command)


# -- definitions ------------------------------------------------------------------------------------------------------


@_form("create table", "r_CREATE_TABLE_NEW")
def _create_table(parse: Parse) -> Plan:
    return ddl.create_table(parse.cursor, parse.translator, parse.session.create_schema, temporary=False)


@_form(
    "create temp table|create temporary table|create local temp table|create local temporary table",
    "r_CREATE_TABLE_NEW", name="CREATE TABLE",
)  # fmt: skip
def _create_temporary(parse: Parse) -> Plan:
    return ddl.create_table(parse.cursor, parse.translator, parse.session.create_schema, temporary=True)


@_form("alter table", "r_ALTER_TABLE")
def _alter_table(parse: Parse) -> Plan:
    return ddl.alter_table(parse.cursor, parse.translator, parse.session.in_batch)


@_form("create view", "r_CREATE_VIEW")
def _create_view(parse: Parse) -> Plan:
    return ddl.create_view(parse.cursor, parse.translator, parse.session.create_schema, replace=False)


@_form("create or replace view", "r_CREATE_VIEW", name="CREATE VIEW")
def _replace_view(parse: Parse) -> Plan:
    return ddl.create_view(parse.cursor, parse.translator, parse.session.create_schema, replace=True)


@_form("create materialized view", "materialized-view-create-sql-command")
def _create_materialized_view(parse: Parse) -> Plan:
    if parse.cursor.looks("if", "not", "exists"):
        raise syntax_error("not")
    return ddl.create_materialized_view(parse.cursor, parse.translator, parse.session.create_schema)


@_form("refresh materialized view", "materialized-view-refresh-sql-command", transaction=False)
def _refresh(parse: Parse) -> Plan:
    # In Redshift a refresh inside a transaction may see committed rows only; PostgreSQL's would see all.
    name = parse.cursor.name()
    if parse.cursor.accept("cascade") or parse.cursor.accept("restrict"):
        raise NotEmulated("REFRESH MATERIALIZED VIEW … CASCADE or RESTRICT")
    parse.cursor.end()
    return Plan([f"refresh materialized view {name.sql}"])


@_form("alter materialized view", "r_ALTER_MATERIALIZED_VIEW")
def _alter_materialized_view(parse: Parse) -> Plan:
    name = parse.cursor.name()
    parse.cursor.expect("auto", "refresh")
    if parse.cursor.one_of("yes", "no") is None:
        raise syntax_error(parse.cursor.peek().raw)
    parse.cursor.end()
    return Plan([f"select {quote_literal(name.sql)}::regclass"])


@_form("create schema", "r_CREATE_SCHEMA")
def _create_schema(parse: Parse) -> Plan:
    return ddl.create_schema(parse.cursor)


@_form("create external schema", "r_CREATE_EXTERNAL_SCHEMA")
def _create_external_schema(parse: Parse) -> Plan:
    return ddl.create_external_schema(parse.cursor, parse.session.account)


@_form("alter schema", "r_ALTER_SCHEMA")
def _alter_schema(parse: Parse) -> Plan:
    name = parse.cursor.identifier()
    if name in parse.session.catalog.external_schemas and not parse.cursor.looks("owner"):
        raise NotEmulated("ALTER SCHEMA of an external schema")
    if parse.cursor.accept("owner", "to"):
        clause = f"owner to {quote_ident(parse.cursor.identifier())}"
    elif parse.cursor.accept("rename", "to"):
        new = parse.cursor.identifier()
        ddl.check_schema_name(new)
        clause = f"rename to {quote_ident(new)}"
    else:
        raise NotEmulated("ALTER SCHEMA … QUOTA")
    parse.cursor.end()
    return Plan([f"alter schema {quote_ident(name)} {clause}"])


def _drop(kind: str, parse: Parse) -> Plan:
    return ddl.drop(parse.cursor, kind)


def _register_drops() -> None:
    pages = {
        "table": "r_DROP_TABLE", "view": "r_DROP_VIEW",
        "materialized view": "materialized-view-drop-sql-command", "schema": "r_DROP_SCHEMA",
    }  # fmt: skip
    for kind, page in pages.items():
        _FORMS.append((
            ("drop", *kind.split()),
            Form(f"DROP {kind.upper()}", page),
            functools.partial(_drop, kind),
        ))  # fmt: skip


_register_drops()


@_form("comment on", "r_COMMENT", name="COMMENT")
def _comment(parse: Parse) -> Plan:
    cursor = parse.cursor
    kind = cursor.one_of("table", "column", "view", "schema", "database")
    if kind is None:
        raise NotEmulated("COMMENT ON this kind of object")
    parts = [cursor.identifier()]
    while cursor.accept("."):
        parts.append(cursor.identifier())
    cursor.expect("is")
    text = "null" if cursor.accept("null") else quote_literal(cursor.string())
    cursor.end()
    return Plan([f"comment on {kind} {'.'.join(map(quote_ident, parts))} is {text}"])


# -- users, roles, rights ---------------------------------------------------------------------------------------------


@_form("create user", "r_CREATE_USER")
def _create_user(parse: Parse) -> Plan:
    return grants.create_user(_no_if(parse.cursor))


@_form("alter user", "r_ALTER_USER")
def _alter_user(parse: Parse) -> Plan:
    return grants.alter_user(parse.cursor)


@_form("drop user", "r_DROP_USER")
def _drop_user(parse: Parse) -> Plan:
    return grants.drop_user(parse.cursor)


@_form("create role", "r_CREATE_ROLE")
def _create_role(parse: Parse) -> Plan:
    return grants.create_role(_no_if(parse.cursor))


@_form("drop role", "r_DROP_ROLE")
def _drop_role(parse: Parse) -> Plan:
    return grants.drop_role(_no_if(parse.cursor))


def _no_if(cursor: Cursor) -> Cursor:
    if cursor.looks("if", "not", "exists") or cursor.looks("if", "exists"):
        raise syntax_error(cursor.peek(1).raw)
    return cursor


@_form("grant", "r_GRANT")
def _grant(parse: Parse) -> Plan:
    return grants.grant(parse.cursor, False, parse.session.catalog.external_schemas)


@_form("revoke", "r_REVOKE")
def _revoke(parse: Parse) -> Plan:
    return grants.grant(parse.cursor, True, parse.session.catalog.external_schemas)


@_form("alter default privileges", "r_ALTER_DEFAULT_PRIVILEGES")
def _default_privileges(parse: Parse) -> Plan:
    return grants.default_privileges(parse.cursor)


# -- the session ------------------------------------------------------------------------------------------------------

# Parameters that change nothing here: https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_ConfigurationRef.html
_IGNORED_PARAMETERS = frozenset(
    """
analyze_threshold_percent cast_super_null_on_error describe_field_name_in_uppercase
enable_result_cache_for_session enable_vacuum_boost error_on_nondeterministic_update mv_enable_aqmv_for_session
navigate_super_null_on_error query_group spectrum_query_maxerror stored_proc_log_min_messages use_fips_ssl
wlm_query_slot_count enable_numeric_rounding autocommit
""".split()
)
_POSTGRES_PARAMETERS = frozenset("datestyle statement_timeout timezone extra_float_digits application_name".split())


@_form("set session authorization", "r_SET_SESSION_AUTHORIZATION")
def _authorization(parse: Parse) -> Plan:
    cursor = parse.cursor
    if cursor.accept("default"):
        cursor.end()
        return Plan(["set session authorization default"])
    token = cursor.next()
    if not (token.is_name or token.kind == "string"):
        raise syntax_error(token.raw)
    cursor.end()
    return Plan([f"set session authorization {quote_literal(grants.user_name(token.text))}"])


@_form("set", "r_SET")
def _set(parse: Parse) -> Plan:
    cursor = parse.cursor
    if cursor.looks("local"):
        raise NotEmulated("SET LOCAL")
    cursor.accept("session")
    name = cursor.identifier()
    if not (cursor.accept("to") or cursor.accept("=")):
        raise syntax_error(cursor.peek().raw)
    values = cursor.rest
    if not values:
        raise syntax_error("")
    if name == "search_path":
        return _search_path(values)
    if name == "enable_case_sensitive_identifier":
        if not values[0].is_word("off", "false", "default"):
            raise NotEmulated("enable_case_sensitive_identifier")
        return Plan(["select"])
    if name in _POSTGRES_PARAMETERS:
        return Plan([f"set {name} to {render(values)}"])
    return Plan([_ignored(name)])


def _ignored(name: str) -> str:
    if name not in _IGNORED_PARAMETERS:
        raise RedshiftError(f'unrecognized configuration parameter "{name}"')
    return "select"


def _search_path(values: list[Token]) -> Plan:
    names = [part[0].text for part in split_top(values, is_comma) if len(part) == 1]
    if not names:
        raise syntax_error(values[0].raw)
    path = ", ".join(quote_ident(name) for name in names)
    first = next((name for name in names if name != "$user"), "public")
    return Plan([f"set search_path to rs, pg_catalog, {path}"], create_schema=first)


@_form("reset", "r_RESET")
def _reset(parse: Parse) -> Plan:
    if parse.cursor.accept("session", "authorization"):
        return Plan(["reset session authorization"])
    name = parse.cursor.identifier()
    if name == "search_path":
        return Plan(['set search_path to rs, pg_catalog, "$user", public'], create_schema="public")
    return Plan([f"reset {name}" if name in _POSTGRES_PARAMETERS else _ignored(name)])


@_form("show", "r_SHOW")
def _show(parse: Parse) -> Plan:
    name = parse.cursor.identifier()
    if not parse.cursor.done:
        raise NotEmulated(f"SHOW {render(parse.cursor.tokens[1:]).upper()}")
    if name == "search_path":
        text = (
            "select replace(pg_catalog.regexp_replace(current_setting('search_path'), '^rs, *pg_catalog, *', ''), "
            "'\"$user\",public', '\"$user\", public') as search_path"
        )
    elif name in _POSTGRES_PARAMETERS:
        text = f"select current_setting({quote_literal(name)}) as {quote_ident(name)}"
    else:
        raise NotEmulated(f"SHOW {name}")
    return Plan([text], result=ROWS)


@_form("analyze", "r_ANALYZE")
def _analyze(parse: Parse) -> Plan:
    if parse.cursor.looks("compression"):
        raise NotEmulated("ANALYZE COMPRESSION")
    parse.cursor.accept("verbose")
    return Plan([f"analyze {parse.cursor.name().sql}" if not parse.cursor.done else "analyze"])


@_form("vacuum", "r_VACUUM_command", transaction=False)
def _vacuum(parse: Parse) -> Plan:
    cursor = parse.cursor
    for words in (("full",), ("sort", "only"), ("delete", "only"), ("reindex",), ("recluster",)):
        if cursor.accept(*words):
            break
    return Plan([f"analyze {cursor.name().sql}" if not cursor.done else "analyze"])


@_form("explain", "r_EXPLAIN")
def _explain(parse: Parse) -> Plan:
    verbose = "verbose " if parse.cursor.accept("verbose") else ""
    inner = Cursor(parse.cursor.rest)
    form, handler = _recognise(inner)
    if handler is None or form.name not in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "CREATE TABLE"):
        raise syntax_error(inner.peek().raw)
    plan = handler(Parse(inner, parse.translator, parse.session))
    plan.sql[-1] = f"explain {verbose}{plan.sql[-1]}"
    plan.result = ROWS
    return plan


# -- Redshift has them, the local engine has not ----------------------------------------------------------------------

_missing("begin|start transaction", "r_BEGIN")
_missing("commit|end", "r_COMMIT")
_missing("rollback|abort", "r_ROLLBACK")
_missing("call", "r_CALL_procedure")
_missing("cancel", "r_CANCEL")
_missing("close", "close")
_missing("declare", "declare")
_missing("fetch", "fetch")
_missing("prepare", "r_PREPARE")
_missing("deallocate", "r_DEALLOCATE")
_missing("use", "r_USE_command")
_missing("create procedure|create or replace procedure", "r_CREATE_PROCEDURE")
_missing("drop procedure|alter procedure", "r_DROP_PROCEDURE")
_missing("create function|create or replace function|create external function", "r_CREATE_FUNCTION")
_missing("drop function", "r_DROP_FUNCTION")
_missing("create group|alter group|drop group", "r_CREATE_GROUP")
_missing("alter role", "r_ALTER_ROLE")
_missing("create model|drop model", "r_CREATE_MODEL")
_missing("create datashare|alter datashare|drop datashare", "r_CREATE_DATASHARE")
_missing(
    "create rls policy|alter rls policy|drop rls policy|attach rls policy|detach rls policy", "r_CREATE_RLS_POLICY"
)
_missing(
    "create masking policy|attach masking policy|detach masking policy|drop masking policy", "r_CREATE_MASKING_POLICY"
)
_missing("create identity provider|alter identity provider|drop identity provider", "r_CREATE_IDENTITY_PROVIDER")
_missing("alter external schema", "r_ALTER_EXTERNAL_SCHEMA")
_missing("insert external table|create external view|create or replace external view", "r_CREATE_EXTERNAL_VIEW")
_missing("analyze compression", "r_ANALYZE_COMPRESSION")
# not inside a transaction block: https://docs.aws.amazon.com/redshift/latest/dg/r_SVL_MULTI_STATEMENT_VIOLATIONS.html
_missing("create database|alter database", "r_CREATE_DATABASE", transaction=False)
_missing("drop database", "r_DROP_DATABASE", transaction=False)
_missing("create external table", "r_CREATE_EXTERNAL_TABLE", transaction=False)
_missing("drop external table|alter external table", "r_DROP_TABLE", transaction=False)
_missing("create library|create or replace library", "r_CREATE_LIBRARY", transaction=False)
_missing("drop library", "r_DROP_LIBRARY", transaction=False)
