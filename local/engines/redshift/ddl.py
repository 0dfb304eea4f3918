"""Tables, views, schemas: Redshift's definitions as PostgreSQL's."""

from __future__ import annotations

from .errors import NotEmulated, RedshiftError, syntax_error
from .plan import Plan
from .tokens import (
    Cursor,
    Name,
    Token,
    check_name,
    find_top,
    is_comma,
    quote_ident,
    quote_literal,
    render,
    split_top,
)
from .translate import Translator
from .types import Type, parse_type

# Redshift hands out identity values in steps that leave gaps; nobody may count on 1, 2, 3.
_IDENTITY_CACHE = 16
_COLUMN_WORDS = (
    "default", "identity", "generated", "encode", "distkey", "sortkey", "collate", "not", "null", "unique",
    "primary", "references", "check", "constraint",
)  # fmt: skip
_RESERVED_SCHEMAS = ("rs", "rs_catalog", "pg_catalog", "information_schema")
_MAX_NAME = 63  # PostgreSQL's; Redshift allows 127 bytes


def target_name(name: Name, create_schema: str, temporary: bool = False) -> str:
    """Where a new relation goes: rs stands first in the search path and must not get it."""
    check_length(name.last)
    if name.schema in _RESERVED_SCHEMAS:
        raise RedshiftError(f"permission denied for schema {name.schema}")
    if temporary:
        if name.schema and not name.schema.startswith("pg_temp"):
            raise RedshiftError("cannot create temporary relation in non-temporary schema")
        return quote_ident(name.last)
    return Name((name.schema or create_schema, name.last)).sql


def check_length(name: str) -> None:
    if len(name.encode()) > _MAX_NAME:
        raise NotEmulated(f"a name longer than {_MAX_NAME} bytes ({name})")


# -- CREATE TABLE: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html ------------------------------


def create_table(cursor: Cursor, translator: Translator, create_schema: str, temporary: bool) -> Plan:
    exists = "if not exists " if cursor.accept("if", "not", "exists") else ""
    name = cursor.name()
    temporary = temporary or name.last.startswith("#")
    head = f"create {'temporary ' if temporary else ''}table {exists}{target_name(name, create_schema, temporary)}"
    columns: list[str] = []
    names: list[str] | None = None
    if cursor.looks("("):
        inside = cursor.group()
        if _only_names(inside) and find_top(cursor.rest, "as") >= 0:
            names = _checked_names(inside)
        else:
            columns, names = _columns(inside, translator)
    _table_attributes(cursor, names)
    if not columns:
        return _create_table_as(cursor, translator, head, names)
    cursor.end()
    return Plan([f"{head} ({', '.join(columns)})"])


def _create_table_as(cursor: Cursor, translator: Translator, head: str, names: list[str] | None) -> Plan:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_AS.html
    cursor.expect("as")
    query = cursor.rest
    if query and query[0].is_op("("):
        query = Cursor(query).group()
    if not query or not query[0].is_word("select", "with"):
        raise syntax_error(query[0].raw if query else "")
    listed = f" ({', '.join(map(quote_ident, names))})" if names else ""
    return Plan([f"{head}{listed} as {translator.sql(query)}"], result="count")


def _checked_names(tokens: list[Token]) -> list[str]:
    for part in split_top(tokens, is_comma):
        check_name(part[0])
    return [part[0].text for part in split_top(tokens, is_comma)]


def _only_names(tokens: list[Token]) -> bool:
    return bool(tokens) and all(len(part) == 1 and part[0].is_name for part in split_top(tokens, is_comma))


