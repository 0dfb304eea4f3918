"""Hive's DDL, which Athena takes and Trino does not, carried out through the Glue API.

Only forms that are simple and common; others are refused.
https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
"""

from __future__ import annotations

import base64
import fnmatch
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from botocore.exceptions import ClientError

from local.engines.athena.errors import QueryFailed
from local.engines.athena.statements import Statement
from local.engines.athena.tokens import Token

BATCH = 100  # partitions in one BatchCreatePartition
VIEW = "VIRTUAL_VIEW"

# STORED AS → input format, output format, serialisation library
_FORMATS = {
    "TEXTFILE": (
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    ),
    "PARQUET": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "ORC": (
        "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
    ),
}

_VIEW_PREFIX, _VIEW_SUFFIX = "/* Presto View: ", " */"
_HIVE_TYPES = {"integer": "int", "varchar": "string", "real": "float", "varbinary": "binary"}


@dataclass
class Outcome:
    """What a statement prints: one column for each name, one text per line."""

    columns: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


class Reader:
    """Reads a statement token by token; what does not fit fails the query, with the place."""

    def __init__(self, statement: Statement):
        self.sql = statement.sql
        self.tokens = statement.tokens
        self.at = 0

    def done(self) -> bool:
        return self.at >= len(self.tokens)

    def peek(self, *words: str) -> bool:
        following = self.tokens[self.at : self.at + len(words)]
        return [token.keyword for token in following] == list(words)

    def accept(self, *words: str) -> bool:
        if self.peek(*words):
            self.at += len(words)
            return True
        return False

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            self.fail(" ".join(words))

    def take(self, kinds: tuple[str, ...], expected: str) -> Token:
        if self.done() or self.tokens[self.at].kind not in kinds:
            self.fail(expected)
        self.at += 1
        return self.tokens[self.at - 1]

    def name(self) -> str:
        return self.take(("word", "backticked", "quoted"), "a name").value

    def string(self) -> str:
        return self.take(("string",), "a quoted text").value

    def end(self) -> None:
        if not self.done():
            self.fail("the end of the statement")

    def fail(self, expected: str) -> None:
        found, place = "the end", len(self.sql)
        if not self.done():
            found, place = self.tokens[self.at].text, self.tokens[self.at].start
        before = self.sql[:place]
        line = before.count("\n") + 1
        column = place - before.rfind("\n") - 1
        raise QueryFailed(
            f"FAILED: ParseException line {line}:{column} cannot recognize input near {found!r}: expected {expected}"
        )


