package sqlcheck

import (
	"slices"
	"strings"

	"lakeshift/config/spelling"
	"lakeshift/config/sqltext"
)

// Functions that are often called, in one dialect or the other. A name that is a slip away from one of them, and is none that
// is known, is doubted; whatever else is called may be a function that is not listed here, or somebody's own.
var functions = strings.Fields(`
	abs acos add_months any_value approx_distinct array_agg array_concat array_join ascii asin atan atan2 avg bit_and bit_or bool_and bool_or btrim
	cardinality cast cbrt ceil ceiling char_length character_length charindex chr coalesce concat contains convert convert_timezone cos
	cot count count_if cume_dist current_database date_add date_cmp date_diff date_format date_parse date_part date_part_year date_trunc
	dateadd datediff datepart day_of_month day_of_week day_of_year decode degrees dense_rank dexp difference element_at every exp extract
	first_value floor format_datetime from_base64 from_hex from_unixtime func_sha1 generate_series getdate greatest has_schema_privilege
	has_table_privilege hour if initcap interval_cmp is_valid_json is_valid_json_array isnull json_array_length json_extract
	json_extract_array_element_text json_extract_path_text json_extract_scalar json_parse json_serialize json_size json_typeof lag last_day
	last_value lead least left len length levenshtein_distance listagg ln log log10 log2 lower lpad ltrim map_agg max max_by md5 median
	min min_by minute mod month months_between next_day now nth_value ntile nullif nvl nvl2 object_transform octet_length parse_datetime
	percent_rank percentile_cont percentile_disc pi position power quarter quote_ident quote_literal radians random rank
	ratio_to_report regexp_count regexp_extract regexp_extract_all regexp_instr regexp_like regexp_replace regexp_substr repeat replace
	replicate reverse right round row_number rpad rtrim second sha1 sha2 sha256 sha512 sign sin slice soundex split split_part sqrt
	starts_with stddev stddev_pop stddev_samp strlen strpos strtol substr substring sum sysdate tan textlen timeofday to_char to_date
	to_hex to_base64 to_number to_timestamp to_unixtime to_utf8 from_utf8 to_varchar transform translate trim trunc truncate try
	try_cast typeof unnest upper url_decode url_encode urldecode uuid var_pop var_samp variance week width_bucket year zip`)

// Functions that look like slips of those above, and are none.
var lookalikes = set(`
	acosh asinh atanh cosh sinh tanh sind cosd tand cotd asind acosd atand atan2d date datetime time char chars bpcharcmp texteq text
	any all some exists in values unique array map row rows date_eq date_ne date_gt date_lt date_ge date_le filter flatten
	 hash sequence minhash crc32 sha md4 sha224 sha384 strtof mode skewness fnv_hash
	checksum reduce lcm gcd day dow doy from_iso8601_date from_iso8601_timestamp to_iso8601 to_big_endian_64 is_json_scalar is_json
	 concat_ws array_sort array_sum array_max array_min array_union zip_with map_filter map_keys map_values map_concat map_zip_with
	pow dpow dround dsqrt dlog1 dlog10 dceil dfloor dcbrt sqr npv int int2 int4 int8 float float4 float8 numeric decimal real varchar
	bigint boolean bool interval timestamp timestamptz timetz geometry st_x st_y bit_xor bit_count bit_length get_bit
	date_cmp_timestamp date_cmp_timestamptz format rand ifnull nanvl isfinite is_nan is_finite is_infinite infinity e inv
	json_array json_object json_query json_value json_exists json_format is_char is_varchar is_array is_scalar is_object
	lower_attribute_names upper_attribute_names array_flatten subarray split_to_array split_to_map get_array_length array_length
	to_varbyte from_varbyte to_geometry lcase ucase localtime timezone
	current_schemas current_user current_setting set_config pg_backend_pid version user session_user var stdev
	bit_length levenshtein hamming_distance jarowinkler
	regexp_split regexp_matches regexp_position regexp_match word_stem normalize multimap_agg histogram approx_percentile
	numeric_histogram geometric_mean corr covar_pop covar_samp regr_slope regr_intercept bitwise_and bitwise_or bitwise_xor bitwise_not
	from_base from_base32 to_base to_base32 hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 spooky_hash_v2_64 xxhash64 murmur3
	hll hll_cardinality hll_combine hll_create_sketch age justify_days justify_hours justify_interval `)

// function doubts a name that was probably mistyped.
func (k *checker) function(token sqltext.Token) {
	name := token.Text
	if other := otherFunctions[k.catalog.Dialect][name]; other != "" && token.Kind == sqltext.Word && !k.catalog.callable(name) {
		k.warn(token.Line, "%s is no function that is known here: use %s", name, other)
		return
	}
	if token.Kind != sqltext.Word || len(name) < 4 || lookalikes[name] || slices.Contains(functions, name) || k.catalog.callable(name) {
		return
	}
	if near := spelling.Nearest(name, functions); len(near) > 3 {
		k.warn(token.Line, "%s is no function that is known here (is it %s?)", name, near)
	}
}
