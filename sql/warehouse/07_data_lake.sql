-- The raw zone as the catalog describes it, read where it lies.

create external schema if not exists data_lake
from data catalog
database '${raw_database}'
region '${region}'
iam_role '${lake_role_arn}';