def _columns(tokens: list[Token], translator: Translator) -> tuple[list[str], list[str]]:
    definitions: dict[str, list[str]] = {}
    likes: list[str] = []
    not_null: set[str] = set()
    for part in split_top(tokens, is_comma):
        cursor = Cursor(part)
        if cursor.accept("like"):
            likes.append(_like(cursor))
        elif _table_constraint(cursor, not_null):
            pass
        else:
            column = cursor.identifier()
            check_length(column)
            if column in definitions:
                raise RedshiftError(f'column "{column}" specified more than once')
            kind = parse_type(cursor, in_column=True)
            definitions[column] = [kind.sql, *_column_attributes(cursor, column, kind, not_null, translator)]
    for column in not_null:
        if column not in definitions and not likes:
            raise RedshiftError(f'column "{column}" named in key does not exist')
    columns = [
        " ".join([quote_ident(column), *parts, *(["not null"] if column in not_null else [])])
        for column, parts in definitions.items()
    ]
    return likes + columns, list(definitions) if not likes else []


def _like(cursor: Cursor) -> str:
    parent = cursor.name()
    defaults = ""
    if cursor.accept("including", "defaults"):
        defaults = " including defaults"
    else:
        cursor.accept("excluding", "defaults")
    cursor.end()
    return f"like {parent.sql}{defaults}"


def _table_constraint(cursor: Cursor, not_null: set[str]) -> bool:
    """Keys are informational: parsed and dropped, but a primary key's columns take no nulls."""
    if cursor.accept("constraint"):
        cursor.identifier()
    if cursor.accept("primary", "key"):
        not_null.update(token.text for token in cursor.group() if token.is_name)
    elif cursor.looks("unique", "("):
        cursor.next()
        cursor.group()
    elif cursor.accept("foreign", "key"):
        cursor.group()
        cursor.expect("references")
        _reference(cursor)
    else:
        if cursor.looks("check", "("):
            raise syntax_error("check")
        return False
    cursor.end()
    return True


def _reference(cursor: Cursor) -> None:
    cursor.name()
    if cursor.looks("("):
        cursor.group()


def _column_attributes(
    cursor: Cursor, column: str, kind: Type, not_null: set[str], translator: Translator
) -> list[str]:
    parts: list[str] = []
    while not cursor.done:
        if cursor.accept("default"):
            parts.append(f"default {translator.sql(_default(cursor))}")
        elif cursor.accept("identity"):
            parts.append(_identity(cursor, column, kind, "always"))
        elif cursor.accept("generated", "by", "default", "as", "identity"):
            parts.append(_identity(cursor, column, kind, "by default"))
        elif cursor.accept("encode"):
            _encoding(cursor)
        elif cursor.accept("distkey") or cursor.accept("sortkey") or cursor.accept("unique"):
            pass
        elif cursor.accept("collate"):
            if cursor.identifier() not in ("case_sensitive", "cs"):
                raise NotEmulated("collate case_insensitive")
        elif cursor.accept("not", "null"):
            not_null.add(column)
        elif cursor.accept("null"):
            pass
        elif cursor.accept("primary", "key"):
            not_null.add(column)
        elif cursor.accept("references"):
            _reference(cursor)
        else:
            raise syntax_error(cursor.peek().raw)
    return parts


def _default(cursor: Cursor) -> list[Token]:
    taken: list[Token] = []
    while not cursor.done and not (taken and cursor.peek().is_word(*_COLUMN_WORDS)):
        token = cursor.peek()
        if token.is_op("("):
            start = cursor.at
            cursor.group()
            taken += cursor.tokens[start : cursor.at]
        else:
            taken.append(cursor.next())
    if not taken:
        raise syntax_error("default")
    return taken


def _identity(cursor: Cursor, column: str, kind: Type, mode: str) -> str:
    if kind.base not in ("int4", "int8"):
        raise RedshiftError(f'Identity column "{column}" must be of type INT or BIGINT')
    inside = Cursor(cursor.group())
    seed = inside.integer()
    inside.expect(",")
    step = inside.integer()
    inside.end()
    low = min(seed, 1) if step > 0 else -(2**31)
    bounds = f" minvalue {low}" + (f" maxvalue {max(seed, -1)}" if step < 0 else "")
    return f"generated {mode} as identity (start with {seed} increment by {step}{bounds} cache {_IDENTITY_CACHE})"


