select fact.order_id
from analytics.fact_orders as fact
left join raw_data.sales as landed on fact.order_id = landed.order_id
where landed.order_id is null;
