"""What the local Redshift accepts, what it answers, what it refuses: a statement, and what must come of it.

A database kinder than Redshift hides faults, so the refusals matter as much as the answers.
"""

from __future__ import annotations

import pytest

TABLES = [
    "create table shop (id integer, name varchar(10), price decimal(10, 2), amount integer, sold date, at timestamp)",
    (
        "insert into shop values (1, 'one', 29.99, 2, '2025-01-15', '2025-01-15 10:20:30.123456'), "
        "(2, 'two', 49.99, 1, '2025-01-16', '2025-02-16 11:00:00'), (3, 'three', 19.99, 3, '2025-01-31', null)"
    ),
    "create view shop_view as select id, name from shop",
    "create materialized view shop_sums as select name, sum(price) as total from shop group by name",
]


@pytest.fixture(scope="module")
def shop(warehouse):
    """A schema with a table of three rows."""
    warehouse.run(*TABLES)
    return warehouse


ANSWERS = [
    # numbers: integer division cuts, decimals keep their scale
    ("select 7 / 2", [[3]]),
    ("select -7 / 2", [[-3]]),
    ("select sum(price) from shop", [["99.97"]]),
    ("select sum(price * amount) from shop", [["169.94"]]),
    ("select avg(price) from shop", [["33.32"]]),
    ("select avg(amount) from shop", [[2]]),
    ("select avg(id * 1.0) from shop", [["2.0"]]),
    ("select sum(price) / count(*) from shop", [["33.3233"]]),
    ("select cast(10.005 as decimal(10, 2))", [["10.01"]]),
    ("select 5::decimal", [["5"]]),
    ("select round(2.345, 2), trunc(2.345, 2)", [["2.35", "2.34"]]),
    ("select sum(9000000000000000000::bigint / 3)", [[3000000000000000000]]),
    ("select mod(7, 3), 2 ^ 3, abs(-2)", [[1, 8.0, 2]]),
    ("select count(distinct name), min(sold), max(id) from shop", [[3, "2025-01-15", 3]]),
    ("select approximate count(distinct name) from shop", [[3]]),
    ("select var_pop(amount), stddev_samp(id) from shop", [[2 / 3, 1.0]]),
    ("select datediff(minute, '2025-01-01 00:00+00'::timestamptz, timestamp '2025-01-01 01:00')", [[60]]),
    ("select median(amount) from shop", [[2.0]]),
    # text
    ("select len('äö'), octet_length('äö')", [[2, 4]]),
    ("select 'äöü'::varchar(3)", [["ä"]]),
    ("select 'a' || null, concat('a', null)", [[None, None]]),
    ("select nvl(null, 'x'), nvl2(null, 1, 2), coalesce(null, 3)", [["x", 2, 3]]),
    ("select decode(2, 1, 'a', 2, 'b', 'c')", [["b"]]),
    ("select listagg(name, ',') within group (order by id) from shop", [["one,two,three"]]),
    ("select listagg(distinct name, ',') within group (order by name) from shop", [["one,three,two"]]),
    ("select charindex('b', 'abc'), strpos('abc', 'c'), left('abc', 2)", [[2, 3, "ab"]]),
    ("select split_part('a-b-c', '-', 2), regexp_replace('a1b2', '[0-9]', '')", [["b", "ab"]]),
    (r"select 'a\'b', 'it''s'", [["a'b", "it's"]]),
    ("select upper('ä'), lower('Ä'), initcap('ab cd')", [["Ä", "ä", "Ab Cd"]]),
    ("select 'B' < 'a'", [[True]]),
    ("select ltrim(trim('  0042 '), '+0')", [["42"]]),
    ("select md5('a'), sha2('a', 256)", [["0cc175b9c0f1b6a831c399e269772661",
      "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"]]),
    # dates
    ("select dateadd(month, 1, '2025-01-31')", [["2025-02-28 00:00:00"]]),
    ("select dateadd(day, -1, sold) from shop where id = 1", [["2025-01-14 00:00:00"]]),
    ("select datediff(day, '2025-01-01', '2025-02-01'), datediff(year, '2008-12-31', '2009-01-01')", [[31, 1]]),
    ("select datediff(week, '2009-01-01', '2009-12-31')", [[52]]),
    ("select datediff(hour, '2023-01-01', '2023-01-03 05:04:03')", [[53]]),
    ("select date_trunc('month', sold) from shop where id = 1", [["2025-01-01 00:00:00"]]),
    ("select extract(year from sold), date_part(month, sold), date_part('day', at) from shop where id = 1",
     [[2025, 1, 15]]),
    ("select last_day('2024-02-03'::date), add_months('2025-01-31'::date, 1)", [["2024-02-29", "2025-02-28 00:00:00"]]),
    ("select to_char(at, 'YYYY-MM-DD HH24:MI:SS.US') from shop where id = 1", [["2025-01-15 10:20:30.123456"]]),
    ("select at::date, sold + 1 from shop where id = 1", [["2025-01-15", "2025-01-16"]]),
    ("select sysdate = sysdate, getdate() <= sysdate + interval '1 second'", [[True, True]]),
    ("select convert_timezone('Europe/Berlin', '2025-07-01 00:00:00'::timestamp)", [["2025-07-01 02:00:00"]]),
    # casts
    ("select try_cast('x' as integer), try_cast('7' as integer)", [[None, 7]]),
    ("select convert(varchar(3), 12345)", [["123"]]),
    ("select '2025-01-01'::date, 't'::boolean, 1::float8", [["2025-01-01", True, 1.0]]),
    # queries
    ("select id from shop qualify row_number() over (order by price desc) = 1", [[2]]),
    ("select id, row_number() over (order by id desc) as place from shop qualify place = 2", [[2, 2]]),
    ("select * from shop as s qualify row_number() over (order by s.id) = 1",
     [[1, "one", "29.99", 2, "2025-01-15", "2025-01-15 10:20:30.123456"]]),
    (("with ranked as (select id, name from shop where id > 1 qualify rank() over (order by id) = 1) "
     "select name from ranked"), [["two"]]),
    ("select top 2 id from shop order by id desc", [[3], [2]]),
    ("select id from shop minus select 2 order by 1", [[1], [3]]),
    ("select a.id from shop a join shop b on a.id = b.id where b.name ilike 'T%' order by 1", [[2], [3]]),
    ("select ID, \"NAME\" from Shop where id = 1", [[1, "one"]]),
    ("select sum(amount) over (order by id rows unbounded preceding) from shop order by 1", [[2], [3], [6]]),
    (("select first_value(name) over (order by id rows between unbounded preceding and unbounded following) "
     "from shop limit 1"), [["one"]]),
    ("select region, grouping_id from (select 'x' as region, 1 as grouping_id) as q (region, grouping_id)", [["x", 1]]),
    ("select case when exists (select 1 from shop where id = 9) then 1 else 0 end", [[0]]),
    ("select current_user, current_schema()", [["admin", "public"]]),
    ("select s.id as tag, \"offset\", \"raw\" from (select 1 as id, 2 as \"offset\", 3 as raw) s", [[1, 2, 3]]),
    ("show search_path", [["\"$user\", public"]]),
    ("select user_name from svv_user_info where user_name = 'admin'", [["admin"]]),
    ("select usename from pg_user where usename = 'admin'", [["admin"]]),
    ("select column_name, data_type from svv_redshift_columns where table_name = 'shop' and ordinal_position = 2",
     [["name", "character varying(10)"]]),
    (("select data_type, character_maximum_length from information_schema.columns "
     "where table_name = 'shop' and column_name = 'name'"), [["character varying", 10]]),
    ("select trim(name) from stv_mv_info where name = 'shop_sums'", [["shop_sums"]]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), ANSWERS, ids=[sql for sql, _ in ANSWERS])
