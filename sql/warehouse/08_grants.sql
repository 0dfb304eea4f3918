-- Who may do what. `on all tables` covers what exists, default privileges cover what the load and transform users
-- will create: both are needed, as neither reaches the other's tables.

-- load: owns the landing tables and the ledger
grant usage, create on schema raw_data to role loader;

-- transform: reads landing, owns everything in analytics
grant usage on schema raw_data to role transformer;

grant usage, create on schema analytics to role transformer;

grant select on all tables in schema raw_data to role transformer;

-- The linter's grammar has no role here, and it looks at nothing below.
alter default privileges for user "${load_user}" in schema raw_data
grant select on tables to role transformer; -- noqa: PRS

-- check: reads, and changes nothing
grant usage on schema raw_data to role checker;

grant usage on schema analytics to role checker;

grant select on all tables in schema raw_data to role checker;

grant select on all tables in schema analytics to role checker;

alter default privileges for user "${load_user}" in schema raw_data
grant select on tables to role checker;

alter default privileges for user "${transform_user}" in schema analytics
grant select on tables to role checker;

-- people: read all three; in an external schema usage is all there is to grant
grant usage on schema raw_data to role analyst;

grant usage on schema analytics to role analyst;

grant usage on schema data_lake to role analyst;

grant select on all tables in schema raw_data to role analyst;

grant select on all tables in schema analytics to role analyst;

alter default privileges for user "${load_user}" in schema raw_data
grant select on tables to role analyst;

alter default privileges for user "${transform_user}" in schema analytics
grant select on tables to role analyst;
