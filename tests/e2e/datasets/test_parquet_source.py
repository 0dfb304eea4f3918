"""Taxi trips as Parquet, from the first upload to the mended file: 19 columns, four writers, nothing lost."""

from __future__ import annotations

import datetime
import functools
import io
import json
import math
import random
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from platform_under_test import RAW, Failed, Platform

TRIPS = 25_000  # more than the load takes at a time
ZONES = ("raw_rows", "rejected_rows", "landing_rows", "fact_rows", "published_rows", "reconciled")
LANDED: dict[str, pa.Table] = {}
"""The rows of each day that must land, by the day: what sums are computed from, apart from the platform."""


def month(number: int, rows: int) -> pa.Table:
    """A month as the city publishes it, 19 columns: the types are those of its older files."""
    chance = random.Random(number)
    begin = datetime.datetime(2025, number, 1)
    picked = [begin + datetime.timedelta(microseconds=chance.randrange(27 * 86_400_000_000)) for _ in range(rows)]

    def dollars(most: int, nulls: float = 0) -> pa.Array:
        values = [None if chance.random() < nulls else chance.randrange(-most, 100 * most) / 100 for _ in range(rows)]
        return pa.array(values, pa.float64())

    def whole(most: int, kind: pa.DataType, nulls: float = 0) -> pa.Array:
        return pa.array([None if chance.random() < nulls else chance.randrange(most) for _ in range(rows)], kind)

    return pa.table(
        {
            "VendorID": whole(3, pa.int64()),
            "tpep_pickup_datetime": pa.array(picked, pa.timestamp("us")),
            "tpep_dropoff_datetime": pa.array(
                [at + datetime.timedelta(minutes=9) for at in picked], pa.timestamp("us")
            ),
            "passenger_count": whole(6, pa.float64(), nulls=0.03),
            "trip_distance": dollars(30),
            "RatecodeID": whole(6, pa.float64(), nulls=0.03),
            "store_and_fwd_flag": pa.array([chance.choice(("N", "Y", "", None)) for _ in range(rows)]),
            "PULocationID": whole(265, pa.int32()),
            "DOLocationID": whole(265, pa.int32()),
            "payment_type": whole(5, pa.int64()),
            "fare_amount": dollars(80),
            "extra": dollars(5),
            "mta_tax": dollars(1),
            "tip_amount": dollars(20),
            "tolls_amount": dollars(10),
            "improvement_surcharge": dollars(1),
            "total_amount": dollars(150),
            "congestion_surcharge": dollars(3, nulls=0.03),
            "airport_fee": dollars(2, nulls=0.5),
        }
    )


