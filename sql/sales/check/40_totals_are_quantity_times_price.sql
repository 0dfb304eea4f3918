select
    order_id,
    quantity,
    unit_price,
    total_amount
from analytics.fact_orders
where total_amount <> quantity * unit_price;
