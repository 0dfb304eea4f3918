"""What each kind of deployment applies. Everything here may run again and changes nothing the second time.

Messages name a file as the project knows it, wherever it lies in the bundle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import contract as contracts
import evolution
import sql
from sql import Statement

_CREATE_NAMED = re.compile(r'create\s+(?P<kind>user|role)\s+(?:"(?P<quoted>[^"]+)"|(?P<plain>\w+))', re.IGNORECASE)

_ANALYSTS = "select user_name from svv_user_grants where role_name = 'analyst'"


def apply_warehouse(warehouse: Any, folder: Path, placeholders: Mapping[str, str], analysts: Sequence[str]) -> None:
    """As the administrator, each statement on its own: some of them can't run inside a transaction.

    Who is no analyst any more keeps the user, and what somebody granted it by hand, and loses the role.
    """
    existing = {
        "user": _names(warehouse, "select user_name from svv_user_info"),
        "role": _names(warehouse, "select role_name from svv_roles"),
    }
    statements = _read(folder, placeholders)
    for name in analysts:
        texts = [f"create user {_identifier(name)} password disable", f"grant role analyst to {_identifier(name)}"]
        statements += [Statement(text, "analysts", number) for number, text in enumerate(texts, start=1)]
    for statement in statements:
        if not _exists(statement, existing):
            warehouse.execute(statement)
    wanted = {name.lower() for name in analysts}
    holders = (str(name).strip() for (name,) in warehouse.query(Statement(_ANALYSTS, "catalog", 1)))
    for number, name in enumerate(sorted(holders), start=1):
        if name.lower().startswith(("iam:", "iamr:")) and name.lower() not in wanted:
            warehouse.execute(Statement(f"revoke role analyst from {_identifier(name)}", "analysts", number))


def apply_dataset(warehouse: Any, folder: Path, placeholders: Mapping[str, str]) -> None:
    """Landing objects as the load user, everything else as the transform user: owners may alter and refresh."""
    contract = contracts.from_json(json.loads((folder / "contract.json").read_text()))
    landing = sql.split(sql.render((folder / "landing.sql").read_text(), placeholders, "landing.sql"), "landing.sql")
    warehouse.transaction([_become(placeholders["load_user"]), *landing])
    # the transform empties this table, and fills it when facts have to be made anew
    warehouse.execute(
        Statement(f"grant select, insert, delete on table {contract.affected_table} to role transformer", "landing", 1)
    )
    # before the views that may use a new column; altering a varchar can't run inside a transaction
    _evolve(warehouse, contract.landing_table, contract.landing_columns)
    _evolve(warehouse, contract.affected_table, contract.key_columns)
    _evolve(warehouse, contract.published.warehouse_table, contract.published.columns)
    for path in sorted((folder / "sql" / "schema").glob("*.sql")):
        source = f"sql/{contract.dataset}/schema/{path.name}"
        statements = sql.split(sql.render(path.read_text(), placeholders, source), source)
        if statements:
            warehouse.transaction([_become(placeholders["transform_user"]), *statements])


def apply_athena(athena: Any, folder: Path, placeholders: Mapping[str, str]) -> None:
    """One statement a file, as Athena takes them; a view is only real when Athena itself made it."""
    for path in sorted(folder.glob("*/*.sql")):
        source = f"sql/{path.parent.name}/athena/views/{path.name}"
        for statement in sql.split(sql.render(path.read_text(), placeholders, source), source):
            athena.execute(statement.text, f"{source}: statement {statement.number}")


def _evolve(warehouse: Any, table: str, wanted: Iterable[contracts.Column]) -> None:
    existing = evolution.existing(warehouse.query(evolution.columns_of(table)))
    if existing:
        for statement in evolution.plan(table, existing, wanted):
            warehouse.execute(statement)


def _read(folder: Path, placeholders: Mapping[str, str]) -> list[Statement]:
    statements: list[Statement] = []
    for path in sorted(folder.glob("*.sql")):
        source = f"sql/warehouse/{path.name}"
        statements += sql.split(sql.render(path.read_text(), placeholders, source), source)
    return statements


def _exists(statement: Statement, existing: Mapping[str, set[str]]) -> bool:
    """Redshift has no `if not exists` for users and roles, so those that exist are passed over."""
    match = _CREATE_NAMED.match(statement.text)
    return match is not None and (match["quoted"] or match["plain"]).lower() in existing[match["kind"].lower()]


def _names(warehouse: Any, text: str) -> set[str]:
    return {str(name).strip().lower() for (name,) in warehouse.query(Statement(text, "catalog", 1))}


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _become(user: str) -> Statement:
    return Statement(f"set session authorization {sql.quote(user)}", "session", 1)
