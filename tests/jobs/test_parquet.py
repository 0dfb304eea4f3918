"""Records of Parquet: which text a value is, what a file may lack, and what happens to one that can't be read."""

from __future__ import annotations

import datetime
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import contract_of
from lakeshift_jobs import conform, parquet, reading
from lakeshift_jobs.contract import Column
from lakeshift_jobs.lake import Partition, RawObject
from lakeshift_jobs.records import UNREADABLE_LINE

UTC = datetime.UTC


def file_of(table: pa.Table, **options: Any) -> io.BytesIO:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer


def read(table: pa.Table, *columns: Column, **options: Any) -> list[Any]:
    return list(parquet.read(file_of(table, **options), columns))


def texts(values: pa.Array, kind: str, **options: Any) -> list[str | None]:
    found = read(pa.table({"c": values}), Column("c", kind), **options)
    return [record.values[0] for record in found if record.line_number > 0]


def test_every_value_is_the_text_that_says_exactly_what_it_is() -> None:
    uuid = "12345678-1234-5678-1234-567812345678"
    for values, kind, expected in [
        (pa.array([1, None, -(2**31)], pa.int32()), "bigint", ["1", None, "-2147483648"]),
        (pa.array([2**64 - 1], pa.uint64()), "bigint", ["18446744073709551615"]),
        (pa.array([1.0, 12.5, 1e16, 0.1], pa.float64()), "integer", ["1", "12.5", "10000000000000000", "0.1"]),
        (pa.array([17.3, 1e-7], pa.float64()), "decimal(10,2)", ["17.3", "0.0000001"]),
        (pa.array([float("nan"), float("-inf")]), "double", ["nan", "-inf"]),
        # a float read as a double, as Athena and Spectrum read it
        (pa.array([0.1, 2], pa.float32()), "double", ["0.10000000149011612", "2"]),
        (pa.array([Decimal("1.500"), Decimal("10.000")]), "decimal(10,2)", ["1.5", "10"]),
        (pa.array([Decimal("1E-9")], pa.decimal128(20, 9)), "varchar(20)", ["0.000000001"]),
        (pa.array([Decimal("100")], pa.decimal128(20, 0)), "integer", ["100"]),
        (pa.array([True, None]), "boolean", ["true", None]),
        (pa.array([datetime.date(2024, 2, 29)]), "date", ["2024-02-29"]),
        (pa.array(["a", "", None]).dictionary_encode(), "varchar(9)", ["a", "", None]),
        (pa.array(["ä".encode()], pa.binary()), "varchar(9)", ["ä"]),
        (pa.array([None, None]), "varchar(9)", [None, None]),
        (pa.array([datetime.time(1, 2, 3)]), "varchar(20)", ["01:02:03.000000"]),
        (pa.array([[1, None], None]), "varchar(20)", ["[1, null]", None]),
        (pa.array([bytes.fromhex(uuid.replace("-", ""))], pa.uuid()), "varchar(36)", [uuid]),
    ]:
        assert texts(values, kind) == expected, (values.type, kind)


def test_types_that_the_raw_table_cannot_show_are_remarked_and_the_rows_are_read_all_the_same() -> None:
    def remarked(values: pa.Array, kind: str) -> str:
        first, *records = parquet.read(file_of(pa.table({"C": values})), [Column("c", kind)])
        if first.line_number > 0:
            return ""
        assert (first.line_number, [record.line_number for record in records]) == (-1, [1])
        return (
            first.problem.removeprefix("C is ")
            .replace("loaded, but ", "")
            .removesuffix(" can't read it in the raw table")
        )

    for values, kind, expected in [
        (pa.array([1], pa.int64()), "bigint", ""),
        (pa.array([1], pa.int32()), "bigint", "int32, not bigint: Spectrum"),
        (pa.array([1], pa.uint16()), "integer", ""),
        (pa.array([1], pa.uint32()), "bigint", "uint32, not bigint: Athena and Spectrum"),
        (pa.array([1], pa.uint32()), "integer", "uint32, not integer: Athena and Spectrum"),
        (pa.array([1], pa.int64()), "integer", "int64, not integer: Athena and Spectrum"),
        (pa.array([1.0]), "bigint", "double, not bigint: Athena and Spectrum"),
        (pa.array([1.0], pa.float32()), "double", "float, not double: Spectrum"),
        (pa.array([1]), "varchar(9)", "int64, not varchar(9): Athena and Spectrum"),
        (pa.array(["1"]).dictionary_encode(), "varchar(9)", ""),
        (pa.array(["1"]).dictionary_encode(), "bigint", "string, not bigint: Athena and Spectrum"),
        (pa.array([None]), "bigint", ""),
        (pa.array([[1]]), "varchar(9)", "list<element: int64>, not varchar(9): Athena and Spectrum"),
        (
            pa.array([datetime.date(2024, 1, 1)]),
            "timestamp",
            "date32[day], not timestamp: Athena and Spectrum",
        ),
    ]:
        assert remarked(values, kind) == expected, (values.type, kind)
    assert list(parquet.read(file_of(pa.table({"c": pa.array([], pa.int64())})), [Column("c", "integer")])) == []


