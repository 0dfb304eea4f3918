-- What turns a new PostgreSQL database into one that answers as Redshift does.
-- Schema rs stands before pg_catalog in every session's search path, so that a function or an operator of the same
-- name and arguments hides PostgreSQL's own; the bodies here are bound when they are made, and never see it. Schema rs_catalog is the engine's memory; sessions can't see it.

create schema rs;
create schema rs_catalog;
grant usage on schema rs to public;
-- https://docs.aws.amazon.com/redshift/latest/dg/r_REVOKE-usage-notes.html: everyone may create in public
grant create, usage on schema public to public;

create table rs_catalog.external_schema (
    schema_name text primary key,
    glue_database text not null,
    role_arn text not null,
    region text
);

create table rs_catalog.assume_role (
    grantee text not null,      -- a PostgreSQL role, or 'public'
    role_arn text not null,     -- or 'all'
    command text not null,      -- copy, unload
    primary key (grantee, role_arn, command)
);
-- https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT-usage-notes.html: public has it all until it is revoked
insert into rs_catalog.assume_role values ('public', 'all', 'copy'), ('public', 'all', 'unload');

create table rs_catalog.late_view (
    schema_name text not null,
    view_name text not null,
    definition text not null,
    primary key (schema_name, view_name)
);

create table rs_catalog.query_log (
    query_id bigint primary key,
    user_name text,
    database_name text,
    query_type text,
    status text,
    start_time timestamp,
    end_time timestamp,
    query_text text,
    error_message text,
    returned_rows bigint
);

-- written by whoever runs CREATE EXTERNAL SCHEMA; no statement can call it by itself (not on the list of functions)
create function rs.register_external_schema(text, text, text, text) returns void
language sql security definer set search_path = pg_catalog as $$
    insert into rs_catalog.external_schema values ($1, $2, $3, $4)
    on conflict (schema_name) do update set glue_database = $2, role_arn = $3, region = $4
$$;

create function rs.forget_schema(text) returns void
language sql security definer set search_path = pg_catalog as $$
    delete from rs_catalog.external_schema where schema_name = $1;
    delete from rs_catalog.late_view where schema_name = $1
$$;

create function rs.register_late_view(text, text, text) returns void
language sql security definer set search_path = pg_catalog as $$
    insert into rs_catalog.late_view values ($1, $2, $3)
    on conflict (schema_name, view_name) do update set definition = $3
$$;

create function rs.forget_late_view(text, text) returns boolean
language sql security definer set search_path = pg_catalog as $$
    with gone as (delete from rs_catalog.late_view where schema_name = $1 and view_name = $2 returning 1)
    select exists (select from gone)
$$;

-- Lengths of varchar(n) and char(n) count bytes: the functions that fit a value into n are ours.
create function rs.bytes_prefix(value text, most integer) returns text language plpgsql immutable strict set search_path = pg_catalog as $$
declare
    cut text := left(value, most);
begin
    while octet_length(cut) > most loop
        cut := left(cut, -1);
    end loop;
    return cut;
end $$;

create function rs.too_long(most integer, kind text) returns text language plpgsql immutable set search_path = pg_catalog as $$
begin
    raise exception using errcode = '22001', message = format('value too long for type %s(%s)', kind, most);
end $$;

create function rs.fit_varchar(value varchar, typmod integer, explicit boolean) returns varchar
language sql immutable strict begin atomic
    select case
        when typmod < 4 or octet_length(value) <= typmod - 4 then value
        when explicit then rs.bytes_prefix(value::text, typmod - 4)::varchar
        else rs.too_long(typmod - 4, 'character varying')::varchar
    end;
end;

create function rs.fit_char(value bpchar, typmod integer, explicit boolean) returns bpchar
language sql immutable strict begin atomic
    select case
        when typmod < 4 then value
        when octet_length(value) <= typmod - 4 then rpad(value::text, typmod - 4)::bpchar
        when octet_length(rtrim(value::text)) <= typmod - 4 then rpad(rtrim(value::text), typmod - 4)::bpchar
        when explicit then rs.bytes_prefix(value::text, typmod - 4)::bpchar
        else rs.too_long(typmod - 4, 'character')::bpchar
    end;
end;

