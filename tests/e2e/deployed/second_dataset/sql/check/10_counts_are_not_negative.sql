select
    warehouse,
    sku,
    on_hand
from analytics.stock_levels
where on_hand < 0;
