-- Sales by region from the published facts.

select
    region,
    count(*) as order_count,
    sum(total_amount) as revenue
from ${curated_database}.fact_orders
group by region
order by region