def _encoding(cursor: Cursor) -> None:
    # https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html
    known = (
        "auto", "raw", "az64", "bytedict", "delta", "delta32k", "lzo", "mostly8", "mostly16", "mostly32",
        "runlength", "text255", "text32k", "zstd",
    )  # fmt: skip
    encoding = cursor.next().text
    if encoding not in known:
        raise RedshiftError(f'invalid encoding type specified for column: "{encoding}"')


def _table_attributes(cursor: Cursor, names: list[str] | None) -> None:
    """How rows are spread and sorted is Redshift's business: checked, then dropped."""
    while not cursor.done and not cursor.looks("as"):
        if cursor.accept("backup"):
            if cursor.one_of("yes", "no") is None:
                raise syntax_error(cursor.peek().raw)
        elif cursor.accept("diststyle"):
            if cursor.one_of("auto", "even", "key", "all") is None:
                raise syntax_error(cursor.peek().raw)
        elif cursor.accept("distkey"):
            _check_keys(cursor.group(), names, 1)
        elif cursor.accept("sortkey", "auto") or cursor.accept("encode", "auto"):
            pass
        elif cursor.one_of("compound", "interleaved") or cursor.looks("sortkey"):
            cursor.expect("sortkey")
            _check_keys(cursor.group(), names, 400)
        elif cursor.accept("auto", "refresh"):
            if cursor.one_of("yes", "no") is None:
                raise syntax_error(cursor.peek().raw)
        else:
            raise syntax_error(cursor.peek().raw)


def _check_keys(tokens: list[Token], names: list[str] | None, most: int) -> None:
    keys = [part[0].text for part in split_top(tokens, is_comma) if part]
    if not keys or len(keys) > most:
        raise syntax_error(tokens[-1].raw if tokens else ")")
    for key in keys:
        if names and key not in names:
            raise RedshiftError(f'column "{key}" named in key does not exist')


# -- ALTER TABLE: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html -----------------------------------


def alter_table(cursor: Cursor, translator: Translator, in_transaction: bool) -> Plan:
    name = cursor.name()
    if name.schema in translator.catalog.external_schemas:
        raise NotEmulated("ALTER TABLE on an external table")
    table = f"alter table {name.sql}"
    if cursor.accept("owner", "to"):
        owner = cursor.identifier()
        cursor.end()
        return Plan([f"{table} owner to {quote_ident(owner)}"])
    if cursor.accept("rename", "to"):
        new = cursor.identifier()
        check_length(new)
        cursor.end()
        return Plan([f"{table} rename to {quote_ident(new)}"])
    if cursor.accept("rename", "column"):
        old = cursor.identifier()
        cursor.expect("to")
        new = cursor.identifier()
        cursor.end()
        return Plan([f"{table} rename column {quote_ident(old)} to {quote_ident(new)}"])
    if cursor.accept("add"):
        return _add(cursor, translator, table)
    if cursor.accept("drop", "constraint"):
        raise RedshiftError(f"constraint {quote_ident(cursor.identifier())} does not exist")
    if cursor.accept("drop"):
        cursor.accept("column")
        column = cursor.identifier()
        behaviour = cursor.one_of("cascade", "restrict") or "restrict"
        cursor.end()
        return Plan([f"{table} drop column {quote_ident(column)} {behaviour}"])
    if cursor.accept("append"):
        raise NotEmulated("ALTER TABLE APPEND")
    if cursor.looks("alter", "column"):
        return _alter_column(cursor, table, in_transaction)
    if cursor.looks("alter"):
        return _alter_spread(cursor)
    if cursor.looks("row", "level") or cursor.looks("masking"):
        raise NotEmulated("row-level security")
    raise syntax_error(cursor.peek().raw)


