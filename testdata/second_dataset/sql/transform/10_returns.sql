delete from raw_data.web_returns_affected_keys;
