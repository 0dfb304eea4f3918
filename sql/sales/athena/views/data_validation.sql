-- Raw against published: equal counts and totals once everything is loaded and no row is malformed.
-- Raw is all text, so a row that would not fit is left out by try_cast and patterns instead of failing the query.
-- What only the load can see (too many fields in a line, a wrong header, broken quotes) still counts as raw here.

create or replace view ${curated_database}.data_validation as
with typed as (
    select
        year,
        month,
        day,
        "$path" as object_path,
        "$file_modified_time" as object_modified_at,
        try_cast(trim(order_id) as integer) as order_id,
        try_cast(trim(quantity) as integer) as quantity,
        -- a cast would round 29.999 where the load rejects it
        if(
            regexp_like(trim(unit_price), '^[+-]?(\d+(\.\d{0,2})?|\.\d{1,2})$'),
            try_cast(trim(unit_price) as decimal(10, 2))
        ) as unit_price,
        if(
            regexp_like(trim(order_date), '^\d{4}-\d{2}-\d{2}$'),
            try_cast(trim(order_date) as date)
        ) as order_date,
        if(length(to_utf8(customer_id)) <= 20, nullif(customer_id, '')) as customer_id,
        if(length(to_utf8(product_id)) <= 20, nullif(product_id, '')) as product_id,
        if(length(to_utf8(region)) <= 50, nullif(region, '')) as region
    from ${raw_database}.sales
),

ranked as (
    select
        quantity,
        unit_price,
        -- the same order as the transform's, as far as the lake alone tells it
        row_number() over (
            partition by order_id
            order by year desc, month desc, day desc, object_modified_at desc, object_path desc
        ) as recency
    from typed
    where
        order_id is not null
        and quantity is not null
        and unit_price is not null
        and order_date is not null
        and customer_id is not null
        and product_id is not null
        and region is not null
)

select
    'raw' as source,
    count(*) as order_count,
    coalesce(sum(cast(quantity as decimal(10, 0)) * unit_price), decimal '0.00') as total_amount
from ranked
where recency = 1

union all

select
    'published' as source,
    count(*) as order_count,
    coalesce(sum(total_amount), decimal '0.00') as total_amount
from ${curated_database}.fact_orders
