"""Which statements are taken, by whom, and in which words they reach Trino."""

import pytest

from local.engines.athena import ctas
from local.engines.athena.errors import ApiError
from local.engines.athena.statements import recognise, with_parameters


@pytest.mark.parametrize(
    ("sql", "kind", "statement_type"),
    [
        ("select 1", "select", "DML"),
        ("-- why\n/* and\nwhat */ SELECT 1;", "select", "DML"),
        ("with a as (select 1) select * from a", "select", "DML"),
        ("(select 1) union all (select 2)", "select", "DML"),
        ("values 1, 2 ; ;", "select", "DML"),
        ("insert into t select 1", "insert", "DML"),
        ("create table t as select 1", "ctas", "DML"),
        ("create or replace view v as select 1", "view", "DDL"),
        ("drop view if exists v", "view", "DDL"),
        ("explain analyze select 1", "explain", "UTILITY"),
        ("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b/'", "hive", "DDL"),
        ("msck repair table t", "hive", "DDL"),
        ("show partitions t", "hive", "UTILITY"),
        ("describe `db`.`t`", "hive", "UTILITY"),
    ],
)
def test_a_statement_is_recognised_by_its_first_words(sql, kind, statement_type):
    statement = recognise(sql)
    assert (statement.kind, statement.type) == (kind, statement_type)


@pytest.mark.parametrize(
    "sql",
    [
        # Trino would delete whole partitions of a Hive table
        "delete from t",
        "unload (select 1) to 's3://b/' with (format = 'PARQUET')",
        "update t set a = 1",
        "call system.flush_metadata_cache()",
        "set session query_max_run_time = '1h'",
        "create table t (a int)",
        "explain delete from t",
        "explain analyze insert into t select 1",
        "grant select on t to u",
        "selct 1",
        '"select" 1',
        "-- nothing",
        ";",
    ],
)
def test_other_statements_are_refused(sql):
    with pytest.raises(ApiError):
        recognise(sql)


def test_two_statements_are_refused_with_athenas_words():
    with pytest.raises(ApiError, match="Only one sql statement is allowed"):
        recognise("select 1; select 2")


def test_a_semicolon_in_a_text_or_comment_ends_nothing():
    assert recognise("select ';' -- ; \n, \";\" from t").kind == "select"


def test_parameters_reach_trino_as_literals():
    text = with_parameters("select ? from t where a = 'x'", ["'it''s'"])
    assert text == "EXECUTE IMMEDIATE 'select ? from t where a = ''x''' USING 'it''s'"


@pytest.mark.parametrize("parameter", ["1, 2", "x", "(select 1)", "1; drop table t", "'a' || 'b'"])
def test_a_parameter_that_is_no_literal_is_refused(parameter):
    with pytest.raises(ApiError, match="no SQL literal"):
        with_parameters("select ?", [parameter])


def test_a_created_table_lies_beside_the_results_unless_it_says_where():
    text, settings = ctas.for_trino(recognise("create table a.b as select 1 x"), "s3://res/tables/1/")
    assert text == ("create table a.b WITH (external_location = 's3://res/tables/1/') as select 1 x")
    assert settings == {}


def test_athenas_table_properties_become_trinos():
    statement = recognise(
        "create table if not exists t with (format = 'PARQUET', write_compression = 'snappy', "
        "partitioned_by = array['a', 'b'], external_location = 's3://x/') as select 1"
    )
    text, settings = ctas.for_trino(statement, "s3://unused/")
    assert settings == {"compression_codec": "SNAPPY"}
    assert text == (
        "create table if not exists t WITH (external_location = 's3://x/', format = 'PARQUET', "
        "partitioned_by = array['a', 'b']) as select 1"
    )


def test_an_enforced_workgroup_decides_where_tables_lie():
    statement = recognise("create table t with (external_location = 's3://x/') as select 1")
    ctas.check(statement, enforced=False)
    with pytest.raises(ApiError, match="external_location is not allowed"):
        ctas.check(statement, enforced=True)


@pytest.mark.parametrize("properties", ["table_type = 'ICEBERG'", "vacuum_max = 1"])
def test_unknown_table_properties_are_refused(properties):
    with pytest.raises(ApiError):
        ctas.check(recognise(f"create table t with ({properties}) as select 1"), enforced=False)