class Catalog:
    """The Glue calls that the statements need, as the caller of the query."""

    def __init__(self, glue: Any, s3: Any, database: str):
        self.glue = glue
        self.s3 = s3
        self.database = database

    def table(self, database: str, name: str) -> dict[str, Any] | None:
        try:
            return self.glue.get_table(DatabaseName=database, Name=name)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "EntityNotFoundException":
                return None
            raise

    def existing_table(self, reader: Reader) -> dict[str, Any]:
        database, name = qualified(reader, self.database)
        table = self.table(database, name)
        if table is None:
            raise QueryFailed(f"FAILED: SemanticException [Error 10001]: Table not found {name}")
        return table

    def pages(self, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        for page in self.glue.get_paginator(operation).paginate(**arguments):
            yield from page[key]

    def partitions(self, table: dict[str, Any]) -> list[dict[str, Any]]:
        arguments = {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}
        return list(self.pages("get_partitions", "Partitions", **arguments))

    def add_partitions(self, table: dict[str, Any], added: list[tuple[list[str], str]]) -> None:
        """Adds (values, location) pairs, with the table's own format."""
        for start in range(0, len(added), BATCH):
            answer = self.glue.batch_create_partition(
                DatabaseName=table["DatabaseName"],
                TableName=table["Name"],
                PartitionInputList=[
                    {
                        "Values": values,
                        "StorageDescriptor": {**table["StorageDescriptor"], "Location": location},
                    }
                    for values, location in added[start : start + BATCH]
                ],
            )
            if errors := answer.get("Errors"):
                detail = errors[0]["ErrorDetail"]
                raise QueryFailed(f"FAILED: {detail['ErrorCode']}: {detail['ErrorMessage']}")


def run(statement: Statement, database: str, glue: Any, s3: Any) -> Outcome:
    """Carries out a statement of kind "hive". Raises QueryFailed."""
    handler = _HANDLERS[statement.substatement]
    return handler(Reader(statement), Catalog(glue, s3, database))


def columns_of(table: Mapping[str, Any]) -> list[dict[str, str]]:
    """A table's columns without its partition keys. Trino files a view with one dummy column and
    the real ones in its text, where Athena puts them into the catalog too."""
    text = table.get("ViewOriginalText") or ""
    if table.get("TableType") == VIEW and text.startswith(_VIEW_PREFIX):
        encoded = text.removeprefix(_VIEW_PREFIX).removesuffix(_VIEW_SUFFIX)
        return [
            {"Name": column["name"], "Type": _HIVE_TYPES.get(column["type"], column["type"])}
            for column in json.loads(base64.b64decode(encoded))["columns"]
        ]
    return table.get("StorageDescriptor", {}).get("Columns", [])


def qualified(reader: Reader, database: str) -> tuple[str, str]:
    """[database.]name"""
    name = reader.name()
    if reader.accept("."):
        return name, reader.name()
    return database, name


# --- tables ---------------------------------------------------------------------------------------


def create_table(reader: Reader, catalog: Catalog) -> Outcome:
    reader.expect("CREATE", "EXTERNAL", "TABLE")
    if_not_exists = reader.accept("IF", "NOT", "EXISTS")
    database, name = qualified(reader, catalog.database)
    table: dict[str, Any] = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [],
        "Parameters": {"EXTERNAL": "TRUE"},
    }
    columns = _column_list(reader)
    if reader.accept("COMMENT"):
        table["Description"] = reader.string()
    if reader.accept("PARTITIONED", "BY"):
        table["PartitionKeys"] = _column_list(reader)
    serde, serde_parameters = _row_format(reader)
    input_format, output_format, default_serde = _stored_as(reader)
    reader.expect("LOCATION")
    location = reader.string()
    if not location.startswith("s3://"):
        raise QueryFailed(f"FAILED: location {location!r} is no s3:// path")
    if reader.accept("TBLPROPERTIES"):
        table["Parameters"].update(_string_pairs(reader))
    reader.end()
    table["StorageDescriptor"] = {
        "Columns": columns,
        "Location": location,
        "InputFormat": input_format,
        "OutputFormat": output_format,
        "SerdeInfo": {
            "SerializationLibrary": serde or default_serde,
            "Parameters": serde_parameters,
        },
    }
    if catalog.table(database, name) is not None:
        if if_not_exists:
            return Outcome()
        raise QueryFailed(f"FAILED: AlreadyExistsException: Table {name} already exists")
    catalog.glue.create_table(DatabaseName=database, TableInput=table)
    return Outcome()


def _column_list(reader: Reader) -> list[dict[str, str]]:
    reader.expect("(")
    columns = []
    while True:
        column = {"Name": reader.name(), "Type": _type(reader)}
        if reader.accept("COMMENT"):
            column["Comment"] = reader.string()
        columns.append(column)
        if not reader.accept(","):
            break
    reader.expect(")")
    return columns


def _type(reader: Reader) -> str:
    """A Hive type, nested ones too, in the one spelling that Glue keeps."""
    text = reader.take(("word",), "a type").value
    depth = 0
    while not reader.done():
        token = reader.tokens[reader.at]
        if depth == 0 and token.keyword not in ("<", "("):
            break
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(token.keyword, 0)
        text += token.value
        reader.at += 1
    return text


def _row_format(reader: Reader) -> tuple[str | None, dict[str, str]]:
    if not reader.accept("ROW", "FORMAT"):
        return None, {"serialization.format": "1"}
    if reader.accept("SERDE"):
        serde = reader.string()
        return serde, _string_pairs(reader) if reader.accept("WITH", "SERDEPROPERTIES") else {}
    reader.expect("DELIMITED")
    parameters = {}
    while not reader.done():
        if reader.accept("FIELDS", "TERMINATED", "BY"):
            parameters["field.delim"] = parameters["serialization.format"] = reader.string()
        elif reader.accept("ESCAPED", "BY"):
            parameters["escape.delim"] = reader.string()
        elif reader.accept("LINES", "TERMINATED", "BY"):
            parameters["line.delim"] = reader.string()
        else:
            break
    return None, parameters


def _stored_as(reader: Reader) -> tuple[str, str, str]:
    if not reader.accept("STORED", "AS"):
        return _FORMATS["TEXTFILE"]
    if reader.accept("INPUTFORMAT"):
        input_format = reader.string()
        reader.expect("OUTPUTFORMAT")
        return input_format, reader.string(), _FORMATS["TEXTFILE"][2]
    name = reader.name().upper()
    if name not in _FORMATS:
        raise QueryFailed(f"FAILED: STORED AS {name}: known are {', '.join(_FORMATS)}")
    return _FORMATS[name]


def _string_pairs(reader: Reader) -> dict[str, str]:
    reader.expect("(")
    pairs = {}
    while True:
        name = reader.string()
        reader.expect("=")
        # Hive's own escape, as in 'escapeChar' = '\\'
        pairs[name] = reader.string().replace("\\\\", "\\")
        if not reader.accept(","):
            break
    reader.expect(")")
    return pairs


