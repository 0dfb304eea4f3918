-- All files of this folder run as one transaction.
-- The lock comes first: another run's batch may still be committing, and our snapshot must not be older than its end.

lock analytics.fact_orders, analytics.publish_queue;

-- The row that counts for each order the load has touched. A later partition beats an earlier one and a corrected
-- file beats what it replaces; the time of loading decides nothing, so loading again gives the same facts.
create temp table latest_orders
distkey (order_id)
as
with ranked as (
    select
        landed.order_id,
        landed.customer_id,
        landed.product_id,
        landed.quantity,
        landed.unit_price,
        landed.order_date,
        landed.region,
        row_number() over (
            partition by landed.order_id
            order by
                landed.partition_date desc,
                landed.object_modified_at desc,
                landed.object_key desc,
                landed.line_number desc
        ) as recency
    from raw_data.sales as landed
    where landed.order_id in (select order_id from raw_data.sales_affected_keys)
)

select
    order_id,
    customer_id,
    product_id,
    quantity,
    unit_price,
    cast(quantity * unit_price as decimal(20, 2)) as total_amount,
    order_date,
    cast(extract(year from order_date) as smallint) as order_year,
    cast(extract(month from order_date) as smallint) as order_month,
    region
from ranked
where recency = 1;
