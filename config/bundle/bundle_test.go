package bundle

import (
	"archive/zip"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/config"
)

func sales(t *testing.T) config.Dataset {
	loaded, err := config.Load("../..")
	require.NoError(t, err)
	dataset, err := loaded.Dataset("sales")
	require.NoError(t, err)
	return dataset
}

func TestLandingTablesFollowFromTheContract(t *testing.T) {
	assert.Equal(t, `-- Generated from datasets/sales.yaml.

create table if not exists raw_data.sales (
    order_id integer,
    customer_id varchar(20),
    product_id varchar(20),
    quantity integer,
    unit_price decimal(10,2),
    order_date date,
    region varchar(50),
    loaded_at timestamp,
    object_key varchar(1024),
    line_number bigint,
    partition_date date,
    object_modified_at timestamp
)
diststyle auto;

-- business keys that the next transform looks at
create table if not exists raw_data.sales_affected_keys (
    order_id integer
)
diststyle auto;
`, LandingDDL(sales(t)))
}

func TestJobsReadTheContractWithEveryDefaultFilledIn(t *testing.T) {
	text, err := ContractJSON(sales(t))
	require.NoError(t, err)
	var contract map[string]any
	require.NoError(t, json.Unmarshal(text, &contract))
	assert.Equal(t, map[string]any{"delimiter": ",", "quote": `"`, "escape": `\`, "header": true}, contract["options"])
	assert.Equal(t, "raw_data.sales", contract["landing_table"])
	assert.Equal(t, float64(93600), contract["freshness_seconds"])
	assert.Equal(t, map[string]any{"name": "unit_price", "type": "decimal(10,2)", "required": true}, contract["columns"].([]any)[4])
	published := contract["published"].(map[string]any)
	assert.Equal(t, "analytics.fact_orders", published["warehouse_table"])
	assert.Equal(t, []any{"order_year", "order_month"}, published["partitions"])
	assert.Equal(t, map[string]any{"name": "total_amount", "type": "decimal(20,2)"}, published["columns"].([]any)[6])
}

func TestATableOfKeysHoldsWhereRecordsStandIfNothingElseTellsThemApart(t *testing.T) {
	dataset := sales(t)
	dataset.Columns[1].Field = "Customer No."
	columns := config.LandingColumns()
	dataset.BusinessKey = columns[1:3]
	assert.Contains(t, LandingDDL(dataset), "create table if not exists raw_data.sales_affected_keys (\n    object_key varchar(1024),\n    line_number bigint\n)")
	text, err := ContractJSON(dataset)
	require.NoError(t, err)
	var contract map[string]any
	require.NoError(t, json.Unmarshal(text, &contract))
	assert.Equal(t, []any{"object_key", "line_number"}, contract["business_key"])
	assert.Equal(t, "Customer No.", contract["columns"].([]any)[1].(map[string]any)["field"])
}

// copied project that a test may change.
func copied(t *testing.T) (root, build string) {
	root = t.TempDir()
	for name, text := range map[string]string{
		"assets/schema_step/index.py":         "step",
		"assets/schema_step/notes.md":         "not deployed",
		"sql/warehouse/01_schemas.sql":        "warehouse",
		"sql/sales/schema/10_facts.sql":       "schema",
		"sql/sales/transform/10_facts.sql":    "transform",
		"sql/sales/queries/pending.sql":       "for people",
		"sql/sales/athena/views/totals.sql":   "view",
		"sql/sales/athena/queries/10_top.sql": "query",
	} {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return root, t.TempDir()
}

// unpacked files of an archive by name.
func unpacked(t *testing.T, path string) map[string]string {
	archive, err := zip.OpenReader(path)
	require.NoError(t, err)
	defer archive.Close()
	files := map[string]string{}
	for _, file := range archive.File {
		reader, err := file.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(reader)
		require.NoError(t, err)
		files[file.Name] = string(text)
		assert.Equal(t, os.FileMode(0o644), file.Mode(), "Lambda must be able to read it")
	}
	return files
}

func listing(t *testing.T, path string) string {
	return strings.Join(slices.Sorted(maps.Keys(unpacked(t, path))), " ")
}

func TestEachArchiveHoldsWhatItsReaderNeeds(t *testing.T) {
	root, build := copied(t)
	archives, err := Write(root, build, []config.Dataset{sales(t)})
	require.NoError(t, err)
	assert.Equal(t, "contract.json landing.sql sql/athena/queries/10_top.sql sql/athena/views/totals.sql sql/schema/10_facts.sql sql/transform/10_facts.sql",
		listing(t, archives.Bundle["sales"]))
	assert.Equal(t, "contract.json landing.sql sql/schema/10_facts.sql", listing(t, archives.DatasetSchema["sales"]))
	assert.Equal(t, "01_schemas.sql", listing(t, archives.Warehouse))
	assert.Equal(t, "sales/totals.sql", listing(t, archives.Views))
	assert.Equal(t, "index.py", listing(t, archives.Runner))
}

func TestWritingAgainFollowsChangesAndRemovals(t *testing.T) {
	root, build := copied(t)
	datasets := []config.Dataset{sales(t)}
	archives, err := Write(root, build, datasets)
	require.NoError(t, err)
	unchanged := archives.Warehouse
	digest := archives.Digest[archives.DatasetSchema["sales"]]
	before, err := os.Stat(unchanged)
	require.NoError(t, err)

	require.NoError(t, os.Remove(filepath.Join(root, "sql/sales/athena/views/totals.sql")))
	require.NoError(t, os.WriteFile(filepath.Join(root, "sql/sales/schema/10_facts.sql"), []byte("changed"), 0o644))
	archives, err = Write(root, build, datasets)
	require.NoError(t, err)
	assert.NotContains(t, listing(t, archives.Views), "totals.sql")
	assert.Equal(t, "changed", unpacked(t, archives.DatasetSchema["sales"])["sql/schema/10_facts.sql"])
	assert.NotEqual(t, digest, archives.Digest[archives.DatasetSchema["sales"]])
	after, err := os.Stat(unchanged)
	require.NoError(t, err)
	assert.Equal(t, before.ModTime(), after.ModTime(), "what is right already is left alone")
}

func TestAMissingRunnerIsSaid(t *testing.T) {
	_, err := Write(t.TempDir(), t.TempDir(), nil)
	require.ErrorContains(t, err, "assets/schema_step/index.py is missing")
}

func TestSampleQueriesAreKnownByTheNameOfTheirFile(t *testing.T) {
	root, _ := copied(t)
	queries, err := Queries(root, sales(t))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"10_top": "query"}, queries)
}