def drop_table(reader: Reader, catalog: Catalog) -> Outcome:
    reader.expect("DROP", "TABLE")
    if_exists = reader.accept("IF", "EXISTS")
    database, name = qualified(reader, catalog.database)
    reader.end()
    table = catalog.table(database, name)
    if table is None:
        if if_exists:
            return Outcome()
        raise QueryFailed(f"FAILED: SemanticException [Error 10001]: Table not found {name}")
    if table.get("TableType") == VIEW:
        raise QueryFailed("FAILED: SemanticException [Error 10124]: Cannot drop a view with DROP TABLE")
    catalog.glue.delete_table(DatabaseName=database, Name=name)
    return Outcome()


def create_database(reader: Reader, catalog: Catalog) -> Outcome:
    reader.expect("CREATE")
    if not reader.accept("SCHEMA"):
        reader.expect("DATABASE")
    if_not_exists = reader.accept("IF", "NOT", "EXISTS")
    database = {"Name": reader.name()}
    if reader.accept("COMMENT"):
        database["Description"] = reader.string()
    if reader.accept("LOCATION"):
        database["LocationUri"] = reader.string()
    reader.end()
    try:
        catalog.glue.create_database(DatabaseInput=database)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException" or not if_not_exists:
            raise
    return Outcome()


# --- partitions -----------------------------------------------------------------------------------


def alter_table(reader: Reader, catalog: Catalog) -> Outcome:
    reader.expect("ALTER", "TABLE")
    table = catalog.existing_table(reader)
    if reader.accept("ADD"):
        if_not_exists = reader.accept("IF", "NOT", "EXISTS")
        added = []
        while reader.accept("PARTITION"):
            values = _partition_values(reader, table)
            location = _partition_location(table, values)
            if reader.accept("LOCATION"):
                location = reader.string()
            added.append((values, location))
        if not added:
            reader.fail("PARTITION")
        reader.end()
        if if_not_exists:
            there = [p["Values"] for p in catalog.partitions(table)]
            added = [(values, location) for values, location in added if values not in there]
        catalog.add_partitions(table, added)
        return Outcome()
    reader.expect("DROP")
    if_exists = reader.accept("IF", "EXISTS")
    dropped = []
    while reader.accept("PARTITION"):
        dropped.append(_partition_values(reader, table))
        reader.accept(",")
    if not dropped:
        reader.fail("PARTITION")
    reader.end()
    there = [p["Values"] for p in catalog.partitions(table)]
    for values in dropped:
        if values not in there:
            if if_exists:
                continue
            raise QueryFailed(f"FAILED: SemanticException Partition {values} does not exist")
        catalog.glue.delete_partition(
            DatabaseName=table["DatabaseName"], TableName=table["Name"], PartitionValues=values
        )
    return Outcome()


def _partition_values(reader: Reader, table: dict[str, Any]) -> list[str]:
    """(year = '2025', month = '01'): every key once, in any order."""
    reader.expect("(")
    given = {}
    while True:
        name = reader.name()
        reader.expect("=")
        given[name] = reader.take(("string", "number"), "a value").value
        if not reader.accept(","):
            break
    reader.expect(")")
    keys = [key["Name"] for key in table.get("PartitionKeys", [])]
    if sorted(given) != sorted(keys):
        raise QueryFailed(
            f"FAILED: SemanticException partition ({', '.join(given)}): "
            f"the keys of {table['Name']} are {', '.join(keys) or 'none'}"
        )
    return [given[key] for key in keys]


def _partition_location(table: dict[str, Any], values: list[str]) -> str:
    return f"{table['StorageDescriptor']['Location'].rstrip('/')}/{_partition_path(table, values)}/"


def _partition_path(table: dict[str, Any], values: list[str]) -> str:
    pairs = zip(table["PartitionKeys"], values, strict=True)
    return "/".join(f"{key['Name']}={quote(value, safe=' .-_')}" for key, value in pairs)


def show_partitions(reader: Reader, catalog: Catalog) -> Outcome:
    reader.expect("SHOW", "PARTITIONS")
    table = catalog.existing_table(reader)
    reader.end()
    if not table.get("PartitionKeys"):
        raise QueryFailed(f"FAILED: SemanticException [Error 10241]: {table['Name']} is not a partitioned table")
    lines = sorted(_partition_path(table, p["Values"]) for p in catalog.partitions(table))
    return Outcome(["partition"], lines)


