from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

from conftest import contract_of
from lakeshift_jobs import conform
from lakeshift_jobs.contract import ContractError
from lakeshift_jobs.lake import Partition, RawObject

# (type, text, value it becomes, or None if it must be rejected)
FITS: list[tuple[str, str, Any]] = [
    ("smallint", "32767", 32767),
    ("smallint", "-32768", -32768),
    ("integer", "2147483647", 2147483647),
    ("integer", "+5", 5),
    ("integer", "  5 ", 5),
    ("integer", "007", 7),
    ("bigint", "-9223372036854775808", -9223372036854775808),
    ("decimal(10,2)", "29.99", Decimal("29.99")),
    ("decimal(10,2)", "99999999.99", Decimal("99999999.99")),
    ("decimal(10,2)", ".5", Decimal("0.50")),
    ("decimal(10,2)", "5.", Decimal("5.00")),
    ("decimal(10,2)", "000000000001.1", Decimal("1.10")),
    ("decimal(38,0)", "9" * 38, Decimal("9" * 38)),
    ("double", "-1.5e3", -1500.0),
    ("boolean", "TRUE", True),
    ("boolean", "f", False),
    ("date", "2024-02-29", datetime.date(2024, 2, 29)),
    ("date", "0001-01-01", datetime.date(1, 1, 1)),
    ("timestamp", "2025-01-15T10:00:00Z", datetime.datetime(2025, 1, 15, 10)),
    ("timestamp", "2025-01-15 10:00:00.123456+02:00", datetime.datetime(2025, 1, 15, 8, 0, 0, 123456)),
    ("timestamp", "2025-01-15", datetime.datetime(2025, 1, 15)),
    ("varchar(5)", "abcde", "abcde"),
    ("varchar(5)", "äö", "äö"),
    ("varchar(5)", "  a", "  a"),
]
MISFITS: list[tuple[str, str]] = [
    *[("smallint", text) for text in ("32768", "-32769")],
    *[("integer", text) for text in ("2147483648", "1e3", "12.5", "0x1", "9" * 30, "٣", "1_000", "  ", "1 2", "--1")],
    ("bigint", "9223372036854775808"),
    *[("decimal(10,2)", text) for text in ("29.999", "100000000", "1e3", "1,0", ".", "-", "NaN", "29.990")],
    ("decimal(38,0)", "9" * 39),
    *[("double", text) for text in ("NaN", "Infinity", "1e400", "1d", "0x1p3")],
    ("boolean", "maybe"),
    *[("date", text) for text in ("2025-02-30", "2025-1-5", "20250105", "0000-01-01", "2025-01-05T00:00:00", "today")],
    *[
        ("timestamp", text)
        for text in ("2025-01-15T25:00", "2025-01-15T10:00:00.1234567", "2025-02-30", "now", "10:00")
    ],
    *[("varchar(5)", text) for text in ("abcdef", "äöü", "日本語", "a\x00b")],
]


def judge(spark: Any, rows: list[tuple[Any, ...]], contract: Any) -> list[Any]:
    records = spark.createDataFrame(rows, conform.RECORD_SCHEMA)
    return conform.judge(records, contract).orderBy("line_number").collect()


def test_text_becomes_a_value_or_a_reason(spark: Any) -> None:
    cases = [(kind, text) for kind, text, _ in FITS] + MISFITS
    kinds = sorted({kind for kind, _ in cases})
    names = {kind: f"c{number}" for number, kind in enumerate(kinds)}
    contract = contract_of(
        [{"name": "id", "type": "integer"}, *({"name": names[kind], "type": kind} for kind in kinds)]
    )
    rows = []
    for number, (kind, text) in enumerate(cases):
        values = ["1", *(text if kind == other else None for other in kinds)]
        rows.append(("key", number, text, values, None))
    judged = judge(spark, rows, contract)
    for row, (kind, _, value) in zip(judged, FITS):
        assert (row["reason"], row[names[kind]]) == (None, value)
    for row, (kind, text) in zip(judged[len(FITS) :], MISFITS):
        shown = text.replace("\x00", "\ufffd")
        assert row["reason"].startswith(f"{names[kind]}: '{shown}' is not a"), (kind, text, row["reason"])