def test_answers_as_redshift_does(shop, sql, expected):
    assert shop.rows(sql) == expected


# each in a transaction that is rolled back at its end
ACCEPTED = [
    "create table t (id bigint identity(1, 1), v varchar) diststyle key distkey (id) compound sortkey (id) backup no",
    "create table t (id int encode az64 distkey sortkey, v varchar(max) encode zstd, unique (id), primary key (id))",
    "create table if not exists t (id bigint generated by default as identity(0, 5), c char(3) default 'x' not null)",
    "create table t (like shop including defaults)",
    "create table t distkey (id) sortkey (sold) as select id, sold from shop",
    "create temp table t as (select * from shop)",
    "create temporary table #t (id int)",
    "create table t (id int references shop (id), foreign key (id) references shop (id)) encode auto sortkey auto",
    "create or replace view v as select id from shop with no schema binding",
    "create materialized view m backup no diststyle even sortkey (id) auto refresh no as select id from shop",
    "alter table shop add column extra varchar(5) default 'x' encode zstd",
    "alter table shop rename column name to title",
    "alter table shop alter distkey id",
    "alter table shop alter sortkey (id), alter distkey id",
    "alter table shop drop column amount",
    "alter table shop add primary key (id)",
    "comment on table shop is 'what is sold'",
    "analyze shop",
    "explain select * from shop",
    "set query_group to 'etl'",
    "set search_path to public",
    "lock table shop",
    "delete from shop using shop_view v where shop.id = v.id",
    "delete shop where id = 1",
    "update shop set price = s.total from shop_sums s where s.name = shop.name",
    "with ids as (select 1 as id) delete from shop where id in (select id from ids)",
    "insert into shop (id, name) with x as (select 8 as id) select id, 'eight' from x",
    "insert into shop default values",
    "create schema if not exists other authorization admin quota 50 gb",
    'create user "IAMR:new" password disable',
    "create role reader",
    "drop table if exists nothing cascade",
    "drop materialized view shop_sums",
    "alter materialized view shop_sums auto refresh no",
    "grant select on all tables in schema public to public",
    "revoke assumerole on all from public for all",
    "grant assumerole on 'arn:aws:iam::000000000000:role/x' to public for copy, unload",
    (
        "create external schema lake from data catalog database 'raw' region 'us-east-1' iam_role "
        "'arn:aws:iam::000000000000:role/lake'"
    ),
]


