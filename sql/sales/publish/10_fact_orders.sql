-- The queued partitions, whole, under a prefix of this attempt's own: readers see none of it until the catalog is switched.

unload ('
    select
        order_key,
        order_id,
        customer_id,
        product_id,
        quantity,
        unit_price,
        total_amount,
        order_date,
        region,
        order_year,
        order_month
    from analytics.fact_orders
    where
        ''order_year='' || cast(order_year as varchar(4)) || ''/order_month='' || cast(order_month as varchar(2))
        in (select partition_path from analytics.publish_queue where table_name = ''fact_orders'')
')
to '${curated_uri}/fact_orders/run=${attempt_id}/'
iam_role '${publish_role_arn}'
format as parquet
partition by (order_year, order_month);