def repair_table(reader: Reader, catalog: Catalog) -> Outcome:
    """Adds the partitions that lie under the table's location in Hive's form, key=value."""
    reader.expect("MSCK", "REPAIR", "TABLE")
    table = catalog.existing_table(reader)
    reader.end()
    location = table["StorageDescriptor"]["Location"].rstrip("/") + "/"
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    keys = [key["Name"] for key in table.get("PartitionKeys", [])]
    there = [p["Values"] for p in catalog.partitions(table)]
    found = [v for v in _stored_partitions(catalog.s3, bucket, prefix, keys) if v not in there]
    catalog.add_partitions(table, [(v, _partition_location(table, v)) for v in found])
    name = table["Name"]
    paths = [_partition_path(table, values) for values in found]
    missing = ["Partitions not in metastore:\t" + "\t".join(f"{name}:{path}" for path in paths)]
    added = [f"Repair: Added partition to metastore {name}:{path}" for path in paths]
    return Outcome(["result"], missing + added if paths else [])


def _stored_partitions(s3: Any, bucket: str, prefix: str, keys: list[str]) -> Iterator[list[str]]:
    if not keys:
        yield []
        return
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    for page in pages:
        for folder in page.get("CommonPrefixes", []):
            key, equals, value = folder["Prefix"][len(prefix) : -1].partition("=")
            if equals and key.lower() == keys[0]:
                for rest in _stored_partitions(s3, bucket, folder["Prefix"], keys[1:]):
                    yield [unquote(value), *rest]


# --- looking --------------------------------------------------------------------------------------


def describe(reader: Reader, catalog: Catalog) -> Outcome:
    if not reader.accept("DESC"):
        reader.expect("DESCRIBE")
    table = catalog.existing_table(reader)
    reader.end()
    lines = [_described(column) for column in columns_of(table)]
    if keys := table.get("PartitionKeys"):
        lines += [_described(key) for key in keys]
        lines += [
            "\t \t ",
            "# Partition Information\t \t ",
            _padded("# col_name", "data_type", "comment"),
        ]
        lines += ["\t \t ", *(_described(key) for key in keys)]
    return Outcome(["col_name", "data_type", "comment"], lines)


def _described(column: dict[str, str]) -> str:
    return _padded(column["Name"], column["Type"], column.get("Comment", ""))


def _padded(*texts: str) -> str:
    return "\t".join(f"{text:<20}" for text in texts)


def show_columns(reader: Reader, catalog: Catalog) -> Outcome:
    reader.expect("SHOW", "COLUMNS")
    if not reader.accept("IN"):
        reader.expect("FROM")
    table = catalog.existing_table(reader)
    reader.end()
    columns = [*columns_of(table), *table.get("PartitionKeys", [])]
    return Outcome(["field"], [f"{column['Name']:<20}" for column in columns])


def show_tables(reader: Reader, catalog: Catalog) -> Outcome:
    reader.expect("SHOW", "TABLES")
    return Outcome(["tab_name"], _tables(reader, catalog, lambda table: True))


def show_views(reader: Reader, catalog: Catalog) -> Outcome:
    reader.expect("SHOW", "VIEWS")
    return Outcome(["views"], _tables(reader, catalog, lambda t: t.get("TableType") == VIEW))


def _tables(reader: Reader, catalog: Catalog, wanted: Callable[[dict], bool]) -> list[str]:
    database = catalog.database
    if reader.accept("IN") or reader.accept("FROM"):
        database = reader.name()
    matches = _pattern(reader)
    reader.end()
    tables = catalog.pages("get_tables", "TableList", DatabaseName=database)
    return sorted(t["Name"] for t in tables if wanted(t) and matches(t["Name"]))


def show_databases(reader: Reader, catalog: Catalog) -> Outcome:
    reader.expect("SHOW")
    if not reader.accept("SCHEMAS"):
        reader.expect("DATABASES")
    matches = _pattern(reader)
    reader.end()
    databases = catalog.pages("get_databases", "DatabaseList")
    return Outcome(["database_name"], sorted(d["Name"] for d in databases if matches(d["Name"])))


def _pattern(reader: Reader) -> Callable[[str], bool]:
    """Hive's pattern: * for any text, | between alternatives."""
    if reader.done():
        return lambda name: True
    reader.accept("LIKE")
    alternatives = reader.string().lower().split("|")
    return lambda name: any(fnmatch.fnmatchcase(name, pattern) for pattern in alternatives)


_HANDLERS: dict[str, Callable[[Reader, Catalog], Outcome]] = {
    "CREATE_TABLE": create_table,
    "CREATE_DATABASE": create_database,
    "DROP_TABLE": drop_table,
    "ALTER_TABLE": alter_table,
    "MSCK_REPAIR_TABLE": repair_table,
    "SHOW_PARTITIONS": show_partitions,
    "SHOW_TABLES": show_tables,
    "SHOW_VIEWS": show_views,
    "SHOW_COLUMNS": show_columns,
    "SHOW_DATABASES": show_databases,
    "DESCRIBE_TABLE": describe,
}
