"""Which functions there are. What is not listed does not exist in Redshift, or not here, and is refused:
https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html
"""

from __future__ import annotations

AGGREGATES = """
any_value avg bit_and bit_or bool_and bool_or count listagg max median min percentile_cont percentile_disc
stddev stddev_pop stddev_samp sum var_pop var_samp variance
""".split()

WINDOW = """
cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
""".split()

SCALAR = """
abs acos add_months ascii asin atan atan2 btrim cbrt ceil ceiling char_length character_length charindex chr coalesce
concat convert_timezone cos cot date date_part date_trunc dateadd datediff decode degrees dexp dlog1 dlog10 exp
extract floor getdate greatest initcap is_valid_json json_extract_path_text last_day least left len length ln log
lower lpad ltrim md5 mod nullif nvl nvl2 octet_length pi position pow power quote_ident quote_literal radians random
regexp_count regexp_instr regexp_replace regexp_substr repeat replace replicate reverse right round rpad rtrim sha2
sign sin split_part sqrt strpos substr substring sysdate tan text timezone to_char to_date to_hex to_number
to_timestamp translate trim trunc try_cast upper
""".split()

SYSTEM = """
current_database current_schema current_schemas has_database_privilege has_schema_privilege has_table_privilege
pg_backend_pid pg_get_viewdef version format_type
""".split()

ALLOWED = frozenset(AGGREGATES + WINDOW + SCALAR + SYSTEM)

# Redshift has them; a wrong imitation would be worse than none.
NOT_EMULATED = frozenset(
    """
approximate_percentile_disc array array_concat array_flatten bpcharcmp bttext_pattern_cmp can_json_parse checksum
collate crc32 date_cmp difference farmfingerprint64 fnv_hash func_sha1 from_hex from_varbyte hll hll_cardinality
interval_cmp is_valid_json_array json_array_length json_extract_array_element_text json_parse json_serialize
json_typeof months_between next_day object octetindex pg_last_copy_count pg_last_copy_id pg_last_query_id
ratio_to_report sha sha1 soundex split_to_array strtol subarray timeofday to_varbyte
""".split()
)

# They run on the leader node alone: not together with a user's table.
# https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions_leader_node_only.html
LEADER_ONLY = frozenset(
    """
age current_schema current_schemas getbit get_byte has_database_privilege has_schema_privilege has_table_privilege
isfinite localtime now set_bit set_byte to_ascii
""".split()
)
