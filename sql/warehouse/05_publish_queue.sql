-- Partitions of published tables that changed and must be written to the lake again.
-- The transform adds to it in its own transaction; a row leaves only after readers were switched to the new files.
-- A handful of rows: not worth distributing.

create table if not exists analytics.publish_queue (
    table_name varchar(127) not null,
    partition_path varchar(1024) not null
)
diststyle all;

alter table analytics.publish_queue owner to "${transform_user}";
