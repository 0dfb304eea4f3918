-- To change its columns drop the view first: `create or replace` keeps the list of columns as it is.

create or replace view analytics.daily_sales_summary as
select
    order_date,
    region,
    count(*) as order_count,
    sum(quantity) as total_units,
    sum(total_amount) as total_revenue,
    cast(round(sum(total_amount) / count(*), 2) as decimal(20, 2)) as avg_order_value
from analytics.fact_orders
group by order_date, region;
