-- Redshift does not enforce the primary key that its planner relies on.

select
    order_id,
    count(*) as fact_count
from analytics.fact_orders
group by order_id
having count(*) > 1;
