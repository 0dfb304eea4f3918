-- Which transform SQL the facts were made with. When a deployment brings other SQL, the next run makes all facts anew
-- instead of leaving old rows as the old SQL had them.

create table if not exists analytics.transform_state (
    dataset varchar(127) not null,
    fingerprint varchar(64) not null,
    applied_at timestamp not null
)
diststyle all;

alter table analytics.transform_state owner to "${transform_user}";
