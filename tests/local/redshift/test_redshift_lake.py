"""COPY, UNLOAD and external schemas against S3 and the Glue catalog."""

from __future__ import annotations

import datetime
import gzip
import json
import uuid
from decimal import Decimal

import pyarrow as pa
import pytest
from redshift_under_test import arn

COPIER, UNLOADER, LAKE = arn("copier"), arn("unloader"), arn("lake")
SCHEMA = pa.schema([
    ("id", pa.int32()),
    ("name", pa.string()),
    ("price", pa.decimal128(10, 2)),
    ("sold", pa.date32()),
    ("at", pa.timestamp("us", tz="UTC")),
    ("big", pa.int64()),
    ("ok", pa.bool_()),
    ("ratio", pa.float64()),
])  # fmt: skip
DDL = (
    "(id integer, name varchar(5), price decimal(10, 2), sold date, at timestamp, big bigint, ok boolean, ratio float8)"
)
AT = datetime.datetime(2025, 1, 15, 10, 20, 30, 123456, tzinfo=datetime.UTC)
ROWS = [
    (1, "äö", Decimal("29.99"), datetime.date(2025, 1, 15), AT, 2**40, True, 0.5),
    (2, "", Decimal("-0.01"), datetime.date(2025, 2, 16), AT, -1, False, 1e300),
    (3, None, None, None, None, None, None, None),
    (4, 'a"\n,', Decimal("0.00"), datetime.date(2025, 2, 1), AT, 0, None, 0.0),
]


def table(rows=ROWS, schema=SCHEMA) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)


@pytest.fixture
def place(gateway):
    """A table `t` and a prefix in the lake, both the test's own."""
    name = f"t{uuid.uuid4().hex[:10]}"
    gateway.done(f"create table {name} {DDL}", admin=True)
    return name


def copy(name: str, path: str = "", role: str = COPIER, options: str = "") -> str:
    return f"copy {name} from 's3://processed/{name}/{path}' iam_role '{role}' format as parquet {options}"


# -- COPY ---------------------------------------------------------------------------------------------


def test_copy_loads_every_file_under_a_prefix(gateway, place):
    gateway.put_parquet(f"{place}/a.parquet", table(ROWS[:2]))
    gateway.put_parquet(f"{place}/b/c.parquet", table(ROWS[2:]))
    gateway.client("s3").put_object(Bucket="processed", Key=f"{place}/_SUCCESS", Body=b"")
    assert gateway.done(copy(place), admin=True)["ResultRows"] == 4
    rows = gateway.rows(f"select * from {place} order by id", admin=True)
    assert rows[0] == [1, "äö", "29.99", "2025-01-15", "2025-01-15 10:20:30.123456", 2**40, True, 0.5]
    assert rows[1][1] == "" and rows[2][1:] == [None] * 7 and rows[3][1] == 'a"\n,'


def manifest(gateway, place: str, entries: list) -> None:
    body = json.dumps({"entries": entries})
    gateway.client("s3").put_object(Bucket="processed", Key=f"{place}/files.manifest", Body=body.encode())


def test_copy_by_manifest(gateway, place):
    size = gateway.put_parquet(f"{place}/a.parquet", table())
    url = f"s3://processed/{place}/a.parquet"
    there = {"url": url, "mandatory": True, "meta": {"content_length": size}}
    statement = copy(place, "files.manifest", options="manifest")
    manifest(gateway, place, [there, {"url": url + ".gone", "mandatory": False, "meta": {"content_length": 1}}])
    assert gateway.done(statement, admin=True)["ResultRows"] == 4
    manifest(gateway, place, [there, {"url": url + ".gone", "mandatory": True, "meta": {"content_length": 1}}])
    assert "mandatory file" in gateway.error(statement, admin=True)
    manifest(gateway, place, [{"url": url, "mandatory": True}])
    assert "content_length" in gateway.error(statement, admin=True)
    manifest(gateway, place, [{**there, "meta": {"content_length": size + 1}}])
    assert "content_length" in gateway.error(statement, admin=True)


