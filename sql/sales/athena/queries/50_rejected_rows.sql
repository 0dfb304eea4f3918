-- Rows the load refused, why, and where they stand. An attempt that was killed may have left some of them twice.

select distinct
    object_key,
    line_number,
    reason,
    content
from ${raw_database}.sales_rejected
order by object_key, line_number
limit 1000
