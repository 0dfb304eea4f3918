"""Typing: which records fit the contract, as what, and why the others do not.

Fit means what Redshift means. Column expressions only, so that Spark types rows without leaving the JVM.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakeshift_jobs.contract import Column, Contract
from lakeshift_jobs.lake import RawObject
from lakeshift_jobs.records import MAX_CONTENT_BYTES

# Every result that depends on a setting depends on one of these; Glue's defaults may change, ours do not.
SESSION_OPTIONS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.writeLegacyFormat": "false",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
}

RECORD_SCHEMA = "object_key string, line_number bigint, content string, `values` array<string>, __problem string"
OBJECT_SCHEMA = (
    "object_key string, etag string, version_id string, object_size bigint, run_id string, partition_date string, "
    "object_modified_at string"
)

_SHOWN_CHARACTERS = 80
_SPACES = " \t\n\r\x0b\x0c"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_TIMESTAMP = (
    r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
    r"([Zz]|[+-](0\d|1[0-7]):?[0-5]\d|[+-](0\d|1[0-7]))?)?$"
)
_DOUBLE = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_BOOLEANS = {"true": True, "t": True, "yes": True, "y": True, "1": True}
_BOOLEANS.update({"false": False, "f": False, "no": False, "n": False, "0": False})


def open_session(name: str) -> SparkSession:
    session = SparkSession.builder.appName(name).getOrCreate()
    for option, value in SESSION_OPTIONS.items():
        session.conf.set(option, value)
    return session


def describe(session: SparkSession, objects: Iterable[RawObject], run_id: str) -> DataFrame:
    """One row per object, with what its rows carry of it."""
    rows = [
        (
            item.key,
            item.etag,
            item.version_id,
            item.size,
            run_id,
            item.partition.date.isoformat(),
            item.modified_at.isoformat(),
        )
        for item in objects
    ]
    described = session.createDataFrame(rows, OBJECT_SCHEMA)
    return described.withColumn("partition_date", F.col("partition_date").cast("date")).withColumn(
        "object_modified_at", F.col("object_modified_at").cast("timestamp")
    )


def judge(records: DataFrame, contract: Contract) -> DataFrame:
    """Adds each column's typed value and `reason`: null if the record fits, else everything that is wrong with it."""
    typed = records.select(
        "object_key",
        "line_number",
        "content",
        "__problem",
        *[_given(F.col("values")[i], contract.format).alias(_raw(c)) for i, c in enumerate(contract.columns)],
    ).select("*", *[value(F.col(_raw(column)), column).alias(column.name) for column in contract.columns])
    reasons = [fault(column, column.name in contract.business_key) for column in contract.columns]
    reason = F.when(F.col("__problem").isNotNull(), F.col("__problem")).otherwise(F.concat_ws("; ", *reasons))
    return typed.withColumn("reason", _null_if_empty(reason))


def accepted(judged: DataFrame, contract: Contract, objects: DataFrame, loaded_at: str) -> DataFrame:
    """The rows that fit, with the landing table's columns in its order."""
    return (
        judged.filter(F.col("reason").isNull())
        .join(F.broadcast(objects), on="object_key", how="inner")
        .withColumn("loaded_at", F.lit(loaded_at).cast("timestamp"))
        .select([column.name for column in contract.landing_columns])
    )


def rejected(judged: DataFrame, contract: Contract, objects: DataFrame) -> DataFrame:
    """The rows that do not, as text, with the reason."""
    return (
        judged.filter(F.col("reason").isNotNull())
        .join(F.broadcast(objects), on="object_key", how="inner")
        .select(
            "object_key",
            "etag",
            "version_id",
            "object_size",
            "run_id",
            "line_number",
            "reason",
            F.coalesce("content", _printable(_as_json(contract))).alias("content"),
            *[_printable(F.col(_raw(column))).alias(column.name) for column in contract.columns],
        )
    )


def count(judged: DataFrame) -> Iterator[tuple[str, int, int, int]]:
    """Per object: key, rows read, rows that fit, rows that do not. Records that stand for an object (0, -1) are no rows."""
    counted = (
        judged.filter(F.col("line_number") > 0)
        .groupBy("object_key")
        .agg(
            F.count(F.lit(1)).alias("rows_read"),
            F.count(F.when(F.col("reason").isNull(), 1)).alias("rows_loaded"),
            F.count("reason").alias("rows_rejected"),
        )
    )
    for row in counted.toLocalIterator():
        yield row["object_key"], row["rows_read"], row["rows_loaded"], row["rows_rejected"]


