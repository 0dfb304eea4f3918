unload ('
    select
        object_key,
        line_number,
        vendor_id,
        pickup_at,
        dropoff_at,
        passenger_count,
        trip_distance,
        ratecode_id,
        store_and_fwd_flag,
        pickup_location_id,
        dropoff_location_id,
        payment_type,
        fare_amount,
        extra,
        mta_tax,
        tip_amount,
        tolls_amount,
        improvement_surcharge,
        total_amount,
        congestion_surcharge,
        airport_fee,
        trip_year,
        trip_month
    from analytics.fact_trips
    where
        ''trip_year='' || cast(trip_year as varchar(4)) || ''/trip_month='' || cast(trip_month as varchar(2))
        in (select partition_path from analytics.publish_queue where table_name = ''fact_trips'')
')
to '${curated_uri}/fact_trips/run=${attempt_id}/'
iam_role '${publish_role_arn}'
format as parquet
partition by (trip_year, trip_month);
