-- One row per order, as its latest raw row has it.

create table if not exists analytics.fact_orders (
    order_key bigint identity (1, 1),
    order_id integer not null,
    customer_id varchar(20) not null,
    product_id varchar(20) not null,
    quantity integer not null,
    unit_price decimal(10, 2) not null,
    -- an integer times a decimal(10, 2) needs up to 18 digits before the point
    total_amount decimal(20, 2) not null,
    order_date date not null,
    order_year smallint not null,
    order_month smallint not null,
    region varchar(50) not null,
    -- not enforced by Redshift, but its planner believes it: the transform keeps it true and a check proves it
    primary key (order_id)
)
-- every merge and every check joins by order_id; dates would put a whole day on one node
distkey (order_id)
-- reports ask for ranges of days
sortkey (order_date);
