-- The materialized view says the same as the facts it was made from.

with facts as (
    select
        order_year,
        order_month,
        region,
        count(*) as order_count,
        sum(total_amount) as revenue
    from analytics.fact_orders
    group by order_year, order_month, region
)

select
    coalesce(facts.order_year, monthly.order_year) as order_year,
    coalesce(facts.order_month, monthly.order_month) as order_month,
    coalesce(facts.region, monthly.region) as region,
    facts.revenue as fact_revenue,
    monthly.revenue as monthly_revenue
from facts
full outer join analytics.monthly_regional_sales as monthly
    on
        facts.order_year = monthly.order_year
        and facts.order_month = monthly.order_month
        and facts.region = monthly.region
where
    facts.region is null
    or monthly.region is null
    or facts.revenue <> monthly.revenue
    or facts.order_count <> monthly.order_count;
