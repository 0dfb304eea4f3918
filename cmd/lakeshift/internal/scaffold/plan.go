// Package scaffold writes a dataset's contract and SQL from what its sample files hold.
package scaffold

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"lakeshift/cmd/lakeshift/internal/sample"
	"lakeshift/config"
)

// Request is what the user asks for.
type Request struct {
	Dataset string
	// Key names columns, by title or by name; none leaves the choice to the sample.
	Key []string
	// PartitionBy names columns that the published table is cut by; none means the day of delivery.
	PartitionBy []string
	// Files of the sample, for the comments.
	Files []string
	// Taken tables, of other datasets: a table has one.
	Taken []string
}

// Plan is a dataset before it is written.
type Plan struct {
	Dataset string
	// Fact is the table's name in schema analytics.
	Fact    string
	Sample  *sample.Sample
	Files   []string
	Columns []Column
	// Key columns; Positional if they are the load's own, as each record is a thing of its own.
	Key        []string
	Positional bool
	// KeyReason says why this key; Candidates are columns that could be it.
	KeyReason  string
	Candidates []string
	Partitions []Partition
}

// Column of the contract and of the fact table.
type Column struct {
	Name string
	// Field is the title in the files where it must be said.
	Field  string
	Type   config.Type
	IsKey  bool
	Source sample.Field
}

// Partition is a column of the fact table by which its published copy is cut; it is never null.
type Partition struct {
	Name string
	Type config.Type
	// Text is its cast to text, for the path, with %s for its name.
	Text string
	// SQL that it is made with, %s being the column it is made from.
	sql, column string
}

// factName is fact_<dataset>, unless another dataset publishes a table of this name.
func factName(dataset string, taken []string) string {
	name := "fact_" + dataset
	for n := 2; slices.Contains(taken, name); n++ {
		name = fmt.Sprintf("fact_%s_%d", dataset, n)
	}
	return name
}

// From is the SQL that makes the partition of a row; table, if there is one, stands before the column with its point.
func (p Partition) From(table string) string { return fmt.Sprintf(p.sql, table+p.column) }

// NewPlan decides what can be decided without knowing what the data mean. An error names what was asked for in vain.
func NewPlan(request Request, read *sample.Sample) (*Plan, error) {
	plan := &Plan{Dataset: request.Dataset, Fact: factName(request.Dataset, request.Taken), Sample: read, Files: request.Files}
	plan.nameColumns()
	if err := plan.chooseKey(request.Key); err != nil {
		return nil, err
	}
	if err := plan.choosePartitions(request.PartitionBy); err != nil {
		return nil, err
	}
	return plan, nil
}

var notName = regexp.MustCompile(`[^a-z0-9]+`)

// The fact table's own columns beside the load's.
var ownColumns = []string{"partition_year", "partition_month"}

func (p *Plan) nameColumns() {
	used := map[string]bool{}
	for i, field := range p.Sample.Fields {
		column := Column{Name: columnName(field.Title, i+1, used), Type: field.Type, Source: field}
		used[column.Name] = true
		if p.needsField(field.Title, column.Name) {
			column.Field = p.fieldOf(field.Title)
		}
		p.Columns = append(p.Columns, column)
	}
}

// needsField: CSV titles are matched whatever their case and punctuation, fields of JSON and Parquet by their name.
func (p *Plan) needsField(title, name string) bool {
	switch {
	case p.Sample.Format != "csv":
		return title != name
	case !p.Sample.CSV.Header:
		return false
	}
	return normal(title) != normal(name)
}

// fieldOf says a title so that a contract can hold it. Of a CSV title only words count, and one without any is matched by a sign.
func (p *Plan) fieldOf(title string) string {
	if p.Sample.Format != "csv" {
		return title
	}
	words := strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, title))
	if words == "" {
		return "#"
	}
	return words
}

// what the load takes for no part of a word
var notWord = regexp.MustCompile(`[^\pL\pN]+`)

