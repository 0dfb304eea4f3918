package config

import (
	"slices"
	"strings"
	"time"
)

// Contract is datasets/<name>.yaml as written. The JSON Schema is made from these types and their tags;
// what a tag can't say is checked by Load.
type Contract struct {
	Dataset     string       `yaml:"dataset" doc:"Name of the dataset: its file, its folder in sql/ and its prefix in the raw zone." pattern:"^[a-z][a-z0-9_]{0,39}$" required:"true"`
	Description string       `yaml:"description" doc:"What a row is and where it comes from." required:"true"`
	Source      Source       `yaml:"source" doc:"The files in the raw zone." required:"true"`
	Columns     []ColumnSpec `yaml:"columns" doc:"The fields of a record; for csv in the order of the file." required:"true"`
	BusinessKey []string     `yaml:"business_key" doc:"Columns that say which thing a row is about; the latest row of a key wins. [object_key, line_number], the load's own, where each record is a thing of its own." required:"true"`
	Schedule    string       `yaml:"schedule" doc:"When the pipeline runs, UTC: cron(minutes hours day-of-month month day-of-week year)." pattern:"^cron\\(.+\\)$" required:"true"`
	Freshness   string       `yaml:"freshness" doc:"How old the last complete run may be before the alarm rings: 1h to 168h." pattern:"^[1-9][0-9]*h$" required:"true"`
	MaxRejected int          `yaml:"max_rejected_rows" doc:"How many rows of one run may be rejected before the alarm rings; default 0: it rings for any."`
	Published   Published    `yaml:"published" doc:"The fact table as the lake gets it." required:"true"`
	Load        LoadSettings `yaml:"load" doc:"Size and patience of the load job."`
}

// Source describes the raw files.
type Source struct {
	Format        string   `yaml:"format" doc:"csv with a header line, jsonl (one JSON object per line) or parquet." enum:"csv,jsonl,parquet" required:"true"`
	Options       Options  `yaml:"options" doc:"csv only."`
	PartitionKeys []string `yaml:"partition_keys" doc:"Always [year, month, day]." required:"true"`
	WindowDays    int      `yaml:"window_days" doc:"0 lists every partition; N only those of the last N days."`
}

// Options of csv; unset ones take their defaults.
type Options struct {
	Delimiter *string `yaml:"delimiter" doc:"Between two fields; default a comma."`
	Quote     *string `yaml:"quote" doc:"Around a field; default a double quote."`
	Escape    *string `yaml:"escape" doc:"Takes a quote's meaning away; default a backslash."`
	Header    *bool   `yaml:"header" doc:"Whether the first line names the columns; default true."`
}

// ColumnSpec is one field of a record.
type ColumnSpec struct {
	Name        string `yaml:"name" doc:"Lower case; no word that SQL reserves." pattern:"^[a-z][a-z0-9_]{0,62}$" required:"true"`
	Field       string `yaml:"field" doc:"What the files call it, where that is not the name: a reserved word, a title with blanks. Matched as the format's readers do: a csv header whatever its case, blanks and punctuation, jsonl and parquet whatever the case."`
	Type        string `yaml:"type" doc:"smallint, integer, bigint, decimal(p,s), double, boolean, date, timestamp or varchar(n); n counts bytes." pattern:"^(smallint|integer|bigint|double|boolean|date|timestamp|decimal\\([0-9]+, ?[0-9]+\\)|varchar\\([0-9]+\\))$" required:"true"`
	Required    bool   `yaml:"required" doc:"A row without a value is rejected."`
	Description string `yaml:"description" doc:"What the value means and its unit."`
}

// Published names the fact table; its columns are read from its DDL in sql/<dataset>/schema.
type Published struct {
	Table      string   `yaml:"table" doc:"The table in schema analytics, and in the lake." pattern:"^[a-z][a-z0-9_]{0,62}$" required:"true"`
	Partitions []string `yaml:"partitions" doc:"Columns of the fact table that the lake's copy is partitioned by." required:"true"`
}

// LoadSettings size the Spark job.
type LoadSettings struct {
	Workers        int    `yaml:"workers" doc:"2 to 299; default 2."`
	WorkerType     string `yaml:"worker_type" doc:"Default G.1X." enum:"G.1X,G.2X,G.4X,G.8X"`
	TimeoutMinutes int    `yaml:"timeout_minutes" doc:"1 to 10080; default 60."`
}