def test_copy_goes_by_position_and_wants_equal_counts(gateway, place):
    renamed = table().rename_columns([f"c{n}" for n in range(8)])
    gateway.put_parquet(f"{place}/a.parquet", renamed)
    gateway.done(copy(place), admin=True)
    gateway.put_parquet(f"{place}/a.parquet", table().select(["id", "name"]))
    error = gateway.error(copy(place), admin=True)
    assert "Unmatched number of columns between table and file. Table columns: 8, Data columns: 2" in error
    listed = copy(f"{place} (id, name)").replace(f"{place} (id, name)/", f"{place}/")
    assert gateway.done(listed, admin=True)["ResultRows"] == 4


def test_copy_leaves_identity_columns_to_the_table(gateway, place):
    gateway.done(f"create table {place}_i (id bigint identity(1, 1), n integer)", admin=True)
    gateway.put_parquet(f"{place}_i/a.parquet", table().select(["id"]))
    assert gateway.done(copy(f"{place}_i"), admin=True)["ResultRows"] == 4


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("id", pa.array([1], pa.int64())),
        ("big", pa.array([1], pa.int32())),
        ("price", pa.array([Decimal("1.000")], pa.decimal128(10, 3))),
        ("price", pa.array([1.0], pa.float64())),
        ("name", pa.array([1], pa.int32())),
        ("sold", pa.array(["2025-01-15"], pa.string())),
        ("at", pa.array([0], pa.timestamp("ns"))),
    ],
    ids=str,
)
def test_copy_converts_no_types(gateway, place, column, values):
    good = table(ROWS[:1])
    index = good.schema.get_field_index(column)
    gateway.put_parquet(f"{place}/a.parquet", good.set_column(index, column, values))
    assert f"incompatible Parquet schema for column '{column}'" in gateway.error(copy(place), admin=True)


def test_one_bad_value_aborts_the_copy(gateway, place):
    gateway.put_parquet(f"{place}/a.parquet", table([ROWS[0], (9, "äöü", *ROWS[0][2:])]))
    error = gateway.error(copy(place), admin=True)
    assert "longer than the length defined in the table. Table: 5, Data: 6" in error
    assert gateway.rows(f"select count(*) from {place}", admin=True) == [[0]]
    assert "does not exist" in gateway.error(copy(place, "nothing/"), admin=True)
    gateway.client("s3").put_object(Bucket="processed", Key=f"{place}/bad/x", Body=b"no parquet")
    assert "invalid Parquet format" in gateway.error(copy(place, "bad/"), admin=True)


def test_copy_and_unload_need_the_role_attached_and_granted(gateway, place):
    gateway.put_parquet(f"{place}/a.parquet", table())
    stranger = arn("stranger")
    assert f"not authorized to assume IAM Role {stranger}" in gateway.error(copy(place, role=stranger), admin=True)
    user = "IAMR:elt-test-load"
    gateway.rows("select 1", "elt-test-load")  # the first login makes the user
    gateway.done(f'grant select, insert on {place} to "{user}"', admin=True)
    gateway.done(copy(place), "elt-test-load")  # everyone may, until it is revoked
    gateway.done("revoke assumerole on all from public for all", admin=True)
    try:
        error = gateway.error(copy(place), "elt-test-load")
        assert error == f'ERROR: User {user} does not have ASSUMEROLE permission on IAM role "{COPIER}" for COPY'
        gateway.done(f"grant assumerole on '{COPIER}' to \"{user}\" for copy", admin=True)
        gateway.done(copy(place), "elt-test-load")
        unload = f"unload ('select id from {place}') to 's3://processed/{place}/o/' iam_role '{COPIER}' parquet"
        assert "for UNLOAD" in gateway.error(unload, "elt-test-load")
        gateway.done(copy(place), admin=True)  # a superuser keeps it
    finally:
        gateway.done("grant assumerole on all to public for all", admin=True)


# -- UNLOAD -------------------------------------------------------------------------------------------


def unload(query: str, path: str, options: str = "") -> str:
    doubled = query.replace("'", "''")
    return f"unload ('{doubled}') to 's3://processed/{path}' iam_role '{UNLOADER}' format as parquet {options}"


