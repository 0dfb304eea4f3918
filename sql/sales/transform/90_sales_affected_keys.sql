-- Done, if the transaction commits. Not a truncate: that would commit what came before.

delete from raw_data.sales_affected_keys;
