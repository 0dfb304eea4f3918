-- Trips and fares by vendor, straight from the raw zone. The catalog tells fields by their names in lower case.

select
    vendorid,
    count(*) as trips,
    sum(fare_amount) as fares
from ${raw_database}.trips
group by vendorid
order by vendorid
