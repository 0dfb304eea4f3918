"""Hive's DDL through a Glue catalog that remembers what it was told."""

import base64
import json

import pytest
from botocore.exceptions import ClientError

from local.engines.athena import hive_ddl
from local.engines.athena.errors import QueryFailed
from local.engines.athena.statements import recognise


class Glue:
    """The few calls of the catalog, in memory."""

    def __init__(self):
        self.tables = {}
        self.partitions = {}

    def get_table(self, DatabaseName, Name):
        if (DatabaseName, Name) not in self.tables:
            raise ClientError({"Error": {"Code": "EntityNotFoundException"}}, "GetTable")
        return {"Table": {"DatabaseName": DatabaseName, **self.tables[DatabaseName, Name]}}

    def create_table(self, DatabaseName, TableInput):
        self.tables[DatabaseName, TableInput["Name"]] = TableInput

    def delete_table(self, DatabaseName, Name):
        del self.tables[DatabaseName, Name]

    def batch_create_partition(self, DatabaseName, TableName, PartitionInputList):
        self.partitions.setdefault(TableName, []).extend(PartitionInputList)
        return {}

    def delete_partition(self, DatabaseName, TableName, PartitionValues):
        kept = [p for p in self.partitions[TableName] if p["Values"] != PartitionValues]
        self.partitions[TableName] = kept

    def get_paginator(self, operation):
        answers = {
            "get_partitions": lambda DatabaseName, TableName: {"Partitions": self.partitions.get(TableName, [])},
            "get_tables": lambda DatabaseName: {
                "TableList": [t for (d, _), t in self.tables.items() if d == DatabaseName]
            },
        }
        return Pages(answers[operation])


class S3:
    """Folders for MSCK REPAIR TABLE."""

    def __init__(self, keys):
        self.keys = keys

    def get_paginator(self, operation):
        def folders(Bucket, Prefix, Delimiter):
            inside = [k[len(Prefix) :] for k in self.keys if k.startswith(Prefix)]
            names = sorted({k.split("/")[0] for k in inside if "/" in k})
            return {"CommonPrefixes": [{"Prefix": f"{Prefix}{name}/"} for name in names]}

        return Pages(folders)


class Pages:
    def __init__(self, answer):
        self.paginate = lambda **arguments: [answer(**arguments)]


@pytest.fixture
def glue():
    return Glue()


@pytest.fixture
def run(glue):
    def run(sql, keys=()):
        return hive_ddl.run(recognise(sql), "db", glue, S3(keys))

    return run


CREATE = r"""
create external table if not exists `sales` (
    `order_id` string comment 'the key',
    lines array<struct<sku: string, price: decimal(10, 2)>>
)
comment 'orders'
partitioned by (year string, month string)
row format serde 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
with serdeproperties ('separatorChar' = ',', 'escapeChar' = '\\')
location 's3://raw/sales/'
tblproperties ('skip.header.line.count' = '1')
"""


def test_create_external_table_fills_the_catalog(run, glue):
    run(CREATE)
    table = glue.tables["db", "sales"]
    storage = table["StorageDescriptor"]
    assert table["Description"] == "orders"
    assert table["Parameters"] == {"EXTERNAL": "TRUE", "skip.header.line.count": "1"}
    assert [key["Name"] for key in table["PartitionKeys"]] == ["year", "month"]
    assert storage["Columns"] == [
        {"Name": "order_id", "Type": "string", "Comment": "the key"},
        {"Name": "lines", "Type": "array<struct<sku:string,price:decimal(10,2)>>"},
    ]
    assert storage["Location"] == "s3://raw/sales/"
    assert storage["SerdeInfo"]["Parameters"] == {"separatorChar": ",", "escapeChar": "\\"}


def test_if_not_exists_leaves_the_table_alone(run):
    run(CREATE)
    run(CREATE)
    with pytest.raises(QueryFailed, match="already exists"):
        run(CREATE.replace("if not exists", ""))