def notes(judged: DataFrame, line: int) -> Iterator[tuple[str, str]]:
    """What is said of whole objects, by the number of such records: why they can't be read, or a remark on them."""
    for row in judged.filter(F.col("line_number") == line).select("object_key", "reason").toLocalIterator():
        yield row["object_key"], row["reason"]


def value(raw: Expression, column: Column) -> Expression:
    """The typed value; null if the text does not fit the type."""
    text = F.btrim(raw, F.lit(_SPACES))
    if column.base == "varchar":
        return F.when((F.octet_length(raw) <= column.sizes[0]) & ~raw.contains("\x00"), raw)
    if column.bits:
        # a cast alone would take 12.5 for 12
        return F.when(text.rlike(r"^[+-]?\d+$"), text.cast(_SPARK_TYPES[column.base]))
    if column.base == "decimal":
        return F.when(text.rlike(_decimal_pattern(*column.sizes)), text.cast(column.type))
    if column.base == "double":
        number = text.cast("double")
        return F.when(text.rlike(_DOUBLE) & (F.abs(number) < float("inf")), number)
    if column.base == "boolean":
        lower = F.lower(text)
        return F.when(lower.isin([word for word, truth in _BOOLEANS.items() if truth]), F.lit(True)).when(
            lower.isin([word for word, truth in _BOOLEANS.items() if not truth]), F.lit(False)
        )
    if column.base == "date":
        day = text.cast("date")
        return F.when(text.rlike(_DATE) & (F.year(day) >= 1), day)
    moment = F.upper(text).cast("timestamp")
    return F.when(text.rlike(_TIMESTAMP) & F.year(moment).between(1, 9999), moment)


def fault(column: Column, is_key: bool) -> Expression:
    """What is wrong with this column of the record, or null."""
    raw, typed = F.col(_raw(column)), F.col(column.name)
    shown = F.concat(F.lit(f"{column.name}: '"), _printable(F.substring(raw, 1, _SHOWN_CHARACTERS)), F.lit("' is not "))
    wrong = F.when(raw.isNotNull() & typed.isNull(), F.concat(shown, F.lit(expectation(column))))
    if column.required or is_key:
        wrong = F.when(raw.isNull(), F.lit(f"{column.name}: is missing, but required")).otherwise(wrong)
    return wrong


def expectation(column: Column) -> str:
    """What a column's text has to be, in words."""
    if column.bits:
        limit = 2 ** (column.bits - 1)
        return f"{_article(column.base)}: a whole number from {-limit} to {limit - 1}"
    if column.base == "decimal":
        precision, scale = column.sizes
        return f"a {column.type}: at most {precision - scale} digits before the point and {scale} after it"
    if column.base == "varchar":
        return f"a {column.type}: at most {column.sizes[0]} bytes of UTF-8, without NUL"
    words: Mapping[str, str] = {
        "double": "a double: a number within its range",
        "boolean": "a boolean: true or false",
        "date": "a date: YYYY-MM-DD",
        "timestamp": "a timestamp: ISO 8601 with at most 6 fraction digits",
    }
    return words[column.base]


_SPARK_TYPES = {"smallint": "smallint", "integer": "int", "bigint": "bigint"}


def _decimal_pattern(precision: int, scale: int) -> str:
    # the look-ahead wants a digit somewhere; leading zeros count for nothing
    return rf"^[+-]?(?=\.?\d)0*\d{{0,{precision - scale}}}(\.\d{{0,{scale}}})?$"


def _as_json(contract: Contract) -> Expression:
    """The record as a JSON object of its values' texts, under the names that the files use."""
    entries = [(F.lit(column.source), F.col(_raw(column))) for column in contract.columns]
    return F.to_json(F.create_map(*[part for entry in entries for part in entry]))


def _raw(column: Column) -> str:
    return f"__raw_{column.name}"


def _printable(text: Expression) -> Expression:
    # four bytes are the most a character takes
    return F.substring(F.translate(text, "\x00", "\ufffd"), 1, MAX_CONTENT_BYTES // 4)


def _given(text: Expression, format: str) -> Expression:
    """Text has no other way to say that there is nothing; Parquet has null, and its empty strings are values."""
    return text if format == "parquet" else _null_if_empty(text)


def _null_if_empty(text: Expression) -> Expression:
    return F.when(text != "", text)


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
