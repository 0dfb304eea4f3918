"""The local Athena as a whole: gateway, Glue's catalog, S3 and a real Trino."""

import io
import signal
import time

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from athena_under_test import Athena, Gateway
from botocore.exceptions import ClientError

CSV = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"},
    },
}
PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
HEADER = b"order_id,region,amount\n"


def columns(*pairs):
    return [{"Name": name, "Type": kind} for name, kind in pairs]


@pytest.fixture(scope="module")
def s3(gateway):
    client = gateway.client("s3")
    for bucket in ("raw", "curated", "results"):
        client.create_bucket(Bucket=bucket)
    return client


@pytest.fixture(scope="module")
def glue(gateway):
    client = gateway.client("glue")
    client.create_database(DatabaseInput={"Name": "lake"})
    return client


@pytest.fixture(scope="module")
def athena(gateway, s3, glue):
    client = gateway.client("athena")
    client.create_work_group(
        Name="lake",
        Configuration={
            "ResultConfiguration": {
                "OutputLocation": "s3://results/out/",
                "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
            },
            "EnforceWorkGroupConfiguration": True,
            "PublishCloudWatchMetricsEnabled": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    return Athena(client, "lake", "lake")


@pytest.fixture(scope="module")
def raw(s3, glue):
    """Adds a file to a raw table of its own and returns the table's name."""
    made: list[str] = []

    def add(content: bytes, **files: bytes) -> str:
        table = f"raw{len(made)}"
        made.append(table)
        storage = {
            "Columns": columns(("order_id", "string"), ("region", "string"), ("amount", "string")),
            **CSV,
        }
        glue.create_table(
            DatabaseName="lake",
            TableInput={
                "Name": table,
                "TableType": "EXTERNAL_TABLE",
                "PartitionKeys": columns(("day", "string")),
                "Parameters": {"skip.header.line.count": "1"},
                "StorageDescriptor": {**storage, "Location": f"s3://raw/{table}/"},
            },
        )
        folder = f"{table}/day=15/"
        glue.create_partition(
            DatabaseName="lake",
            TableName=table,
            PartitionInput={
                "Values": ["15"],
                "StorageDescriptor": {**storage, "Location": f"s3://raw/{folder}"},
            },
        )
        for name, body in {"orders.csv": HEADER + content, **files}.items():
            s3.put_object(Bucket="raw", Key=folder + name, Body=body)
        return table

    return add


class TestReading:
    def test_ragged_lines_read_as_by_opencsvserde(self, athena, raw):
        table = raw(
            b"1,us-east,9.99\n"
            b"2,us-west\n"  # missing columns are null
            b"3,eu,1.00,more,still more\n"  # further ones are dropped
            b"4,eu,\n"  # empty is not null
            b'5,"a, ""quoted"" b",1\\,5\n'  # the escape character is dropped and saves no comma
            b'6,"open,1\n'  # a quote that never closes takes its field and the rest
            b"\n"  # a blank line is a row of nulls
            b"   \n"
            b"7,last,1"
        )
        rows = athena.rows(f"select order_id, region, amount from {table}")
        assert rows == [
            ["1", "us-east", "9.99"],
            ["2", "us-west", None],
            ["3", "eu", "1.00"],
            ["4", "eu", ""],
            ["5", 'a, "quoted" b', "1"],
            ["6", None, None],
            [None, None, None],
            ["   ", None, None],
            ["7", "last", "1"],
        ]

    def test_blank_lines_can_be_told_from_records(self, athena, raw):
        table = raw(b"1,a,1\n\n  \n2\n,,\n3,b,2\n")
        blank = "coalesce(trim(order_id), '') = '' and region is null and amount is null"
        assert athena.rows(f"select count(*), count_if({blank}) from {table}") == [["6", "2"]]

    def test_sub_folders_are_read_and_hidden_files_are_not(self, athena, raw):
        table = raw(
            b"1,a,1\n",
            **{
                "deeper/more.csv": HEADER + b"2,a,1\n",
                "_hidden.csv": HEADER + b"3,a,1\n",
                ".hidden.csv": HEADER + b"4,a,1\n",
            },
        )
        assert athena.rows(f"select order_id from {table} order by 1") == [["1"], ["2"]]

    def test_the_path_of_a_row_is_known(self, athena, raw):
        table = raw(b"1,a,1\n")
        path = f"s3://raw/{table}/day=15/orders.csv"
        assert athena.rows(f'select "$path" from {table}') == [[path]]

    def test_integers_divide_to_integers(self, athena):
        assert athena.rows("select 7 / 2, 7 / 2.0") == [["3", "3.5"]]

    def test_the_engines_insides_stay_hidden(self, athena):
        found = athena.wait(athena.start("select * from system.runtime.nodes"))
        assert found["Status"]["State"] == "FAILED"
        assert "Access Denied" in found["Status"]["StateChangeReason"]


class TestPublishing:
    def test_a_partition_switched_a_moment_ago_is_seen(self, athena, s3, glue):
        storage = {"Columns": columns(("n", "int"), ("total", "decimal(10,2)")), **PARQUET}
        glue.create_table(
            DatabaseName="lake",
            TableInput={
                "Name": "fact",
                "TableType": "EXTERNAL_TABLE",
                "PartitionKeys": columns(("order_year", "int")),
                "StorageDescriptor": {**storage, "Location": "s3://curated/fact/"},
            },
        )

        def location(folder):
            return {
                "Values": ["2025"],
                "StorageDescriptor": {**storage, "Location": f"s3://curated/fact/{folder}/"},
            }

        # a partition whose folder is empty has no rows; that is no error
        glue.create_partition(DatabaseName="lake", TableName="fact", PartitionInput=location("nothing"))
        assert athena.rows("select count(*) from fact") == [["0"]]
        for run, value in (("one", "1.50"), ("two", "2.50")):
            sql = f"create table {run} as select 7 n, cast({value} as decimal(10, 2)) total"
            made = athena.run(sql)["ResultConfiguration"]["OutputLocation"]
            bucket, _, prefix = made.removeprefix("s3://").partition("/")
            for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
                s3.copy_object(
                    CopySource={"Bucket": bucket, "Key": item["Key"]},
                    Bucket="curated",
                    Key=f"fact/{run}/{item['Key'].rpartition('/')[2]}",
                )
            glue.batch_update_partition(
                DatabaseName="lake",
                TableName="fact",
                Entries=[{"PartitionValueList": ["2025"], "PartitionInput": location(run)}],
            )
            rows = athena.rows("select n, total, order_year from fact where order_year = 2025")
            assert rows == [["7", value, "2025"]]

    def test_a_view_is_created_replaced_and_dropped(self, athena, raw, gateway):
        table = raw(b"1,a,1\n2,b,2\n")
        athena.run(f"create or replace view orders as select count(*) n from {table}")
        assert athena.rows("select n from lake.orders") == [["2"]]
        athena.run(f"create or replace view orders as select order_id, amount from {table}")
        assert athena.rows("select amount from orders where order_id = '2'") == [["2"]]
        found = athena.client.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="lake", TableName="orders")[
            "TableMetadata"
        ]
        assert found["TableType"] == "VIRTUAL_VIEW"
        assert [column["Name"] for column in found["Columns"]] == ["order_id", "amount"]
        athena.run("drop view orders")
        assert athena.rows("show views") == []

    def test_hive_ddl_and_trino_see_the_same_tables(self, athena, s3):
        s3.put_object(Bucket="raw", Key="ddl/day=01/a.csv", Body=b"id,name\n1,x\n")
        athena.run(
            "create external table `ddl` (id string, name string) partitioned by (day string) "
            "row format serde 'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
            "location 's3://raw/ddl/' tblproperties ('skip.header.line.count' = '1')"
        )
        assert athena.rows("select count(*) from ddl") == [["0"]]
        athena.run("msck repair table ddl")
        assert athena.rows("show partitions ddl") == [["day=01"]]
        assert athena.rows("select * from ddl") == [["1", "x", "01"]]
        athena.run("drop table ddl")

    def test_rows_are_inserted(self, athena):
        athena.run("create table counted with (partitioned_by = array['p']) as select 1 a, 'x' p")
        inserted = athena.run("insert into counted values (2, cast('y' as varchar(1)))")
        execution = inserted["QueryExecutionId"]
        answer = athena.client.get_query_results(QueryExecutionId=execution)
        assert answer["UpdateCount"] == 1
        assert athena.rows("select a, p from counted order by a") == [["1", "x"], ["2", "y"]]


class TestExecutions:
    def test_a_result_is_a_csv_in_the_results_bucket(self, athena, s3):
        sql = "select 'a' as t, 1 as i, decimal '1.50' as d, cast(null as date) as n, true as b"
        # the workgroup is enforced: where the client wants the result does not count
        found = athena.run(sql, ResultConfiguration={"OutputLocation": "s3://elsewhere/"})
        execution = found["QueryExecutionId"]
        location = found["ResultConfiguration"]["OutputLocation"]
        assert location == f"s3://results/out/{execution}.csv"
        stored = s3.get_object(Bucket="results", Key=f"out/{execution}.csv")
        assert stored["Body"].read() == b'"t","i","d","n","b"\n"a","1","1.50",,"true"\n'
        answer = athena.client.get_query_results(QueryExecutionId=execution)["ResultSet"]
        kinds = [(c["Name"], c["Type"], c["Precision"], c["Scale"]) for c in answer["ResultSetMetadata"]["ColumnInfo"]]
        assert kinds == [
            ("t", "varchar", 1, 0),
            ("i", "integer", 10, 0),
            ("d", "decimal", 3, 2),
            ("n", "date", 0, 0),
            ("b", "boolean", 0, 0),
        ]
        assert found["Statistics"]["EngineExecutionTimeInMillis"] > 0
        assert found["StatementType"] == "DML"

    def test_large_results_come_in_pages(self, athena):
        execution = athena.run("select n from unnest(sequence(1, 2500)) as t (n)")
        pages = athena.client.get_paginator("get_query_results").paginate(
            QueryExecutionId=execution["QueryExecutionId"]
        )
        rows = [row for page in pages for row in page["ResultSet"]["Rows"]]
        assert len(rows) == 2501
        assert rows[0] == {"Data": [{"VarCharValue": "n"}]}

    def test_parameters_are_bound(self, athena, raw):
        table = raw(b"1,a,1\n2,b'c,2\n")
        sql = f"select order_id from {table} where region = ? and cast(amount as integer) = ?"
        assert athena.rows(sql, ExecutionParameters=["'b''c'", "2"]) == [["2"]]

    def test_a_token_starts_one_query(self, athena):
        token = "t" * 40
        first = athena.start("select 1", ClientRequestToken=token)
        assert athena.start("select 1", ClientRequestToken=token) == first
        with pytest.raises(ClientError, match="Idempotent parameters do not match"):
            athena.start("select 2", ClientRequestToken=token)

    @pytest.mark.parametrize(
        ("sql", "reason"),
        [
            ("select nope from lake.nothing", "TABLE_NOT_FOUND: line 1:18: Table "),
            ("select 1 from", "SYNTAX_ERROR: line 1:14: mismatched input "),
            ("select 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
            ("drop table nothing", "FAILED: SemanticException [Error 10001]: Table not found"),
        ],
    )
    def test_a_failure_says_why(self, athena, sql, reason):
        found = athena.wait(athena.start(sql))
        assert found["Status"]["State"] == "FAILED"
        assert found["Status"]["StateChangeReason"].startswith(reason)
        with pytest.raises(ClientError, match="Final query state: FAILED"):
            athena.client.get_query_results(QueryExecutionId=found["QueryExecutionId"])

    def test_a_running_query_can_be_stopped(self, athena):
        numbers = "unnest(sequence(1, 10000))"
        sql = f"select count(*) from {numbers} a, {numbers} b, {numbers} c"
        execution = athena.start(sql)
        athena.wait(execution, "RUNNING")
        with pytest.raises(ClientError, match="not yet finished"):
            athena.client.get_query_results(QueryExecutionId=execution)
        athena.client.stop_query_execution(QueryExecutionId=execution)
        assert athena.wait(execution)["Status"]["State"] == "CANCELLED"

    def test_a_query_over_the_scan_limit_is_cancelled(self, athena, raw):
        table = raw(b"1,us-east,9.99\n" * 1_000_000)
        status = athena.wait(athena.start(f"select max(amount) from {table}"))["Status"]
        assert status["State"] == "CANCELLED"
        assert status["StateChangeReason"] == "Bytes scanned limit was exceeded"

    def test_a_results_bucket_must_exist(self, athena):
        athena.client.create_work_group(
            Name="nowhere",
            Configuration={"ResultConfiguration": {"OutputLocation": "s3://no-such-bucket/"}},
        )
        with pytest.raises(ClientError, match="Unable to verify/create output bucket"):
            athena.start("select 1", WorkGroup="nowhere")

    def test_executions_are_listed_newest_first(self, athena):
        first, second = (athena.run("select 1")["QueryExecutionId"] for _ in range(2))
        listed = athena.client.list_query_executions(WorkGroup="lake", MaxResults=2)
        assert listed["QueryExecutionIds"] == [second, first]
        batch = athena.client.batch_get_query_execution(QueryExecutionIds=[first, "gone"])
        assert batch["QueryExecutions"][0]["QueryExecutionId"] == first
        assert batch["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "gone"

    def test_metrics_are_published_where_the_workgroup_says_so(self, athena, gateway):
        athena.run("select 1")
        cloudwatch = gateway.client("cloudwatch")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            metrics = cloudwatch.list_metrics(Namespace="AWS/Athena")["Metrics"]
            if any(
                {"Name": "WorkGroup", "Value": "lake"} in m["Dimensions"]
                for m in metrics
                if m["MetricName"] == "ProcessedBytes"
            ):
                return
            time.sleep(0.1)
        raise AssertionError("no metric ProcessedBytes of workgroup lake")


class TestProcess:
    def test_every_port_is_on_loopback(self, athena, gateway):
        athena.run("select 1")
        processes = [psutil.Process(gateway.process.pid)]
        processes += processes[0].children(recursive=True)
        addresses = {
            connection.laddr.ip.removeprefix("::ffff:")
            for process in processes
            for connection in process.net_connections()
            if connection.status == psutil.CONN_LISTEN
        }
        assert addresses == {"127.0.0.1"}

    def test_trino_ends_with_a_gateway_that_was_killed(self, tmp_path):
        gateway = Gateway(tmp_path)
        children = with_java(psutil.Process(gateway.process.pid))
        gateway.stop(signal.SIGKILL)
        _, alive = psutil.wait_procs(children, timeout=20)
        assert alive == []


def with_java(gateway: psutil.Process) -> list[psutil.Process]:
    """The descendants, Trino's JVM among them: the guard before it starts in its own time."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        children = gateway.children(recursive=True)
        if any("java" in child.name() for child in children):
            return children
        time.sleep(0.05)
    raise AssertionError("no JVM among the gateway's processes")


# Trino would read all of these; Athena reads what stands first
READS = {
    "int": ([pa.int32(), pa.int16()], [pa.int64()]),
    "bigint": ([pa.int64(), pa.int32()], [pa.timestamp("us")]),
    "double": ([pa.float64(), pa.float32()], [pa.int32(), pa.int64()]),
    "decimal(10,2)": ([pa.decimal128(10, 2)], [pa.int32()]),
    "date": ([pa.date32()], [pa.int32()]),
    "string": ([pa.string()], [pa.int64(), pa.float64(), pa.decimal128(10, 2)]),
}


def parquet_table(s3, glue, name, declared, kinds):
    """A table of one partition a file, each file with its own type for the column."""
    storage = {**PARQUET, "Columns": columns(("a b", declared), ("gone", "int")), "Location": f"s3://raw/{name}/"}
    table = {"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
    glue.create_table(DatabaseName="lake", TableInput={**table, "PartitionKeys": columns(("day", "string"))})
    partitions = []
    for day, kind in enumerate(kinds, 1):
        file = io.BytesIO()
        pq.write_table(pa.table({"c": ["x"], "A b": pa.array(["0" if kind == pa.string() else 0], kind)}), file)
        s3.put_object(Bucket="raw", Key=f"{name}/day={day}/f.parquet", Body=file.getvalue())
        location = f"s3://raw/{name}/day={day}/"
        partitions.append({"Values": [str(day)], "StorageDescriptor": {**storage, "Location": location}})
    glue.batch_create_partition(DatabaseName="lake", TableName=name, PartitionInputList=partitions)


def test_parquet_is_read_by_name_and_only_by_types_that_athena_takes_for_one_another(athena, s3, glue):
    for number, (declared, (good, bad)) in enumerate(READS.items()):
        name = f"typed{number}"
        parquet_table(s3, glue, name, declared, [*good, *bad])
        assert athena.rows(f"select count(*), count(gone) from {name}") == [[str(len(good + bad)), "0"]]
        fits = athena.rows(f"select count(\"a b\") from {name} where day in ('1', '{len(good)}')")
        assert fits == [[str(len(good))]], declared
        for day in range(len(good) + 1, len(good + bad) + 1):
            failed = athena.wait(athena.start(f"select \"a b\" from {name} where day = '{day}'"))["Status"]
            assert "HIVE_BAD_DATA: Field a b's type" in failed.get("StateChangeReason", ""), (declared, day, failed)
    failed = athena.wait(athena.start('select count("a b") from typed0'))["Status"]
    assert "s3://raw/typed0/day=3/f.parquet is incompatible with type integer" in failed["StateChangeReason"]


def test_an_object_that_is_no_parquet_fails_what_reads_it_and_nothing_else(athena, s3, glue):
    file = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2, 3]}), file)
    for name, body in {"good": file.getvalue(), "bad": b"PAR1, it says, and no more", "empty": b""}.items():
        s3.put_object(Bucket="raw", Key=f"mixed/day=1/{name}.parquet", Body=body)
    storage = {**PARQUET, "Columns": columns(("line", "string")), "Location": "s3://raw/mixed/"}
    glue.create_table(
        DatabaseName="lake", TableInput={"Name": "mixed", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
    )
    failed = athena.wait(athena.start("select count(*) from mixed"))["Status"]
    assert failed["State"] == "FAILED" and "s3://raw/mixed/day=1/bad.parquet" in failed["StateChangeReason"]
    left_out = "'s3://raw/mixed/day=1/bad.parquet'"
    assert athena.rows(f'select count(*) from mixed where true and "$path" not in ({left_out})') == [["3"]]