def test_unload_writes_what_copy_read(gateway, place):
    gateway.put_parquet(f"{place}/a.parquet", table())
    gateway.done(copy(place), admin=True)
    out = f"{place}-out"
    assert gateway.done(unload(f"select * from {place} order by id", f"{out}/"), admin=True)["ResultRows"] == 4
    (key,) = gateway.keys(out)
    assert key == f"{out}/0000_part_00.parquet"
    written = gateway.get_parquet(key)
    assert written.schema.field("price").type == pa.decimal128(10, 2)
    assert written.schema.field("at").type == pa.timestamp("us")
    expected = [tuple(v.replace(tzinfo=None) if isinstance(v, datetime.datetime) else v for v in row) for row in ROWS]
    assert [tuple(row.values()) for row in written.to_pylist()] == expected
    gateway.done(f"truncate {place}", admin=True)
    gateway.done(copy(place).replace(f"{place}/'", f"{out}/'"), admin=True)
    assert gateway.rows(f"select sum(price), count(*) from {place}", admin=True) == [["29.98", 4]]


def test_unload_by_partition_leaves_the_partition_columns_out(gateway, place):
    gateway.put_parquet(f"{place}/a.parquet", table())
    gateway.done(copy(place), admin=True)
    out = f"{place}-parts"
    query = f"select id, price, extract(year from sold) as y, extract(month from sold) as m from {place}"
    gateway.done(unload(query, out, "partition by (y, m)"), admin=True)
    keys = gateway.keys(out)
    default = "__HIVE_DEFAULT_PARTITION__"
    assert sorted(keys) == sorted([
        f"{out}/y=2025/m=1/0000_part_00.parquet",
        f"{out}/y=2025/m=2/0000_part_00.parquet",
        f"{out}/y={default}/m={default}/0000_part_00.parquet",
    ])  # fmt: skip
    assert gateway.get_parquet(f"{out}/y=2025/m=2/0000_part_00.parquet").column_names == ["id", "price"]
    gateway.done(unload(query, out + "-included", "partition by (m) include"), admin=True)
    assert "m" in gateway.get_parquet(f"{out}-included/m=1/0000_part_00.parquet").column_names


def test_unload_overwrites_only_when_told(gateway, place):
    out = f"{place}-full"
    statement = unload("select 1 as a", f"{out}/")
    gateway.done(statement, admin=True)
    assert "Specified unload destination on S3 is not empty" in gateway.error(statement, admin=True)
    gateway.done(statement + " allowoverwrite", admin=True)
    gateway.put_parquet(f"{out}/stale.parquet", table())
    gateway.done(statement + " allowoverwrite", admin=True)
    assert f"{out}/stale.parquet" in gateway.keys(out)
    gateway.done(statement + " cleanpath manifest", admin=True)
    assert gateway.keys(out) == [f"{out}/0000_part_00.parquet", f"{out}/manifest"]


def test_unload_of_nothing_writes_nothing(gateway, place):
    gateway.done(unload(f"select id from {place}", f"{place}-none/"), admin=True)
    assert gateway.keys(f"{place}-none") == []


def test_unload_encrypts(gateway, place):
    key = gateway.client("kms").create_key()["KeyMetadata"]["KeyId"]
    gateway.done(unload("select 1 as a", f"{place}-plain/"), admin=True)
    gateway.done(unload("select 1 as a", f"{place}-kms/", f"kms_key_id '{key}' encrypted"), admin=True)
    head = gateway.client("s3").head_object(Bucket="processed", Key=f"{place}-kms/0000_part_00.parquet")
    assert head["ServerSideEncryption"] == "aws:kms"
    assert "KMS_KEY_ID" in gateway.error(unload("select 1 as a", f"{place}-x/", "encrypted"), admin=True)


def test_unloaded_aggregates_are_decimals(gateway, place):
    gateway.done(unload("select sum(1.25) as total, 'x' as word", f"{place}-sums/"), admin=True)
    written = gateway.get_parquet(f"{place}-sums/0000_part_00.parquet")
    assert written.schema.field("total").type == pa.decimal128(38, 2)
    assert written.to_pylist() == [{"total": Decimal("1.25"), "word": "x"}]