set allow_system_table_mods = on;
update pg_catalog.pg_cast set castfunc = 'rs.fit_varchar(varchar, integer, boolean)'::regprocedure
where castsource = 'varchar'::regtype and casttarget = 'varchar'::regtype;
update pg_catalog.pg_cast set castfunc = 'rs.fit_char(bpchar, integer, boolean)'::regprocedure
where castsource = 'bpchar'::regtype and casttarget = 'bpchar'::regtype;
reset allow_system_table_mods;

-- Arithmetic. Quotients of decimals are cut, not rounded, and have the scale of
-- https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html as far as it shows at run time:
-- the divisor's precision is that of its integer type, 10 where only the value is known, and a dividend divided by a
-- bigint (sum by count) is taken to have all 38 digits.
create function rs.quotient(numeric, numeric, places integer) returns numeric
language sql immutable strict begin atomic
    select trunc(pg_catalog.div($1 * (10::numeric ^ $3), $2) / (10::numeric ^ $3), $3);
end;
create function rs.divide(numeric, numeric) returns numeric
language sql immutable strict begin atomic select rs.quotient($1, $2, greatest(4, least(scale($1) + 11 - scale($2), 20))); end;
create function rs.divide(numeric, smallint) returns numeric
language sql immutable strict begin atomic select rs.quotient($1, $2::numeric, greatest(4, least(scale($1) + 6, 20))); end;
create function rs.divide(numeric, integer) returns numeric
language sql immutable strict begin atomic select rs.quotient($1, $2::numeric, greatest(4, least(scale($1) + 11, 20))); end;
create function rs.divide(numeric, bigint) returns numeric
language sql immutable strict begin atomic select rs.quotient($1, $2::numeric, greatest(4, scale($1))); end;
create function rs.divide(smallint, numeric) returns numeric
language sql immutable strict begin atomic select rs.divide($1::numeric, $2); end;
create function rs.divide(integer, numeric) returns numeric
language sql immutable strict begin atomic select rs.divide($1::numeric, $2); end;
create function rs.divide(bigint, numeric) returns numeric
language sql immutable strict begin atomic select rs.divide($1::numeric, $2); end;
create operator rs./ (leftarg = numeric, rightarg = numeric, function = rs.divide);
create operator rs./ (leftarg = numeric, rightarg = smallint, function = rs.divide);
create operator rs./ (leftarg = numeric, rightarg = integer, function = rs.divide);
create operator rs./ (leftarg = numeric, rightarg = bigint, function = rs.divide);
create operator rs./ (leftarg = smallint, rightarg = numeric, function = rs.divide);
create operator rs./ (leftarg = integer, rightarg = numeric, function = rs.divide);
create operator rs./ (leftarg = bigint, rightarg = numeric, function = rs.divide);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SUM.html: integers of any size add up to a bigint
create aggregate rs.sum(bigint) (sfunc = int8pl, stype = bigint, combinefunc = int8pl, parallel = safe);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_AVG.html: avg(x) is rewritten as avg(sum(x), count(x))
create function rs.avg(bigint, bigint) returns bigint
language sql immutable begin atomic select $1 / nullif($2, 0); end;
create function rs.avg(numeric, bigint) returns numeric
language sql immutable begin atomic select case when $2 > 0 then rs.quotient($1, $2::numeric, scale($1)) end; end;
create function rs.avg(real, bigint) returns double precision
language sql immutable begin atomic select $1 / nullif($2, 0); end;
create function rs.avg(double precision, bigint) returns double precision
language sql immutable begin atomic select $1 / nullif($2, 0); end;

create function rs.round(double precision, integer) returns double precision
language sql immutable strict begin atomic select pg_catalog.round($1::numeric, $2)::double precision; end;
create function rs.trunc(double precision, integer) returns double precision
language sql immutable strict begin atomic select pg_catalog.trunc($1::numeric, $2)::double precision; end;
create function rs.dlog10(double precision) returns double precision
language sql immutable strict begin atomic select pg_catalog.log($1); end;
create function rs.dlog1(double precision) returns double precision
language sql immutable strict begin atomic select pg_catalog.ln($1); end;
create function rs.dexp(double precision) returns double precision
language sql immutable strict begin atomic select pg_catalog.exp($1); end;

-- Dates and times: https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html
create function rs.sysdate() returns timestamp
language sql stable begin atomic select transaction_timestamp() at time zone 'UTC'; end;
create function rs.getdate() returns timestamp
language sql stable begin atomic select date_trunc('second', statement_timestamp() at time zone 'UTC'); end;

