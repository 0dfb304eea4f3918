-- Objects in the lake of which the warehouse knows nothing yet, and how many trips they hold; run on the warehouse.
-- Records stand where they stand: no column of the files has to be read, whatever types their writer chose.

with lake as (
    select
        regexp_replace("$path", '^s3://[^/]+/', '') as object_key,
        "$size" as object_size
    from data_lake.trips
)

select
    lake.object_key,
    lake.object_size,
    count(*) as pending_rows
from lake
left join raw_data.load_ledger as ledger on lake.object_key = ledger.object_key
where ledger.object_key is null
group by lake.object_key, lake.object_size
order by lake.object_key;
