"""Data types: https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import NotEmulated, RedshiftError, syntax_error
from .tokens import NUMBER, Cursor

_SIMPLE = {
    "smallint": "int2", "int2": "int2",
    "integer": "int4", "int": "int4", "int4": "int4",
    "bigint": "int8", "int8": "int8",
    "real": "float4", "float4": "float4",
    "float8": "float8", "float": "float8",
    "boolean": "bool", "bool": "bool",
    "date": "date",
    "timestamptz": "timestamptz", "timetz": "timetz", "datetime": "timestamp",
}  # fmt: skip
_CHARS = {"char": "bpchar", "character": "bpchar", "nchar": "bpchar", "bpchar": "bpchar"}
_VARCHARS = {"varchar": "varchar", "nvarchar": "varchar", "text": "text"}
_MISSING_HERE = {"super", "varbyte", "varbinary", "geometry", "geography", "hllsketch"}
# the leader node's own types, for questions to the catalog
_CATALOG = {"oid", "regclass", "regtype", "name", "regprocedure"}

MAX_VARCHAR, MAX_CHAR = 65535, 4096

# PostgreSQL's type OIDs → the names that the Data API gives
OID_NAMES = {
    16: "bool", 20: "int8", 21: "int2", 23: "int4", 25: "varchar", 1043: "varchar", 1042: "bpchar", 18: "char",
    19: "name", 26: "oid", 700: "float4", 701: "float8", 1700: "numeric", 1082: "date", 1114: "timestamp",
    1184: "timestamptz", 1083: "time", 1266: "timetz", 1186: "interval", 705: "varchar", 2205: "regclass",
}  # fmt: skip


@dataclass(frozen=True)
class Type:
    """A type as PostgreSQL shall have it, with its arguments."""

    base: str
    sizes: tuple[int, ...] = ()

    @property
    def sql(self) -> str:
        if not self.sizes:
            return self.base
        return f"{self.base}({', '.join(map(str, self.sizes))})"


def parse_type(cursor: Cursor, in_column: bool = False) -> Type:
    """The type that comes next; in a column's definition it gets Redshift's default length."""
    token = cursor.next()
    name = token.text.lower()
    if not token.is_name:
        raise syntax_error(token.raw)
    if name in _SIMPLE:
        return Type(_SIMPLE[name])
    if name == "double":
        cursor.expect("precision")
        return Type("float8")
    if name in ("decimal", "numeric", "dec"):
        return _decimal(_sizes(cursor))
    if name in ("character", "char", "nchar") and cursor.accept("varying"):
        return _varchar(_sizes(cursor), in_column)
    if name in _CHARS:
        return _char(_sizes(cursor), in_column, name)
    if name in _VARCHARS:
        sizes = _sizes(cursor) if name != "text" else ()
        if name == "text" and not in_column:
            return Type("text")
        return _varchar(sizes, in_column)
    if name in ("timestamp", "time"):
        zone = cursor.accept("with", "time", "zone")
        if not zone:
            cursor.accept("without", "time", "zone")
        return Type(name + ("tz" if zone else ""))
    if name == "interval":
        if in_column:
            raise NotEmulated("a column of type interval")
        return Type("interval")
    if name in _CATALOG and not in_column:
        return Type(name)
    if name in _MISSING_HERE:
        raise NotEmulated(f"data type {name}")
    if in_column:
        raise RedshiftError(f'Column has unsupported type "{name}".')
    raise RedshiftError(f'type "{name}" does not exist')


def _sizes(cursor: Cursor) -> tuple[int, ...]:
    if not cursor.looks("("):
        return ()
    sizes = []
    for token in cursor.group():
        if token.kind == NUMBER and token.text.isdigit():
            sizes.append(int(token.text))
        elif token.is_word("max"):
            sizes.append(MAX_VARCHAR)
        elif not token.is_op(","):
            raise syntax_error(token.raw)
    return tuple(sizes)


def _decimal(sizes: tuple[int, ...]) -> Type:
    precision, scale = (*sizes, 0)[:2] if sizes else (18, 0)
    if not 1 <= precision <= 38:
        raise RedshiftError(f"DECIMAL precision {precision} must be between 1 and 38")
    if scale > precision or scale > 37:
        raise RedshiftError(f"DECIMAL scale {scale} must be between 0 and precision {precision}")
    return Type("numeric", (precision, scale))


def _varchar(sizes: tuple[int, ...], in_column: bool) -> Type:
    length = sizes[0] if sizes else None
    if length is None:
        return Type("varchar", (256,)) if in_column else Type("varchar")
    if not 1 <= length <= MAX_VARCHAR:
        raise RedshiftError(f"length for type varchar cannot exceed {MAX_VARCHAR}")
    return Type("varchar", (length,))


def _char(sizes: tuple[int, ...], in_column: bool, name: str) -> Type:
    length = sizes[0] if sizes else None
    if length is None:
        default = 256 if name == "bpchar" else 1
        return Type("char", (default,)) if in_column else Type("bpchar")
    if not 1 <= length <= MAX_CHAR:
        raise RedshiftError(f"length for type char cannot exceed {MAX_CHAR}")
    return Type("char", (length,))
