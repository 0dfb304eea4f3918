from __future__ import annotations

import datetime

import pytest

from fakes import Bucket
from lakeshift_jobs import lake

DAY = "orders/year=2025/month=01/day=15"


def bucket(*keys: str) -> Bucket:
    return Bucket({("raw", key): key.encode() for key in keys})


def listed(fake: Bucket, *prefixes: str) -> lake.Listing:
    return lake.list_objects(fake.client, "raw", "orders", prefixes or ["orders/"])


def test_objects_are_listed_over_all_pages() -> None:
    keys = [f"{DAY}/{number}.csv" for number in range(5)]
    assert [item.key for item in listed(bucket(*keys)).objects] == keys


def test_folder_markers_and_hidden_names_are_no_data() -> None:
    hidden = [f"{DAY}/", f"{DAY}/_SUCCESS", f"{DAY}/.a.csv", f"{DAY}/_temporary/a.csv"]
    assert listed(bucket(*hidden)) == lake.Listing((), ())


@pytest.mark.parametrize("name", ["orders/a.csv", "orders/year=2025/a.csv", "orders/year=2025/month=02/day=30/a.csv",
                                  "orders/year=2025/month=1/day=5/a.csv"])  # fmt: skip
def test_objects_outside_a_partition_are_strays(name: str) -> None:
    assert listed(bucket(name)) == lake.Listing((), (name,))


def test_a_folder_below_a_partition_is_part_of_it() -> None:
    partition = lake.partition_of(f"{DAY}/shop/a.csv", "orders")
    assert partition and partition.date == datetime.date(2025, 1, 15) and partition.values == ["2025", "01", "15"]


def test_an_object_is_known_by_key_and_content() -> None:
    objects = listed(bucket(f"{DAY}/a.csv", f"{DAY}/b.csv", f"{DAY}/c.csv")).objects
    loaded = objects[0].modified_at.timestamp()
    ledger = [(objects[0].key, objects[0].etag, loaded), (objects[1].key, "another etag", loaded)]
    assert lake.unknown_objects(objects, ledger) == list(objects[1:])


def test_an_object_written_again_after_its_load_is_new_whatever_its_content() -> None:
    fake = bucket(f"{DAY}/a.csv", f"{DAY}/b.csv")
    before = listed(fake).objects
    loaded = before[0].modified_at + datetime.timedelta(minutes=1)
    fake.modified["raw", f"{DAY}/b.csv"] = loaded + datetime.timedelta(hours=1)
    ledger = [(item.key, item.etag, int(loaded.timestamp())) for item in before]
    assert [item.key for item in lake.unknown_objects(listed(fake).objects, ledger)] == [f"{DAY}/b.csv"]


def test_versions_are_pinned_and_objects_that_went_are_left_out() -> None:
    fake = bucket(f"{DAY}/a.csv", f"{DAY}/b.csv")
    objects = listed(fake).objects
    del fake.objects["raw", f"{DAY}/b.csv"]
    (pinned,) = lake.pin_versions(fake.client, "raw", objects)
    assert pinned.key == f"{DAY}/a.csv" and pinned.version_id and pinned.etag == objects[0].etag


def test_nothing_is_asked_of_objects_that_are_known() -> None:
    fake = bucket(f"{DAY}/a.csv")
    objects = listed(fake).objects
    new = lake.unknown_objects(objects, [(item.key, item.etag, item.modified_at.timestamp()) for item in objects])
    assert lake.pin_versions(fake.client, "raw", new) == []
    assert {name for name, _ in fake.service.calls} == {"ListObjectsV2"}


def test_a_window_lists_its_days_only() -> None:
    today = datetime.date(2025, 3, 1)
    assert lake.window_prefixes("orders", 0, today) == ["orders/"]
    assert lake.window_prefixes("orders", 2, today) == [
        "orders/year=2025/month=02/day=28/",
        "orders/year=2025/month=03/day=01/",
    ]


def test_addresses_are_split() -> None:
    assert lake.parse_uri("s3://bucket/a/b.zip") == ("bucket", "a/b.zip")
    with pytest.raises(ValueError, match="no S3 address"):
        lake.parse_uri("a/b.zip")
