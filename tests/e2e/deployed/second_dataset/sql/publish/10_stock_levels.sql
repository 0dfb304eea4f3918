unload ('
    select
        stock_key,
        sku,
        counted_at,
        on_hand,
        available,
        warehouse
    from analytics.stock_levels
    where ''warehouse='' || warehouse in (
        select partition_path from analytics.publish_queue where table_name = ''stock_levels''
    )
')
to '${curated_uri}/stock_levels/run=${attempt_id}/'
iam_role '${publish_role_arn}'
format as parquet
partition by (warehouse);
