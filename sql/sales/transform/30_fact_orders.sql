-- an order whose last row left the lake (a corrected file without it) leaves the facts
delete from analytics.fact_orders
where
    order_id in (select order_id from raw_data.sales_affected_keys)
    and order_id not in (select order_id from latest_orders);

merge into analytics.fact_orders
using latest_orders
    on analytics.fact_orders.order_id = latest_orders.order_id
when matched then
    update
        set
            customer_id = latest_orders.customer_id,
            product_id = latest_orders.product_id,
            quantity = latest_orders.quantity,
            unit_price = latest_orders.unit_price,
            total_amount = latest_orders.total_amount,
            order_date = latest_orders.order_date,
            order_year = latest_orders.order_year,
            order_month = latest_orders.order_month,
            region = latest_orders.region
when not matched then insert (
    order_id, customer_id, product_id, quantity, unit_price, total_amount, order_date, order_year, order_month, region
) values (
    latest_orders.order_id,
    latest_orders.customer_id,
    latest_orders.product_id,
    latest_orders.quantity,
    latest_orders.unit_price,
    latest_orders.total_amount,
    latest_orders.order_date,
    latest_orders.order_year,
    latest_orders.order_month,
    latest_orders.region
);