# -- external schemas -----------------------------------------------------------------------------------

HEADER = "order_id,customer,price\n"


@pytest.fixture(scope="module")
def lake(gateway):
    """A Glue database of four tables, known to the warehouse as schema data_lake."""
    glue = gateway.client("glue")
    glue.create_database(DatabaseInput={"Name": "lake"})
    strings = [{"Name": name, "Type": "string"} for name in ("order_id", "customer", "price")]

    def create(name, serde, columns, parameters=None, keys=(), properties=None):
        storage = {
            "Columns": columns,
            "Location": f"s3://raw/{name}/",
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters or {}},
        }
        glue.create_table(DatabaseName="lake", TableInput={
            "Name": name, "StorageDescriptor": storage, "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys], "Parameters": properties or {},
        })  # fmt: skip
        return storage

    def partition(name, storage, day):
        location = f"s3://raw/{name}/day={day}/"
        glue.create_partition(DatabaseName="lake", TableName=name, PartitionInput={
            "Values": [day], "StorageDescriptor": {**storage, "Location": location},
        })  # fmt: skip

    put = gateway.client("s3").put_object
    options = {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"}
    storage = create("orders", "org.apache.hadoop.hive.serde2.OpenCSVSerde", strings, options, ["day"],
                     {"skip.header.line.count": "1", "projection.enabled": "true"})  # fmt: skip
    put(Bucket="raw", Key="orders/day=01/a.csv", Body=(HEADER + '1,"A, B",1.50\n2,"say ""hi""",x\n').encode())
    put(Bucket="raw", Key="orders/day=02/b.csv.gz", Body=gzip.compress((HEADER + "3,C\n").encode()))
    put(Bucket="raw", Key="orders/day=03/c.csv", Body=(HEADER + "4,D,4.00\n").encode())
    for day in ("01", "02"):
        partition("orders", storage, day)
    typed = [{"Name": "id", "Type": "int"}, {"Name": "note", "Type": "string"}]
    create("events", "org.openx.data.jsonserde.JsonSerDe", typed)
    put(Bucket="raw", Key="events/e.jsonl", Body=b'{"id": 1, "note": "x", "more": [1]}\n{"ID": 2, "note": {"a": 1}}\n')
    create("facts", "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", typed)
    gateway.put_parquet("facts/f.parquet", pa.table({"note": ["y"], "id": pa.array([7], pa.int32())}), bucket="raw")
    create("empty", "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", typed)
    gateway.done(
        "create external schema if not exists data_lake from data catalog database 'lake' region 'us-east-1' "
        f"iam_role '{LAKE}'",
        admin=True,
    )
    return gateway


def test_an_external_table_has_the_registered_partitions(lake):
    rows = lake.rows("select order_id, customer, price, day from data_lake.orders order by order_id", admin=True)
    assert rows == [["1", "A, B", "1.50", "01"], ["2", 'say "hi"', "x", "01"], ["3", "C", None, "02"]]
    assert lake.rows("select count(*) from data_lake.orders as o where o.day = '01'", admin=True) == [[2]]


def test_pseudo_columns(lake):
    rows = lake.rows('select distinct "$path", "$size" from data_lake.orders where day = \'01\'', admin=True)
    assert rows == [["s3://raw/orders/day=01/a.csv", len(HEADER) + 31]]
    counted = 'select "$size", count(*) from data_lake.orders where "$path" like \'%/a.csv\' group by "$size"'
    assert lake.rows(counted, admin=True) == [[len(HEADER) + 31, 2]]


def test_json_and_parquet(lake):
    assert lake.rows("select id, note from data_lake.events order by id", admin=True) == [[1, "x"], [2, '{"a": 1}']]
    assert lake.rows("select f.id, note from data_lake.facts f", admin=True) == [[7, "y"]]
    assert lake.rows("select * from data_lake.empty", admin=True) == []


PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
# declared type → what Spectrum reads as it, and what it refuses
DECLARED = {
    "smallint": ([pa.int16(), pa.int32()], [pa.int64(), pa.string()]),
    "int": ([pa.int32()], [pa.int64(), pa.float64()]),
    "bigint": ([pa.int64()], [pa.int32(), pa.float64(), pa.string()]),
    "float": ([pa.float32()], [pa.float64()]),
    "double": ([pa.float64()], [pa.float32(), pa.int64()]),
    "decimal(10,2)": ([pa.decimal128(10, 2)], [pa.decimal128(12, 2), pa.decimal128(10, 3), pa.float64()]),
    "boolean": ([pa.bool_()], [pa.int32()]),
    "date": ([pa.date32()], [pa.timestamp("us"), pa.string()]),
    "timestamp": (
        [pa.timestamp("us"), pa.timestamp("ms"), pa.timestamp("us", "UTC")],
        [pa.timestamp("ns"), pa.date32(), pa.int64()],
    ),
    "string": ([pa.string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())], [pa.int32(), pa.float64()]),
}


