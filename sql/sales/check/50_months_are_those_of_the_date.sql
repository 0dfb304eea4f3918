-- the partitions of the published table are cut by these two columns

select
    order_id,
    order_date,
    order_year,
    order_month
from analytics.fact_orders
where
    order_year <> extract(year from order_date)
    or order_month <> extract(month from order_date);
