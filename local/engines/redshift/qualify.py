"""QUALIFY as a filter around the query: https://docs.aws.amazon.com/redshift/latest/dg/r_QUALIFY_clause.html"""

from __future__ import annotations

from .errors import NotEmulated
from .tokens import (
    QUOTED,
    WORD,
    Token,
    find_top,
    is_comma,
    op,
    quote_ident,
    raw,
    render,
    split_top,
)

_SET_OPERATORS = ("union", "intersect", "except")
_END = ("order", "limit", "offset", *_SET_OPERATORS)
_AFTER_RELATION = ("on", "using", "where", "group", "having", "qualify")
_KEYWORDS = frozenset("end null true false over rows range and or not is in like between desc asc".split())


def rewrite_qualify(tokens: list[Token]) -> list[Token]:
    """The query with each QUALIFY of its outermost level turned into a subquery and a WHERE."""
    start = max(
        (i for i, t in enumerate(tokens[: find_top(tokens, "qualify")]) if _starts_select(tokens, i)), default=-1
    )
    if start < 0:
        raise NotEmulated("qualify here")
    head, body = tokens[:start], tokens[start + 1 :]
    from_at, qualify_at = find_top(body, "from"), find_top(body, "qualify")
    if not 0 <= from_at < qualify_at:
        raise NotEmulated("qualify without from")
    columns, source = body[:from_at], body[from_at:qualify_at]
    rest = body[qualify_at + 1 :]
    end = find_top(rest, *_END)
    condition, tail = (rest[:end], rest[end:]) if end >= 0 else (rest, [])
    distinct = bool(columns) and columns[0].is_word("distinct")
    items = [_Item(part, source) for part in split_top(columns[1:] if distinct else columns, is_comma)]
    aliases = {item.name: item.expression for item in items if item.aliased}
    condition = _replace_aliases(condition, aliases)
    inner, outer = [], []
    for number, item in enumerate(items):
        for part, (expression, name) in enumerate(item.pieces()):
            label = f"q{number}_{part}"
            inner.append(f"{render(expression)} as {label}")
            outer.append(f"(qualified.{label}).*" if name is None else f"qualified.{label} as {quote_ident(name)}")
    if find_top(tail, "qualify") >= 0:
        tail = rewrite_qualify(tail)
    text = (
        f"select {'distinct ' if distinct else ''}{', '.join(outer)} from (select {', '.join(inner)}, "
        f"({render(condition)}) as kept {render(source)}) as qualified where qualified.kept"
    )
    return [*head, raw(text), *tail]


def _starts_select(tokens: list[Token], index: int) -> bool:
    depth = sum(1 if t.is_op("(") else -1 if t.is_op(")") else 0 for t in tokens[:index])
    return depth == 0 and tokens[index].is_word("select")


class _Item:
    """One item of a select list."""

    def __init__(self, tokens: list[Token], source: list[Token]):
        self.source = source
        self.expression, self.name, self.aliased = tokens, "?column?", False
        as_at = find_top(tokens, "as")
        last = tokens[-1]
        if as_at >= 0:
            self.expression, self.name, self.aliased = tokens[:as_at], last.text, True
        elif len(tokens) > 1 and last.is_name and not last.is_word(*_KEYWORDS) and _ends_value(tokens[-2]):
            self.expression, self.name, self.aliased = tokens[:-1], last.text, True
        elif last.is_name and not last.is_word("end"):
            self.name = last.text
        elif tokens[0].kind in (WORD, QUOTED) and len(tokens) > 1 and tokens[1].is_op("("):
            self.name = tokens[0].text

    def pieces(self) -> list[tuple[list[Token], str | None]]:
        """What to compute inside and its name outside; None for all columns of a row."""
        if not self.expression[-1].is_op("*"):
            return [(self.expression, self.name)]
        if len(self.expression) > 1:
            return [(self.expression[:-2], None)]
        return [([alias], None) for alias in _relations(self.source)]


def _ends_value(token: Token) -> bool:
    return token.is_op(")") or token.kind not in ("op",) and not token.is_word(*_KEYWORDS - {"end", "null"})


def _relations(source: list[Token]) -> list[Token]:
    """The names by which a FROM clause's relations are known."""
    end = find_top(source, "where", "group", "having")
    clause = source[1:end] if end >= 0 else source[1:]
    aliases = []
    for part in split_top(clause, lambda t: t.is_op(",") or t.is_word("join")):
        stop = find_top(part, *_AFTER_RELATION)
        relation = part[:stop] if stop >= 0 else part
        while relation and relation[-1].is_word("inner", "left", "right", "full", "outer", "cross"):
            relation = relation[:-1]
        if not relation or not relation[-1].is_name and not relation[-1].raw.startswith("as "):
            raise NotEmulated("qualify with * and a relation without a name")
        last = relation[-1]
        aliases.append(raw(last.raw.removeprefix("as ")) if last.kind == "op" else last)
    return aliases


def _replace_aliases(condition: list[Token], aliases: dict[str, list[Token]]) -> list[Token]:
    out: list[Token] = []
    for index, token in enumerate(condition):
        free = not (index and condition[index - 1].is_op(".")) and not (
            index + 1 < len(condition) and condition[index + 1].is_op(".", "(")
        )
        if token.is_name and free and token.text in aliases:
            out += [op("("), *aliases[token.text], op(")")]
        else:
            out.append(token)
    return out
