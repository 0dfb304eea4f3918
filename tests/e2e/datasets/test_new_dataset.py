"""From a sample that the project has never seen to answers, without a line written by hand."""

from __future__ import annotations

import csv
import datetime
import io
import json
import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from platform_under_test import Platform

ROWS = 3_000
SAMPLED = 200  # of the CSV file: the rest holds what the sample does not
DAY = "2025-03-14"
ZONES = ("raw_rows", "rejected_rows", "landing_rows", "fact_rows", "published_rows", "reconciled")
# what `new` must make of titles that are no names
NAMES = {"VendorID": "vendorid", "Order": "order_field", "Trip Distance (mi)": "trip_distance_mi", "year": "year_field"}
NAMES |= {"timestamp": "timestamp_field", "user": "user_field"}


def rides() -> pa.Table:
    """19 columns: reserved words, titles with blanks, nulls, timestamps, and whole rows that come twice."""
    chance = random.Random(19)
    begin = datetime.datetime(2025, 3, 1)
    at = [begin + datetime.timedelta(microseconds=chance.randrange(13 * 86_400_000_000)) for _ in range(ROWS)]

    def some(values: list[Any]) -> list[Any]:
        return [None if chance.random() < 0.05 else value for value in values]

    def whole(most: int) -> list[int]:
        # the first ones are small: wider values come after the sample
        return [chance.randrange(min(most, 10 + row * row)) for row in range(ROWS)]

    def cents(most: int) -> list[Decimal]:
        return [Decimal(chance.randrange(-most, 100 * most)).scaleb(-2) for _ in range(ROWS)]

    table = pa.table(
        {
            "VendorID": pa.array(whole(3), pa.int32()),
            "timestamp": pa.array(at, pa.timestamp("us")),
            "dropoff_at": pa.array(some([moment + datetime.timedelta(minutes=9) for moment in at]), pa.timestamp("us")),
            "service_day": pa.array([moment.date() for moment in at], pa.date32()),
            "user": pa.array([f"rider {number}" for number in whole(10**6)]),
            "Order": pa.array(some([f"{number:05d}" for number in whole(10**5)])),
            "Trip Distance (mi)": pa.array(some([chance.randrange(1, 4000) / 64 for _ in range(ROWS)]), pa.float64()),
            "year": pa.array([moment.year for moment in at], pa.int64()),
            "passenger_count": pa.array(some(whole(7)), pa.int64()),
            "odometer": pa.array(whole(10**12), pa.int64()),
            "store_and_fwd_flag": pa.array(some([chance.choice("NY") for _ in range(ROWS)])).dictionary_encode(),
            "shared": pa.array(some([chance.random() < 0.5 for _ in range(ROWS)]), pa.bool_()),
            "fare_amount": pa.array(cents(90), pa.decimal128(10, 2)),
            "extra": pa.array(some(cents(5)), pa.decimal128(8, 2)),
            "tip_amount": pa.array(cents(20), pa.decimal128(8, 2)),
            "tolls_amount": pa.array(some(cents(10)), pa.decimal128(8, 2)),
            "total_amount": pa.array(cents(150), pa.decimal128(12, 2)),
            "note": pa.array(some(["x" * (row % 90) + 'a "quoted", ünïcode note' for row in range(ROWS)])),
            "never": pa.array([None] * ROWS, pa.string()),
        }
    )
    return pa.concat_tables([table, table.slice(ROWS - 40)])


def as_csv(table: pa.Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow(
            [
                "" if value is None else str(value).lower() if value is True or value is False else value
                for value in row.values()
            ]
        )
    return text.getvalue()


def answer(table: pa.Table, names: dict[str, str]) -> list[Any]:
    """The count of each column's values and the sum of its numbers, apart from the platform."""
    expected: list[Any] = [table.num_rows]
    for field in names:
        values = [value for value in table[field].to_pylist() if value is not None]
        expected.append(len(values))
        if is_number(table, field):
            expected.append(sum(Decimal(str(value)) for value in values))
    return expected


def question(table: pa.Table, names: dict[str, str]) -> str:
    parts = ["count(*)"]
    for field, name in names.items():
        parts.append(f"count({name})")
        if is_number(table, field):
            parts.append(f"sum({name})")
    return f"select {', '.join(parts)} from "


def is_number(table: pa.Table, field: str) -> bool:
    kind = table[field].type
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def test_a_sample_becomes_a_dataset_with_exact_counts_and_sums(platform: Platform) -> None:
    table = rides()
    text = as_csv(table)
    packed = io.BytesIO()
    pq.write_table(table, packed)
    files: dict[str, tuple[str, str | bytes]] = {
        "rides": ("rides.csv", text),
        "rides_typed": ("rides.parquet", packed.getvalue()),
    }
    samples = platform.root / "samples"
    samples.mkdir()
    (samples / "rides.csv").write_text("".join(text.splitlines(keepends=True)[: SAMPLED + 1]), newline="")
    (samples / "rides.parquet").write_bytes(packed.getvalue())

    made = {}
    for dataset, (file, _) in files.items():
        made[dataset] = json.loads(platform.cli("new", dataset, "--sample", f"samples/{file}", "--json").stdout)
        assert made[dataset]["business_key"] == ["object_key", "line_number"], "equal rows are rows"
    assert made["rides_typed"]["repeated"] == 40
    platform.cli("validate")
    platform.cli("local", "up")
    for dataset, (file, content) in files.items():
        platform.upload(dataset, file, content, DAY)
    with ThreadPoolExecutor() as both:
        assert [run["state"] for run in both.map(platform.run, files)] == ["SUCCEEDED"] * 2

    for dataset in files:
        names = {column["field"]: column["name"] for column in made[dataset]["columns"]}
        assert names == {field: NAMES.get(field, field) for field in table.column_names}
        assert [platform.status(dataset)[zone] for zone in ZONES] == [
            ROWS + 40,
            0,
            ROWS + 40,
            ROWS + 40,
            ROWS + 40,
            True,
        ]
        asked = question(table, names)
        for found in (
            platform.warehouse(f"{asked} analytics.fact_{dataset}")[0],
            platform.athena(f"{asked} fact_{dataset}")[0],
        ):
            # the distances are binary fractions, so their sum is exact in any order
            assert [Decimal(str(value)) for value in found] == answer(table, names), dataset
        # what else was written is asked as it stands
        assert platform.query_file("warehouse", f"sql/{dataset}/queries/pending.sql") == []
        (month,) = platform.query_file("athena", f"sql/{dataset}/athena/queries/10_{dataset}_published.sql")
        assert month[:3] == [2025, 3, ROWS + 40]
        assert platform.query_file("athena", f"sql/{dataset}/athena/queries/20_{dataset}_rejected.sql") == []
    moments = "select cast(min({0}) as varchar(26)), cast(max({0}) as varchar(26)) from analytics.fact_"
    first, last = (end(table["timestamp"].to_pylist()) for end in (min, max))
    for dataset in files:
        assert platform.warehouse(moments.format("timestamp_field") + dataset) == [
            [f"{first:%Y-%m-%d %H:%M:%S.%f}", f"{last:%Y-%m-%d %H:%M:%S.%f}"]
        ]
    refused = platform.cli("new", "rides", "--sample", "samples/rides.csv", check=False)
    assert refused.returncode == 1
    assert "datasets/rides.yaml" in refused.stderr
