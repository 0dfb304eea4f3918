lock analytics.fact_trips, analytics.publish_queue;

-- Partitions that hold an affected record now, and those that will: by the day of delivery, which is never empty.
insert into analytics.publish_queue (table_name, partition_path)
select
    'fact_trips' as table_name,
    'trip_year=' || cast(facts.trip_year as varchar(4)) || '/trip_month=' || cast(facts.trip_month as varchar(2)) as partition_path
from analytics.fact_trips as facts
inner join raw_data.trips_affected_keys as affected
    on facts.object_key = affected.object_key and facts.line_number = affected.line_number
union
select
    'fact_trips' as table_name,
    'trip_year=' || cast(extract(year from landed.partition_date) as varchar(4))
    || '/trip_month=' || cast(extract(month from landed.partition_date) as varchar(2)) as partition_path
from raw_data.trips as landed
inner join raw_data.trips_affected_keys as affected
    on landed.object_key = affected.object_key and landed.line_number = affected.line_number;

-- a record is replaced as a whole, or is gone
delete from analytics.fact_trips
using raw_data.trips_affected_keys
where
    analytics.fact_trips.object_key = raw_data.trips_affected_keys.object_key
    and analytics.fact_trips.line_number = raw_data.trips_affected_keys.line_number;

insert into analytics.fact_trips (
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
)
select
    landed.object_key,
    landed.line_number,
    landed.vendor_id,
    landed.pickup_at,
    landed.dropoff_at,
    landed.passenger_count,
    landed.trip_distance,
    landed.ratecode_id,
    landed.store_and_fwd_flag,
    landed.pickup_location_id,
    landed.dropoff_location_id,
    landed.payment_type,
    landed.fare_amount,
    landed.extra,
    landed.mta_tax,
    landed.tip_amount,
    landed.tolls_amount,
    landed.improvement_surcharge,
    landed.total_amount,
    landed.congestion_surcharge,
    landed.airport_fee,
    cast(extract(year from landed.partition_date) as smallint) as trip_year,
    cast(extract(month from landed.partition_date) as smallint) as trip_month
from raw_data.trips as landed
inner join (select distinct object_key, line_number from raw_data.trips_affected_keys) as affected
    on landed.object_key = affected.object_key and landed.line_number = affected.line_number;

delete from raw_data.trips_affected_keys;