def test_a_parquet_column_is_read_by_its_own_type_only(lake):
    """By name, and only if it is asked for: a count needs no column."""
    glue, number = lake.client("glue"), 0
    for declared, (good, bad) in DECLARED.items():
        for kind in (*good, *bad):
            number += 1
            name = f"typed{number}"
            glue.create_table(DatabaseName="lake", TableInput={
                "Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": {
                    "Columns": [{"Name": "gone", "Type": "int"}, {"Name": "a b", "Type": declared}],
                    "Location": f"s3://raw/{name}/", "SerdeInfo": {"SerializationLibrary": PARQUET},
                },
            })  # fmt: skip
            lake.put_parquet(f"{name}/f.parquet", pa.table({"A b": pa.nulls(3, kind)}), bucket="raw")
            assert lake.rows(f"select count(*) from data_lake.{name}", admin=True) == [[3]]
            asked = f'select count("a b"), count(gone) from data_lake.{name}'
            if kind in good:
                assert lake.rows(asked, admin=True) == [[0, 0]], (declared, kind)
            else:
                assert "incompatible Parquet schema for column 'a b'" in lake.error(asked, admin=True), (declared, kind)


def test_what_hive_and_spark_write_as_int96_is_a_timestamp(lake):
    moments = pa.array([datetime.datetime(1, 1, 1), datetime.datetime(2025, 1, 2, 3, 4, 5, 678901)], pa.timestamp("us"))
    glue = lake.client("glue")
    glue.create_table(DatabaseName="lake", TableInput={
        "Name": "moments", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": {
            "Columns": [{"Name": "at", "Type": "timestamp"}], "Location": "s3://raw/moments/",
            "SerdeInfo": {"SerializationLibrary": PARQUET},
        },
    })  # fmt: skip
    lake.put_parquet("moments/f.parquet", pa.table({"at": moments}), "raw", use_deprecated_int96_timestamps=True)
    rows = lake.rows("select cast(at as varchar(26)) from data_lake.moments order by 1", admin=True)
    assert rows == [["0001-01-01 00:00:00"], ["2025-01-02 03:04:05.678901"]]


def test_a_file_that_is_no_parquet_fails_every_question(lake, awkward):
    awkward("facts/broken.parquet", b"PAR1 no more PAR1")
    for asked in ("count(*)", "max(id)"):
        error = lake.error(f"select {asked} from data_lake.facts", admin=True)
        assert "File 's3://raw/facts/broken.parquet' has an invalid Parquet format" in error


@pytest.fixture
def awkward(lake):
    """Puts objects beside those of the tables, and takes them away again."""
    s3, keys = lake.client("s3"), []

    def put(key, body):
        s3.put_object(Bucket="raw", Key=key, Body=body)
        keys.append(key)

    yield put
    for key in keys:
        s3.delete_object(Bucket="raw", Key=key)


def test_what_is_no_text_shows_as_the_replacement_character(lake, awkward):
    awkward("orders/day=01/n.csv", HEADER.encode() + b"8\x00,C\x00\xff,1\n")
    rows = lake.rows("select order_id, customer, price from data_lake.orders where order_id like '8%'", admin=True)
    assert rows == [["8\ufffd", "C\ufffd\ufffd", "1"]]
    awkward("events/n.jsonl", b'{"id": 8, "note": "a\\u0000b\\ud83d"}\n')
    assert lake.rows("select note from data_lake.events where id = 8", admin=True) == [["a\ufffdb\ufffd"]]


