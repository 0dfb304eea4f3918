create table if not exists analytics.returns (
    return_id bigint not null,
    shop varchar(10) not null,
    refund decimal(10, 2),
    primary key (return_id)
)
diststyle auto;
