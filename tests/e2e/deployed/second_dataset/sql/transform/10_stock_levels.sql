lock analytics.stock_levels, analytics.publish_queue;

create temp table latest_counts as
select
    warehouse,
    sku,
    counted_at,
    on_hand,
    available
from (
    select
        landed.warehouse,
        landed.sku,
        landed.counted_at,
        landed.on_hand,
        landed.available,
        row_number() over (
            partition by landed.warehouse, landed.sku
            order by landed.partition_date desc, landed.object_modified_at desc, landed.object_key desc, landed.line_number desc
        ) as recency
    from raw_data.inventory as landed
    inner join (select distinct warehouse, sku from raw_data.inventory_affected_keys) as affected
        on landed.warehouse = affected.warehouse and landed.sku = affected.sku
) as ranked
where recency = 1;

insert into analytics.publish_queue (table_name, partition_path)
select distinct 'stock_levels' as table_name, 'warehouse=' || warehouse as partition_path
from raw_data.inventory_affected_keys;

delete from analytics.stock_levels
using raw_data.inventory_affected_keys
where
    analytics.stock_levels.warehouse = raw_data.inventory_affected_keys.warehouse
    and analytics.stock_levels.sku = raw_data.inventory_affected_keys.sku
    and not exists (
        select 1 from latest_counts
        where latest_counts.warehouse = analytics.stock_levels.warehouse and latest_counts.sku = analytics.stock_levels.sku
    );

merge into analytics.stock_levels
using latest_counts
    on analytics.stock_levels.warehouse = latest_counts.warehouse and analytics.stock_levels.sku = latest_counts.sku
when matched then
    update
        set
            counted_at = latest_counts.counted_at,
            on_hand = latest_counts.on_hand,
            available = latest_counts.available
when not matched then
    insert (warehouse, sku, counted_at, on_hand, available)
    values (latest_counts.warehouse, latest_counts.sku, latest_counts.counted_at, latest_counts.on_hand, latest_counts.available);

delete from raw_data.inventory_affected_keys;
