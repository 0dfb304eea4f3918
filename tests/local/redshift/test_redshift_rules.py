"""Rules of Redshift's that PostgreSQL does not have, and isolation between sessions."""

from __future__ import annotations

import threading
import time

import pytest

from local.engines.redshift.errors import RedshiftError


@pytest.fixture
def schema(warehouse, request):
    """A schema of the test's own."""
    name = f"t{abs(hash(request.node.name)) % 10**8}"
    warehouse.run(f"create schema {name}")
    yield name
    warehouse.run(f"drop schema {name} cascade")


def refused(warehouse, *statements, **options) -> str:
    with pytest.raises(RedshiftError) as error:
        warehouse.run(*statements, **options)
    return str(error.value)


# -- values -------------------------------------------------------------------------------------------


def test_varchar_counts_bytes(warehouse, schema):
    warehouse.run(f"create table {schema}.t (v varchar(3), c char(2))")
    warehouse.run(f"insert into {schema}.t values ('abc', 'x')")
    for sql in (
        f"insert into {schema}.t (v) values ('äö')",
        f"insert into {schema}.t (v) select 'äö' from {schema}.t",
        f"update {schema}.t set v = 'abcd'",
    ):
        assert refused(warehouse, sql) == "ERROR: value too long for type character varying(3)"
    assert (
        refused(warehouse, f"insert into {schema}.t (c) values ('äö')") == "ERROR: value too long for type character(2)"
    )


def test_text_is_varchar_256(warehouse, schema):
    warehouse.run(f"create table {schema}.t (v text, w varchar)")
    types = warehouse.rows(f"select data_type from svv_redshift_columns where schema_name = '{schema}'")
    assert types == [["character varying(256)"]] * 2
    assert "value too long" in refused(warehouse, f"insert into {schema}.t (v) values (repeat('x', 257))")


def test_widened_column_takes_longer_values(warehouse, schema):
    warehouse.run(f"create table {schema}.t (v varchar(3))")
    warehouse.run(f"alter table {schema}.t alter column v type varchar(5)")
    warehouse.run(f"insert into {schema}.t values ('äöx')")
    assert "value too long" in refused(warehouse, f"insert into {schema}.t values ('äöxy')")


def test_keys_are_not_enforced_but_take_no_nulls(warehouse, schema):
    warehouse.run(f"create table {schema}.t (id int primary key, u int unique)")
    warehouse.run(f"insert into {schema}.t values (1, 1), (1, 1)")
    message = refused(warehouse, f"insert into {schema}.t values (null, 2)")
    assert message == "ERROR: Cannot insert a NULL value into column id"


def test_identity_is_unique_has_gaps_and_can_not_be_set(warehouse, schema):
    warehouse.run(f"create table {schema}.t (id bigint identity(1, 1), v int)")
    for value in range(3):
        warehouse.run(f"insert into {schema}.t (v) values ({value})")
    ids = [row[0] for row in warehouse.rows(f"select id from {schema}.t order by v")]
    assert len(set(ids)) == 3 and ids != [1, 2, 3]
    message = refused(warehouse, f"insert into {schema}.t values (7, 7)")
    assert message == "ERROR: cannot set an identity column to a value"


def test_numbers_out_of_range(warehouse, schema):
    warehouse.run(f"create table {schema}.t (d decimal(4, 2), s smallint)")
    assert "Numeric data overflow" in refused(warehouse, f"insert into {schema}.t (d) values (100.00)")
    assert "Value out of range for 2 bytes" in refused(warehouse, f"insert into {schema}.t (s) values (40000)")


# -- MERGE, materialized views ----------------------------------------------------------------------


MERGE = (
    "merge into {0}.target using {0}.source as s on target.id = s.id "
    "when matched then update set name = s.name when not matched then insert (id, name) values (s.id, s.name)"
)


@pytest.fixture
def merging(warehouse, schema):
    warehouse.run(f"create table {schema}.target (id int, name varchar(5))")
    warehouse.run(f"create table {schema}.source (id int, name varchar(5))")
    warehouse.run(f"insert into {schema}.target values (1, 'Bob'), (2, 'John')")
    return schema