def file_of(table: pa.Table, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def changed(table: pa.Table, **columns: pa.Array | pa.ChunkedArray) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


@functools.cache
def january() -> pa.Table:
    return month(1, TRIPS)


@functools.cache
def february() -> pa.Table:
    """Another writer: pandas left its index, a field changed its name's case, integers are what doubles were."""
    table = month(2, 500)
    table = changed(
        table,
        VendorID=table["VendorID"].cast(pa.int32()),
        passenger_count=table["passenger_count"].cast(pa.int64()),
        tpep_dropoff_datetime=table["tpep_dropoff_datetime"].cast(pa.timestamp("ns")),
    )
    renamed = ["Airport_fee" if name == "airport_fee" else name for name in table.column_names]
    return table.rename_columns(renamed).append_column("__index_level_0__", pa.array(range(500)))


def march() -> tuple[pa.Table, bytes]:
    """Spark's legacy timestamps, decimals, a dictionary, no airport fee yet; the last three records do not fit."""
    table = month(3, 100).drop_columns(["airport_fee"])
    cents = [Decimal(round(value * 100)).scaleb(-2) for value in table["total_amount"].to_pylist()]
    cents[-1] = Decimal("9.999")
    passengers = [*table["passenger_count"].to_pylist()[:-2], 1.5, None]
    table = changed(
        table,
        total_amount=pa.array(cents, pa.decimal128(18, 3)),
        passenger_count=pa.array(passengers, pa.float64()),
        VendorID=pa.array([*table["VendorID"].to_pylist()[:-3], None, 1, 1], pa.int64()),
        store_and_fwd_flag=table["store_and_fwd_flag"].combine_chunks().dictionary_encode(),
    )
    return table.slice(0, 97), file_of(table, use_deprecated_int96_timestamps=True)


def sums(column: str) -> tuple[int, float]:
    """Values and their sum over everything that must have landed, from the tables that the files were made of."""
    found: list[Any] = []
    for table in LANDED.values():
        names = [name for name in table.column_names if name.lower() == column.lower()]
        found += table[names[0]].drop_null().to_pylist() if names else []
    return len(found), math.fsum(found)


def test_files_of_three_writers_land_with_every_digit(platform: Platform) -> None:
    LANDED["2025-02-01"], LANDED["2025-03-01"] = january(), february()
    LANDED["2025-04-01"], spark = march()
    for day, content in [
        ("2025-02-01", file_of(january())),
        ("2025-03-01", file_of(february())),
        ("2025-04-01", spark),
    ]:
        platform.upload("trips", f"yellow_{day}.parquet", content, day)
    assert [row[2] for row in pending(platform)] == [TRIPS, 500, 100]
    assert platform.run("trips")["state"] == "SUCCEEDED"
    assert pending(platform) == []

    landed = sum(table.num_rows for table in LANDED.values())
    assert [platform.status("trips")[zone] for zone in ZONES] == [landed + 3, 3, landed, landed, landed, True]
    fields = {"fare_amount": "fare_amount", "tip_amount": "tip_amount", "congestion_surcharge": "congestion_surcharge"}
    fields |= {"airport_fee": "airport_fee", "passenger_count": "passenger_count", "total_amount": "total_amount"}
    fields |= {"vendor_id": "VendorID", "pickup_location_id": "PULocationID"}
    question = ", ".join(f"count({name}), sum(cast({name} as double precision))" for name in fields)
    for answer in (
        platform.warehouse(f"select {question} from analytics.fact_trips")[0],
        platform.athena(f"select {question} from elt_local_curated.fact_trips".replace(" precision", ""))[0],
    ):
        for number, field in enumerate(fields.values()):
            count, total = sums(field)
            assert int(answer[2 * number]) == count, field
            assert float(answer[2 * number + 1]) == pytest.approx(total, rel=1e-9), field
    first, last = (
        pc.min_max(
            pa.chunked_array([chunk for table in LANDED.values() for chunk in table["tpep_pickup_datetime"].chunks])
        )[end].as_py()
        for end in ("min", "max")
    )
    moments = (
        "select cast(min(pickup_at) as varchar(26)), cast(max(pickup_at) as varchar(26)) from analytics.fact_trips"
    )
    assert platform.warehouse(moments) == [[f"{first:%Y-%m-%d %H:%M:%S.%f}", f"{last:%Y-%m-%d %H:%M:%S.%f}"]]
    # an empty string is a value
    flags = platform.warehouse(
        "select count(store_and_fwd_flag) from analytics.fact_trips where store_and_fwd_flag = ''"
    )
    assert flags == [[sum(pc.sum(pc.equal(t["store_and_fwd_flag"], "")).as_py() for t in LANDED.values())]]


def test_a_record_that_does_not_fit_is_kept_as_json_with_its_reason(platform: Platform) -> None:
    *remarks, first, second, third = platform.athena(
        "select line_number, reason, content from elt_local_raw.trips_rejected order by line_number"
    )
    rows = [first, second, third]
    # january and march have doubles where the contract says bigint, february an int32: what the raw table can't show
    assert {row[0] for row in remarks} == {-1}
    said = platform.status("trips")["remarks"]
    assert any(
        "passenger_count is double, not bigint: loaded, but Athena and Spectrum can't" in remark for remark in said
    )
    assert any("VendorID is int32, not bigint: loaded, but Spectrum can't" in remark for remark in said)
    assert [[row[0], row[1].split(" is ")[0]] for row in rows] == [
        [98, "vendor_id:"],
        [99, "passenger_count: '1.5'"],
        [100, "total_amount: '9.999'"],
    ]
    content = json.loads(rows[2][2])
    assert (content["total_amount"], content["VendorID"], content["passenger_count"]) == ("9.999", "1", None)


def test_the_raw_zone_is_read_by_name_and_by_type(platform: Platform) -> None:
    raw = "select {} from elt_local_raw.trips where month = '{}'"
    (count, total) = platform.athena(raw.format("count(vendorid), sum(fare_amount)", "03"))[0]
    assert (count, total) == (500, pytest.approx(math.fsum(february()["fare_amount"].to_pylist())))
    assert platform.athena(raw.format("count(airport_fee), count(*)", "04")) == [[0, 100]], (
        "a field that the file lacks"
    )
    assert platform.athena(raw.format("count(passenger_count)", "03")) == [
        [february()["passenger_count"].drop_null().length()]
    ]
    with pytest.raises(Failed, match="passenger_count"):
        platform.athena(raw.format("count(passenger_count)", "02"))  # doubles, where the contract says bigint

    spectrum = "select count({}) from data_lake.trips where \"$path\" like '%2025-02-01%'"
    assert platform.warehouse(spectrum.format("*")) == [[TRIPS]]
    assert platform.warehouse("select count(fare_amount) from data_lake.trips") == [
        [sum(t.num_rows for t in LANDED.values()) + 3]
    ]
    with pytest.raises(Failed, match="incompatible Parquet schema for column 'vendorid'. Column type: BIGINT"):
        platform.warehouse("select count(vendorid) from data_lake.trips")  # Spectrum does not read int32 as bigint


def test_an_object_that_cannot_be_read_is_said_by_every_run_until_it_is_mended(platform: Platform) -> None:
    whole = month(5, 3000)
    broken = bytearray(file_of(whole, row_group_size=1000, write_page_checksum=True))
    broken[len(broken) // 2] ^= 255
    refused = platform.root / "uploads" / "cut.parquet"
    refused.write_bytes(bytes(broken[:-9]))
    assert "breaks off" in platform.cli("upload", "trips", str(refused), "--date", "2025-06-01", check=False).stderr
    # other tools put what they like into a bucket
    key = "trips/year=2025/month=06/day=01/yellow.parquet"
    platform.client("s3").put_object(Bucket=RAW, Key=key, Body=bytes(broken))
    unknown = pa.table({**{name: whole[name] for name in whole.column_names}, "cbd_congestion_fee": whole["extra"]})
    platform.upload("trips", "more.parquet", file_of(unknown.slice(0, 10)), "2025-06-02")

    before = sum(table.num_rows for table in LANDED.values())
    for _ in range(2):
        done = platform.cli("run", "trips", check=False)
        assert done.returncode == 1
        assert f"1 raw object can't be read (to mend: upload again, or remove): {key}: " in done.stderr
        status = platform.status("trips")
        assert [status[zone] for zone in ZONES] == [before + 13, 13, before, before, before, False]
    reasons = platform.athena(
        "select distinct line_number, reason from elt_local_raw.trips_rejected "
        "where object_key like '%/month=06/%' and line_number >= 0 order by line_number limit 2"
    )
    assert reasons[0][0] == 0 and "can't be read as Parquet" in reasons[0][1]
    assert reasons[1] == [1, "unknown fields: cbd_congestion_fee (double)"]

    platform.upload("trips", "yellow.parquet", file_of(whole), "2025-06-01")
    LANDED["2025-06-01"] = whole
    assert platform.run("trips")["state"] == "SUCCEEDED"
    landed = before + whole.num_rows
    assert [platform.status("trips")[zone] for zone in ZONES] == [landed + 13, 13, landed, landed, landed, True]
    assert platform.warehouse("select count(fare_amount), sum(fare_amount) from analytics.fact_trips")[0] == [
        sums("fare_amount")[0],
        pytest.approx(sums("fare_amount")[1], rel=1e-9),
    ]


def pending(platform: Platform) -> list[list[Any]]:
    return platform.query_file("warehouse", "sql/trips/queries/unified_pending.sql")