func normal(title string) string {
	return strings.Trim(notWord.ReplaceAllString(strings.ToLower(title), "_"), "_")
}

// columnName makes a title a name: lower case, as SQL folds it, words joined by underscores. Words that SQL or the
// platform has taken get a suffix.
func columnName(title string, position int, used map[string]bool) string {
	name := strings.Trim(notName.ReplaceAllString(plain(title), "_"), "_")
	switch {
	case name == "":
		name = fmt.Sprintf("column_%d", position)
	case name[0] >= '0' && name[0] <= '9':
		name = "c_" + name
	}
	name = strings.TrimRight(name[:min(len(name), 50)], "_")
	if slices.Contains(ownColumns, name) || config.ColumnNameFault(name) != "" {
		name += "_field"
	}
	for base, n := name, 2; used[name]; n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	return name
}

// find a column by its name or by its title.
func (p *Plan) find(wanted string) (*Column, error) {
	for _, same := range []func(*Column) bool{
		func(c *Column) bool { return c.Name == wanted },
		func(c *Column) bool { return c.Source.Title == wanted },
		func(c *Column) bool { return normal(c.Source.Title) == normal(wanted) },
	} {
		for i := range p.Columns {
			if same(&p.Columns[i]) {
				return &p.Columns[i], nil
			}
		}
	}
	names := make([]string, len(p.Columns))
	for i, column := range p.Columns {
		names[i] = column.Name
	}
	return nil, fmt.Errorf("%q is no column of the sample: expected one of %s", wanted, strings.Join(names, ", "))
}

func (p *Plan) choosePartitions(wanted []string) error {
	if len(wanted) == 0 {
		p.Partitions = []Partition{
			datePart("partition_year", "year", "partition_date", false),
			datePart("partition_month", "month", "partition_date", false),
		}
		return nil
	}
	for _, name := range wanted {
		column, err := p.find(name)
		if err != nil {
			return fmt.Errorf("--partition-by: %w", err)
		}
		switch column.Type.Name {
		case "date", "timestamp":
			p.Partitions = append(p.Partitions,
				datePart(column.Name+"_year", "year", column.Name, !column.IsKey),
				datePart(column.Name+"_month", "month", column.Name, !column.IsKey))
		case "varchar":
			// a label that a path can hold: no slashes, backslashes or blanks
			p.Partitions = append(p.Partitions, Partition{
				Name: "partition_" + column.Name, Type: config.Type{Name: "varchar", Length: 100}, column: column.Name,
				sql:  "left(regexp_replace(coalesce(nullif(%s, ''), 'none'), '[^A-Za-z0-9_.-]', '_'), 100)",
				Text: "%s",
			})
		case "smallint", "integer", "bigint":
			p.Partitions = append(p.Partitions, Partition{
				Name: "partition_" + column.Name, Type: config.Type{Name: "bigint"}, column: column.Name,
				sql:  "coalesce(cast(%s as bigint), -1)",
				Text: "cast(%s as varchar(20))",
			})
		default:
			return fmt.Errorf("--partition-by: column %s is a %s: expected a date, a timestamp, text or a whole number", column.Name, column.Type)
		}
	}
	for _, partition := range p.Partitions {
		if slices.ContainsFunc(p.Columns, func(c Column) bool { return c.Name == partition.Name }) {
			return fmt.Errorf("--partition-by: the sample has a column %s, which the partition would be called", partition.Name)
		}
	}
	return nil
}

// datePart is a part of a date; where there may be none, it is 0.
func datePart(name, part, of string, mayBeNull bool) Partition {
	partition := Partition{
		Name: name, Type: config.Type{Name: "smallint"}, column: of,
		sql:  "cast(extract(" + part + " from %s) as smallint)",
		Text: "cast(%s as varchar(4))",
	}
	if mayBeNull {
		partition.sql = "coalesce(" + partition.sql + ", 0)"
	}
	return partition
}
