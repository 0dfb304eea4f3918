"""Users, roles and rights.

A Redshift user is a PostgreSQL role that may log in; a database role is one named "role:…".
"""

from __future__ import annotations

import hashlib

from .errors import NotEmulated, RedshiftError, syntax_error
from .plan import Plan
from .tokens import (
    Cursor,
    Token,
    fold,
    is_comma,
    quote_ident,
    quote_literal,
    render,
    split_top,
)

_TABLE_RIGHTS = ("select", "insert", "update", "delete", "references")
_SCHEMA_RIGHTS = ("create", "usage")
_DATABASE_RIGHTS = ("create", "temporary", "temp", "usage")
_COMMANDS = ("copy", "unload")


def role_name(name: str) -> str:
    return f"role:{name}"


def user_name(name: str) -> str:
    return fold(name)


# -- users: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html -----------------------------------------


def create_user(cursor: Cursor) -> Plan:
    name = user_name(cursor.identifier())
    if name == "public":
        raise RedshiftError('user name "public" is reserved')
    cursor.accept("with")
    cursor.expect("password")
    password = _password(cursor)
    options = _user_options(cursor)
    return Plan([f"create role {quote_ident(name)} login {options} {password}"])


def alter_user(cursor: Cursor) -> Plan:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_USER.html
    name = user_name(cursor.identifier())
    cursor.accept("with")
    if cursor.accept("rename", "to"):
        return Plan([f"alter role {quote_ident(name)} rename to {quote_ident(user_name(cursor.identifier()))}"])
    password = _password(cursor) if cursor.accept("password") else ""
    options = _user_options(cursor)
    return Plan([f"alter role {quote_ident(name)} {options} {password}"])


def _password(cursor: Cursor) -> str:
    if cursor.accept("disable"):
        return "password null"
    value = cursor.string()
    hashed = value.startswith(("md5", "sha256|"))
    if not hashed and not (
        8 <= len(value) <= 64
        and any(c.isupper() for c in value)
        and any(c.islower() for c in value)
        and any(c.isdigit() for c in value)
    ):
        raise RedshiftError(
            "Invalid password: it must be 8 to 64 characters long and hold an upper case letter, a lower case letter "
            "and a number"
        )
    return f"password {quote_literal(value)}"


def _user_options(cursor: Cursor) -> str:
    options = []
    flags = {
        "createdb": "createdb", "nocreatedb": "nocreatedb",
        "createuser": "superuser", "nocreateuser": "nosuperuser",
    }  # fmt: skip
    while not cursor.done:
        token = cursor.peek()
        if token.text in flags and token.is_name:
            options.append(flags[cursor.next().text])
        elif cursor.accept("syslog", "access"):
            cursor.identifier()
        elif cursor.accept("connection", "limit"):
            if not cursor.accept("unlimited"):
                options.append(f"connection limit {cursor.integer()}")
        elif cursor.accept("session", "timeout"):
            cursor.integer()
        elif cursor.accept("valid", "until"):
            options.append(f"valid until {quote_literal(cursor.string())}")
        elif cursor.looks("in", "group") or cursor.looks("externalid"):
            raise NotEmulated(f"{token.raw.upper()} of a user")
        else:
            raise syntax_error(token.raw)
    return " ".join(options)


def create_role(cursor: Cursor) -> Plan:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_ROLE.html
    name = cursor.identifier()
    if cursor.looks("externalid"):
        raise NotEmulated("EXTERNALID of a role")
    cursor.end()
    return Plan([f"create role {quote_ident(role_name(name))} nologin"], superuser="create a role")


def drop_role(cursor: Cursor) -> Plan:
    name = cursor.identifier()
    cursor.one_of("force", "restrict")
    cursor.end()
    return Plan([f"drop role {quote_ident(role_name(name))}"])


def drop_user(cursor: Cursor) -> Plan:
    exists = "if exists " if cursor.accept("if", "exists") else ""
    names = [user_name(cursor.identifier())]
    while cursor.accept(","):
        names.append(user_name(cursor.identifier()))
    cursor.end()
    return Plan([f"drop role {exists}{', '.join(map(quote_ident, names))}"])


# -- GRANT and REVOKE: https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html ------------------------------------


