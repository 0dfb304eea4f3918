-- One row per record that landed: a trip has no key but where it stands.

create table if not exists analytics.fact_trips (
    object_key varchar(1024) not null,
    line_number bigint not null,
    vendor_id bigint,
    pickup_at timestamp,
    dropoff_at timestamp,
    passenger_count bigint,
    trip_distance double precision,
    ratecode_id double precision,
    store_and_fwd_flag varchar(3),
    pickup_location_id integer,
    dropoff_location_id integer,
    payment_type bigint,
    fare_amount double precision,
    extra double precision,
    mta_tax double precision,
    tip_amount double precision,
    tolls_amount double precision,
    improvement_surcharge double precision,
    total_amount decimal(12, 2),
    congestion_surcharge double precision,
    airport_fee double precision,
    trip_year smallint not null,
    trip_month smallint not null,
    primary key (object_key, line_number)
)
diststyle auto
sortkey (trip_year, trip_month);
