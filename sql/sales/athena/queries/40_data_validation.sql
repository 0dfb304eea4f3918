-- Raw against published: the two rows say the same once everything is loaded.

select
    source,
    order_count,
    total_amount
from ${curated_database}.data_validation
order by source