def grant(cursor: Cursor, revoke: bool, external_schemas: frozenset[str]) -> Plan:
    option = revoke and cursor.accept("grant", "option", "for")
    admin = revoke and cursor.accept("admin", "option", "for")
    if cursor.looks("role"):
        return _grant_roles(cursor, revoke, admin)
    if cursor.accept("assumerole"):
        return _assume_role(cursor, revoke)
    rights = _until(cursor, "on")
    cursor.expect("on")
    objects = _objects(cursor, rights, external_schemas)
    grantees, tail = _grantees(cursor, revoke)
    verb = f"revoke {'grant option for ' if option else ''}" if revoke else "grant "
    way = "from" if revoke else "to"
    return Plan([f"{verb}{rights} on {objects} {way} {grantees}{tail}"])


def _until(cursor: Cursor, stop: str) -> str:
    taken: list[Token] = []
    while not cursor.looks(stop):
        token = cursor.next()
        if token.is_op("("):
            cursor.at -= 1
            start = cursor.at
            cursor.group()
            taken += cursor.tokens[start : cursor.at]
        else:
            taken.append(token)
    if not taken:
        raise syntax_error(stop)
    return render(taken)


def _rights_allowed(rights: str, allowed: tuple[str, ...]) -> None:
    for part in rights.lower().replace("all privileges", "all").split(","):
        name = part.split("(")[0].strip()
        if name in ("drop", "alter", "truncate"):
            raise NotEmulated(f"the right {name.upper()}")
        if name != "all" and name not in allowed:
            raise syntax_error(name)


def _objects(cursor: Cursor, rights: str, external_schemas: frozenset[str]) -> str:
    if cursor.accept("schema"):
        _rights_allowed(rights, _SCHEMA_RIGHTS)
        return f"schema {_names(cursor)}"
    if cursor.accept("database"):
        _rights_allowed(rights, _DATABASE_RIGHTS)
        return f"database {_names(cursor)}"
    if cursor.accept("all", "tables", "in", "schema"):
        _rights_allowed(rights, _TABLE_RIGHTS)
        names = [cursor.identifier()]
        while cursor.accept(","):
            names.append(cursor.identifier())
        for name in names:
            _refuse_external(name, external_schemas)
        return f"all tables in schema {', '.join(map(quote_ident, names))}"
    for word in ("function", "procedure", "language", "datashare", "model", "external", "tables", "schemas", "all"):
        if cursor.looks(word):
            raise NotEmulated(f"GRANT ON {word.upper()}")
    cursor.accept("table")
    _rights_allowed(rights, _TABLE_RIGHTS)
    tables = [cursor.name()]
    while cursor.accept(","):
        tables.append(cursor.name())
    for table in tables:
        _refuse_external(table.schema, external_schemas)
    return f"table {', '.join(table.sql for table in tables)}"


def _refuse_external(schema: str | None, external_schemas: frozenset[str]) -> None:
    if schema in external_schemas:
        # "You can't GRANT or REVOKE permissions on an external table": usage of its schema is what there is to grant
        raise RedshiftError("Operations on external tables are not supported: grant usage on the external schema")


def _names(cursor: Cursor) -> str:
    names = [cursor.identifier()]
    while cursor.accept(","):
        names.append(cursor.identifier())
    return ", ".join(map(quote_ident, names))


def _grantees(cursor: Cursor, revoke: bool) -> tuple[str, str]:
    cursor.expect("from" if revoke else "to")
    grantees = [_grantee(cursor)]
    while cursor.accept(","):
        grantees.append(_grantee(cursor))
    tail = ""
    if cursor.accept("with", "grant", "option"):
        if revoke:
            raise syntax_error("with")
        tail = " with grant option"
    if revoke:
        behaviour = cursor.one_of("cascade", "restrict")
        tail = f" {behaviour}" if behaviour else ""
    cursor.end()
    return ", ".join(grantees), tail


def _grantee(cursor: Cursor) -> str:
    if cursor.looks("group"):
        raise NotEmulated("GRANT to a group")
    if cursor.accept("public"):
        return "public"
    if cursor.peek().is_word("role") and cursor.peek(1).is_name:
        cursor.next()
        return quote_ident(role_name(cursor.identifier()))
    return quote_ident(user_name(cursor.identifier()))


