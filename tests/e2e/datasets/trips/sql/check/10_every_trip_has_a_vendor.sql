select
    object_key,
    line_number
from analytics.fact_trips
where vendor_id is null;
