-- One row per warehouse and article: its latest count.

create table if not exists analytics.stock_levels (
    stock_key bigint identity (1, 1),
    warehouse varchar(10) not null,
    sku varchar(30) not null,
    counted_at timestamp not null,
    on_hand integer,
    available boolean,
    primary key (warehouse, sku)
)
diststyle auto;
