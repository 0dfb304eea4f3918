-- Which raw objects have been loaded, by content: an object is known when its key and ETag
-- stand here, unless it was written again since.
-- Written in the transaction that loads the rows, so the ledger and the landing tables never disagree.
-- Small, and joined by object_key with every landing table: a copy on each node.

create table if not exists raw_data.load_ledger (
    object_key varchar(1024) not null,
    etag varchar(64) not null,
    version_id varchar(1024),
    run_id varchar(128) not null,
    rows_read bigint not null,
    rows_loaded bigint not null,
    rows_rejected bigint not null,
    committed_at timestamp not null
)
diststyle all
sortkey (object_key);

alter table raw_data.load_ledger owner to "${load_user}";
