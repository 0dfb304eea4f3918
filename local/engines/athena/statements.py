"""Which statements there are, and who carries each out: Trino, or Glue for Hive's DDL.

An allow-list: Trino would run more than Athena does (it deletes partitions on DELETE, say).
https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
https://docs.aws.amazon.com/athena/latest/ug/functions-operators-reference-section.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from local.engines.athena.errors import ApiError
from local.engines.athena.tokens import Token, single_statement


@dataclass(frozen=True)
class Statement:
    """One recognised statement.

    kind: select, insert, ctas, view, explain (Trino) or hive (Glue).
    type: Athena's StatementType (DML, DDL, UTILITY); substatement: its SubstatementType.
    """

    sql: str
    tokens: list[Token] = field(repr=False)
    kind: str
    type: str
    substatement: str

    @property
    def has_rows(self) -> bool:
        """Whether the result is a CSV of rows with a header, not lines of text."""
        return self.kind == "select"


# First words → kind, StatementType, SubstatementType. "(" begins a parenthesised query.
_FORMS: dict[tuple[str, ...], tuple[str, str, str]] = {
    ("SELECT",): ("select", "DML", "SELECT"),
    ("WITH",): ("select", "DML", "SELECT"),
    ("VALUES",): ("select", "DML", "SELECT"),
    ("(",): ("select", "DML", "SELECT"),
    ("INSERT", "INTO"): ("insert", "DML", "INSERT"),
    ("EXPLAIN",): ("explain", "UTILITY", "EXPLAIN"),
    ("CREATE", "VIEW"): ("view", "DDL", "CREATE_VIEW"),
    ("CREATE", "OR", "REPLACE", "VIEW"): ("view", "DDL", "CREATE_VIEW"),
    ("DROP", "VIEW"): ("view", "DDL", "DROP_VIEW"),
    ("CREATE", "TABLE"): ("ctas", "DML", "CREATE_TABLE_AS_SELECT"),
    ("CREATE", "EXTERNAL", "TABLE"): ("hive", "DDL", "CREATE_TABLE"),
    ("CREATE", "DATABASE"): ("hive", "DDL", "CREATE_DATABASE"),
    ("CREATE", "SCHEMA"): ("hive", "DDL", "CREATE_DATABASE"),
    ("DROP", "TABLE"): ("hive", "DDL", "DROP_TABLE"),
    ("ALTER", "TABLE"): ("hive", "DDL", "ALTER_TABLE"),
    ("MSCK", "REPAIR", "TABLE"): ("hive", "DDL", "MSCK_REPAIR_TABLE"),
    ("SHOW", "PARTITIONS"): ("hive", "UTILITY", "SHOW_PARTITIONS"),
    ("SHOW", "TABLES"): ("hive", "UTILITY", "SHOW_TABLES"),
    ("SHOW", "VIEWS"): ("hive", "UTILITY", "SHOW_VIEWS"),
    ("SHOW", "COLUMNS"): ("hive", "UTILITY", "SHOW_COLUMNS"),
    ("SHOW", "DATABASES"): ("hive", "UTILITY", "SHOW_DATABASES"),
    ("SHOW", "SCHEMAS"): ("hive", "UTILITY", "SHOW_DATABASES"),
    ("DESCRIBE",): ("hive", "UTILITY", "DESCRIBE_TABLE"),
    ("DESC",): ("hive", "UTILITY", "DESCRIBE_TABLE"),
}
_LONGEST = max(len(words) for words in _FORMS)
# What EXPLAIN may explain: never a way around the list above (EXPLAIN ANALYZE executes).
_EXPLAINED = ("SELECT", "WITH", "VALUES", "(")


def recognise(sql: str) -> Statement:
    """Raises ApiError for what is not one statement that Athena and this project know."""
    text, tokens = single_statement(sql)
    words = tuple(token.keyword for token in tokens[:_LONGEST])
    for length in range(len(words), 0, -1):
        if form := _FORMS.get(words[:length]):
            statement = Statement(text, tokens, *form)
            _check(statement)
            return statement
    shown = " ".join(words[:2]).strip() or tokens[0].text
    raise ApiError(
        f"Queries of this type are not supported by the local Athena: {shown} … "
        "(see local/README.md for the statements that are)"
    )


def _check(statement: Statement) -> None:
    words = [token.keyword for token in statement.tokens]
    if statement.kind == "explain":
        rest = words[2:] if words[1:2] == ["ANALYZE"] else words[1:]
        if not rest or rest[0] not in _EXPLAINED:
            raise ApiError("the local Athena explains queries only, without options")
    if statement.kind == "ctas" and "AS" not in words:
        raise ApiError(
            "CREATE TABLE without AS would be an Iceberg table, which the local Athena lacks: use CREATE EXTERNAL TABLE"
        )


_LITERAL = re.compile(
    r"""\s*(
        [+-]?\d+(\.\d*)?([eE][+-]?\d+)? | [+-]?\.\d+([eE][+-]?\d+)?
      | '([^']|'')*'
      | (date|timestamp|time|decimal|x)\s*'[^']*'
      | true | false | null
    )\s*""",
    re.VERBOSE | re.IGNORECASE,
)


def with_parameters(sql: str, parameters: list[str]) -> str:
    """`sql` with its question marks bound to literals, as one statement for Trino."""
    for number, parameter in enumerate(parameters, 1):
        if not _LITERAL.fullmatch(parameter):
            raise ApiError(
                f"ExecutionParameters[{number - 1}] {parameter!r} is no SQL literal: "
                "write 42, 'text' or DATE '2025-01-31'"
            )
    quoted = sql.replace("'", "''")
    return f"EXECUTE IMMEDIATE '{quoted}' USING {', '.join(parameters)}"
