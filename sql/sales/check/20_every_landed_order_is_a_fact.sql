select distinct landed.order_id
from raw_data.sales as landed
left join analytics.fact_orders as fact on landed.order_id = fact.order_id
where fact.order_id is null;
