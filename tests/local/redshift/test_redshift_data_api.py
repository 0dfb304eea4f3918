"""The Data API by the wire: states, limits, paging, identities."""

from __future__ import annotations

import time
import uuid

import pytest
from botocore.exceptions import ClientError
from redshift_under_test import DATABASE, plain


def code(error) -> str:
    return error.value.response["Error"]["Code"]


def message(error) -> str:
    return error.value.response["Error"]["Message"]


@pytest.fixture(scope="module", autouse=True)
def numbers(gateway):
    gateway.done([
        "create table numbers (n integer)",
        "insert into numbers values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)",
        "create table many (n integer)",
        ("insert into many select a.n + 10 * b.n + 100 * c.n + 1000 * d.n from numbers a cross join numbers b "
        "cross join numbers c cross join numbers d where d.n < 3"),
    ], admin=True)  # fmt: skip


def test_a_statement_tells_its_fields(gateway):
    found = gateway.done(
        "select 1::smallint as a, 2 as b, 3::bigint as c, 1.50::decimal(5, 2) as d, 'x'::varchar(4) as e, "
        "date '2025-01-15' as f, timestamp '2025-01-15 10:20:30' as g, true as h, 1.5::float8 as i, null::integer as j"
    )
    assert found["HasResultSet"] and found["ResultRows"] == 1 and found["Duration"] > 0
    assert found["DbUser"] == "IAM:operator" and found["WorkgroupName"] == "elt-test"
    result = gateway.client("redshift-data").get_statement_result(Id=found["Id"])
    assert [column["typeName"] for column in result["ColumnMetadata"]] == [
        "int2", "int4", "int8", "numeric", "varchar", "date", "timestamp", "bool", "float8", "int4",
    ]  # fmt: skip
    assert (result["ColumnMetadata"][3]["precision"], result["ColumnMetadata"][3]["scale"]) == (5, 2)
    assert result["ColumnMetadata"][4]["precision"] == 4
    assert result["Records"] == [[
        {"longValue": 1}, {"longValue": 2}, {"longValue": 3}, {"stringValue": "1.50"}, {"stringValue": "x"},
        {"stringValue": "2025-01-15"}, {"stringValue": "2025-01-15 10:20:30"}, {"booleanValue": True},
        {"doubleValue": 1.5}, {"isNull": True},
    ]]  # fmt: skip
    assert result["TotalNumRows"] == 1


def test_doubles_that_json_has_no_number_for_go_by_name(gateway):
    found = gateway.done(
        "select 'NaN'::float8 as a, 'Infinity'::float8 as b, '-Infinity'::float8 as c, 1e300::float8 as d"
    )
    (row,) = gateway.client("redshift-data").get_statement_result(Id=found["Id"])["Records"]
    assert [field["doubleValue"] for field in row] == ["NaN", "Infinity", "-Infinity", 1e300]


def test_long_results_come_in_pages(gateway):
    found = gateway.done("select n from many order by n", admin=True)
    client = gateway.client("redshift-data")
    first = client.get_statement_result(Id=found["Id"])
    assert 0 < len(first["Records"]) < 3000 and first["NextToken"] and first["TotalNumRows"] == 3000
    pages = client.get_paginator("get_statement_result").paginate(Id=found["Id"])
    assert [row[0] for page in pages for row in plain(page["Records"])] == list(range(3000))
    with pytest.raises(ClientError, match="NextToken"):
        client.get_statement_result(Id=found["Id"], NextToken="nonsense")


def test_a_batch_has_a_part_for_each_statement(gateway):
    found = gateway.done(["create temp table t (n int)", "insert into t values (1), (2)", "select n from t"])
    parts = found["SubStatements"]
    assert [part["Id"] for part in parts] == [f"{found['Id']}:{n}" for n in (1, 2, 3)]
    assert [part["HasResultSet"] for part in parts] == [False, False, True]
    assert [part["ResultRows"] for part in parts] == [-1, 2, 2]
    result = gateway.client("redshift-data").get_statement_result(Id=parts[2]["Id"])
    assert plain(result["Records"]) == [[1], [2]]
    with pytest.raises(ClientError) as error:
        gateway.client("redshift-data").get_statement_result(Id=parts[1]["Id"])
    assert code(error) == "ResourceNotFoundException"


