-- Sales by region, straight from the raw zone: every line counts, corrected or not, unless its numbers can't be read.

select
    region,
    count(*) as order_count,
    sum(cast(try_cast(trim(quantity) as integer) * try_cast(trim(unit_price) as decimal(10, 2)) as decimal(20, 2))) as revenue
from ${raw_database}.sales
where
    try_cast(trim(order_id) as integer) is not null
    and try_cast(trim(quantity) as integer) is not null
    and try_cast(trim(unit_price) as decimal(10, 2)) is not null
group by region
order by region