def test_a_mistake_is_shown_with_its_place(run):
    with pytest.raises(QueryFailed, match="line 2:1 cannot recognize input near 'nonsense'"):
        run("create external table t (a int)\n nonsense location 's3://b/'")


def test_stored_as_sets_the_three_classes(run, glue):
    run("create external table p (a int) stored as parquet location 's3://b/p/'")
    storage = glue.tables["db", "p"]["StorageDescriptor"]
    assert storage["SerdeInfo"]["SerializationLibrary"].endswith("ParquetHiveSerDe")
    assert storage["InputFormat"].endswith("MapredParquetInputFormat")


def test_partitions_are_added_shown_and_dropped(run, glue):
    run(CREATE)
    run(
        "alter table sales add if not exists partition (month = '01', year = '2025') "
        "partition (year = '2025', month = '02') location 's3://elsewhere/'"
    )
    locations = [p["StorageDescriptor"]["Location"] for p in glue.partitions["sales"]]
    assert locations == ["s3://raw/sales/year=2025/month=01/", "s3://elsewhere/"]
    shown = run("show partitions db.sales").lines
    assert shown == ["year=2025/month=01", "year=2025/month=02"]
    run("alter table sales drop partition (year = '2025', month = '02')")
    assert run("show partitions sales").lines == ["year=2025/month=01"]
    with pytest.raises(QueryFailed, match="does not exist"):
        run("alter table sales drop partition (year = '2025', month = '02')")


def test_a_partition_needs_every_key(run):
    run(CREATE)
    with pytest.raises(QueryFailed, match="the keys of sales are year, month"):
        run("alter table sales add partition (year = '2025')")


def test_repair_finds_the_folders_that_the_catalog_lacks(run, glue):
    run(CREATE)
    run("alter table sales add partition (year = '2025', month = '01')")
    keys = [
        "sales/year=2025/month=01/a.csv",
        "sales/year=2025/month=02/a.csv",
        "sales/other/a.csv",
    ]
    said = run("msck repair table sales", keys).lines
    assert said == [
        "Partitions not in metastore:\tsales:year=2025/month=02",
        "Repair: Added partition to metastore sales:year=2025/month=02",
    ]
    assert run("msck repair table sales", keys).lines == []


def test_describe_lists_columns_then_partition_keys(run):
    run(CREATE)
    lines = run("describe sales").lines
    assert lines[0] == f"{'order_id':<20}\t{'string':<20}\t{'the key':<20}"
    assert [line.split()[0] for line in lines[2:4]] == ["year", "month"]
    assert "# Partition Information\t \t " in lines


def test_a_views_columns_are_those_of_its_query(run, glue):
    text = json.dumps({"columns": [{"name": "n", "type": "bigint"}, {"name": "t", "type": "varchar"}]})
    glue.tables["db", "v"] = {
        "Name": "v",
        "TableType": "VIRTUAL_VIEW",
        "ViewOriginalText": f"/* Presto View: {base64.b64encode(text.encode()).decode()} */",
        "StorageDescriptor": {"Columns": [{"Name": "dummy", "Type": "string"}]},
    }
    assert [line.split() for line in run("describe v").lines] == [["n", "bigint"], ["t", "string"]]
    assert run("show views").lines == ["v"]
    with pytest.raises(QueryFailed, match="Cannot drop a view"):
        run("drop table v")


def test_tables_are_listed_by_pattern_and_dropped(run, glue):
    run(CREATE)
    run("create external table stock (a int) location 's3://b/'")
    assert run("show tables").lines == ["sales", "stock"]
    assert run("show tables in db like 'sa*|x*'").lines == ["sales"]
    run("drop table if exists sales")
    run("drop table if exists sales")
    assert run("show tables").lines == ["stock"]
    with pytest.raises(QueryFailed, match="Table not found"):
        run("drop table sales")