def _add(cursor: Cursor, translator: Translator, table: str) -> Plan:
    probe = Cursor(cursor.rest)
    ignored: set[str] = set()
    if _table_constraint(probe, ignored):
        checks = [f"{table} alter column {quote_ident(column)} set not null" for column in sorted(ignored)]
        return Plan(checks or ["select"])
    cursor.accept("column")
    column = cursor.identifier()
    check_length(column)
    kind = parse_type(cursor, in_column=True)
    not_null: set[str] = set()
    if find_top(cursor.rest, "identity") >= 0:
        raise RedshiftError("ALTER TABLE ADD COLUMN does not support columns with UNIQUE, PRIMARY KEY or IDENTITY")
    parts = _column_attributes(cursor, column, kind, not_null, translator)
    if not_null and not any(part.startswith("default") for part in parts):
        raise RedshiftError("ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression")
    clause = " ".join([quote_ident(column), kind.sql, *parts, *(["not null"] if not_null else [])])
    return Plan([f"{table} add column {clause}"])


def _alter_column(cursor: Cursor, table: str, in_transaction: bool) -> Plan:
    cursor.expect("alter", "column")
    column = cursor.identifier()
    if cursor.accept("encode"):
        return _alter_spread(cursor)
    cursor.expect("type")
    kind = parse_type(cursor, in_column=True)
    cursor.end()
    if in_transaction:
        raise RedshiftError("ALTER TABLE ALTER COLUMN cannot run inside a transaction block")
    if kind.base != "varchar":
        raise RedshiftError("target data type is not supported for ALTER COLUMN TYPE")
    return Plan([f"{table} alter column {quote_ident(column)} type {kind.sql}"])


def _alter_spread(cursor: Cursor) -> Plan:
    """DISTKEY, SORTKEY, DISTSTYLE, ENCODE: nothing to do."""
    for token in cursor.rest:
        if token.is_word("add", "drop", "rename", "set", "owner", "type", "default"):
            raise syntax_error(token.raw)
    return Plan(["select"])


# -- views ------------------------------------------------------------------------------------------------------------


def create_view(cursor: Cursor, translator: Translator, create_schema: str, replace: bool) -> Plan:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html
    name = cursor.name()
    target = target_name(name, create_schema)
    columns = render_names(cursor.group()) if cursor.looks("(") else ""
    cursor.expect("as")
    query, late = cursor.rest, False
    if [token.text for token in query[-4:]] == ["with", "no", "schema", "binding"]:
        query, late = query[:-4], True
    if query and query[0].is_op("("):
        query = Cursor(query).group()
    body = translator.sql(query)
    head = f"create {'or replace ' if replace else ''}view {target}"
    if translator.external_tables or translator.late_views:
        if not late:
            raise RedshiftError("External tables are not supported in views")
        if columns:
            raise NotEmulated("a late-binding view over external tables with a list of columns")
        schema = name.schema or create_schema
        text = render(query)
        # A view of no columns keeps owner and grants; queries get the text instead.
        register = (
            f"select rs.register_late_view({quote_literal(schema)}, {quote_literal(name.last)}, {quote_literal(text)})"
        )
        return Plan([f"{head} as select", register], new_late_view=(schema, name.last, text))
    return Plan([f"{head}{columns} as {body}"])


def create_materialized_view(cursor: Cursor, translator: Translator, create_schema: str) -> Plan:
    # https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-create-sql-command.html
    name = cursor.name()
    if cursor.looks("("):
        raise syntax_error("(")
    _table_attributes(cursor, None)
    cursor.expect("as")
    query = cursor.rest
    for word in ("order", "limit", "offset"):
        if find_top(query, word) >= 0:
            raise RedshiftError("Materialized view definition can't include ORDER BY, LIMIT or OFFSET")
    body = translator.sql(query)
    if translator.external_tables or translator.late_views:
        raise NotEmulated("a materialized view over external tables")
    target = target_name(name, create_schema)
    return Plan([f"create materialized view {target} as {body}"], materialized=target)


def render_names(tokens: list[Token]) -> str:
    if not _only_names(tokens):
        raise syntax_error(tokens[0].raw if tokens else ")")
    return f" ({', '.join(map(quote_ident, _checked_names(tokens)))})"


