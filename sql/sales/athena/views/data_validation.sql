-- Raw against published: equal counts and totals once everything is loaded, malformed rows or not.
-- Raw is all text, so what can't be typed is left out by try_cast and patterns instead of failing the query. What only
-- the load sees (too many fields, a wrong header, broken quotes) is left out by the rejected zone: a rejection counts if
-- it was written after the object; an older one was about content that has been replaced since.

create or replace view ${curated_database}.data_validation as
with raw_rows as (
    select
        "$path" as object_path,
        "$file_modified_time" as object_modified_at,
        year || month || day as partition_day,
        -- as the rejected zone writes text: nothing that is not UTF-8, no NUL
        replace(from_utf8(to_utf8(order_id)), chr(0), chr(65533)) as order_id,
        replace(from_utf8(to_utf8(customer_id)), chr(0), chr(65533)) as customer_id,
        replace(from_utf8(to_utf8(product_id)), chr(0), chr(65533)) as product_id,
        replace(from_utf8(to_utf8(quantity)), chr(0), chr(65533)) as quantity,
        replace(from_utf8(to_utf8(unit_price)), chr(0), chr(65533)) as unit_price,
        replace(from_utf8(to_utf8(order_date)), chr(0), chr(65533)) as order_date,
        replace(from_utf8(to_utf8(region)), chr(0), chr(65533)) as region
    from ${raw_database}.sales
),

refused as (
    select
        object_key,
        order_id,
        customer_id,
        product_id,
        quantity,
        unit_price,
        order_date,
        region,
        max("$file_modified_time") as refused_at
    from ${raw_database}.sales_rejected
    group by object_key, order_id, customer_id, product_id, quantity, unit_price, order_date, region
),

typed as (
    select
        raw_rows.object_path,
        raw_rows.object_modified_at,
        raw_rows.partition_day,
        try_cast(trim(raw_rows.order_id) as integer) as order_id,
        try_cast(trim(raw_rows.quantity) as integer) as quantity,
        -- a cast would round 29.999 where the load rejects it
        if(
            regexp_like(trim(raw_rows.unit_price), '^[+-]?(\d+(\.\d{0,2})?|\.\d{1,2})$'),
            try_cast(trim(raw_rows.unit_price) as decimal(10, 2))
        ) as unit_price
    from raw_rows
    left join refused
        on
            substr(raw_rows.object_path, position('/sales/' in raw_rows.object_path) + 1) = refused.object_key
            and raw_rows.object_modified_at <= refused.refused_at
            and coalesce(raw_rows.order_id, '') = coalesce(refused.order_id, '')
            and coalesce(raw_rows.customer_id, '') = coalesce(refused.customer_id, '')
            and coalesce(raw_rows.product_id, '') = coalesce(refused.product_id, '')
            and coalesce(raw_rows.quantity, '') = coalesce(refused.quantity, '')
            and coalesce(raw_rows.unit_price, '') = coalesce(refused.unit_price, '')
            and coalesce(raw_rows.order_date, '') = coalesce(refused.order_date, '')
            and coalesce(raw_rows.region, '') = coalesce(refused.region, '')
    where
        refused.object_key is null
        and regexp_like(trim(raw_rows.order_date), '^\d{4}-\d{2}-\d{2}$')
        and try_cast(trim(raw_rows.order_date) as date) is not null
        and length(to_utf8(raw_rows.customer_id)) between 1 and 20
        and length(to_utf8(raw_rows.product_id)) between 1 and 20
        and length(to_utf8(raw_rows.region)) between 1 and 50
),

ranked as (
    select
        typed.quantity,
        typed.unit_price,
        -- The same order as the transform's, as far as the lake tells it. Lines have no numbers here: of several lines
        -- for one order in one file, the published one counts.
        row_number() over (
            partition by typed.order_id
            order by
                typed.partition_day desc,
                typed.object_modified_at desc,
                typed.object_path desc,
                published.order_id asc nulls last
        ) as recency
    from typed
    left join ${curated_database}.fact_orders as published
        on
            typed.order_id = published.order_id
            and typed.quantity = published.quantity
            and typed.unit_price = published.unit_price
    where typed.order_id is not null and typed.quantity is not null and typed.unit_price is not null
)

select
    'raw' as source,
    count(*) as order_count,
    cast(coalesce(sum(cast(quantity as decimal(10, 0)) * unit_price), 0) as decimal(38, 2)) as total_amount
from ranked
where recency = 1

union all

select
    'published' as source,
    count(*) as order_count,
    cast(coalesce(sum(total_amount), 0) as decimal(38, 2)) as total_amount
from ${curated_database}.fact_orders
