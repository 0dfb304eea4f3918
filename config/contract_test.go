package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite datasets/schema.json")

const orders = `dataset: orders
description: orders of the web shop
source:
  format: csv
  partition_keys: [year, month, day]
columns:
  - {name: id, type: bigint, required: true, description: number}
  - {name: price, type: "decimal(10, 2)"}
business_key: [id]
schedule: cron(0 6 * * ? *)
freshness: 26h
published: {table: fact_orders, partitions: [month]}
`

const ordersDDL = `create table if not exists analytics.fact_orders (
    id bigint not null,
    price numeric(10, 2),
    month varchar(7)
);
`

// project writes files into a folder that Load can read.
func project(t *testing.T, files map[string]string) string {
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return root
}

func loadContract(t *testing.T, contract string) (*Config, error) {
	return Load(project(t, map[string]string{"datasets/orders.yaml": contract, "sql/orders/schema/10_fact_orders.sql": ordersDDL}))
}

func TestAContractIsReadWithItsDefaults(t *testing.T) {
	config, err := loadContract(t, orders)
	require.NoError(t, err)
	require.Len(t, config.Datasets, 1)
	dataset := config.Datasets[0]
	assert.Equal(t, SourceFiles{Format: "csv", Delimiter: ",", Quote: `"`, Escape: `\`, Header: true, PartitionKeys: []string{"year", "month", "day"}}, dataset.Source)
	assert.Equal(t, LoadSettings{Workers: 2, WorkerType: "G.1X", TimeoutMinutes: 60}, dataset.Load)
	assert.Equal(t, 26*time.Hour, dataset.Freshness)
	assert.Equal(t, "decimal(10,2)", dataset.Columns[1].Type.String())
	assert.Equal(t, []Column{dataset.Columns[0]}, dataset.BusinessKey)
}

func TestTheFirstLineOfAJSONFileIsARecord(t *testing.T) {
	config, err := loadContract(t, strings.Replace(orders, "format: csv", "format: jsonl", 1))
	require.NoError(t, err)
	assert.False(t, config.Datasets[0].Source.Header)
}

func TestRawColumnsAreNamedAndTypedAsTheirFormatIsRead(t *testing.T) {
	const fields = "- {name: id, field: ID,"
	named := func(format string) []string {
		config, err := loadContract(t, strings.NewReplacer("format: csv", "format: "+format, "- {name: id,", fields, "- {name: price,", "- {name: price, field: 'Unit Price',").Replace(orders))
		require.NoError(t, err)
		var columns []string
		for _, column := range config.Datasets[0].RawColumns() {
			columns = append(columns, column.Name+" "+column.Type.Glue())
		}
		return columns
	}
	assert.Equal(t, []string{"id string", "price string"}, named("csv"))
	assert.Equal(t, []string{"id string", "unit price string"}, named("jsonl"))
	assert.Equal(t, []string{"id bigint", "unit price decimal(10,2)"}, named("parquet"))
}

func TestAFieldThatThePartitionKeysHideIsNoRawColumn(t *testing.T) {
	config, err := loadContract(t, strings.NewReplacer("format: csv", "format: parquet", "- {name: price,", "- {name: price, field: Month,").Replace(orders))
	require.NoError(t, err)
	assert.Equal(t, "id", nameList(config.Datasets[0].RawColumns()))
	assert.Equal(t, "id, price", nameList(config.Datasets[0].Columns))
}

func TestRecordsWithoutAKeyAreToldByWhereTheyStand(t *testing.T) {
	config, err := Load(project(t, map[string]string{
		"datasets/orders.yaml":                 strings.Replace(orders, "business_key: [id]", "business_key: [object_key, line_number]", 1),
		"sql/orders/schema/10_fact_orders.sql": strings.Replace(ordersDDL, "    id", "    object_key varchar(1024), line_number bigint,\n    id", 1),
	}))
	require.NoError(t, err)
	assert.Equal(t, []Column{
		{Name: "object_key", Type: Type{Name: "varchar", Length: 1024}, Required: true},
		{Name: "line_number", Type: Type{Name: "bigint"}, Required: true},
	}, config.Datasets[0].BusinessKey)
}

func TestPublishedColumnsAreThoseOfTheFactTableWithoutItsPartitions(t *testing.T) {
	config, err := loadContract(t, orders)
	require.NoError(t, err)
	fact := config.Datasets[0].Fact
	assert.Equal(t, "id, price", nameList(fact.Columns))
	assert.Equal(t, "month", nameList(fact.Partitions))
	assert.Equal(t, "decimal(10,2)", fact.Columns[1].Type.Glue())
	assert.Equal(t, "string", fact.Partitions[0].Type.Glue())
}

func TestEachMistakeInAContractIsNamedWithItsLineAndTheRemedy(t *testing.T) {
	for _, mistake := range []struct{ name, old, new, fault string }{
		{"unknown field", "dataset: orders\n", "dataset: orders\nowner: me\n", `datasets/orders.yaml:2: field "owner" is unknown: expected dataset, description, source`},
		{"unknown field below", "format: csv", "format: csv\n  compression: gzip", `datasets/orders.yaml:5: field "compression" is unknown: expected format, options`},
		{"wrong kind", "required: true", "required: perhaps", `datasets/orders.yaml:7: value "perhaps" is a text: expected true or false`},
		{"field twice", "freshness: 26h", "freshness: 26h\nfreshness: 1h", `datasets/orders.yaml:12: field "freshness" stands there twice: line 11 has it too`},
		{"no YAML", "columns:", "columns: [", "datasets/orders.yaml:"},
		{"two documents", "published:", "---\npublished:", "holds more than one document"},
		{"other name than the file", "dataset: orders", "dataset: sales", `datasets/orders.yaml:1: dataset "sales" does not match the file: expected "orders"`},
		{"no name", "dataset: orders", "dataset: Orders!", `datasets/orders.yaml:1: dataset "Orders!" is no name`},
		{"no description", "description: orders of the web shop", "description:", "datasets/orders.yaml:2: description is missing"},
		{"unknown format", "format: csv", "format: xml", `datasets/orders.yaml:4: source.format "xml" is unknown: use csv, jsonl or parquet`},
		{"options of another format", "format: csv", "format: jsonl\n  options: {header: false}", "datasets/orders.yaml:5: source.options are for csv"},
		{"options of Parquet", "format: csv", "format: parquet\n  options: {header: false}", "datasets/orders.yaml:5: source.options are for csv"},
		{"field that is never looked up", "format: csv\n  partition_keys: [year, month, day]\ncolumns:\n  - {name: id,", "format: csv\n  options: {header: false}\n  partition_keys: [year, month, day]\ncolumns:\n  - {name: id, field: ID,", `columns[0].field "ID" is never looked up`},
		{"field with blanks around", "name: id,", "name: id, field: ' id',", `columns[0].field " id" is no field`},
		{"field twice but for case", "format: csv\n  partition_keys: [year, month, day]\ncolumns:\n  - {name: id,", "format: parquet\n  partition_keys: [year, month, day]\ncolumns:\n  - {name: id, field: Price,", `datasets/orders.yaml:8: columns[1].field "price" is columns[0]'s field too`},
		{"line number alone as key", "business_key: [id]", "business_key: [line_number]", "datasets/orders.yaml:9: business_key has line_number without object_key"},
		{"object alone as key", "business_key: [id]", "business_key: [object_key]", "business_key [object_key] would keep one record of each file"},
		{"the load's other columns as key", "business_key: [id]", "business_key: [loaded_at]", `business_key[0] "loaded_at" is no column: expected one of id, price, or [object_key, line_number]`},
		{"long delimiter", "format: csv", "format: csv\n  options: {delimiter: '||'}", `source.options.delimiter "||" is not one ASCII character`},
		{"same characters", "format: csv", "format: csv\n  options: {escape: '\"'}", `source.options.escape "\"" is also the quote`},
		{"other partition keys", "[year, month, day]", "[date]", "datasets/orders.yaml:5: source.partition_keys [date] can't be used: expected [year, month, day]"},
		{"negative window", "format: csv", "format: csv\n  window_days: -1", "source.window_days -1 is out of range: expected 0 (every partition) or 1 to 36500 days"},
		{"unknown type", "type: bigint", "type: string", `datasets/orders.yaml:7: columns[0].type "string" is unknown: use smallint, integer`},
		{"type without size", `"decimal(10, 2)"`, "decimal", `columns[1].type "decimal" is unknown`},
		{"impossible decimal", `"decimal(10, 2)"`, `"decimal(39,2)"`, "decimal(p,s) takes p from 1 to 38"},
		{"long varchar", `"decimal(10, 2)"`, "varchar(70000)", "varchar holds 1 to 65535 bytes"},
		{"reserved word", "name: price", "name: order", `datasets/orders.yaml:8: columns[1].name "order" is a reserved word`},
		{"the load's own column", "name: price", "name: loaded_at", `columns[1].name "loaded_at" is taken: the load adds it to the landing table`},
		{"a partition key as column", "name: price", "name: month", `columns[1].name "month" is taken: it is a partition key`},
		{"column twice", "name: price", "name: id", `columns[1].name "id" is used twice`},
		{"key is no column", "business_key: [id]", "business_key: [number]", `datasets/orders.yaml:9: business_key[0] "number" is no column: expected one of id, price`},
		{"key may be empty", "business_key: [id]", "business_key: [price]", `business_key[0] "price" may be empty: give columns[1] required: true`},
		{"no key", "business_key: [id]\n", "", "business_key is missing"},
		{"no schedule", "cron(0 6 * * ? *)", "daily", `datasets/orders.yaml:10: schedule "daily" is no schedule: expected cron(`},
		{"two days in a schedule", "cron(0 6 * * ? *)", "cron(0 6 * * * *)", "one of the two days being ?"},
		{"freshness of more than a week", "26h", "200h", `datasets/orders.yaml:11: freshness "200h" is no target: expected hours from 1h to 168h`},
		{"freshness without a unit", "26h", "26", `freshness "26" is no target`},
		{"partition is no column", "[month]", "[year]", `datasets/orders.yaml:12: published.partitions[0] "year" is no column of analytics.fact_orders: expected one of id, price, month`},
		{"everything is a partition", "[month]", "[month, id, price]", "published.partitions leave no column"},
		{"table is not declared", "fact_orders,", "fact_sales,", "datasets/orders.yaml:12: published.table \"fact_sales\" is not declared: expected `create table analytics.fact_sales (…)` in a file of sql/orders/schema"},
		{"fewer rejected rows than none", "freshness: 26h", "freshness: 26h\nmax_rejected_rows: -1", "max_rejected_rows -1 is no number of rows: expected 0 or more"},
		{"half a row", "freshness: 26h", "freshness: 26h\nmax_rejected_rows: 1.0", "max_rejected_rows 1.0 is no whole number"},
		{"one worker", "freshness: 26h", "freshness: 26h\nload: {workers: 1}", "load.workers 1 is out of range: expected 2 to 299"},
		{"unknown worker", "freshness: 26h", "freshness: 26h\nload: {worker_type: G.9X}", `load.worker_type "G.9X" is unknown: use G.1X`},
		{"endless job", "freshness: 26h", "freshness: 26h\nload: {timeout_minutes: 100000}", "load.timeout_minutes 100000 is out of range"},
	} {
		t.Run(mistake.name, func(t *testing.T) {
			require.Contains(t, orders, mistake.old)
			_, err := loadContract(t, strings.Replace(orders, mistake.old, mistake.new, 1))
			require.ErrorContains(t, err, mistake.fault)
		})
	}
}

func TestAllMistakesAreReportedTogetherInTheOrderOfLines(t *testing.T) {
	wrong := strings.NewReplacer("bigint", "int8", "26h", "soon", "format: csv", "format: xml").Replace(orders)
	_, err := loadContract(t, wrong)
	require.Error(t, err)
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		lines = append(lines, strings.Join(strings.Split(line, ":")[:2], ":"))
	}
	assert.Equal(t, []string{"datasets/orders.yaml:4", "datasets/orders.yaml:7", "datasets/orders.yaml:11"}, lines)
}