@pytest.mark.parametrize("int96", [False, True])
def test_moments_keep_every_digit(int96: bool) -> None:
    nanoseconds = pa.array([1_000, 1_001, -1_000, None], pa.timestamp("ns"))
    expected = ["1970-01-01 00:00:00.000001", "1970-01-01 00:00:00.000001001", "1969-12-31 23:59:59.999999", None]
    assert texts(nanoseconds, "timestamp", use_deprecated_int96_timestamps=int96) == expected


def test_moments_of_every_unit_zone_and_century() -> None:
    ages = [
        datetime.datetime(1, 1, 1),
        datetime.datetime(1582, 10, 4),
        datetime.datetime(9999, 12, 31, 23, 59, 59, 999999),
    ]
    expected = ["0001-01-01 00:00:00.000000", "1582-10-04 00:00:00.000000", "9999-12-31 23:59:59.999999"]
    assert texts(pa.array(ages, pa.timestamp("us")), "timestamp") == expected
    # further away than nanoseconds reach, in the form that counts them
    int96 = texts(pa.array(ages, pa.timestamp("us")), "timestamp", use_deprecated_int96_timestamps=True)
    assert int96 == expected
    assert texts(pa.array(ages[:2], pa.timestamp("ms")), "timestamp") == expected[:2]
    berlin = pa.array([datetime.datetime(2025, 7, 1, tzinfo=UTC)], pa.timestamp("us", "Europe/Berlin"))
    assert texts(berlin, "timestamp") == ["2025-07-01 00:00:00.000000"]


def test_a_day_may_be_written_as_midnight() -> None:
    moments = pa.array([datetime.datetime(2025, 1, 1), datetime.datetime(2025, 1, 1, 0, 0, 1)], pa.timestamp("us"))
    assert texts(moments, "date") == ["2025-01-01", "2025-01-01 00:00:01.000000"]


def test_fields_are_told_by_name_whatever_their_case_and_order() -> None:
    table = pa.table({"Amount": [1.5], "VendorID": [7], "__index_level_0__": [0]})
    (record,) = read(
        table, Column("vendor_id", "bigint", field="vendorid"), Column("amount", "double"), Column("x", "date")
    )
    assert (record.line_number, record.values, record.problem) == (1, ["7", "1.5", None], None)


def test_a_field_that_the_contract_does_not_name_is_not_lost_in_silence() -> None:
    records = read(pa.table({"id": [1, 2], "tip": [0.5, None]}), Column("id", "bigint"))
    assert [record.problem for record in records] == ["unknown fields: tip (double)"] * 2
    assert [record.content for record in records] == ['{"id": "1", "tip": "0.5"}', '{"id": "2", "tip": null}']


def test_two_fields_of_one_name_are_a_problem() -> None:
    (record,) = read(pa.table({"id": [1], "ID": [2]}), Column("id", "bigint"))
    assert record.problem == "fields that differ in case only: ID"


def test_bytes_that_are_no_text_are_a_problem_of_their_record_only() -> None:
    records = read(pa.table({"c": [b"ok", b"a\xff"]}), Column("c", "varchar(9)"))
    assert [record.problem for record in records] == [None, "c: not UTF-8 at byte 2"]


def test_numbers_go_on_from_batch_to_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "BATCH_ROWS", 3)
    table = pa.table({"c": pa.array(range(10), pa.timestamp("us"))})
    records = read(table, Column("c", "timestamp"), row_group_size=4, use_deprecated_int96_timestamps=True)
    assert [record.line_number for record in records] == list(range(1, 11))
    assert [record.values[0][-6:] for record in records] == [f"{number:06}" for number in range(10)]


def broken() -> dict[str, bytes]:
    whole = file_of(pa.table({"c": list(range(50_000))}), row_group_size=10_000, write_page_checksum=True).getvalue()
    middle = len(whole) // 2
    return {
        "another format": b"c\n1\n",
        "cut off": whole[:-20],
        "a hole in a later row group": whole[:middle] + bytes(500) + whole[middle + 500 :],
        "one byte of a later row group": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
    }


@pytest.mark.parametrize("fault", broken())
def test_nothing_of_a_broken_object_is_a_row(fault: str) -> None:
    (record,) = parquet.read(io.BytesIO(broken()[fault]), [Column("c", "bigint")])
    assert record.line_number == 0 and record.problem.startswith("the object can't be read as Parquet: ")


def test_a_file_without_records_or_without_bytes_has_none() -> None:
    assert read(pa.table({"c": pa.array([], pa.int64())}), Column("c", "bigint")) == []
    assert list(parquet.read(io.BytesIO(b""), [Column("c", "bigint")])) == []


