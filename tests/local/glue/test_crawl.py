"""Which partitions a crawl adds."""

from typing import Any

import pytest

from local.engines.glue import crawl
from local.engines.glue.errors import GlueError

TABLE: dict[str, Any] = {
    "Name": "sales",
    "PartitionKeys": [{"Name": name, "Type": "string"} for name in ("year", "month", "day")],
    "Parameters": {"classification": "csv", "skip.header.line.count": "1"},
    "StorageDescriptor": {
        "Location": "s3://raw/sales/",
        "Columns": [{"Name": "order_id", "Type": "string"}],
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
    },
}


def found(keys, known=()):
    partitions, strays = crawl.missing_partitions(TABLE, keys, known)
    return [tuple(p["Values"]) for p in partitions], strays


def test_a_partition_is_added_once_however_many_files_it_holds():
    day = "sales/year=2025/month=01/day=15/"
    assert found([day + "a.csv", day + "b.csv"]) == ([("2025", "01", "15")], 0)


def test_known_partitions_stay_as_they_are():
    keys = ["sales/year=2025/month=01/day=15/a.csv", "sales/year=2025/month=01/day=16/a.csv"]
    assert found(keys, [["2025", "01", "15"]]) == ([("2025", "01", "16")], 0)


def test_a_partition_reads_as_its_table_does():
    (partition,), _ = crawl.missing_partitions(TABLE, ["sales/year=2025/month=01/day=15/a.csv"], [])
    assert partition["StorageDescriptor"] == {
        **TABLE["StorageDescriptor"],
        "Location": "s3://raw/sales/year=2025/month=01/day=15/",
    }
    assert partition["Parameters"] == {"classification": "csv"}


@pytest.mark.parametrize(
    "key",
    [
        "sales/a.csv",
        "sales/year=2025/month=01/a.csv",
        "sales/2025/01/15/a.csv",
        "sales/month=01/year=2025/day=15/a.csv",
        "sales/year=/month=01/day=15/a.csv",
        "sales/year=2025/month=01/day=15/_SUCCESS",
        "sales/year=2025/month=01/day=15/.hidden",
        "sales/_temporary/year=2025/month=01/day=15/a.csv",
    ],
)
def test_a_file_in_no_whole_partition_adds_none(key):
    assert found([key]) == ([], 1)


def test_folder_markers_are_no_data():
    assert found(["sales/", "sales/year=2025/", "sales/year=2025/month=01/day=15/"]) == ([], 0)


def test_escaped_values_are_read_and_locations_kept():
    (partition,), _ = crawl.missing_partitions(
        {**TABLE, "PartitionKeys": [{"Name": "region", "Type": "string"}]},
        ["sales/Region=us%20east/a.csv"],
        [],
    )
    assert partition["Values"] == ["us east"]
    assert partition["StorageDescriptor"]["Location"] == "s3://raw/sales/Region=us%20east/"


def test_a_location_elsewhere_is_no_target():
    with pytest.raises(GlueError, match="not an S3 location"):
        crawl.bucket_and_prefix("hdfs://raw/sales")
