"""SQL text: splitting files into statements and filling in placeholders.

Imports nothing of this package, so that the schema step can ship it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_PLACEHOLDER = re.compile(r"\$\{(?P<name>[^{}]*)\}")
_DOLLAR_TAG = re.compile(r"\$(?:[A-Za-z_][A-Za-z_0-9]*)?\$")
_MATERIALIZED_VIEW = re.compile(r'create\s+materialized\s+view\s+(?P<name>[\w."]+)', re.IGNORECASE)


class SqlError(ValueError):
    """SQL text that can't be used as it stands."""


@dataclass(frozen=True)
class Statement:
    """One statement and where it stands, for messages."""

    text: str
    source: str
    number: int

    def describe(self) -> str:
        return f"{self.source}: statement {self.number}: {' '.join(self.text.split())[:200]}"


def render(text: str, values: Mapping[str, str], source: str) -> str:
    """Replaces each `${name}`; an unknown name, or a `${` that never closes, is an error."""

    def value_of(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in values:
            raise SqlError(f"{source}: unknown placeholder ${{{name}}}: use one of {', '.join(sorted(values))}")
        return values[name]

    if "${" in _PLACEHOLDER.sub("", text):
        raise SqlError(f"{source}: a ${{ is not closed")
    return _PLACEHOLDER.sub(value_of, text)


def split(text: str, source: str) -> list[Statement]:
    """The statements of a file, without the semicolons and the comments that stand before a statement."""
    statements: list[Statement] = []
    for part in _parts(text, source):
        body = _without_leading_comments(part)
        if body:
            statements.append(Statement(body, source, len(statements) + 1))
    return statements


def without_comments(text: str) -> str:
    """The text with every comment replaced by a space; quoted text is left alone."""
    return "".join(" " if kind == "comment" else piece for kind, piece in _tokens(text, "sql"))


def any_text(value: str) -> str:
    """An expression for any text: Redshift reads a backslash in a literal as an escape, Athena does not."""
    return " || chr(92) || ".join(quote(part) for part in value.split("\\"))


def quote(value: str) -> str:
    """A string literal, where no expression may stand; such names have no backslash."""
    if "\x00" in value or "\\" in value:
        raise SqlError(f"{value!r} can't stand in a string literal: it has a NUL or a backslash")
    return "'" + value.replace("'", "''") + "'"


def materialized_views(text: str) -> list[str]:
    """The names of the materialized views that a file creates."""
    names = []
    for statement in split(text, "sql"):
        match = _MATERIALIZED_VIEW.match(without_comments(statement.text).strip())
        if match:
            names.append(match["name"])
    return names


def _parts(text: str, source: str) -> Iterator[str]:
    part: list[str] = []
    for kind, piece in _tokens(text, source):
        if kind == "end":
            yield "".join(part)
            part = []
        else:
            part.append(piece)
    yield "".join(part)


def _without_leading_comments(text: str) -> str:
    pieces = list(_tokens(text, "sql"))
    while pieces and (pieces[0][0] == "comment" or not pieces[0][1].strip()):
        pieces.pop(0)
    return "".join(piece for _, piece in pieces).strip()


def _tokens(text: str, source: str) -> Iterator[tuple[str, str]]:
    """Cuts text into ("text" | "comment" | "quoted" | "end", piece)."""
    position = start = 0
    while position < len(text):
        end, kind = _special(text, position, source)
        if not end:
            position += 1
            continue
        if start < position:
            yield "text", text[start:position]
        yield kind, text[position:end]
        position = start = end
    if start < len(text):
        yield "text", text[start:]


def _special(text: str, at: int, source: str) -> tuple[int, str]:
    """The end and kind of the quoted text, comment or semicolon that begins here; (0, "") if none does."""
    character = text[at]
    if character == ";":
        return at + 1, "end"
    if character in "'\"":
        return _end_of_quote(text, at, source), "quoted"
    if text.startswith("--", at):
        newline = text.find("\n", at)
        return (newline if newline >= 0 else len(text)), "comment"
    if text.startswith("/*", at):
        return _end_of_block(text, at, source), "comment"
    if character == "$":
        tag = _DOLLAR_TAG.match(text, at)
        # a1$$ is an identifier, not a quote
        if tag and not (at and (text[at - 1].isalnum() or text[at - 1] in "_$")):
            close = text.find(tag[0], tag.end())
            if close < 0:
                raise SqlError(f"{source}: a {tag[0]} is not closed")
            return close + len(tag[0]), "quoted"
    return 0, ""


def _end_of_quote(text: str, at: int, source: str) -> int:
    mark = text[at]
    position = at + 1
    while position < len(text):
        if text[position] == "\\" and mark == "'":
            position += 2
        elif text[position] != mark:
            position += 1
        elif text.startswith(mark, position + 1):
            position += 2
        else:
            return position + 1
    raise SqlError(f"{source}: a {mark} is not closed")


def _end_of_block(text: str, at: int, source: str) -> int:
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    raise SqlError(f"{source}: a /* is not closed")
