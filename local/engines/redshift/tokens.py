"""Redshift SQL as tokens. sqlglot's tokenizer does the reading; what follows wants five kinds only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import TokenError
from sqlglot.tokens import TokenType

from .errors import RedshiftError, syntax_error
from .words import RESERVED

WORD, QUOTED, STRING, NUMBER, OP, PARAM = "word", "quoted", "string", "number", "op", "param"


class _Tokenizer(Redshift.Tokenizer):
    # A "command" (SHOW, CALL …) would swallow the rest of the statement as one string.
    COMMANDS: ClassVar[set] = set()


_STRINGS = {TokenType.STRING, TokenType.BYTE_STRING, TokenType.HEREDOC_STRING, TokenType.RAW_STRING}


@dataclass(frozen=True)
class Token:
    kind: str
    text: str  # a word in lower case; a quoted name, a string, a parameter: the value itself
    raw: str  # as PostgreSQL shall read it
    start: int = 0
    end: int = 0

    def is_word(self, *words: str) -> bool:
        return self.kind == WORD and self.text in words

    def is_op(self, *ops: str) -> bool:
        return self.kind == OP and self.text in ops

    @property
    def is_name(self) -> bool:
        return self.kind in (WORD, QUOTED)


def word(text: str) -> Token:
    return Token(WORD, text.lower(), text)


def op(text: str) -> Token:
    return Token(OP, text, text)


def string(value: str) -> Token:
    return Token(STRING, value, quote_literal(value))


def quoted(name: str) -> Token:
    return Token(QUOTED, name, quote_ident(name))


def raw(text: str) -> Token:
    """A piece of PostgreSQL that needs no further look."""
    return Token(OP, text, text)


def quote_literal(value: str) -> str:
    quoted_value = "'" + value.replace("'", "''") + "'"
    return " E" + quoted_value.replace("\\", "\\\\") if "\\" in value else quoted_value


def quote_ident(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def fold(name: str) -> str:
    """A delimited identifier: Redshift folds it like any other (downcase_delimited_identifier).
    Names of IAM users keep their prefix: https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-cli-api.html
    """
    prefix, colon, rest = name.partition(":")
    if colon and prefix.upper() in ("IAM", "IAMR"):
        return f"{prefix.upper()}:{rest.lower()}"
    return name.lower()


def tokenize(sql: str) -> list[Token]:
    """The tokens of a text, comments dropped."""
    if "\x00" in sql:
        raise RedshiftError('invalid byte sequence for encoding "UTF8": 0x00')
    try:
        found = _Tokenizer().tokenize(sql)
    except TokenError as error:
        raise syntax_error(sql.strip()[-20:]) from error
    return _joined(_convert(sql, found))


def _joined(tokens: Iterator[Token]) -> list[Token]:
    """Operators that the tokenizer gives in pieces, put together again."""
    joined: list[Token] = []
    for token in tokens:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.kind == token.kind == OP
            and last.end == token.start
            and last.text + token.text in ("!~", "~*", "!~*", "|/", "||/")
        ):
            text = last.text + token.text
            joined[-1] = Token(OP, text, text, last.start, token.end)
        else:
            joined.append(token)
    return joined


def _convert(sql: str, found: list) -> Iterator[Token]:
    skip = False
    for index, token in enumerate(found):
        if skip:
            skip = False
            continue
        source = sql[token.start : token.end + 1]
        where = {"start": token.start, "end": token.end + 1}
        following = found[index + 1] if index + 1 < len(found) else None
        if token.token_type in _STRINGS:
            yield Token(STRING, _string_value(source), _string_source(source), **where)
        elif token.token_type == TokenType.IDENTIFIER:
            name = fold(token.text)
            yield Token(QUOTED, name, quote_ident(name), **where)
        elif token.token_type == TokenType.NUMBER:
            yield Token(NUMBER, source, source, **where)
        elif source == ":" and following is not None and following.start == token.end + 1:
            skip = True
            yield Token(PARAM, following.text, source, token.start, following.end + 1)
        elif source[0].isalpha() or source[0] in "_#":
            if source.startswith("#"):
                yield Token(QUOTED, source.lower(), quote_ident(source.lower()), **where)
            else:
                # "group by" and the like come as one token
                for part in source.split():
                    yield Token(WORD, part.lower(), part, **where)
        else:
            yield Token(OP, source, source, **where)


def _string_value(source: str) -> str:
    if source.startswith("$"):
        delimiter = source[: source.index("$", 1) + 1]
        return source[len(delimiter) : -len(delimiter)]
    if source[0] in "eE":
        source = source[1:]
    body, value, index = source[1:-1], [], 0
    escapes = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
    while index < len(body):
        char = body[index]
        if char == "\\" and index + 1 < len(body):
            index += 1
            value.append(escapes.get(body[index], body[index]))
        elif char == "'":
            index += 1  # doubled
            value.append("'")
        else:
            value.append(char)
        index += 1
    return "".join(value)


def _string_source(source: str) -> str:
    # Redshift reads backslashes in plain strings as PostgreSQL 8.0 did; today's needs an E for that.
    if source.startswith("'") and "\\" in source:
        return " E" + source
    return source


def split_statements(tokens: list[Token]) -> list[list[Token]]:
    statements: list[list[Token]] = [[]]
    for token in tokens:
        if token.is_op(";"):
            statements.append([])
        else:
            statements[-1].append(token)
    return [statement for statement in statements if statement]


def render(tokens: Iterable[Token]) -> str:
    return " ".join(token.raw for token in tokens)


def check_name(token: Token) -> None:
    """Raises unless the token may stand for a name: a reserved word needs double quotes."""
    if not token.is_name or (token.kind == WORD and token.text in RESERVED):
        raise syntax_error(token.raw)


def closing(tokens: list[Token], opening: int) -> int:
    """The index of the parenthesis that closes the one at `opening`."""
    depth = 0
    for index in range(opening, len(tokens)):
        if tokens[index].is_op("("):
            depth += 1
        elif tokens[index].is_op(")"):
            depth -= 1
            if depth == 0:
                return index
    raise syntax_error("")


def split_top(tokens: list[Token], separator: Callable[[Token], bool]) -> list[list[Token]]:
    """Split where `separator` says, outside of parentheses."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.is_op("("):
            depth += 1
        elif token.is_op(")"):
            depth -= 1
        if depth == 0 and separator(token):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def is_comma(token: Token) -> bool:
    return token.is_op(",")


def find_top(tokens: list[Token], *words: str) -> int:
    """The index of the first of `words` outside of parentheses, or -1."""
    depth = 0
    for index, token in enumerate(tokens):
        if token.is_op("("):
            depth += 1
        elif token.is_op(")"):
            depth -= 1
        elif depth == 0 and token.is_word(*words):
            return index
    return -1


@dataclass(frozen=True)
class Name:
    """A name of one or two parts, as written."""

    parts: tuple[str, ...]

    @property
    def schema(self) -> str | None:
        return self.parts[-2] if len(self.parts) > 1 else None

    @property
    def last(self) -> str:
        return self.parts[-1]

    @property
    def sql(self) -> str:
        return ".".join(quote_ident(part) for part in self.parts)

    def __str__(self) -> str:
        return ".".join(self.parts)


class Cursor:
    """Walks over the tokens of one statement."""

    def __init__(self, tokens: list[Token]):
        self.tokens = tokens
        self.at = 0

    @property
    def done(self) -> bool:
        return self.at >= len(self.tokens)

    @property
    def rest(self) -> list[Token]:
        return self.tokens[self.at :]

    def peek(self, ahead: int = 0) -> Token:
        index = self.at + ahead
        return self.tokens[index] if index < len(self.tokens) else Token(OP, "", "")

    def next(self) -> Token:
        token = self.peek()
        if self.done:
            raise syntax_error("")
        self.at += 1
        return token

    def looks(self, *words: str) -> bool:
        """Do these words and symbols come next?"""
        for ahead, expected in enumerate(words):
            token = self.peek(ahead)
            if token.kind not in (WORD, OP) or token.text != expected:
                return False
        return True

    def accept(self, *words: str) -> bool:
        if self.looks(*words):
            self.at += len(words)
            return True
        return False

    def expect(self, *words: str) -> None:
        for expected in words:
            if not self.accept(expected):
                raise syntax_error(self.peek().raw)

    def one_of(self, *words: str) -> str | None:
        token = self.peek()
        if token.is_word(*words):
            self.at += 1
            return token.text
        return None

    def name(self) -> Name:
        parts = [self.identifier()]
        while self.accept("."):
            parts.append(self.identifier())
        if len(parts) > 3:
            raise RedshiftError(f"improper qualified name (too many dotted names): {'.'.join(parts)}")
        return Name(tuple(parts[-2:]))

    def identifier(self) -> str:
        token = self.next()
        check_name(token)
        return token.text

    def string(self) -> str:
        token = self.next()
        if token.kind != STRING:
            raise syntax_error(token.raw)
        return token.text

    def integer(self) -> int:
        sign = -1 if self.accept("-") else 1
        token = self.next()
        if token.kind != NUMBER or not token.text.isdigit():
            raise syntax_error(token.raw)
        return sign * int(token.text)

    def group(self) -> list[Token]:
        """The tokens inside the parentheses that come next."""
        if not self.peek().is_op("("):
            raise syntax_error(self.peek().raw)
        end = closing(self.tokens, self.at)
        inside = self.tokens[self.at + 1 : end]
        self.at = end + 1
        return inside

    def end(self) -> None:
        if not self.done:
            raise syntax_error(self.peek().raw)