func TestAFieldThatStandsTwiceIsTheOnlyFault(t *testing.T) {
	_, err := loadContract(t, strings.Replace(orders, "freshness: 26h", "freshness: 26h\nfreshness: 1h", 1))
	require.EqualError(t, err, `datasets/orders.yaml:12: field "freshness" stands there twice: line 11 has it too`)
}

func TestAMistakeIsReportedOnce(t *testing.T) {
	_, err := loadContract(t, strings.Replace(orders, "business_key: [id]", "business_key: id", 1))
	require.Error(t, err)
	assert.Len(t, strings.Split(err.Error(), "\n"), 1, err.Error())
}

func TestMistakesInAFactTableAreNamedInItsFile(t *testing.T) {
	for name, mistake := range map[string]struct{ ddl, fault string }{
		"unknown type":  {strings.Replace(ordersDDL, "bigint", "geometry", 1), `sql/orders/schema/10_fact_orders.sql:2: column id: type "geometry" is unknown`},
		"made by query": {"create table analytics.fact_orders as select 1 as id;", "sql/orders/schema/10_fact_orders.sql:1: analytics.fact_orders is created without a list of columns"},
		"made twice":    {ordersDDL + ordersDDL, "sql/orders/schema/10_fact_orders.sql:6: analytics.fact_orders is created in sql/orders/schema/10_fact_orders.sql too"},
		"not closed":    {"create table analytics.fact_orders (id bigint", "create table analytics.fact_orders is not closed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(project(t, map[string]string{"datasets/orders.yaml": orders, "sql/orders/schema/10_fact_orders.sql": mistake.ddl}))
			require.ErrorContains(t, err, mistake.fault)
		})
	}
}

