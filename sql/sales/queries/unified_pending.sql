-- What lies in the lake and is not yet a fact, per region and date; run on the warehouse.
-- The lake's columns are text and stay text: a malformed row must not break the question.
-- A row the load has judged and refused is not pending: the rejected zone holds it, and the ledger knows the load.
-- Object and size say whether it was this content; a correction of just as many bytes is known by its rows only.

with facts as (
    select cast(order_id as varchar(20)) as order_id
    from analytics.fact_orders
),

refused as (
    select distinct
        rejected.object_key,
        rejected.object_size,
        rejected.order_id,
        rejected.customer_id,
        rejected.product_id,
        rejected.quantity,
        rejected.unit_price,
        rejected.order_date,
        rejected.region,
        1 as is_refused
    from data_lake.sales_rejected as rejected
    inner join raw_data.load_ledger as ledger
        on
            rejected.object_key = ledger.object_key
            and rejected.etag = ledger.etag
            and rejected.run_id = ledger.run_id
),

lake as (
    select
        regexp_replace("$path", '^s3://[^/]+/', '') as object_key,
        "$size" as object_size,
        -- 0042 and +42 are the order 42
        coalesce(nullif(ltrim(trim(order_id), '+0'), ''), '0') as order_key,
        coalesce(order_id, '') as order_id,
        coalesce(customer_id, '') as customer_id,
        coalesce(product_id, '') as product_id,
        coalesce(quantity, '') as quantity,
        coalesce(unit_price, '') as unit_price,
        coalesce(order_date, '') as order_date,
        coalesce(region, '') as region
    from data_lake.sales
)

select
    lake.region,
    lake.order_date,
    count(*) as pending_rows
from lake
left join facts on lake.order_key = facts.order_id
left join refused
    on
        lake.object_key = refused.object_key
        and lake.object_size = refused.object_size
        and lake.order_id = coalesce(refused.order_id, '')
        and lake.customer_id = coalesce(refused.customer_id, '')
        and lake.product_id = coalesce(refused.product_id, '')
        and lake.quantity = coalesce(refused.quantity, '')
        and lake.unit_price = coalesce(refused.unit_price, '')
        and lake.order_date = coalesce(refused.order_date, '')
        and lake.region = coalesce(refused.region, '')
where
    facts.order_id is null
    and refused.is_refused is null
    and lake.order_id || lake.customer_id || lake.product_id || lake.quantity <> ''
group by lake.region, lake.order_date
order by lake.region, lake.order_date;
