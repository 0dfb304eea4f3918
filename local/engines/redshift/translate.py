"""Redshift's queries and expressions as PostgreSQL's, token by token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import functions
from .errors import NotEmulated, RedshiftError, syntax_error
from .qualify import rewrite_qualify
from .tokens import (
    NUMBER,
    OP,
    PARAM,
    QUOTED,
    STRING,
    WORD,
    Cursor,
    Token,
    closing,
    find_top,
    is_comma,
    op,
    quote_ident,
    raw,
    render,
    split_top,
    string,
    tokenize,
    word,
)
from .types import parse_type
from .words import NEVER_BARE

# A word before an opening parenthesis that is no function.
_NOT_CALLS = frozenset(
    """
all and any as asc between by case cast convert cross cube current desc distinct else end except exists extract from
full group grouping having ilike in inner intersect interval into is join left like limit minus natural not offset on or
order outer over partition qualify right rollup select sets set similar some then to union using values when where
with within recursive end top try_cast
""".split()
)
# A word after a table's name that is no alias.
_NOT_ALIASES = frozenset(
    """
where join inner left right full cross on using group order having limit union except intersect minus qualify natural
offset when set values select connect start
""".split()
)
_OPERATORS = frozenset("+ - * / % ^ = <> != < <= > >= || ~ ~* !~ !~* & | # << >> :: ( ) , . @ |/ ||/".split())
_TYPED_LITERALS = ("date", "timestamp", "timestamptz", "time", "timetz", "interval")
_FUNCTIONS_WITHOUT_PARENTHESES = {"sysdate": "rs.sysdate()"}


@dataclass
class Catalog:
    """What the translation must know of the database."""

    external_schemas: frozenset[str] = frozenset()
    late_views: Mapping[tuple[str, str], str] = field(default_factory=dict)


class Translator:
    """Translates the parts of one statement; remembers what it met on the way."""

    def __init__(self, catalog: Catalog | None = None, parameters: Mapping[str, str] | None = None):
        self.catalog = catalog or Catalog()
        self.parameters = parameters or {}
        self.used_parameters: set[str] = set()
        self.external_tables: set[tuple[str, str]] = set()
        self.late_views: set[tuple[str, str]] = set()
        self.words: set[str] = set()  # every name used: which columns of an external table matter
        self.whole_rows = False  # a "*" that stands for columns
        self._leader_functions: set[str] = set()
        self._tables: list[str] = []

    def query(self, tokens: list[Token]) -> list[Token]:
        """A SELECT, a subquery or an expression."""
        result = self._translate(tokens)
        self._check_leader()
        return result

    def sql(self, tokens: list[Token]) -> str:
        return render(self.query(tokens))

    # -- one level of parentheses -----------------------------------------------------------------

    def _translate(self, tokens: list[Token]) -> list[Token]:
        tokens = _rewrite_top(tokens)
        out: list[Token] = []
        cursor = Cursor(tokens)
        while not cursor.done:
            self._step(cursor, out)
        if find_top(out, "qualify") >= 0:
            out = rewrite_qualify(out)
        return out

    def _step(self, cursor: Cursor, out: list[Token]) -> None:
        token = cursor.peek()
        previous = out[-1] if out else op("")
        if token.kind == WORD:
            self._word(cursor, out, previous)
        elif token.kind == QUOTED:
            self.words.add(token.text)
            if not self._relation(cursor, out, previous):
                if cursor.peek(1).is_op("(") and not _names_columns(previous):
                    raise RedshiftError(f"function {token.text}() does not exist")
                out.append(cursor.next())
        elif token.kind == PARAM:
            out.append(self._parameter(cursor.next()))
        elif token.is_op("("):
            out.extend(self._group(cursor))
        elif token.is_op("::"):
            cursor.next()
            out.append(raw("::" + parse_type(cursor).sql))
        elif token.kind == OP:
            self._operator(cursor, out, previous)
        else:
            out.append(cursor.next())

    def _operator(self, cursor: Cursor, out: list[Token], previous: Token) -> None:
        token = cursor.next()
        if token.text not in _OPERATORS:
            raise syntax_error(token.raw)
        if token.text == "*" and (previous.is_op(",", ".") or previous.is_word("select", "distinct", "all")):
            self.whole_rows = True
        out.append(token)

    def _group(self, cursor: Cursor) -> list[Token]:
        inside = cursor.group()
        if inside and inside[0].is_word("values"):
            # https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html
            raise syntax_error("values")
        return [op("("), *self._translate(inside), op(")")]

    def _parameter(self, token: Token) -> Token:
        if token.text not in self.parameters:
            raise RedshiftError(f"Parameter not found: {token.text}")
        self.used_parameters.add(token.text)
        return string(self.parameters[token.text])

    def _word(self, cursor: Cursor, out: list[Token], previous: Token) -> None:
        token = cursor.peek()
        text = token.text
        self.words.add(text)
        self._refuse(cursor, previous)
        self._refuse_reserved(cursor, previous)
        if previous.is_op("."):
            if cursor.peek(1).is_op("("):
                self._qualified_call(out, text)
            out.append(cursor.next())
        elif text == "approximate" and cursor.peek(1).is_word("count", "percentile_disc"):
            cursor.next()  # exact is near enough
        elif text == "minus" and cursor.peek(1).is_word("select", "all", "distinct") or cursor.looks("minus", "("):
            cursor.next()
            out.append(word("except"))
        elif text in ("decimal", "numeric") and cursor.peek(1).kind == STRING:
            out.append(cursor.next())
        elif text in _FUNCTIONS_WITHOUT_PARENTHESES and not cursor.peek(1).is_op("(", "."):
            cursor.next()
            out.append(raw(_FUNCTIONS_WITHOUT_PARENTHESES[text]))
        elif cursor.peek(1).is_op("("):
            self._call(cursor, out, previous)
        else:
            if text in ("current_timestamp", "current_time", "localtime", "localtimestamp"):
                self._leader_functions.add(text)
            if not self._relation(cursor, out, previous):
                out.append(cursor.next())

    def _refuse(self, cursor: Cursor, previous: Token) -> None:
        """What PostgreSQL would do and Redshift would not."""
        text = cursor.peek().text
        nothing = (
            text in ("returning", "lateral", "tablesample", "ordinality", "conflict")
            or cursor.looks("array", "[")
            or (cursor.looks("window") and cursor.peek(1).is_name and cursor.peek(2).is_word("as"))
            or cursor.looks("distinct", "on", "(")
            or cursor.looks("filter", "(")
            or cursor.looks("row", "(")
            or cursor.looks("for", "update")
            or cursor.looks("for", "share")
            or cursor.looks("fetch", "first")
            or cursor.looks("fetch", "next")
            or cursor.looks("is", "distinct", "from")
            or cursor.looks("is", "not", "distinct", "from")
        )
        if nothing and not previous.is_op("."):
            raise syntax_error(cursor.peek().raw)

    def _refuse_reserved(self, cursor: Cursor, previous: Token) -> None:
        """A bare reserved word is a name after a point and after AS only."""
        token, following = cursor.peek(), cursor.peek(1)
        if token.is_word("ignore", "respect") and following.is_word("nulls"):
            raise NotEmulated(f"{token.text.upper()} NULLS")
        if token.is_word("pivot", "unpivot", "unnest") and following.is_op("("):
            raise NotEmulated(token.text.upper())
        if token.is_word("connect") and following.is_word("by"):
            raise NotEmulated("CONNECT BY")
        if previous.is_op(".") or previous.is_word("as"):
            return
        bare_type = token.is_word("timestamp") and following.kind != STRING
        if token.text in NEVER_BARE or bare_type:
            raise syntax_error(token.raw)

    # -- relations that PostgreSQL does not have ----------------------------------------------------

    def _relation(self, cursor: Cursor, out: list[Token], previous: Token) -> bool:
        """Replaces a name of an external table or a late-binding view; tells whether it did."""
        if previous.is_word("from", "join", "using", "into", "update"):
            self._tables.append(cursor.peek().text)
        if previous.is_op("."):
            return False
        qualified = cursor.peek(1).is_op(".") and cursor.peek(2).is_name
        if not qualified and not previous.is_word("from", "join"):
            return False
        schema, table = (cursor.peek().text, cursor.peek(2).text) if qualified else ("public", cursor.peek().text)
        external = schema in self.catalog.external_schemas
        late = (schema, table) in self.catalog.late_views
        if not (external or late):
            return False
        cursor.at += 3 if qualified else 1
        if cursor.looks("."):
            out.append(raw(quote_ident(table)))  # schema.table.column
            return True
        if external:
            self.external_tables.add((schema, table))
            out.append(raw(quote_ident(f"{schema}.{table}")))
        else:
            self.late_views.add((schema, table))
            definition = tokenize(self.catalog.late_views[schema, table])
            out.extend([op("("), *self._translate(definition), op(")")])
        following = cursor.peek()
        if not following.is_word("as") and (not following.is_name or following.is_word(*_NOT_ALIASES)):
            out.append(raw(f"as {quote_ident(table)}"))
        return True

    def _check_leader(self) -> None:
        user_tables = [
            name for name in self._tables
            if not name.startswith(("pg_", "svv_", "stv_", "sys_", "information_schema", "("))
        ]  # fmt: skip
        if self._leader_functions and user_tables:
            raise RedshiftError("Specified types or functions (one per INFO message) not supported on Redshift tables.")

    # -- functions ----------------------------------------------------------------------------------

    def _qualified_call(self, out: list[Token], name: str) -> None:
        schema = out[-2].text if len(out) > 1 else ""
        if schema != "pg_catalog" or name not in functions.ALLOWED:
            raise RedshiftError(f"function {schema}.{name}() does not exist")

    def _call(self, cursor: Cursor, out: list[Token], previous: Token) -> None:
        name = cursor.peek().text
        special = getattr(self, f"_call_{name}", None)
        if special is not None:
            cursor.next()
            out.extend(special(cursor))
        elif name in _NOT_CALLS:
            out.append(cursor.next())
        elif _names_columns(previous) or _common_table(cursor, previous):
            out.append(cursor.next())
            out.extend(self._group(cursor))
        else:
            self._check_function(name)
            out.append(cursor.next())
            out.extend(self._group(cursor))

    def _check_function(self, name: str) -> None:
        if name in functions.LEADER_ONLY:
            self._leader_functions.add(name)
        elif name in functions.NOT_EMULATED:
            raise NotEmulated(f"function {name}")
        elif name not in functions.ALLOWED:
            raise RedshiftError(f"function {name}() does not exist")

    def _arguments(self, cursor: Cursor) -> list[list[Token]]:
        inside = cursor.group()
        return [self._translate(part) for part in split_top(inside, is_comma)] if inside else []

    def _plain(self, name: str, arguments: list[list[Token]]) -> list[Token]:
        out = [raw(name), op("(")]
        for index, argument in enumerate(arguments):
            out += ([op(",")] if index else []) + argument
        return [*out, op(")")]

    def _date_function(self, name: str, cursor: Cursor, wanted: int) -> list[Token]:
        arguments = self._arguments(cursor)
        if len(arguments) != wanted:
            raise RedshiftError(f"function {name}() takes {wanted} arguments, {len(arguments)} given")
        if len(arguments[0]) == 1 and arguments[0][0].is_name:
            arguments[0] = [string(arguments[0][0].text)]
        for index, argument in enumerate(arguments[1:], 1):
            if len(argument) == 1 and argument[0].kind == STRING:
                arguments[index] = [raw(f"timestamp {argument[0].raw}")]
        return self._plain(f"rs.{name}", arguments)

    def _call_dateadd(self, cursor: Cursor) -> list[Token]:
        return self._date_function("dateadd", cursor, 3)

    def _call_datediff(self, cursor: Cursor) -> list[Token]:
        return self._date_function("datediff", cursor, 3)

    def _call_date_part(self, cursor: Cursor) -> list[Token]:
        return self._date_function("date_part", cursor, 2)

    def _call_date_trunc(self, cursor: Cursor) -> list[Token]:
        arguments = self._arguments(cursor)
        if len(arguments) == 2 and len(arguments[1]) == 1 and arguments[1][0].kind == STRING:
            arguments[1] = [raw(f"timestamp {arguments[1][0].raw}")]
        return self._plain("date_trunc", arguments)

    def _call_extract(self, cursor: Cursor) -> list[Token]:
        inside = cursor.group()
        middle = find_top(inside, "from")
        if middle != 1:
            raise syntax_error(inside[0].raw if inside else ")")
        return self._plain("rs.date_part", [[string(inside[0].text)], self._translate(inside[2:])])

    def _call_cast(self, cursor: Cursor) -> list[Token]:
        value, kind = self._cast_parts(cursor)
        return [raw("cast"), op("("), *value, word("as"), raw(kind), op(")")]

    def _call_try_cast(self, cursor: Cursor) -> list[Token]:
        value, kind = self._cast_parts(cursor)
        text = [op("("), *value, op(")"), raw("::text")]
        return [raw("cast"), op("("), *self._plain("rs.try_text", [text, [string(kind)]]), raw(f"as {kind})")]

    def _cast_parts(self, cursor: Cursor) -> tuple[list[Token], str]:
        inside = cursor.group()
        middle = find_top(inside, "as")
        if middle < 0:
            raise syntax_error(")")
        kind = Cursor(inside[middle + 1 :])
        result = parse_type(kind).sql
        kind.end()
        return self._translate(inside[:middle]), result

    def _call_convert(self, cursor: Cursor) -> list[Token]:
        inside = Cursor(cursor.group())
        kind = parse_type(inside).sql
        inside.expect(",")
        return [raw("cast"), op("("), *self._translate(inside.rest), word("as"), raw(kind), op(")")]

    def _call_nvl(self, cursor: Cursor) -> list[Token]:
        return self._plain("coalesce", self._arguments(cursor))

    def _call_nvl2(self, cursor: Cursor) -> list[Token]:
        arguments = self._arguments(cursor)
        if len(arguments) != 3:
            raise RedshiftError("function nvl2() takes 3 arguments")
        value, some, none = arguments
        return [raw("case when ("), *value, raw(") is not null then"), *some, word("else"), *none, word("end")]

    def _call_decode(self, cursor: Cursor) -> list[Token]:
        value, *rest = self._arguments(cursor)
        out = [op("("), word("case")]
        while len(rest) >= 2:
            found, result, *rest = rest
            out += [raw("when ("), *value, raw(") is not distinct from ("), *found, raw(") then"), *result]
        out += [word("else"), *rest[0]] if rest else []
        return [*out, word("end"), op(")")]

    def _call_avg(self, cursor: Cursor) -> list[Token]:
        inside = self._translate(cursor.group())
        over: list[Token] = []
        if cursor.looks("over", "("):
            cursor.next()
            over = [word("over"), *self._group(cursor)]
        total = [raw("sum"), op("("), *inside, op(")"), *over]
        count = [raw("count"), op("("), *inside, op(")"), *over]
        return self._plain("rs.avg", [total, count])

    def _call_stddev(self, cursor: Cursor, name: str = "stddev") -> list[Token]:
        # a double precision number, whatever goes in
        out = [raw(f"cast({name}"), op("("), *self._translate(cursor.group()), op(")")]
        if cursor.looks("over", "("):
            cursor.next()
            out += [word("over"), *self._group(cursor)]
        return [*out, raw("as float8)")]

    def _call_stddev_samp(self, cursor: Cursor) -> list[Token]:
        return self._call_stddev(cursor, "stddev_samp")

    def _call_stddev_pop(self, cursor: Cursor) -> list[Token]:
        return self._call_stddev(cursor, "stddev_pop")

    def _call_variance(self, cursor: Cursor) -> list[Token]:
        return self._call_stddev(cursor, "variance")

    def _call_var_samp(self, cursor: Cursor) -> list[Token]:
        return self._call_stddev(cursor, "var_samp")

    def _call_var_pop(self, cursor: Cursor) -> list[Token]:
        return self._call_stddev(cursor, "var_pop")

    def _call_median(self, cursor: Cursor) -> list[Token]:
        inside = self._translate(cursor.group())
        if cursor.looks("over"):
            raise NotEmulated("median as a window function")
        return [raw("percentile_cont(0.5) within group (order by"), *inside, op(")")]

    def _call_listagg(self, cursor: Cursor) -> list[Token]:
        inside = cursor.group()
        distinct = bool(inside) and inside[0].is_word("distinct")
        parts = [self._translate(part) for part in split_top(inside[1:] if distinct else inside, is_comma)]
        delimiter = parts[1] if len(parts) > 1 else [string("")]
        order: list[Token] = []
        if cursor.accept("within", "group"):
            order = self._translate(cursor.group())
        if cursor.looks("over"):
            raise NotEmulated("listagg as a window function")
        value = [op("("), *parts[0], op(")"), raw("::text")]
        if distinct and [t.raw for t in order[2 : 2 + len(parts[0])]] == [t.raw for t in parts[0]]:
            order = [*order[:2], *value, *order[2 + len(parts[0]) :]]  # PostgreSQL wants the very same expression
        return [
            raw("rs.listagg("),
            *([word("distinct")] if distinct else []),
            *value,
            op(","),
            *delimiter,
            *order,
            op(")"),
        ]


def _names_columns(previous: Token) -> bool:
    """After a table's alias come its columns' names in parentheses: `) as t (a, b)`."""
    if previous.kind == WORD:
        return previous.text not in _NOT_CALLS | _BEFORE_CALL or previous.text == "as"
    return previous.kind in (QUOTED, STRING, NUMBER) or previous.is_op(")")


_BEFORE_CALL = frozenset("null true false escape then returning default".split())


def _common_table(cursor: Cursor, previous: Token) -> bool:
    """`with name (a, b) as (…)`"""
    if not (previous.is_word("with", "recursive") or previous.is_op(",")):
        return False
    end = closing(cursor.tokens, cursor.at + 1)
    following = cursor.tokens[end + 1 : end + 3]
    return len(following) == 2 and following[0].is_word("as") and following[1].is_op("(")


def _rewrite_top(tokens: list[Token]) -> list[Token]:
    """SELECT TOP n … as SELECT … LIMIT n: https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_list.html"""
    at = find_top(tokens, "select")
    if at < 0 or find_top(tokens, "top") < 0:
        return tokens
    place = at + 1
    while place < len(tokens) and tokens[place].is_word("distinct", "all"):
        place += 1
    if not (tokens[place].is_word("top") and place + 1 < len(tokens) and tokens[place + 1].kind == NUMBER):
        return tokens
    if find_top(tokens, "union", "intersect", "except", "minus", "limit") >= 0:
        raise syntax_error("top")
    count = tokens[place + 1]
    return [*tokens[:place], *tokens[place + 2 :], word("limit"), count]