def _grant_roles(cursor: Cursor, revoke: bool, admin: bool) -> Plan:
    roles = []
    while True:
        cursor.expect("role")
        roles.append(quote_ident(role_name(cursor.identifier())))
        if not cursor.accept(","):
            break
    cursor.expect("from" if revoke else "to")
    grantees = [_grantee(cursor)]
    while cursor.accept(","):
        grantees.append(_grantee(cursor))
    tail = " with admin option" if cursor.accept("with", "admin", "option") else ""
    cursor.end()
    verb = f"revoke {'admin option for ' if admin else ''}" if revoke else "grant "
    return Plan([f"{verb}{', '.join(roles)} {'from' if revoke else 'to'} {', '.join(grantees)}{tail}"])


def _assume_role(cursor: Cursor, revoke: bool) -> Plan:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT-usage-notes.html#r_GRANT-usage-notes-assumerole
    cursor.expect("on")
    arns = []
    if cursor.accept("all"):
        arns.append("all")
    elif cursor.looks("default"):
        raise NotEmulated("ASSUMEROLE ON DEFAULT")
    else:
        arns.append(cursor.string())
        while cursor.accept(","):
            arns.append(cursor.string())
    cursor.expect("from" if revoke else "to")
    grantees = [_assume_grantee(cursor)]
    while cursor.accept(","):
        grantees.append(_assume_grantee(cursor))
    cursor.expect("for")
    commands = _commands(cursor)
    statements = []
    for arn in arns:
        for grantee in grantees:
            if grantee != "public":
                # raises "does not exist" for an unknown user or role
                statements.append(f"select {quote_literal(quote_ident(grantee))}::regrole")
            for command in commands:
                row = ", ".join(map(quote_literal, (grantee, arn, command)))
                if revoke:
                    statements.append(
                        f"delete from rs_catalog.assume_role where (grantee, role_arn, command) = ({row})"
                    )
                else:
                    statements.append(f"insert into rs_catalog.assume_role values ({row}) on conflict do nothing")
    return Plan(statements, superuser="grant or revoke ASSUMEROLE")


def _assume_grantee(cursor: Cursor) -> str:
    name = _grantee(cursor)
    return name if name == "public" else name[1:-1].replace('""', '"')


def _commands(cursor: Cursor) -> list[str]:
    commands: list[str] = []
    for part in split_top(cursor.rest, is_comma):
        words = " ".join(token.text for token in part)
        if words == "all":
            commands += _COMMANDS
        elif words in _COMMANDS:
            commands.append(words)
        elif words in ("external function", "create model"):
            raise NotEmulated(f"ASSUMEROLE FOR {words.upper()}")
        else:
            raise syntax_error(part[0].raw if part else "for")
    return commands


def default_privileges(cursor: Cursor) -> Plan:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_DEFAULT_PRIVILEGES.html
    head = "alter default privileges"
    if cursor.accept("for", "user"):
        names = [user_name(cursor.identifier())]
        while cursor.accept(","):
            names.append(user_name(cursor.identifier()))
        head += f" for role {', '.join(map(quote_ident, names))}"
    if cursor.accept("in", "schema"):
        head += f" in schema {_names(cursor)}"
    verb = cursor.one_of("grant", "revoke")
    if verb is None:
        raise syntax_error(cursor.peek().raw)
    option = " grant option for" if verb == "revoke" and cursor.accept("grant", "option", "for") else ""
    rights = _until(cursor, "on")
    cursor.expect("on")
    if not cursor.accept("tables"):
        raise NotEmulated(f"default privileges on {cursor.peek().raw}")
    _rights_allowed(rights, _TABLE_RIGHTS)
    grantees, tail = _grantees(cursor, verb == "revoke")
    way = "from" if verb == "revoke" else "to"
    return Plan([f"{head} {verb}{option} {rights} on tables {way} {grantees}{tail}"])


def check_password(stored: str | None, user: str, given: str) -> bool:
    """Is this the password? PostgreSQL keeps SCRAM verifiers, which the caller turns to `stored`."""
    if not stored or not stored.startswith("SCRAM-SHA-256$"):
        return False
    import base64
    import hmac

    _, settings, keys = stored.split("$")
    iterations, salt = settings.split(":")
    stored_key = base64.b64decode(keys.split(":")[0])
    salted = hashlib.pbkdf2_hmac("sha256", given.encode(), base64.b64decode(salt), int(iterations))
    client_key = hmac.new(salted, b"Client Key", hashlib.sha256).digest()
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), stored_key)
