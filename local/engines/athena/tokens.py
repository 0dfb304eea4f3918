"""Cuts SQL into tokens: enough to tell statements apart and to read Hive's few DDL forms."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.engines.athena.errors import ApiError

_PATTERN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*")
  | (?P<backticked>`(?:[^`]|``)*`)
  | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<word>[A-Za-z_][\w$]*)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    kind: str  # string quoted backticked number word mark
    text: str  # as written
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The word in upper case; "" for everything that can't be a keyword, quoted names too."""
        return self.text.upper() if self.kind in ("word", "mark") else ""

    @property
    def value(self) -> str:
        """What a literal or a quoted name means; Glue's names are lower case."""
        if self.kind == "string":
            return self.text[1:-1].replace("''", "'")
        if self.kind in ("quoted", "backticked"):
            quote = self.text[0]
            return self.text[1:-1].replace(quote * 2, quote).lower()
        return self.text.lower() if self.kind == "word" else self.text


def tokenize(sql: str) -> list[Token]:
    """All tokens but spaces and comments."""
    return [
        Token(match.lastgroup or "", match.group(), match.start(), match.end())
        for match in _PATTERN.finditer(sql)
        if match.lastgroup != "space"
    ]


def single_statement(sql: str) -> tuple[str, list[Token]]:
    """The one statement in `sql` without its closing semicolon, and its tokens.

    Raises ApiError for none and for more than one, as Athena does.
    """
    tokens = tokenize(sql)
    while tokens and tokens[-1].keyword == ";":
        tokens.pop()
    if not tokens:
        raise ApiError("Queries of this type are not supported: the query is empty")
    if any(token.keyword == ";" for token in tokens):
        raise ApiError(f"Only one sql statement is allowed. Got: {sql}")
    return sql[: tokens[-1].end], tokens