# -- schemas ----------------------------------------------------------------------------------------------------------


def create_schema(cursor: Cursor) -> Plan:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_SCHEMA.html
    exists = "if not exists " if cursor.accept("if", "not", "exists") else ""
    owner = ""
    if cursor.accept("authorization"):
        name = cursor.identifier()
        owner = f" authorization {quote_ident(name)}"
    else:
        name = cursor.identifier()
        if cursor.accept("authorization"):
            owner = f" authorization {quote_ident(cursor.identifier())}"
    if cursor.accept("quota") and not cursor.accept("unlimited"):
        cursor.integer()
        cursor.one_of("mb", "gb", "tb")
    cursor.end()
    check_schema_name(name)
    return Plan([f"create schema {exists}{quote_ident(name)}{owner}"])


def check_schema_name(name: str) -> None:
    check_length(name)
    if name.startswith("pg_") or name in _RESERVED_SCHEMAS:
        raise RedshiftError(f'unacceptable schema name "{name}"')


def create_external_schema(cursor: Cursor, account: str) -> Plan:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_EXTERNAL_SCHEMA.html
    exists = cursor.accept("if", "not", "exists")
    name = cursor.identifier()
    check_schema_name(name)
    cursor.expect("from")
    if not cursor.accept("data", "catalog"):
        raise NotEmulated(f"CREATE EXTERNAL SCHEMA FROM {cursor.peek().raw.upper()}")
    database = region = role = None
    while not cursor.done:
        if cursor.accept("database"):
            database = cursor.string()
        elif cursor.accept("region"):
            region = cursor.string()
        elif cursor.accept("iam_role"):
            if cursor.accept("default") or cursor.accept("session"):
                raise NotEmulated("an external schema without the ARN of a role")
            role = cursor.string()
        elif cursor.looks("catalog_role") or cursor.looks("catalog_id"):
            raise NotEmulated(cursor.peek().raw.upper())
        elif cursor.looks("create", "external", "database"):
            raise NotEmulated("CREATE EXTERNAL DATABASE")
        else:
            raise syntax_error(cursor.peek().raw)
    if database is None or role is None:
        raise syntax_error("")
    register = (
        f"select rs.register_external_schema({quote_literal(name)}, {quote_literal(database)}, {quote_literal(role)}, "
        f"{quote_literal(region) if region else 'null'})"
    )
    create = f"create schema {quote_ident(name)}"
    plan = Plan([create, register], new_external_schema=name)
    if exists:
        # One that exists is left as it is, a plain schema of that name too.
        plan.sql = [_unless_schema(name, [create, register])]
    return plan


def _unless_schema(name: str, statements: list[str]) -> str:
    body = "; ".join(s.replace("select rs.", "perform rs.", 1) for s in statements)
    found = f"exists (select from pg_catalog.pg_namespace where nspname = {quote_literal(name)})"
    return f"do $body$ begin if not {found} then {body}; end if; end $body$"


# -- DROP -------------------------------------------------------------------------------------------------------------


def drop(cursor: Cursor, kind: str) -> Plan:
    exists = "if exists " if cursor.accept("if", "exists") else ""
    names = [cursor.name()]
    while cursor.accept(","):
        names.append(cursor.name())
    if kind == "schema" and cursor.looks("drop", "external", "database"):
        raise NotEmulated("DROP EXTERNAL DATABASE")
    behaviour = cursor.one_of("cascade", "restrict") or ""
    cursor.end()
    plan = Plan([f"drop {kind} {exists}{', '.join(name.sql for name in names)} {behaviour}"])
    if kind == "schema":
        plan.sql += [f"select rs.forget_schema({quote_literal(name.last)})" for name in names]
    elif kind == "view":
        plan.sql += [
            f"select rs.forget_late_view({quote_literal(name.schema or 'public')}, {quote_literal(name.last)})"
            for name in names
        ]
    return plan