def test_merge_updates_and_inserts(warehouse, merging):
    warehouse.run(f"insert into {merging}.source values (1, 'Tony'), (3, 'Bill')")
    assert warehouse.run(MERGE.format(merging)).count == 2
    assert warehouse.rows(f"select id, name from {merging}.target order by id") == [
        [1, "Tony"],
        [2, "John"],
        [3, "Bill"],
    ]


def test_merge_refuses_two_matches_of_one_row(warehouse, merging):
    warehouse.run(f"insert into {merging}.source values (1, 'Tony'), (1, 'Alice')")
    assert refused(warehouse, MERGE.format(merging)) == "ERROR: Found multiple matches to update the same tuple."


def test_a_materialized_view_shows_committed_data_after_a_refresh_only(warehouse, merging):
    view = f"{merging}.counted"
    warehouse.run(f"create materialized view {view} as select count(*) as n from {merging}.target")
    warehouse.run(f"insert into {merging}.target values (9, 'New')")
    assert warehouse.rows(f"select n from {view}") == [[2]]
    warehouse.run(f"refresh materialized view {view}", batch=False)
    assert warehouse.rows(f"select n from {view}") == [[3]]


def test_a_materialized_view_has_no_views_and_no_temporary_tables_below(warehouse, merging):
    warehouse.run(f"create view {merging}.names as select name from {merging}.target")
    message = refused(warehouse, f"create materialized view {merging}.m as select name from {merging}.names")
    assert "can't reference" in message
    assert refused(
        warehouse,
        f"create temp table staged as select id from {merging}.target",
        f"create materialized view {merging}.m as select id from staged",
    )


def test_a_view_keeps_redshift_arithmetic_for_its_readers(warehouse, merging):
    warehouse.run(
        f"create view {merging}.halves as select avg(id) as mean, 10.00 / count(*) as half from {merging}.target"
    )
    assert warehouse.rows(f"select mean, half from {merging}.halves") == [[1, "5.0000"]]


# -- sessions next to each other --------------------------------------------------------------------


def test_statements_of_a_batch_see_each_other_and_fail_together(warehouse, schema):
    warehouse.run(f"create table {schema}.t (id int)")
    rows = warehouse.rows(f"insert into {schema}.t values (1)", f"select count(*) from {schema}.t")
    assert rows == [[1]]
    refused(warehouse, f"insert into {schema}.t values (2)", "select 1 / 0")
    assert warehouse.rows(f"select id from {schema}.t") == [[1]]


def test_a_snapshot_taken_before_a_commit_does_not_see_it(warehouse, schema):
    warehouse.run(f"create table {schema}.t (id int)")
    reader = warehouse.session()
    try:
        count = f"select count(*) from {schema}.t"
        assert reader.run(count)[0].rows == [[{"longValue": 0}]]
        warehouse.run(f"insert into {schema}.t values (1)")
        assert reader.run(count)[0].rows == [[{"longValue": 0}]]
    finally:
        reader.close()


def test_a_lock_first_waits_and_then_sees_what_was_committed(warehouse, schema):
    warehouse.run(f"create table {schema}.t (id int)")
    first, second = warehouse.session(), warehouse.session()
    try:
        first.run(f"lock {schema}.t")
        first.run(f"insert into {schema}.t values (1)")
        seen: list = []

        def late() -> None:
            second.run(f"lock {schema}.t")
            seen.extend(second.run(f"select count(*) from {schema}.t")[0].rows)
            second.commit()

        waiting = threading.Thread(target=late)
        waiting.start()
        time.sleep(0.3)
        assert waiting.is_alive()
        first.commit()
        waiting.join(10)
        assert seen == [[{"longValue": 1}]]
    finally:
        first.close()
        second.close()


def test_two_writers_of_one_row_end_in_a_serialization_error(warehouse, schema):
    warehouse.run(f"create table {schema}.t (id int, v int)")
    warehouse.run(f"insert into {schema}.t values (1, 0)")
    first, second = warehouse.session(), warehouse.session()
    try:
        first.run(f"select count(*) from {schema}.t")
        second.run(f"update {schema}.t set v = 2")
        second.commit()
        with pytest.raises(RedshiftError, match="1023 DETAIL: Serializable isolation violation on table in Redshift"):
            first.run(f"update {schema}.t set v = 1")
    finally:
        first.close()
        second.close()


