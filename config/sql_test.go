package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSQLThatNothingWouldRunOrFillInIsAMistake(t *testing.T) {
	datasets := []Dataset{{Name: "orders", Fact: Fact{Table: "facts"}}}
	for _, mistake := range []struct{ file, text, fault string }{
		{"sql/orders/transform/10_facts.sql", "select\n'${raw_databse}'", "sql/orders/transform/10_facts.sql:2: ${raw_databse} is unknown: use one of environment, region, dataset"},
		{"sql/orders/transform/10_facts.sql", "select '${load_user}'", "${load_user} is unknown"},
		{"sql/orders/schema/10_facts.sql", "select '${run_id}'", "${run_id} is unknown"},
		{"sql/orders/schema/10_facts.sql", "-- ${environment\n", "\"${\" is not closed"},
		{"sql/warehouse/01.sql", "${who}", "sql/warehouse/01.sql:1: ${who} is unknown"},
		{"sql/orders/changes/10_facts.sql", "", "sql/orders/changes/10_facts.sql: stands where nothing executes it"},
		{"sql/orders/10_facts.sql", "", "stands where nothing executes it"},
		{"sql/warehouse/more/01.sql", "", "stands where nothing executes it"},
		{"sql/orders/schema/notes.txt", "", "is no .sql file"},
		{"sql/returns/schema/10_facts.sql", "", "sql/returns/schema/10_facts.sql: belongs to no dataset: expected datasets/returns.yaml"},
		{"sql/orders/schema/10_facts.sql", "", "sql/orders/transform: holds no SQL: expected what brings analytics.facts up to date"},
		{"sql/orders/publish/10_fact.sql", "", "sql/orders/publish: does not publish facts: expected NN_facts.sql"},
		{"sql/orders/publish/facts.sql", "", "sql/orders/publish/facts.sql: names no table: expected NN_<table>.sql"},
	} {
		t.Run(mistake.fault, func(t *testing.T) {
			root := project(t, map[string]string{mistake.file: mistake.text})
			require.ErrorContains(t, faultsOfSQL(t, root, datasets), mistake.fault)
		})
	}
	root := project(t, map[string]string{
		"sql/orders/transform/10_facts.sql": "", "sql/orders/publish/10_facts.sql": "unload ('select 1 as x') to '${curated_uri}/facts/run=${attempt_id}/' iam_role '${publish_role_arn}' format parquet", "sql/warehouse/01.sql": `create user "${load_user}" password disable`, "sql/.lint": "${x",
	})
	require.NoError(t, faultsOfSQL(t, root, datasets))
}

func faultsOfSQL(t *testing.T, root string, datasets []Dataset) error {
	var faults Faults
	require.NoError(t, checkSQL(root, &Config{Datasets: datasets}, &faults))
	return faults.Err()
}
