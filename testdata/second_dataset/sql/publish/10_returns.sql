unload ('select * from analytics.returns')
to '${curated_uri}/returns/run=${attempt_id}/'
iam_role '${publish_role_arn}'
format as parquet
partition by (shop);