def raw_object(key: str) -> RawObject:
    return RawObject(key, "e", Partition("2025", "01", "15"), datetime.datetime(2025, 1, 15, tzinfo=UTC), 10, "v")


CONTRACT = contract_of(
    [
        {"name": "trip_id", "type": "bigint", "required": True, "field": "TripID"},
        {"name": "passengers", "type": "smallint"},
        {"name": "fare", "type": "decimal(8,2)"},
        {"name": "started_at", "type": "timestamp", "field": "Started At"},
        {"name": "note", "type": "varchar(5)", "required": True},
    ],
    format="parquet",
    business_key=["object_key", "line_number"],
)


def judged(spark: Any, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> Any:
    """The files through the same door as on Glue, but for S3: the tasks' client is the driver's dictionary."""
    rows = []
    monkeypatch.setattr(reading, "_client", lambda: Client(files))
    sources = [(key, "v", "e") for key in files]
    rows = list(reading.read_objects(sources, "raw", CONTRACT.format, {}, CONTRACT.columns))
    return conform.judge(spark.createDataFrame(rows, conform.RECORD_SCHEMA), CONTRACT)


class Client:
    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def get_object(self, Bucket: str, Key: str, VersionId: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self._files[Key])}


def spark_file(spark: Any, folder: Path) -> bytes:
    """As Spark writes it: legacy INT96 timestamps, nullable columns, Spark's own metadata."""
    spark.conf.set("spark.sql.parquet.outputTimestampType", "INT96")
    try:
        frame = spark.sql(
            "select 3L as TripID, cast(2 as double) as passengers, cast('7.125' as decimal(20,3)) as fare, "
            "timestamp'2025-01-31 23:59:59.123456' as `Started At`, '' as note "
            "union all select 4L, 1.5D, cast('7.10' as decimal(20,3)), null, null"
        )
        frame.coalesce(1).write.parquet(str(folder / "spark"))
    finally:
        spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    (file,) = (folder / "spark").glob("*.parquet")
    return file.read_bytes()


def test_months_of_several_writers_land_as_one_table(
    spark: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    january = pa.table(
        {
            "TripID": pa.array([1, 2], pa.int32()),
            "passengers": pa.array([1, None], pa.int64()),
            "fare": pa.array([9.5, 9.999]),
            "Started At": pa.array([1_738_000_000_123_456_000, 1], pa.timestamp("ns")),
            "note": ["ok", "toolong"],
            "__index_level_0__": pa.array([4, 5]),
        }
    )
    rows = judged(
        spark,
        monkeypatch,
        {"jan": file_of(january).getvalue(), "feb": spark_file(spark, tmp_path), "mar": b"PAR1 but broken"},
    ).persist()
    moment = datetime.datetime(2025, 1, 27, 17, 46, 40, 123456)
    fits = rows.filter("reason is null").select("object_key", "line_number", *[c.name for c in CONTRACT.columns])
    assert [tuple(row) for row in fits.orderBy("object_key").collect()] == [
        ("jan", 1, 1, 1, Decimal("9.50"), moment, "ok")
    ]
    reasons = {
        (row["object_key"], row["line_number"]): row["reason"] for row in rows.filter("reason is not null").collect()
    }
    assert reasons["jan", 2].split("; ") == [
        "fare: '9.999' is not a decimal(8,2): at most 6 digits before the point and 2 after it",
        "started_at: '1970-01-01 00:00:00.000000001' is not a timestamp: ISO 8601 with at most 6 fraction digits",
        "note: 'toolong' is not a varchar(5): at most 5 bytes of UTF-8, without NUL",
    ]
    # an empty string is a value, null is none; 2.0 is a smallint, 1.5 is not; 7.125 has a digit too many, 7.100 has not
    assert reasons["feb", 1] == "fare: '7.125' is not a decimal(8,2): at most 6 digits before the point and 2 after it"
    assert reasons["feb", 2].startswith("passengers: '1.5' is not a smallint") and reasons["feb", 2].endswith(
        "note: is missing, but required"
    )
    assert sorted(conform.count(rows)) == [("feb", 2, 0, 2), ("jan", 2, 1, 1)]
    ((key, reason),) = conform.notes(rows, UNREADABLE_LINE)
    assert key == "mar" and reason.startswith("the object can't be read as Parquet")
    described = conform.describe(spark, [raw_object("mar"), raw_object("feb")], "run")
    kept = conform.rejected(rows, CONTRACT, described).orderBy("object_key", "line_number").collect()
    places = [(row["object_key"], row["line_number"]) for row in kept]
    assert places == [("feb", -1), ("feb", 1), ("feb", 2), ("mar", 0)]
    assert "passengers is double, not smallint" in kept[0]["reason"]
    assert json.loads(kept[2]["content"]) == {
        "TripID": "4",
        "passengers": "1.5",
        "fare": "7.1",
        "Started At": None,
        "note": None,
    }