@pytest.mark.parametrize("sql", ACCEPTED)
def test_accepts_what_redshift_documents(shop, sql):
    session = shop.session()
    try:
        session.run(sql)
    finally:
        session.close()


SYNTAX = "syntax error"
MISSING = "does not exist"
NOT_HERE = "is not emulated by the local Redshift"
TRANSACTION = "cannot run inside a transaction block"

REFUSED = [
    # PostgreSQL knows it, Redshift does not
    ("insert into shop (id) values (1) on conflict do nothing", SYNTAX),
    ("insert into shop (id) values (1) returning id", SYNTAX),
    ("delete from shop returning id", SYNTAX),
    ("select array[1, 2]", SYNTAX),
    ("select name[1] from shop", SYNTAX),
    ("select distinct on (name) name from shop", SYNTAX),
    ("select * from (values (1), (2)) as v (a)", SYNTAX),
    ("select count(*) filter (where id = 1) from shop", SYNTAX),
    ("select id from shop where name is distinct from 'x'", SYNTAX),
    ("select * from shop for update", SYNTAX),
    ("select sum(id) over w from shop window w as (order by id)", SYNTAX),
    ("select * from shop, lateral (select 1) x", SYNTAX),
    ("select * from shop fetch first 1 rows only", SYNTAX),
    ("select '{}'::jsonb", 'type "jsonb" does not exist'),
    ("select '1'::uuid", 'type "uuid" does not exist'),
    ("select string_agg(name, ',') from shop", MISSING),
    ("select array_agg(name) from shop", MISSING),
    ("select * from generate_series(1, 3)", MISSING),
    ("select gen_random_uuid()", MISSING),
    ("select format('%s', 1)", MISSING),
    ("select pg_sleep(1)", MISSING),
    ("select pg_catalog.pg_read_file('x')", MISSING),
    ("select rs.register_late_view('a', 'b', 'c')", MISSING),
    ("select now() from shop", "not supported on Redshift tables"),
    ("create index i on shop (id)", "not supported on Redshift tables"),
    ("create unique index i on shop (id)", "not supported on Redshift tables"),
    ("create sequence s", "not supported on Redshift tables"),
    ("create trigger t before insert on shop", "not supported on Redshift tables"),
    ("create extension vector", "not supported on Redshift tables"),
    ("do $$ begin end $$", "not supported on Redshift tables"),
    ("create table t (id serial)", "unsupported type"),
    ("create table t (id int[])", SYNTAX),
    ("create table t (v jsonb)", "unsupported type"),
    ("create table t (id int check (id > 0))", SYNTAX),
    ("create table t (id int) partition by range (id)", SYNTAX),
    ("create table t (v varchar(65536))", "cannot exceed 65535"),
    ("create table t (d decimal(39, 2))", "precision"),
    ("create table t (id smallint identity(1, 1))", "must be of type INT or BIGINT"),
    ("create table t (id int) distkey (other)", "does not exist"),
    ("create table t (v varchar(5) encode nonsense)", "encoding"),
    ("create materialized view if not exists m as select id from shop", SYNTAX),
    ("create or replace materialized view m as select id from shop", "not supported on Redshift tables"),
    ("create materialized view m as select id from shop order by id", "ORDER BY"),
    ("create user if not exists x password disable", SYNTAX),
    ("create role if not exists x", SYNTAX),
    ("create user x", SYNTAX),
    ("create user x password 'weak'", "Invalid password"),
    ("with x as (select 1 as id) insert into shop (id) select id from x", SYNTAX),
    ("with x as (delete from shop returning id) select * from x", SYNTAX),
    ("alter table shop add column a int, add column b int", SYNTAX),
    ("alter table shop add column a int not null", "non-null default"),
    ("alter table shop alter column id type bigint", "not supported for ALTER COLUMN TYPE"),
    ("grant select on shop to reader_role_nobody_made", 'user "reader_role_nobody_made" does not exist'),
    ("grant role nothing to admin", 'role "nothing" does not exist'),
    ("set nonsense to 1", "unrecognized configuration parameter"),
    ("", "Query is empty"),
    ("select 1; select 2", "Multiple sql statements"),
    ("frobnicate", SYNTAX),
    ("select 'a\x00b'", "invalid byte sequence"),
    ("select * from nothing", 'relation "nothing" does not exist'),
    # Redshift's own rules
    ("select id as tag, tag from shop", SYNTAX),
    ("select id from shop snapshot", SYNTAX),
    ("create table t (id int, partition varchar(10))", SYNTAX),
    ("create table t (timestamp timestamp)", SYNTAX),
    ("insert into shop (id, language) values (1, 'x')", SYNTAX),
    ("select timestamp from shop", SYNTAX),
    (("merge into shop s using shop_view on s.id = shop_view.id when matched then delete "
     "when not matched then insert (id) values (1)"), SYNTAX),
    (("merge into shop using (select 1 as id) x on shop.id = x.id when matched then delete "
     "when not matched then insert (id) values (1)"), "not a subquery"),
    (("merge into shop using shop_view on shop.id = shop_view.id when matched then delete "
     "when not matched then insert (id) values (1)"), "is not a table"),
    (("merge into shop using shop on shop.id = shop.id when matched then delete "
     "when not matched then insert (id) values (1)"), "same table"),
    ("merge into shop using other on shop.id = other.id when matched then delete", SYNTAX),
    ("merge into shop using other on shop.id = other.id when not matched then insert values (1)", SYNTAX),
    (("merge into shop using other on shop.id = other.id when matched and shop.id > 1 then delete "
     "when not matched then insert (id) values (1)"), SYNTAX),
    ("lock shop_view", "is not a table"),
    ("unload ('select * from shop limit 1') to 's3://b/p' iam_role 'x' parquet", "LIMIT clause is not supported"),
    ("copy shop from 's3://b/p' iam_role 'x' format as parquet region 'us-east-1'", "REGION argument"),
    ("copy shop from 's3://b/p' iam_role 'x' format as parquet maxerror 3", "MAXERROR argument is not supported"),
    ("copy shop from 's3://b/p' format as parquet", SYNTAX),
    ("create external schema x from data catalog database 'd'", SYNTAX),
    ("set session authorization nobody", 'user "nobody" does not exist'),
    # Redshift has it, this engine has not
    ("call refresh_everything()", NOT_HERE),
    ("create procedure p() as $$ begin end $$ language plpgsql", NOT_HERE),
    ("begin", NOT_HERE),
    ("copy shop from 's3://b/p' iam_role 'x' csv", NOT_HERE),
    ("copy shop from 's3://b/p' iam_role default format as parquet", NOT_HERE),
    ("unload ('select 1') to 's3://b/p' iam_role 'x' csv", NOT_HERE),
    ("select * from shop pivot (sum(price) for name in ('one'))", NOT_HERE),
    ("select first_value(name ignore nulls) over (order by id) from shop", NOT_HERE),
    ("select json_parse('{}')", NOT_HERE),
    ("create table t (s super)", NOT_HERE),
    ("select id into other from shop", NOT_HERE),
    ("create group g", NOT_HERE),
    ("merge into shop using other on shop.id = other.id remove duplicates", NOT_HERE),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "message"), REFUSED, ids=[sql for sql, _ in REFUSED])
