package scaffold

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/cmd/lakeshift/internal/sample"
	"lakeshift/config"
)

// plan of a CSV sample with these titles, every one over 30 records of text.
func plan(t *testing.T, dataset string, fields ...sample.Field) *Plan {
	for i := range fields {
		if fields[i].Type.Name == "" {
			fields[i].Type = config.Type{Name: "varchar", Length: 64}
		}
	}
	read := &sample.Sample{Format: "csv", CSV: sample.Dialect{Delimiter: ',', Quote: '"', Header: true}, Records: 30, Fields: fields}
	made, err := NewPlan(Request{Dataset: dataset, Files: []string{"x.csv"}}, read)
	require.NoError(t, err)
	return made
}

func TestTitlesBecomeNamesThatSQLTakes(t *testing.T) {
	var fields []sample.Field
	titles := []string{"VendorID", "Trip Distance (mi)", "timestamp", "user", "year", "object_key", "partition_year", "2024", "", "%", "Größe", "Straße & Nr.", "Scho\u0308n", "年", "a b", "a_b", "A-B", strings.Repeat("long ", 30)}
	for _, title := range titles {
		fields = append(fields, sample.Field{Title: title})
	}
	var found []string
	for _, column := range plan(t, "things", fields...).Columns {
		found = append(found, column.Name+"="+column.Field)
	}
	assert.Equal(t, []string{
		"vendorid=", "trip_distance_mi=", "timestamp_field=timestamp", "user_field=user", "year_field=year", "object_key_field=object_key",
		"partition_year_field=partition_year", "c_2024=2024", "column_9=#", "column_10=%", "grosse=Größe", "strasse_nr=Straße & Nr.", "schon=Scho\u0308n", "column_14=年", "a_b=", "a_b_2=a_b", "a_b_3=A-B",
		"long_long_long_long_long_long_long_long_long_long=" + strings.TrimSpace(strings.Repeat("long ", 30)),
	}, found)
}

func TestOnlyAKeyThatSaysWhichRecordItIsIsTakenUnasked(t *testing.T) {
	unique := func(title string) sample.Field { return sample.Field{Title: title, Unique: true} }
	counted := func(title string) sample.Field { return sample.Field{Title: title, Unique: true, Ascending: true} }
	for name, test := range map[string]struct {
		fields []sample.Field
		key    string
	}{
		"id":                          {[]sample.Field{unique("amount"), unique("id")}, "id"},
		"id of the dataset":           {[]sample.Field{unique("amount"), unique("Order ID")}, "order_id"},
		"first and counted":           {[]sample.Field{counted("trip_id"), unique("amount")}, "trip_id"},
		"UUIDs":                       {[]sample.Field{{Title: "message_uuid", Unique: true, UUID: true}}, "message_uuid"},
		"of somebody else":            {[]sample.Field{counted("user_id"), unique("amount")}, ""},
		"different, but not its id":   {[]sample.Field{unique("trip_id"), unique("amount")}, ""},
		"counted, but not the first":  {[]sample.Field{unique("amount"), counted("trip_id")}, ""},
		"twice":                       {[]sample.Field{{Title: "id"}}, ""},
		"different, but no id at all": {[]sample.Field{counted("odometer")}, ""},
	} {
		made := plan(t, "orders", test.fields...)
		want := []string{"object_key", "line_number"}
		if test.key != "" {
			want = []string{test.key}
		}
		assert.Equal(t, want, made.Key, name)
		assert.Equal(t, test.key == "", made.Positional, name)
	}
	few := plan(t, "orders", unique("id")).Sample
	few.Records = 19
	made, err := NewPlan(Request{Dataset: "orders", Files: []string{"x.csv"}}, few)
	require.NoError(t, err)
	assert.True(t, made.Positional, "a handful of records convinces nobody")
}

func TestWhatIsWrittenIsValidOrNothingIsWritten(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "datasets"), 0o700))
	require.NoError(t, os.CopyFS(filepath.Join(root, "sql/warehouse"), os.DirFS("../../../../sql/warehouse")))
	files, err := plan(t, "things", sample.Field{Title: "a: \"b\" # {c}, [d]"}, sample.Field{Title: "yes"}, sample.Field{Title: "'"}).Render()
	require.NoError(t, err)
	left, err := Write(root, "things", files, false)
	require.NoError(t, err)
	assert.Empty(t, left)
	loaded, err := config.Load(root)
	require.NoError(t, err)
	assert.Equal(t, "yes", loaded.Datasets[0].Columns[1].Name)

	_, err = Write(root, "things", files, false)
	require.ErrorContains(t, err, "there already: datasets/things.yaml, sql/things/")
	require.NoError(t, os.WriteFile(filepath.Join(root, "sql/things/check/90_mine.sql"),
		[]byte("select 1 as one from analytics.fact_things where yes = '';\n"), 0o600))
	left, err = Write(root, "things", files, true)
	require.NoError(t, err)
	assert.Equal(t, []string{"sql/things/check/90_mine.sql"}, left)

	files["sql/things/transform/20_publish_queue.sql"] = "select ${nothing};\n"
	before, err := os.ReadFile(filepath.Join(root, "datasets/things.yaml"))
	require.NoError(t, err)
	files["datasets/things.yaml"] += "\n# more\n"
	_, err = Write(root, "things", files, true)
	require.ErrorContains(t, err, "not valid, so nothing was:\nsql/things/transform/20_publish_queue.sql:1: ${nothing} is unknown")
	after, err := os.ReadFile(filepath.Join(root, "datasets/things.yaml"))
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))
}

func TestAPartitionIsNeverNull(t *testing.T) {
	made := plan(t, "things",
		sample.Field{Title: "sold", Type: config.Type{Name: "timestamp"}}, sample.Field{Title: "shop"}, sample.Field{Title: "size", Type: config.Type{Name: "bigint"}},
		sample.Field{Title: "price", Type: config.Type{Name: "decimal", Precision: 18, Scale: 4}}, sample.Field{Title: "partition_shop"})
	require.NoError(t, made.choosePartitions(nil))
	made.Partitions = nil
	require.NoError(t, made.choosePartitions([]string{"sold", "size"}))
	var from []string
	for _, partition := range made.Partitions {
		from = append(from, partition.Name+"="+partition.From("t."))
	}
	assert.Equal(t, []string{
		"sold_year=coalesce(cast(extract(year from t.sold) as smallint), 0)",
		"sold_month=coalesce(cast(extract(month from t.sold) as smallint), 0)",
		"partition_size=coalesce(cast(t.size as bigint), -1)",
	}, from)
	made.Partitions = nil
	require.ErrorContains(t, made.choosePartitions([]string{"price"}), "column price is a decimal(18,4): expected a date")
	require.ErrorContains(t, made.choosePartitions([]string{"shop"}), "the sample has a column partition_shop")
	require.ErrorContains(t, made.choosePartitions([]string{"nothing"}), `"nothing" is no column of the sample`)
}