func TestTwoDatasetsCannotPublishOneTable(t *testing.T) {
	_, err := Load(project(t, map[string]string{
		"datasets/orders.yaml":               orders,
		"datasets/returns.yaml":              strings.Replace(orders, "dataset: orders", "dataset: returns", 1),
		"sql/orders/schema/fact_orders.sql":  ordersDDL,
		"sql/returns/schema/fact_orders.sql": ordersDDL,
	}))
	require.ErrorContains(t, err, `datasets/returns.yaml:12: published.table "fact_orders" is published by orders too`)
}

func TestAProjectWithoutContractsIsAMistake(t *testing.T) {
	_, err := Load(t.TempDir())
	require.ErrorContains(t, err, "datasets: holds no contract")
}

func TestAContractUnderAnotherEndingIsAMistake(t *testing.T) {
	_, err := Load(project(t, map[string]string{"datasets/orders.yml": orders}))
	require.ErrorContains(t, err, "datasets/orders.yml: would not be read")
}

func TestAnEmptyContractIsManyMistakes(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "[]", "orders"} {
		_, err := loadContract(t, text)
		require.ErrorContains(t, err, "datasets/orders.yaml:", "%q", text)
	}
}

func TestTheProjectsOwnContractsAreValid(t *testing.T) {
	_, faults, err := Validate("..")
	require.NoError(t, err)
	require.NoError(t, faults.Err())
}

func TestUnknownNamesListTheKnownOnes(t *testing.T) {
	config, err := loadContract(t, orders)
	require.NoError(t, err)
	_, err = config.Environment("production")
	require.EqualError(t, err, `environment "production" is unknown: use local, dev, staging, prod`)
	_, err = config.Dataset("sales")
	require.EqualError(t, err, `dataset "sales" is unknown: use orders`)
}

func TestSchemaFileIsCurrent(t *testing.T) {
	path := filepath.Join("..", SchemaFile)
	if *update {
		require.NoError(t, os.WriteFile(path, JSONSchema(), 0o644))
	}
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(JSONSchema()), string(written), "%s is stale: run `go generate ./config`", SchemaFile)
}

func TestEveryFieldOfAContractIsDescribed(t *testing.T) {
	assert.NotContains(t, string(JSONSchema()), `"description": ""`)
}