def test_lines_that_are_no_good_csv_are_read_as_by_the_serde(lake, awkward):
    lines = {
        '"70,A,1': [None, None, None],
        '71",A,1': [None, None, None],
        '72,A"B,1': ["72", None, None],
        '73,A"B"C,1': ["73", 'A"B"C', "1"],
        '74,"A"B,1': ["74", 'A"B', "1"],
        '75, "A" ,1': ["75", 'A" ', "1"],
        "76,A\\B,\\\\": ["76", "AB", ""],
        '77,A\\"B,A\\\\B': ["77", 'A"B', "A\\B"],
        '78,A""B,"C""D"': ["78", 'A"B', 'C"D'],
        f'79,"A\\"{"x" * 200_000}",1': ["79", f'A"{"x" * 200_000}', "1"],
        "": ["", None, None],
    }
    awkward("orders/day=01/n.csv", (HEADER + "\n".join(lines) + "\n").encode())
    rows = lake.rows(
        "select order_id, customer, price from data_lake.orders where \"$path\" like '%/n.csv'", admin=True
    )
    assert sorted(rows, key=str) == sorted(lines.values(), key=str)


def test_json_too_deep_to_parse_is_malformed(lake, awkward):
    awkward("events/n.jsonl", b'{"id": 8, "note": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n")
    error = lake.error("select id from data_lake.events", admin=True)
    assert "Error while parsing JSON, line 1 of s3://raw/events/n.jsonl" in error


def test_an_object_that_can_not_be_unpacked_is_named(lake, awkward):
    awkward("orders/day=01/n.csv.gz", gzip.compress(HEADER.encode() * 1000)[:-10])
    assert "orders/day=01/n.csv.gz can't be unpacked" in lake.error("select * from data_lake.orders", admin=True)


def test_external_tables_join_and_feed_others(lake):
    joined = "data_lake.events e join data_lake.facts f on e.note <> f.note"
    sql = f"select count(*) from {joined} where data_lake.events.id = 1"
    assert "missing FROM-clause" in lake.error(sql, admin=True)  # the alias hides the name
    assert lake.rows(sql.replace("data_lake.events.id", "e.id"), admin=True) == [[1]]
    rows = lake.rows(["create temp table t as select id from data_lake.events", "select count(*) from t"], admin=True)
    assert rows == [[2]]


def test_what_external_tables_do_not_allow(lake):
    assert 'relation "data_lake.nothing" does not exist' in lake.error("select * from data_lake.nothing", admin=True)
    for sql in (
        "insert into data_lake.events values (1, 'x')",
        "delete from data_lake.events",
        "create view v as select id from data_lake.events",
        "grant select on data_lake.events to public",
        "create materialized view m as select id from data_lake.events",
    ):
        assert lake.run(sql, admin=True)["Status"] == "FAILED", sql
    assert (
        lake.error("select id from data_lake.events", "elt-test-transform")
        == "ERROR: permission denied for schema data_lake"
    )
    lake.done('grant usage on schema data_lake to "IAMR:elt-test-transform"', admin=True)
    assert lake.rows("select count(*) from data_lake.events", "elt-test-transform") == [[2]]


def test_a_late_binding_view_over_the_lake(lake):
    lake.done(
        "create view event_ids as select id from data_lake.events where id > 1 with no schema binding", admin=True
    )
    assert lake.rows("select v.id from event_ids v", admin=True) == [[2]]


def test_schemas_are_listed(lake):
    assert lake.rows("select trim(schemaname), trim(databasename) from svv_external_schemas", admin=True) == [
        ["data_lake", "lake"]
    ]


def test_parquet_written_by_unload_is_read_by_an_external_table(lake):
    lake.done(
        f"unload ('select 5 as id, ''z'' as note') to 's3://raw/empty/' iam_role '{UNLOADER}' format as parquet",
        admin=True,
    )
    assert lake.rows("select id, note from data_lake.empty", admin=True) == [[5, "z"]]