# -- who may what -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def people(warehouse):
    for statement in (
        'create user "IAMR:owner" password disable',
        'create user "IAMR:reader" password disable',
        "create role seers",
        'grant role seers to "IAMR:reader"',
        "create schema house",
        'grant usage, create on schema house to "IAMR:owner"',
        "grant usage on schema house to role seers",
        'alter default privileges for user "IAMR:owner" in schema house grant select on tables to role seers',
    ):
        warehouse.run(statement)
    return warehouse


def test_default_privileges_reach_tables_made_later(people):
    people.run("create table house.rooms (id int)", user="IAMR:owner")
    assert people.rows("select count(*) from house.rooms", user="IAMR:reader") == [[0]]
    message = refused(people, "insert into house.rooms values (1)", user="IAMR:reader")
    assert message == "ERROR: permission denied for relation rooms"


def test_only_its_owner_refreshes_a_materialized_view(people):
    people.run("create table house.doors (id int)", user="IAMR:owner")
    people.run("create materialized view house.counted as select count(*) as n from house.doors", user="IAMR:owner")
    people.run("refresh materialized view house.counted", user="IAMR:owner", batch=False)
    assert "relation counted" in refused(
        people, "refresh materialized view house.counted", user="IAMR:reader", batch=False
    )


def test_only_a_superuser_changes_who_he_is(people):
    rows = people.rows("set session authorization 'IAMR:Owner'", "select current_user")
    assert rows == [["IAMR:owner"]]
    assert "permission denied" in refused(
        people, 'set session authorization "IAMR:reader"', "select 1", user="IAMR:owner"
    )


def test_what_a_superuser_makes_as_another_belongs_to_the_other(people):
    people.run("set session authorization 'IAMR:owner'", "create table house.windows (id int)")
    people.run("alter table house.windows add column pane int", user="IAMR:owner")
    assert "owner of relation" in refused(people, "alter table house.windows add column x int", user="IAMR:reader")


def test_a_role_is_no_user(people):
    assert refused(people, "grant select on house.rooms to seers") == 'ERROR: user "seers" does not exist'
    assert refused(people, 'grant role "IAMR:owner" to "IAMR:reader"') == 'ERROR: role "IAMR:owner" does not exist'


def test_only_a_superuser_grants_assumerole(people):
    role = "'arn:aws:iam::000000000000:role/x'"
    assert "must be superuser" in refused(people, f"grant assumerole on {role} to public for copy", user="IAMR:owner")
    assert "must be superuser" in refused(people, "create role r", user="IAMR:owner")


def test_the_engines_memory_is_out_of_reach(people):
    for sql in (
        "select * from rs_catalog.assume_role",
        "insert into rs_catalog.assume_role values ('public', 'all', 'copy')",
        "create table rs.mine (id int)",
    ):
        assert "ERROR" in refused(people, sql, user="IAMR:reader")


def test_an_unknown_user_can_not_log_in(warehouse):
    with pytest.raises(RedshiftError, match='password authentication failed for user "IAMR:nobody"'):
        warehouse.session("IAMR:nobody")


def test_users_and_roles_that_exist_are_told(people):
    assert refused(people, 'create user "IAMR:OWNER" password disable') == 'ERROR: user "IAMR:owner" already exists'
    assert refused(people, "create role seers") == 'ERROR: role "seers" already exists'
    assert people.rows("select role_name from svv_roles where role_name = 'seers'") == [["seers"]]
    granted = people.rows("select user_name from svv_user_grants where role_name = 'seers'")
    assert granted == [["IAMR:reader"]]


# -- the server ---------------------------------------------------------------------------------------


def test_committed_rows_survive_a_killed_server(tmp_path):
    from redshift_under_test import Warehouse

    made = Warehouse(tmp_path)
    made.run("create table kept (id int)")
    made.run("insert into kept values (1)")
    made.server._process.kill()
    made.server._process.wait()
    made.server.start()
    try:
        assert made.rows("select id from kept") == [[1]]
    finally:
        made.server.stop()