create function rs.part_name(text) returns text
language sql immutable strict begin atomic
    select case lower($1)
        when 'y' then 'year' when 'yr' then 'year' when 'years' then 'year' when 'yrs' then 'year'
        when 'mon' then 'month' when 'mons' then 'month' when 'months' then 'month'
        when 'qtr' then 'quarter' when 'qtrs' then 'quarter' when 'quarters' then 'quarter'
        when 'w' then 'week' when 'weeks' then 'week'
        when 'd' then 'day' when 'days' then 'day'
        when 'h' then 'hour' when 'hr' then 'hour' when 'hrs' then 'hour' when 'hours' then 'hour'
        when 'm' then 'minute' when 'min' then 'minute' when 'mins' then 'minute' when 'minutes' then 'minute'
        when 's' then 'second' when 'sec' then 'second' when 'secs' then 'second' when 'seconds' then 'second'
        when 'ms' then 'millisecond' when 'msec' then 'millisecond' when 'msecs' then 'millisecond'
        when 'milliseconds' then 'millisecond' when 'millisecs' then 'millisecond'
        when 'us' then 'microsecond' when 'usec' then 'microsecond' when 'microsecs' then 'microsecond'
        when 'microseconds' then 'microsecond'
        when 'dayofweek' then 'dow' when 'dw' then 'dow' when 'weekday' then 'dow'
        when 'dayofyear' then 'doy' when 'dy' then 'doy' when 'yearday' then 'doy'
        else lower($1)
    end;
end;

create function rs.dateadd(text, bigint, timestamp) returns timestamp
language plpgsql immutable strict set search_path = pg_catalog as $$
declare
    part text := rs.part_name($1);