def test_everything_wrong_is_said_at_once(spark: Any, contract: Any) -> None:
    (row,) = judge(spark, [("key", 2, "", ["", "toolong", "x"], None)], contract)
    assert row["reason"] == (
        "id: is missing, but required; "
        "name: 'toolong' is not a varchar(5): at most 5 bytes of UTF-8, without NUL; "
        "price: 'x' is not a decimal(10,2): at most 8 digits before the point and 2 after it"
    )


def test_a_business_key_is_required_even_if_the_contract_forgot_to_say_so(spark: Any) -> None:
    contract = contract_of([{"name": "id", "type": "integer"}, {"name": "name", "type": "varchar(5)"}])
    rows = judge(spark, [("key", 1, ",", ["", ""], None), ("key", 2, "1,", ["1", ""], None)], contract)
    assert [row["reason"] for row in rows] == ["id: is missing, but required", None]
    assert rows[1]["name"] is None


def test_rows_read_are_rows_loaded_plus_rows_rejected(spark: Any, contract: Any) -> None:
    rows = [
        ("a", 2, "1,x,2", ["1", "x", "2"], None),
        ("a", 3, "?,x,2", ["?", "x", "2"], None),
        ("b", 2, "broken", ["broken", None, None], "expected 3 fields, found 1"),
    ]
    judged = conform.judge(spark.createDataFrame(rows, conform.RECORD_SCHEMA), contract)
    assert sorted(conform.count(judged)) == [("a", 2, 1, 1), ("b", 1, 0, 1)]


def test_good_rows_have_the_landing_tables_columns_in_order(spark: Any, contract: Any) -> None:
    objects = conform.describe(spark, [raw_object("a")], "run")
    records = spark.createDataFrame([("a", 7, "1,x,2.5", ["1", "x", "2.5"], None)], conform.RECORD_SCHEMA)
    good = conform.accepted(conform.judge(records, contract), contract, objects, "2025-02-01T12:00:00+00:00")
    assert good.columns == [column.name for column in contract.landing_columns]
    moment = datetime.datetime(2025, 1, 15, 6, 30)
    expected = (1, "x", Decimal("2.50"), datetime.datetime(2025, 2, 1, 12), "a", 7, datetime.date(2025, 1, 15), moment)
    assert tuple(good.collect()[0]) == expected


def test_rejected_rows_say_where_they_stand_and_why(spark: Any, contract: Any) -> None:
    objects = conform.describe(spark, [raw_object("a")], "run")
    records = spark.createDataFrame([("a", 7, "?,\ufffd,2", ["?", "\x00", "2"], None)], conform.RECORD_SCHEMA)
    bad = conform.rejected(conform.judge(records, contract), contract, objects).collect()[0].asDict()
    reason = bad.pop("reason")
    assert reason.startswith("id: '?' is not an integer") and "name: '\ufffd' is not" in reason
    assert bad == {
        "object_key": "a",
        "etag": "e1",
        "version_id": "v1",
        "object_size": 10,
        "run_id": "run",
        "line_number": 7,
        "content": "?,\ufffd,2",
        "id": "?",
        "name": "\ufffd",
        "price": "2",
    }


def test_an_unknown_type_is_an_error() -> None:
    with pytest.raises(ContractError, match="id: type 'money' is unknown"):
        contract_of([{"name": "id", "type": "money"}])


def test_the_loads_own_columns_cannot_be_a_contracts() -> None:
    with pytest.raises(ContractError, match="line_number"):
        contract_of([{"name": "id", "type": "integer"}, {"name": "line_number", "type": "bigint"}])


def raw_object(key: str) -> RawObject:
    moment = datetime.datetime(2025, 1, 15, 6, 30, tzinfo=datetime.UTC)
    return RawObject(key, "e1", Partition("2025", "01", "15"), moment, 10, "v1")
