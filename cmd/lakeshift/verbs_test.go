package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/cmd/lakeshift/internal/pipeline"
	"lakeshift/cmd/lakeshift/internal/screen"
	"lakeshift/config"
	"lakeshift/config/sqltext"
)

func TestOnlyCalendarDaysAreDates(t *testing.T) {
	for _, good := range []string{"2025-01-15", "2024-02-29", "1999-12-31"} {
		day, err := parseDate(good)
		require.NoError(t, err)
		assert.Equal(t, good, day.Format("2006-01-02"))
	}
	for _, bad := range []string{"", "2025-02-29", "2025-13-01", "2025-1-5", "15.01.2025", "2025-01-15T00:00:00Z", "today", "0000-01-01", " 2025-01-15"} {
		_, err := parseDate(bad)
		assert.ErrorAs(t, err, new(usageError), bad)
	}
}

func TestNamesThatAthenaWouldNotSeeAreRefused(t *testing.T) {
	for name, good := range map[string]bool{
		"orders.csv": true, "orders (2).csv.gz": true, "süd.csv": true,
		"_orders.csv": false, ".orders.csv": false, "a/b.csv": false, `a\b.csv`: false, "a\n.csv": false, strings.Repeat("x", 256): false,
	} {
		assert.Equal(t, good, nameFault(name) == "", name)
	}
}

func TestStepsAreDrawnWithTheirStates(t *testing.T) {
	seconds := func(s float64) *float64 { return &s }
	run := pipeline.Run{Steps: []pipeline.Step{
		{Name: "crawl", State: "SUCCEEDED", Seconds: seconds(2.3)},
		{Name: "load", State: "FAILED", Seconds: seconds(70)},
		{Name: "retry", State: "RUNNING", Seconds: seconds(5)},
		{Name: "transform", State: "WAITING"},
		{Name: "check", State: "NOT_STARTED"},
	}}
	assert.Equal(t, []string{
		"  ✓ crawl      succeeded after 2.3 s",
		"  ✗ load       failed after 70 s",
		"  ● retry      running for 5.0 s",
		"  ○ transform  waiting",
		"  ✗ check      never started",
	}, stepLines(screen.New(&strings.Builder{}), run))
}

func TestPlaceholdersAreFilledFromTheEnvironment(t *testing.T) {
	names := config.Names{Environment: "dev", Account: "111122223333", Region: "eu-west-1"}
	sql, err := fillIn("${raw_database} ${curated_database} ${curated_uri} ${load_user} ${lake_role_arn}", "", names)
	require.NoError(t, err)
	assert.Equal(t, "elt_dev_raw elt_dev_curated s3://elt-dev-processed-111122223333-eu-west-1/curated IAMR:elt-dev-load"+
		" arn:aws:iam::111122223333:role/elt-dev-warehouse-lake", sql)

	_, err = fillIn("select\n${nothing}", "q.sql", names)
	require.ErrorContains(t, err, "q.sql:2: ${nothing} is unknown")
	// Every name that deployed SQL may use is known here too.
	for _, name := range sqltext.DeployNames {
		_, err := fillIn("${"+name+"}", "", names)
		assert.NoError(t, err, name)
	}
}

func TestBlankLinesAreNotCounted(t *testing.T) {
	dataset := config.Dataset{Name: "sales", Fact: config.Fact{Table: "fact_orders"}}
	assert.Equal(t, `select
    (select count(*) from "elt_local_raw"."sales_lines" where not regexp_like(line, '^[ \t]*$')) as raw_rows,
    (select count(*) from "elt_local_curated"."fact_orders") as published_rows`,
		countSQL(config.Names{Environment: "local"}, dataset, nil))
}

func TestRecordsOfParquetAreCountedWithoutThoseOfObjectsThatCannotBeRead(t *testing.T) {
	dataset := config.Dataset{Name: "trips", Source: config.SourceFiles{Format: "parquet"}, Fact: config.Fact{Table: "fact_trips"}}
	names := config.Names{Environment: "local", Account: "1", Region: "r"}
	assert.Contains(t, countSQL(names, dataset, []string{"trips/it's.parquet"}),
		`"trips_lines" where true and "$path" not in ('s3://`+names.RawBucket()+`/trips/it''s.parquet')) as raw_rows`)
}

func TestParquetIsKnownByItsBeginAndItsEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	for content, fault := range map[string]string{
		"PAR1 … PAR1": "", "": "", "PAR1 …": "is a Parquet file that breaks off", "a,b\n1,2\n": "is no Parquet file",
	} {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		assert.Equal(t, fault, parquetFault(file, "parquet"), content)
	}
}
