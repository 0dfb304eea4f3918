-- Partitions to publish again: those that hold an affected order now, and those that will.

insert into analytics.publish_queue (table_name, partition_path)
select
    'fact_orders' as table_name,
    'order_year=' || cast(order_year as varchar(4)) || '/order_month=' || cast(order_month as varchar(2)) as partition_path
from analytics.fact_orders
where order_id in (select order_id from raw_data.sales_affected_keys)
union
select
    'fact_orders' as table_name,
    'order_year=' || cast(order_year as varchar(4)) || '/order_month=' || cast(order_month as varchar(2)) as partition_path
from latest_orders;