begin
    if part = 'quarter' then
        return $3 + ($2 * 3) * interval '1 month';
    elsif part not in ('year', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond', 'microsecond') then
        raise exception using errcode = '22023', message = format('timestamp units "%s" not recognized', $1);
    end if;
    return $3 + $2 * ('1 ' || part)::interval;
end $$;
create function rs.dateadd(text, bigint, timestamptz) returns timestamptz
language sql stable strict begin atomic select rs.dateadd($1, $2, $3 at time zone 'UTC') at time zone 'UTC'; end;
create function rs.dateadd(text, bigint, date) returns timestamp
language sql immutable strict begin atomic select rs.dateadd($1, $2, $3::timestamp); end;

create function rs.datediff(text, timestamp, timestamp) returns bigint
language plpgsql immutable strict set search_path = pg_catalog as $$
declare
    part text := rs.part_name($1);
    months bigint;
begin
    months := (extract(year from $3) * 12 + extract(month from $3)) - (extract(year from $2) * 12 + extract(month from $2));
    return case part
        when 'year' then extract(year from $3) - extract(year from $2)
        when 'quarter' then
            (extract(year from $3) * 4 + extract(quarter from $3)) - (extract(year from $2) * 4 + extract(quarter from $2))
        when 'month' then months
        -- weeks begin on Sunday here
        when 'week' then (($3::date - date '2000-01-02') + 700000) / 7 - (($2::date - date '2000-01-02') + 700000) / 7
        when 'day' then $3::date - $2::date
        when 'hour' then extract(epoch from date_trunc('hour', $3) - date_trunc('hour', $2)) / 3600
        when 'minute' then extract(epoch from date_trunc('minute', $3) - date_trunc('minute', $2)) / 60
        when 'second' then extract(epoch from date_trunc('second', $3) - date_trunc('second', $2))
        when 'millisecond' then extract(epoch from date_trunc('milliseconds', $3) - date_trunc('milliseconds', $2)) * 1000
        when 'microsecond' then extract(epoch from $3 - $2) * 1000000
        else rs.bad_part($1)
    end;
end $$;
create function rs.bad_part(text) returns numeric language plpgsql immutable set search_path = pg_catalog as $$
begin
    raise exception using errcode = '22023', message = format('timestamp units "%s" not recognized', $1);
end $$;
create function rs.datediff(text, timestamptz, timestamptz) returns bigint
language sql stable strict begin atomic select rs.datediff($1, $2 at time zone 'UTC', $3 at time zone 'UTC'); end;
create function rs.datediff(text, date, date) returns bigint
language sql immutable strict begin atomic select rs.datediff($1, $2::timestamp, $3::timestamp); end;
create function rs.datediff(text, date, timestamp) returns bigint
language sql immutable strict begin atomic select rs.datediff($1, $2::timestamp, $3); end;
create function rs.datediff(text, timestamp, date) returns bigint
language sql immutable strict begin atomic select rs.datediff($1, $2, $3::timestamp); end;

-- an extract gives an integer, not a numeric
create function rs.date_part(text, timestamp) returns integer
language sql immutable strict begin atomic select trunc(pg_catalog.date_part(rs.part_name($1), $2))::integer; end;
create function rs.date_part(text, date) returns integer
language sql immutable strict begin atomic select trunc(pg_catalog.date_part(rs.part_name($1), $2::timestamp))::integer; end;
create function rs.date_part(text, timestamptz) returns double precision
language sql stable strict begin atomic select pg_catalog.date_part(rs.part_name($1), $2); end;
create function rs.date_part(text, time) returns integer
language sql immutable strict begin atomic select trunc(pg_catalog.date_part(rs.part_name($1), $2))::integer; end;
create function rs.date_part(text, interval) returns integer
language sql immutable strict begin atomic select trunc(pg_catalog.date_part(rs.part_name($1), $2))::integer; end;
create function rs.date_trunc(text, date) returns timestamp
language sql immutable strict begin atomic select pg_catalog.date_trunc(rs.part_name($1), $2::timestamp); end;
create function rs.trunc(timestamp) returns date language sql immutable strict begin atomic select $1::date; end;
create function rs.last_day(date) returns date
language sql immutable strict begin atomic select (pg_catalog.date_trunc('month', $1::timestamp) + interval '1 month - 1 day')::date; end;
create function rs.last_day(timestamp) returns date language sql immutable strict begin atomic select rs.last_day($1::date); end;
create function rs.add_months(timestamp, bigint) returns timestamp
language sql immutable strict begin atomic
    select case
        when $1::date = rs.last_day($1::date)
            then rs.last_day(($1 + $2 * interval '1 month')::date) + ($1 - $1::date::timestamp)
        else $1 + $2 * interval '1 month'
    end;
end;
create function rs.add_months(date, bigint) returns timestamp
language sql immutable strict begin atomic select rs.add_months($1::timestamp, $2); end;
create function rs.convert_timezone(text, text, timestamp) returns timestamp
language sql stable strict begin atomic select ($3 at time zone $1) at time zone $2; end;
create function rs.convert_timezone(text, timestamp) returns timestamp
language sql stable strict begin atomic select ($2 at time zone 'UTC') at time zone $1; end;

-- Text: https://docs.aws.amazon.com/redshift/latest/dg/String_functions_header.html
create function rs.len(text) returns integer language sql immutable strict begin atomic select char_length($1); end;
create function rs.charindex(text, text) returns integer language sql immutable strict begin atomic select strpos($2, $1); end;
-- null when either is null, unlike PostgreSQL's
create function rs.concat(text, text) returns text language sql immutable strict begin atomic select $1 || $2; end;
create function rs.replicate(text, integer) returns text language sql immutable strict begin atomic select repeat($1, $2); end;
-- replaces every match
create function rs.regexp_replace(text, text) returns text
language sql immutable strict begin atomic select pg_catalog.regexp_replace($1, $2, '', 'g'); end;
create function rs.regexp_replace(text, text, text) returns text
language sql immutable strict begin atomic select pg_catalog.regexp_replace($1, $2, $3, 'g'); end;
create function rs.split_part(text, text, bigint) returns text
language sql immutable strict begin atomic select pg_catalog.split_part($1, $2, $3::integer); end;
create aggregate rs.listagg(text, text) (
    sfunc = string_agg_transfn, stype = internal, finalfunc = string_agg_finalfn
);
create function rs.sha2(text, integer) returns text
language sql immutable strict begin atomic
    select case $2
        when 224 then encode(sha224($1::bytea), 'hex')
        when 384 then encode(sha384($1::bytea), 'hex')
        when 512 then encode(sha512($1::bytea), 'hex')
        else encode(sha256($1::bytea), 'hex')
    end;
end;
create function rs.json_extract_path_text(text, variadic text []) returns text
language sql immutable strict begin atomic select coalesce($1::jsonb #>> $2, ''); end;
create function rs.is_valid_json(text) returns boolean
language sql immutable strict begin atomic select $1 is json object; end;

-- try_cast(x as t) is rewritten as cast(try_text(x, 't') as t)
create function rs.try_text(text, text) returns text
language plpgsql immutable strict set search_path = pg_catalog as $$
declare
    found text;
begin
    execute format('select (%L::%s)::text', $1, $2) into found;
    return found;
exception when data_exception then
    return null;
end $$;

create function rs.current_schema() returns name
language sql stable begin atomic
    select found from unnest(pg_catalog.current_schemas(false)) with ordinality as path (found, place)
    where found not in ('rs', 'pg_catalog') order by place limit 1;
end;
create function rs.version() returns text language sql immutable begin atomic
    select 'PostgreSQL 8.0.2 on x86_64-pc-linux-gnu, Redshift 1.0 (local emulation on PostgreSQL)';
end;

-- The catalog as Redshift shows it. Database roles are PostgreSQL roles named "role:…".
create view rs.pg_user as
select
    rolname as usename,
    oid::integer as usesysid,
    rolcreatedb as usecreatedb,
    rolsuper as usesuper,
    rolsuper as usecatupd,
    '********'::text as passwd,
    rolvaliduntil as valuntil,
    null::text as useconfig
from pg_catalog.pg_roles
where rolcanlogin;

create view rs.svv_user_info as
select
    rolname::varchar as user_name,
    oid::integer as user_id,
    rolcreatedb as createdb,
    rolsuper as superuser,
    false as catalog_update,
    rolconnlimit as connection_limit,
    'RESTRICTED'::varchar as syslog_access,
    0 as session_timeout,
    (rolname ~ '^IAMR?:') as external_user_id
from pg_catalog.pg_roles
where rolcanlogin;

create view rs.svv_roles as
select
    oid::integer as role_id,
    substr(rolname, 6)::varchar as role_name,
    'admin'::varchar as role_owner,
    null::varchar as external_id
from pg_catalog.pg_roles
where rolname like 'role:%';

create view rs.svv_user_grants as
select
    member.oid::integer as user_id,
    member.rolname::varchar as user_name,
    granted.oid::integer as role_id,
    substr(granted.rolname, 6)::varchar as role_name,
    admin_option
from pg_catalog.pg_auth_members
inner join pg_catalog.pg_roles as member on member.oid = pg_auth_members.member
inner join pg_catalog.pg_roles as granted on granted.oid = pg_auth_members.roleid
where member.rolcanlogin and granted.rolname like 'role:%';

create view rs.svv_role_grants as
select
    member.oid::integer as role_id,
    substr(member.rolname, 6)::varchar as role_name,
    granted.oid::integer as granted_role_id,
    substr(granted.rolname, 6)::varchar as granted_role_name
from pg_catalog.pg_auth_members
inner join pg_catalog.pg_roles as member on member.oid = pg_auth_members.member
inner join pg_catalog.pg_roles as granted on granted.oid = pg_auth_members.roleid
where member.rolname like 'role:%' and granted.rolname like 'role:%';

create view rs.svv_redshift_schemas as
select
    current_database()::varchar as database_name,
    nspname::varchar as schema_name,
    nspowner::integer as schema_owner,
    'local'::varchar as schema_type,
    array_to_string(nspacl, '~')::varchar as schema_acl,
    null::varchar as schema_option
from pg_catalog.pg_namespace
where
    nspname !~ '^(pg_|rs$|rs_catalog$|information_schema$)'
    and nspname not in (select e.schema_name from rs_catalog.external_schema as e)
    and has_schema_privilege(oid, 'usage');

create view rs.svv_external_schemas as
select
    n.oid::integer as esoid,
    1 as eskind,
    e.schema_name::varchar as schemaname,
    n.nspowner::integer as esowner,
    e.glue_database::varchar as databasename,
    ('{"REGION":"' || coalesce(e.region, '') || '","IAM_ROLE":"' || e.role_arn || '"}')::varchar as esoptions
from rs_catalog.external_schema as e
inner join pg_catalog.pg_namespace as n on n.nspname = e.schema_name;

create view rs.svv_all_schemas as
select database_name, schema_name, schema_owner, schema_type, schema_acl, null::varchar as source_database, schema_option
from rs.svv_redshift_schemas
union all
select current_database()::varchar, schemaname, esowner, 'external', null, databasename, esoptions
from rs.svv_external_schemas;

create view rs.svv_redshift_tables as
select
    current_database()::varchar as database_name,
    n.nspname::varchar as schema_name,
    c.relname::varchar as table_name,
    case c.relkind when 'r' then 'TABLE' else 'VIEW' end::varchar as table_type,
    array_to_string(c.relacl, '~')::varchar as table_acl,
    obj_description(c.oid)::varchar as remarks
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where
    c.relkind in ('r', 'v', 'm')
    and n.nspname !~ '^(pg_|rs$|rs_catalog$|information_schema$)'
    and (has_table_privilege(c.oid, 'select') or pg_has_role(c.relowner, 'usage'));

create view rs.svv_redshift_columns as
select
    current_database()::varchar as database_name,
    n.nspname::varchar as schema_name,
    c.relname::varchar as table_name,
    a.attname::varchar as column_name,
    (row_number() over (partition by c.oid order by a.attnum))::integer as ordinal_position,
    format_type(a.atttypid, a.atttypmod)::varchar as data_type,
    pg_get_expr(d.adbin, d.adrelid)::varchar as column_default,
    case when a.attnotnull then 'NO' else 'YES' end::varchar as is_nullable,
    'none'::varchar as encoding,
    false as distkey,
    0 as sortkey,
    array_to_string(a.attacl, '~')::varchar as column_acl,
    col_description(c.oid, a.attnum)::varchar as remarks
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on c.oid = a.attrelid
inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
where
    a.attnum > 0
    and not a.attisdropped
    and c.relkind in ('r', 'v', 'm')
    and n.nspname !~ '^(pg_|rs$|rs_catalog$|information_schema$)'
    and (has_table_privilege(c.oid, 'select') or pg_has_role(c.relowner, 'usage'));

create view rs.svv_all_columns as
select
    database_name, schema_name, table_name, column_name, ordinal_position, column_default, is_nullable,
    regexp_replace(data_type, '\(.*', '')::varchar as data_type,
    substring(data_type from 'character.*\((\d+)')::integer as character_maximum_length,
    substring(data_type from 'numeric\((\d+)')::integer as numeric_precision,
    substring(data_type from 'numeric\(\d+,(\d+)')::integer as numeric_scale,
    remarks
from rs.svv_redshift_columns;
create view rs.svv_columns as
select
    database_name as table_catalog, schema_name as table_schema, table_name, column_name, ordinal_position,
    column_default, is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale, remarks
from rs.svv_all_columns;
create view rs.svv_tables as
select database_name as table_catalog, schema_name as table_schema, table_name,
    case table_type when 'TABLE' then 'BASE TABLE' else table_type end::varchar as table_type, remarks
from rs.svv_redshift_tables;
create view rs.svv_all_tables as select * from rs.svv_redshift_tables;

create view rs.pg_table_def as
select
    schema_name as schemaname, table_name as tablename, column_name as "column", data_type as type, encoding,
    distkey, sortkey, is_nullable = 'NO' as "notnull"
from rs.svv_redshift_columns
where schema_name = any (pg_catalog.current_schemas(false));

create view rs.svv_table_info as
select
    current_database()::text as database, n.nspname::text as schema, c.oid as table_id, c.relname::text as "table",
    greatest(c.reltuples, 0)::numeric(38, 0) as tbl_rows
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname !~ '^(pg_|rs$|rs_catalog$|information_schema$)';

create view rs.svv_mv_info as
select
    current_database()::char(128) as database_name,
    n.nspname::char(128) as schema_name,
    r.rolname::char(128) as user_name,
    c.relname::char(128) as name,
    'u'::char(1) as is_stale,
    c.relowner::integer as owner_user_name,
    0 as state,
    'f'::char(1) as autorewrite,
    'f'::char(1) as autorefresh
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
inner join pg_catalog.pg_roles as r on r.oid = c.relowner
where c.relkind = 'm';
create view rs.stv_mv_info as
select database_name as db_name, schema_name as schema, name, 0::bigint as updated_upto_xid, is_stale, user_name as owner_user_name,
    state, autorewrite, autorefresh
from rs.svv_mv_info;

create view rs.sys_query_history as
select
    r.oid::integer as user_id, l.query_id, l.database_name::char(128) as database_name, l.query_type::char(32) as query_type,
    l.status::char(10) as status, l.start_time, l.end_time,
    (extract(epoch from l.end_time - l.start_time) * 1000000)::bigint as elapsed_time,
    l.query_text::char(4000) as query_text, l.error_message::char(512) as error_message, l.returned_rows
from rs_catalog.query_log as l
left join pg_catalog.pg_roles as r on r.rolname = l.user_name
where l.user_name = current_user or exists (select from pg_catalog.pg_roles where rolname = current_user and rolsuper);

grant select on all tables in schema rs to public;
