-- Refreshed by its owner, the transform user, after each transform has committed.
-- Distinct customers can't be kept up to date row by row, so a refresh computes it anew.
-- Redshift can neither replace a materialized view nor skip one that exists: it is made again when the schema is applied.

drop materialized view if exists analytics.monthly_regional_sales;

create materialized view analytics.monthly_regional_sales
-- a few rows per month
diststyle all
sortkey (order_year, order_month)
auto refresh no
as
select
    order_year,
    order_month,
    region,
    count(distinct customer_id) as unique_customers,
    count(*) as order_count,
    sum(total_amount) as revenue
from analytics.fact_orders
group by order_year, order_month, region;

grant select on analytics.monthly_regional_sales to role checker;

grant select on analytics.monthly_regional_sales to role analyst;
