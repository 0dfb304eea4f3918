package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
)

var (
	identifier  = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	datasetName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	hours       = regexp.MustCompile(`^([1-9][0-9]{0,2})h$`)
)

// Names that the platform itself uses beside a contract's columns.
var takenColumns = func() map[string]string {
	taken := map[string]string{}
	for _, column := range LandingColumns() {
		taken[column.Name] = "the load adds it to the landing table"
	}
	for _, column := range RejectedColumns() {
		taken[column.Name] = "the load adds it to rejected records"
	}
	for _, key := range partitionKeys {
		taken[key] = "it is a partition key of the raw zone"
	}
	return taken
}()

var partitionKeys = []string{"year", "month", "day"}

type validator struct {
	file      string
	root      string
	document  *yaml.Node
	faults    *Faults
	undecoded map[int]bool // lines already reported
}

// fault reports a value, unless decoding it failed already.
func (v *validator) fault(path []any, format string, values ...any) {
	line := position(v.document, path...)
	if v.undecoded[line] {
		return
	}
	v.faults.add(v.file, line, "%s %s", pathText(path), fmt.Sprintf(format, values...))
}

// whole finds numbers with a fraction, which the YAML library would cut off.
func (v *validator) whole(path ...any) {
	if node := find(v.document, path...); node != nil && node.ShortTag() == "!!float" {
		v.fault(path, "%s is no whole number", node.Value)
	}
}

func (v *validator) warn(path []any, format string, values ...any) {
	v.faults.warn(v.file, position(v.document, path...), "%s %s", pathText(path), fmt.Sprintf(format, values...))
}

func pathText(path []any) string {
	var text strings.Builder
	for i, step := range path {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&text, "[%d]", step)
		default:
			if i > 0 {
				text.WriteByte('.')
			}
			fmt.Fprint(&text, step)
		}
	}
	return text.String()
}

func at(path ...any) []any { return path }

func (v *validator) text(value string, path ...any) {
	if strings.TrimSpace(value) == "" {
		v.fault(path, "is missing: expected text")
	}
}

// Limits of the Glue catalog (https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-tables.html)
// and of Redshift (https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_usage.html).
const (
	maxDescriptionBytes = 2048
	maxCommentBytes     = 255
	maxTableColumns     = 1600
)

func (v *validator) contract(c Contract) Dataset {
	dataset := Dataset{Name: c.Dataset, Description: c.Description, Schedule: c.Schedule, Load: c.Load}
	wanted := strings.TrimSuffix(strings.TrimPrefix(v.file, "datasets/"), ".yaml")
	switch {
	case !datasetName.MatchString(c.Dataset):
		v.fault(at("dataset"), "%q is no name: expected up to 40 lower-case letters, digits and underscores", c.Dataset)
	case c.Dataset != wanted:
		v.fault(at("dataset"), "%q does not match the file: expected %q", c.Dataset, wanted)
	case strings.HasSuffix(c.Dataset, "_lines") || strings.HasSuffix(c.Dataset, "_rejected") || strings.HasSuffix(c.Dataset, "_affected_keys"):
		v.fault(at("dataset"), "%q ends like a table that another dataset gets: choose another name", c.Dataset)
	case reserved[c.Dataset]:
		v.fault(at("dataset"), "%q is a reserved word in SQL, and tables get this name: choose another", c.Dataset)
	case c.Dataset == "load_ledger" || c.Dataset == "warehouse":
		v.fault(at("dataset"), "%q is the platform's own: choose another name", c.Dataset)
	}
	// the rest of the contract, and its SQL, stand under the file's name
	c.Dataset, dataset.Name = wanted, wanted
	v.text(c.Description, "description")
	if size := len(c.Description); size > maxDescriptionBytes {
		v.fault(at("description"), "is %d bytes long: the Glue catalog takes %d", size, maxDescriptionBytes)
	}
	dataset.Source = v.source(c.Source)
	dataset.Columns = v.columns(c.Columns)
	v.fields(c.Columns, dataset.Source)
	dataset.BusinessKey = v.businessKey(c.BusinessKey, dataset.Columns)
	dataset.Freshness = v.freshness(c.Freshness, v.schedule(c.Schedule))
	v.whole("max_rejected_rows")
	if dataset.MaxRejected = int64(c.MaxRejected); c.MaxRejected < 0 {
		v.fault(at("max_rejected_rows"), "%d is no number of rows: expected 0 or more", c.MaxRejected)
	}
	dataset.Fact = v.published(c, dataset.BusinessKey)
	dataset.Load = v.load(c.Load)
	return dataset
}