def test_refuses_what_redshift_refuses(shop, sql, message):
    from local.engines.redshift.errors import RedshiftError

    with pytest.raises(RedshiftError) as refused:
        shop.run(sql, batch=False)
    assert message in str(refused.value)


NOT_IN_A_TRANSACTION = [
    "truncate shop",
    "vacuum shop",
    "refresh materialized view shop_sums",
    "alter table shop alter column name type varchar(20)",
    "create external table lake.t (id int) stored as parquet location 's3://b/'",
    "create database other",
    "drop database other",
    "create library l language plpythonu from 's3://b/'",
]


@pytest.mark.parametrize("sql", NOT_IN_A_TRANSACTION)
def test_refuses_in_a_batch_what_ends_a_transaction(shop, sql):
    from local.engines.redshift.errors import RedshiftError

    with pytest.raises(RedshiftError, match=TRANSACTION):
        shop.run("select 1", sql)


def test_every_form_names_its_page():
    from local.engines.redshift.forms import _FORMS

    for words, form, handler in _FORMS:
        assert form.url.startswith("https://docs.aws.amazon.com/redshift/latest/dg/"), words
        assert form.emulated == (handler is not None)


def test_empty_quoted_text_is_not_a_comment_or_a_parameter(shop):
    assert shop.rows("select '-- :x', '/* */' /* :y */ -- :z") == [["-- :x", "/* */"]]
    assert shop.rows("select :word || ':word'", parameters={"word": "o'clock"}) == [["o'clock:word"]]
    assert shop.rows("select id::varchar from shop where id = :id", parameters={"id": "2"}) == [["2"]]
