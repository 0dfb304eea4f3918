"""GetPartitions' Expression: a filter on partition keys, in SQL.

https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html lists what it knows: = <>
< > <= >= BETWEEN IN LIKE NOT AND OR, and IS NULL.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from local.engines.glue.errors import invalid

COMPARISONS: dict[type, Callable[[Any, Any], bool]] = {
    exp.EQ: lambda a, b: a == b,
    exp.NEQ: lambda a, b: a != b,
    exp.LT: lambda a, b: a < b,
    exp.LTE: lambda a, b: a <= b,
    exp.GT: lambda a, b: a > b,
    exp.GTE: lambda a, b: a >= b,
}
# Hive writes a NULL partition value so.
NULL = "__HIVE_DEFAULT_PARTITION__"


def compile(expression: str, keys: Sequence[Mapping]) -> Callable[[Sequence[str]], bool]:
    """A test on a partition's values. Raises GlueError if Glue would not understand it."""
    try:
        tree = parse_one(expression, dialect="hive")
    except SqlglotError as error:
        raise invalid(f"Unsupported expression {expression!r}: {error}") from error
    positions = {key["Name"].lower(): number for number, key in enumerate(keys)}
    types = [key.get("Type", "string").lower() for key in keys]

    def read(text: str, kind: str) -> Any:
        if text == NULL:
            return None
        try:
            if kind in ("tinyint", "smallint", "int", "integer", "bigint", "long"):
                return int(text)
            if kind.startswith("decimal"):
                return decimal.Decimal(text)
            if kind == "date":
                return datetime.date.fromisoformat(text)
        except (ValueError, decimal.InvalidOperation) as error:
            raise invalid(f"{text!r} in {expression!r} is no {kind}") from error
        return text

    def literal(node: exp.Expr, kind: str) -> Any:
        while isinstance(node, (exp.Paren, exp.Cast)):
            node = node.this
        if isinstance(node, exp.Neg):
            return -literal(node.this, kind)
        if not isinstance(node, exp.Literal):
            raise refusal(node)
        return read(node.this, kind)

    def column(node: exp.Expr) -> int:
        while isinstance(node, exp.Paren):
            node = node.this
        if not isinstance(node, exp.Column) or node.name.lower() not in positions:
            raise refusal(node)
        return positions[node.name.lower()]

    def refusal(node: exp.Expr):
        return invalid(f"Unsupported expression {expression!r}: {node.sql()!r} is not understood")

    def build(node: exp.Expr) -> Callable[[Sequence[str]], bool]:
        if isinstance(node, exp.Paren):
            return build(node.this)
        if isinstance(node, (exp.And, exp.Or)):
            left, right = build(node.this), build(node.expression)
            if isinstance(node, exp.And):
                return lambda values: left(values) and right(values)
            return lambda values: left(values) or right(values)
        if isinstance(node, exp.Not):
            inner = build(node.this)
            return lambda values: not inner(values)
        return build_test(node)

    def build_test(node: exp.Expr) -> Callable[[Sequence[str]], bool]:
        if isinstance(node, exp.Boolean):
            return lambda values: bool(node.this)
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            place = column(node.this)
            return lambda values: values[place] == NULL
        if type(node) in COMPARISONS:
            place, compare = column(node.this), COMPARISONS[type(node)]
            wanted = literal(node.expression, types[place])
            return known(place, lambda value: compare(value, wanted))
        if isinstance(node, exp.Between):
            place = column(node.this)
            low, high = (literal(node.args[end], types[place]) for end in ("low", "high"))
            return known(place, lambda value: low <= value <= high)
        if isinstance(node, exp.In) and node.expressions:
            place = column(node.this)
            allowed = [literal(item, types[place]) for item in node.expressions]
            return known(place, lambda value: value in allowed)
        if isinstance(node, exp.Like):
            place = column(node.this)
            pattern = re.escape(literal(node.expression, "string"))
            like = re.compile(pattern.replace("%", ".*").replace("_", "."), re.DOTALL)
            return known(place, lambda value: like.fullmatch(str(value)) is not None)
        raise refusal(node)

    def known(place: int, test: Callable[[Any], bool]) -> Callable[[Sequence[str]], bool]:
        """As in SQL, nothing is true of NULL."""

        def check(values: Sequence[str]) -> bool:
            value = read(values[place], types[place])
            return value is not None and test(value)

        return check

    return build(tree)