// Column of a table, its type understood.
type Column struct {
	Name string
	// Field is the column's name in the raw files; empty for columns that are in none.
	Field       string
	Type        Type
	Required    bool
	Description string
}

// Dataset is a contract that has been checked, with everything that follows from it.
type Dataset struct {
	Name        string
	Description string
	Source      SourceFiles
	Columns     []Column
	BusinessKey []Column
	Schedule    string
	Freshness   time.Duration
	// MaxRejected rows of one run are no reason to tell anybody.
	MaxRejected int64
	Fact        Fact
	Load        LoadSettings
}

// SourceFiles has every default filled in.
type SourceFiles struct {
	Format                   string
	Delimiter, Quote, Escape string
	Header                   bool
	PartitionKeys            []string
	WindowDays               int
}

// Fact is the table of schema analytics that is published to the lake.
type Fact struct {
	Table string
	// Columns are those of the Parquet files, in the order of the DDL; Partitions are in the path only.
	Columns    []Column
	Partitions []Column
}

// LandingTable holds the loaded rows, one per raw record that fits.
func (d Dataset) LandingTable() string { return "raw_data." + d.Name }

// AffectedTable holds the business keys that the transform has yet to look at.
func (d Dataset) AffectedTable() string { return "raw_data." + d.Name + "_affected_keys" }

// RawTable is the Glue table over the raw files.
func (d Dataset) RawTable() string { return d.Name }

// LinesTable is the Glue table that counts raw records: one row per line, or per record of a Parquet file.
func (d Dataset) LinesTable() string { return d.Name + "_lines" }

// RawColumns are those of the Glue table over the raw files. CSV is read by position; JSON lines and Parquet are read by
// the field's name, which Athena and Spectrum want in lower case. Only Parquet has types: text is text until the load has
// judged it. A field that is called like a partition key, or whose name the catalog can't hold, is left out: the load reads it.
func (d Dataset) RawColumns() []Column {
	columns := make([]Column, 0, len(d.Columns))
	for _, column := range d.Columns {
		raw := Column{Name: column.Name, Type: Type{Name: "varchar", Length: 65535}, Description: column.Description}
		if d.Source.Format != "csv" {
			raw.Name = strings.ToLower(column.Field)
		}
		if d.Source.Format == "parquet" {
			raw.Type = column.Type
		}
		// Hive's readers list columns with commas between them
		if !slices.Contains(d.Source.PartitionKeys, raw.Name) && !strings.Contains(raw.Name, ",") {
			columns = append(columns, raw)
		}
	}
	return columns
}

// RejectedTable is the Glue table over the records that did not fit.
func (d Dataset) RejectedTable() string { return d.Name + "_rejected" }

// WarehouseTable is the fact table's name in the warehouse.
func (d Dataset) WarehouseTable() string { return "analytics." + d.Fact.Table }

// LandingColumns that the load adds to the contract's.
func LandingColumns() []Column {
	return []Column{
		{Name: "loaded_at", Type: Type{Name: "timestamp"}},
		{Name: "object_key", Type: Type{Name: "varchar", Length: 1024}},
		{Name: "line_number", Type: Type{Name: "bigint"}},
		{Name: "partition_date", Type: Type{Name: "date"}},
		{Name: "object_modified_at", Type: Type{Name: "timestamp"}},
	}
}

// RejectedColumns stand before the contract's, which follow as strings.
func RejectedColumns() []Column {
	text := Type{Name: "varchar", Length: 65535}
	return []Column{
		{Name: "object_key", Type: text, Description: "raw object that the record stands in"},
		{Name: "etag", Type: text, Description: "content of that object"},
		{Name: "version_id", Type: text, Description: "version of that object"},
		{Name: "object_size", Type: Type{Name: "bigint"}, Description: "its bytes: what Spectrum can tell a replaced object by"},
		{Name: "run_id", Type: text, Description: "run that refused the record; it counts if the ledger knows object, etag and run"},
		{Name: "line_number", Type: Type{Name: "bigint"}, Description: "line in the object, or number of the record in a Parquet file; 0 for an object that can't be read, -1 for a remark on one that was"},
		{Name: "reason", Type: text, Description: "column, value and what was expected"},
		{Name: "content", Type: text, Description: "the line as it stands in the object; JSON of a Parquet record, its values as text"},
	}
}