def test_a_failing_part_is_named_and_nothing_of_the_batch_stays(gateway):
    found = gateway.run(["insert into numbers values (99)", "select * from nowhere", "select 1"], admin=True)
    assert found["Status"] == "FAILED"
    assert found["Error"] == 'Query #2 failed with ERROR: relation "nowhere" does not exist'
    assert [part["Status"] for part in found["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]
    assert found["SubStatements"][1]["Error"] == 'ERROR: relation "nowhere" does not exist'
    assert gateway.rows("select count(*) from numbers where n = 99", admin=True) == [[0]]


def test_with_auto_commit_each_statement_stands_alone(gateway):
    found = gateway.run(
        ["insert into numbers values (77)", "select 1 / 0", "insert into numbers values (78)"],
        admin=True, ExecutionMode="AUTO_COMMIT",
    )  # fmt: skip
    assert found["Status"] == "FAILED"
    assert [part["Status"] for part in found["SubStatements"]] == ["FINISHED", "FAILED", "FINISHED"]
    assert gateway.rows("select n from numbers where n > 70 order by n", admin=True) == [[77], [78]]
    gateway.done("delete from numbers where n > 70", admin=True)


def test_parameters_are_values(gateway):
    given = [{"name": "low", "value": "7"}, {"name": "word", "value": "it's"}]
    sql = "select n, :word || '!' from numbers where n > :low order by n"
    assert gateway.rows(sql, admin=True, Parameters=given) == [[8, "it's!"], [9, "it's!"]]
    assert "Parameter not found: missing" in gateway.error("select :missing")
    assert "not used" in gateway.error("select 1", Parameters=[{"name": "unused", "value": "x"}])
    for parameters in ([{"name": "p", "value": ""}], []):
        with pytest.raises(Exception, match="(?i)param|length|validation"):
            gateway.submit("select :p", Parameters=parameters)


def test_limits(gateway):
    with pytest.raises(ClientError) as error:
        gateway.submit(["select 1"] * 41)
    assert code(error) == "ValidationException" and "40" in message(error)
    gateway.done(["select 1"] * 40)
    with pytest.raises(ClientError) as error:
        gateway.submit("select '" + "x" * 100 * 1024 + "'")
    assert "100kB" in message(error)
    assert "Multiple sql statements" in gateway.error("select 1; select 2")


def test_a_client_token_runs_a_statement_once(gateway):
    token = uuid.uuid4().hex
    first = gateway.submit("insert into numbers values (55)", admin=True, ClientToken=token)
    assert gateway.submit("insert into numbers values (55)", admin=True, ClientToken=token) == first
    gateway.wait(first)
    assert gateway.submit("insert into numbers values (55)", admin=True, ClientToken=token) == first
    assert gateway.rows("select count(*) from numbers where n = 55", admin=True) == [[1]]
    with pytest.raises(ClientError, match="ClientToken"):
        gateway.submit("select 1", admin=True, ClientToken=token)
    gateway.done("delete from numbers where n = 55", admin=True)


def test_a_statement_can_be_cancelled(gateway):
    number = gateway.submit(
        "select count(*) from many a cross join many b cross join many c where a.n + b.n + c.n = -1", admin=True
    )
    client = gateway.client("redshift-data")
    while client.describe_statement(Id=number)["Status"] != "STARTED":
        time.sleep(0.02)
    assert client.cancel_statement(Id=number)["Status"] is True
    assert gateway.wait(number)["Status"] == "ABORTED"
    with pytest.raises(ClientError, match="already"):
        client.cancel_statement(Id=number)


def test_statements_are_listed_by_name_and_state(gateway):
    name = f"elt-test-{uuid.uuid4().hex}"
    for suffix, sql in (("-load", "select 1"), ("-other", "select 1 / 0")):
        gateway.run(sql, StatementName=name + suffix)
    client = gateway.client("redshift-data")
    listed = client.list_statements(StatementName=name)["Statements"]
    assert [item["StatementName"] for item in listed] == [f"{name}-other", f"{name}-load"]
    failed = client.list_statements(StatementName=name, Status="FAILED")["Statements"]
    assert [item["StatementName"] for item in failed] == [f"{name}-other"]
    paged = client.list_statements(StatementName=name, MaxResults=1)
    assert len(paged["Statements"]) == 1 and paged["NextToken"]


def test_a_statement_is_seen_by_who_ran_it_only(gateway):
    found = gateway.done("select 1", "elt-test-load")
    with pytest.raises(ClientError) as error:
        gateway.client("redshift-data").describe_statement(Id=found["Id"])
    assert code(error) == "ResourceNotFoundException"


def test_a_role_logs_in_as_its_user_made_without_rights(gateway):
    assert gateway.rows("select current_user", "elt-test-load") == [["IAMR:elt-test-load"]]
    assert gateway.rows("select current_user", admin=True) == [["admin"]]
    assert gateway.error("select * from many", "elt-test-load") == "ERROR: permission denied for relation many"


def test_a_secret_with_another_password_is_refused(gateway):
    secret = gateway.client("secretsmanager").create_secret(
        Name="wrong", SecretString='{"username": "admin", "password": "Nonsense1"}'
    )["ARN"]
    with pytest.raises(ClientError, match="password authentication failed"):
        gateway.submit("select 1", SecretArn=secret)


def test_what_does_not_exist_is_told(gateway):
    client = gateway.client("redshift-data")
    with pytest.raises(ClientError, match="endpoint doesn't exist") as error:
        client.execute_statement(WorkgroupName="nowhere", Database=DATABASE, Sql="select 1")
    assert code(error) == "ValidationException"
    with pytest.raises(ClientError, match="endpoint doesn't exist"):
        client.execute_statement(ClusterIdentifier="cluster", Database=DATABASE, DbUser="x", Sql="select 1")
    number = client.execute_statement(WorkgroupName="elt-test", Database="nothing", Sql="select 1")["Id"]
    assert gateway.wait(number)["Error"] == 'ERROR: database "nothing" does not exist'
    with pytest.raises(ClientError) as error:
        client.describe_statement(Id=str(uuid.uuid4()))
    assert code(error) == "ResourceNotFoundException"


def test_the_catalog_is_listed(gateway):
    client = gateway.client("redshift-data")
    place = {"WorkgroupName": "elt-test", "Database": DATABASE, "SecretArn": gateway.secret}
    assert client.list_databases(**place)["Databases"] == [DATABASE]
    assert "public" in client.list_schemas(**place)["Schemas"]
    tables = client.list_tables(SchemaPattern="public", TablePattern="man%", **place)["Tables"]
    assert tables == [{"schema": "public", "name": "many", "type": "TABLE"}]
    columns = client.describe_table(Schema="public", Table="many", **place)["ColumnList"]
    assert [(column["name"], column["typeName"]) for column in columns] == [("n", "int4")]


def test_provisioned_clusters_are_refused_by_name(gateway):
    with pytest.raises(ClientError, match="no provisioned Redshift clusters"):
        gateway.client("redshift").describe_clusters()
