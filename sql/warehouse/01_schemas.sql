-- Applied at every deploy by the administrator, each statement on its own. Every statement may run again:
-- the schema step skips `create user` and `create role` of what exists already, as Redshift has no "if not exists" there.

-- what the lake delivered, typed but otherwise untouched
create schema if not exists raw_data;

-- what people ask
create schema if not exists analytics;