func (v *validator) source(s Source) SourceFiles {
	files := SourceFiles{
		Format: s.Format, Delimiter: ",", Quote: `"`, Escape: `\`, Header: true, PartitionKeys: partitionKeys, WindowDays: s.WindowDays,
	}
	switch s.Format {
	case "csv":
	case "jsonl", "parquet":
		files.Header = false
		if s.Options != (Options{}) {
			v.fault(at("source", "options"), "are for csv: leave them out")
		}
	default:
		v.fault(at("source", "format"), "%q is unknown: use csv, jsonl or parquet", s.Format)
	}
	characters := map[string]string{}
	for _, option := range []struct {
		name  string
		value *string
		into  *string
	}{{"delimiter", s.Options.Delimiter, &files.Delimiter}, {"quote", s.Options.Quote, &files.Quote}, {"escape", s.Options.Escape, &files.Escape}} {
		if option.value != nil {
			*option.into = *option.value
		}
		if value := *option.into; len(value) != 1 || value == "\n" || value == "\r" || value == "\x00" {
			v.fault(at("source", "options", option.name), "%q is not one ASCII character", value)
		} else if other, used := characters[value]; used {
			v.fault(at("source", "options", option.name), "%q is also the %s: OpenCSVSerDe wants three different characters", value, other)
		}
		characters[*option.into] = option.name
	}
	if s.Options.Header != nil {
		files.Header = *s.Options.Header
	}
	if !slices.Equal(s.PartitionKeys, partitionKeys) {
		v.fault(at("source", "partition_keys"), "%v can't be used: expected [year, month, day]", s.PartitionKeys)
	}
	v.whole("source", "window_days")
	if s.WindowDays < 0 {
		v.fault(at("source", "window_days"), "%d is negative: expected 0 (every partition) or a number of days", s.WindowDays)
	}
	return files
}

func (v *validator) columns(specs []ColumnSpec) []Column {
	if len(specs) == 0 {
		v.fault(at("columns"), "are missing: expected at least one")
	}
	if most := maxTableColumns - len(LandingColumns()); len(specs) > most {
		v.fault(at("columns"), "are %d: expected at most %d, a table of Redshift's has up to %d and the load adds its own", len(specs), most, maxTableColumns)
	}
	seen := map[string]int{}
	columns := make([]Column, 0, len(specs))
	for i, spec := range specs {
		first, twice := seen[spec.Name]
		reason, taken := takenColumns[spec.Name]
		switch {
		case !identifier.MatchString(spec.Name) || len(spec.Name) > 63:
			v.fault(at("columns", i, "name"), "%q is no name: expected up to 63 lower-case letters, digits and underscores", spec.Name)
		case taken:
			v.fault(at("columns", i, "name"), "%q is taken: %s", spec.Name, reason)
		case reserved[spec.Name]:
			v.fault(at("columns", i, "name"), "%q is a reserved word in SQL: choose another", spec.Name)
		case twice:
			v.fault(at("columns", i, "name"), "%q is used twice: columns[%d] has it too", spec.Name, first)
		}
		seen[spec.Name] = i
		if comment := spec.Description; len(comment) > maxCommentBytes || strings.ContainsAny(comment, "\n\r") {
			v.fault(at("columns", i, "description"), "is %d bytes long: expected one line of up to %d, as the Glue catalog takes it", len(comment), maxCommentBytes)
		}
		kind, err := ParseType(spec.Type)
		if err != nil {
			v.fault(at("columns", i, "type"), "%s", err)
		}
		field := spec.Field
		if field == "" {
			field = spec.Name
		}
		columns = append(columns, Column{Name: spec.Name, Field: field, Type: kind, Required: spec.Required, Description: spec.Description})
	}
	return columns
}

// fields checks what the files call the columns: names of the source's, not ours, so almost anything goes.
func (v *validator) fields(specs []ColumnSpec, source SourceFiles) {
	seen := map[string]int{}
	for i, spec := range specs {
		field := spec.Field
		if field == "" {
			field = spec.Name
		}
		first, twice := seen[strings.ToLower(field)]
		switch {
		case spec.Field != "" && source.Format == "csv" && !source.Header:
			v.fault(at("columns", i, "field"), "%q is never looked up: the files have no header, their columns are told by position", field)
		case len(field) > 255 || strings.TrimSpace(field) != field || strings.ContainsFunc(field, unicode.IsControl):
			v.fault(at("columns", i, "field"), "%q is no field: expected up to 255 bytes, without control characters and blanks at its ends", field)
		case twice && source.Format != "csv":
			v.fault(at("columns", i, "field"), "%q is columns[%d]'s field too: Athena and Spectrum tell no case apart", field, first)
		}
		seen[strings.ToLower(field)] = i
	}
}

func (v *validator) businessKey(names []string, columns []Column) []Column {
	if len(names) == 0 {
		v.fault(at("business_key"), "is missing: expected at least one column")
	}
	var key []Column
	for i, name := range names {
		found := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		own := slices.IndexFunc(positionKey, func(c Column) bool { return c.Name == name })
		switch {
		case own >= 0 && !slices.Contains(names[:i], name):
			key = append(key, positionKey[own])
		case found < 0:
			v.fault(at("business_key", i), "%q is no column: expected one of %s, or [object_key, line_number]", name, nameList(columns))
		case slices.Contains(names[:i], name):
			v.fault(at("business_key", i), "%q stands there twice", name)
		case !columns[found].Required:
			v.fault(at("business_key", i), "%q may be empty: give columns[%d] required: true", name, found)
		default:
			key = append(key, columns[found])
		}
	}
	if slices.Contains(names, "line_number") && !slices.Contains(names, "object_key") {
		v.fault(at("business_key"), "has line_number without object_key: every file has a line 1, so records of several would be taken for one")
	}
	if slices.Equal(names, []string{"object_key"}) {
		v.fault(at("business_key"), "[object_key] would keep one record of each file: expected [object_key, line_number]")
	}
	return key
}

// positionKey are the load's columns that say where a record stands: the key of data that has none.
var positionKey = func() []Column {
	var columns []Column
	for _, column := range LandingColumns() {
		if column.Name == "object_key" || column.Name == "line_number" {
			column.Required = true
			columns = append(columns, column)
		}
	}
	return columns
}()

func nameList(columns []Column) string {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	return strings.Join(names, ", ")
}

func (v *validator) schedule(text string) *schedule {
	schedule, err := checkSchedule(text, time.Now().Year())
	if err != nil {
		v.fault(at("schedule"), "%q is no schedule: %s", text, err)
		return nil
	}
	return schedule
}

// maxFreshnessHours: an alarm looks back 7 days at most.
const maxFreshnessHours = 168

func (v *validator) freshness(text string, schedule *schedule) time.Duration {
	match := hours.FindStringSubmatch(text)
	count := 0
	if match != nil {
		count, _ = strconv.Atoi(match[1])
	}
	target := time.Duration(count) * time.Hour
	if count < 1 || count > maxFreshnessHours {
		v.fault(at("freshness"), "%q is no target: expected hours from 1h to %dh", text, maxFreshnessHours)
		return target
	}
	if schedule != nil {
		switch severity, reason := schedule.rings(target, time.Now().Year()); severity {
		case Error:
			v.fault(at("freshness"), "%q %s", text, reason)
		case Warning:
			v.warn(at("freshness"), "%q: %s", text, reason)
		}
	}
	return target
}

func (v *validator) load(settings LoadSettings) LoadSettings {
	v.whole("load", "workers")
	v.whole("load", "timeout_minutes")
	if settings.Workers == 0 {
		settings.Workers = 2
	}
	if settings.WorkerType == "" {
		settings.WorkerType = "G.1X"
	}
	if settings.TimeoutMinutes == 0 {
		settings.TimeoutMinutes = 60
	}
	if settings.Workers < 2 || settings.Workers > 299 {
		v.fault(at("load", "workers"), "%d is out of range: expected 2 to 299", settings.Workers)
	}
	if !slices.Contains(workerTypes, settings.WorkerType) {
		v.fault(at("load", "worker_type"), "%q is unknown: use %s", settings.WorkerType, strings.Join(workerTypes, ", "))
	}
	if settings.TimeoutMinutes < 1 || settings.TimeoutMinutes > 10080 {
		v.fault(at("load", "timeout_minutes"), "%d is out of range: expected 1 to 10080", settings.TimeoutMinutes)
	}
	return settings
}

var workerTypes = []string{"G.1X", "G.2X", "G.4X", "G.8X"}

// validateTogether finds what two datasets can't share.
func validateTogether(contracts []*validator, datasets []Dataset, faults *Faults) {
	publishers, ids := map[string]string{}, map[string]string{}
	for i, dataset := range datasets {
		v := contracts[i]
		if other, taken := publishers[dataset.Fact.Table]; taken && dataset.Fact.Table != "" {
			v.fault(at("published", "table"), "%q is published by %s too: a table has one dataset", dataset.Fact.Table, other)
		}
		publishers[dataset.Fact.Table] = dataset.Name
		id := PascalCase(dataset.Name)
		if other, taken := ids[id]; taken && other != dataset.Name {
			v.fault(at("dataset"), "%q and %q are both %s in the app: choose a name that differs in more than underscores", dataset.Name, other, id)
		}
		ids[id] = dataset.Name
	}
}
