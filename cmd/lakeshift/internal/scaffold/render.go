package scaffold

import (
	"embed"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"lakeshift/cmd/lakeshift/internal/screen"
	"lakeshift/config"
)

//go:embed templates/*.tmpl
var templates embed.FS

// Files of the plan, by their path in the project.
func (p *Plan) Render() (map[string]string, error) {
	parsed, err := template.New("").Funcs(template.FuncMap{
		"yaml":     yamlText,
		"yamlType": yamlType,
		"ddl":      ddlType,
		"join":     strings.Join,
		"comments": p.comments,
		"doubled":  func(sql string) string { return strings.ReplaceAll(sql, "'", "''") },
	}).ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return nil, err
	}
	sql := "sql/" + p.Dataset + "/"
	files := map[string]string{}
	for path, name := range map[string]string{
		"datasets/" + p.Dataset + ".yaml":                         "contract.yaml",
		sql + "schema/10_" + p.Fact + ".sql":                      "schema_fact.sql",
		sql + "schema/20_" + p.Dataset + "_by_day.sql":            "schema_by_day.sql",
		sql + "transform/10_latest_" + p.Dataset + ".sql":         "transform_latest.sql",
		sql + "transform/20_publish_queue.sql":                    "transform_queue.sql",
		sql + "transform/30_" + p.Fact + ".sql":                   "transform_fact.sql",
		sql + "transform/90_" + p.Dataset + "_affected_keys.sql":  "transform_done.sql",
		sql + "publish/10_" + p.Fact + ".sql":                     "publish.sql",
		sql + "check/10_keys_are_unique.sql":                      "check_unique.sql",
		sql + "check/20_every_landed_record_is_a_fact.sql":        "check_landed.sql",
		sql + "check/30_partitions_are_those_of_the_row.sql":      "check_partitions.sql",
		sql + "athena/queries/10_" + p.Dataset + "_published.sql": "athena_published.sql",
		sql + "athena/queries/20_" + p.Dataset + "_rejected.sql":  "athena_rejected.sql",
		sql + "queries/pending.sql":                               "pending.sql",
	} {
		var text strings.Builder
		if err := parsed.ExecuteTemplate(&text, name+".tmpl", p); err != nil {
			return nil, err
		}
		files[path] = strings.TrimRight(text.String(), "\n") + "\n"
	}
	return files, nil
}

// Records says in words what was read.
func (p *Plan) Records() string {
	which, refused := "all ", p.Sample.RefusedRecords()
	switch {
	case refused > 0:
		which = screen.Number(p.Sample.Records) + " of "
		if p.Sample.Partly {
			which += "the first "
		}
	case p.Sample.Partly:
		which = "the first "
	}
	return which + screen.Count(p.Sample.Records+refused, "record") + " of " + screen.Count(int64(len(p.Files)), "file")
}

// Refused says what the load would reject, a line for each reason, and where the first of them stands: without folders, as a
// contract holds no path of one machine.
func (p *Plan) Refused() []string {
	lines := make([]string, len(p.Sample.Refused))
	for i, refusal := range p.Sample.Refused {
		lines[i] = fmt.Sprintf("%s would be rejected, the first at %s: %s", screen.Count(refusal.Records, "record"), filepath.Base(refusal.Where), refusal.Reason)
	}
	return lines
}

// FirstFile is the name of the first sample.
func (p *Plan) FirstFile() string { return filepath.Base(p.Files[0]) }

// RepeatedText is empty if no record repeats another.
func (p *Plan) RepeatedText() string { return repeatedText(p.Sample) }

// Delimiter and Quote as text.
func (p *Plan) Delimiter() string { return string(p.Sample.CSV.Delimiter) }
func (p *Plan) Quote() string     { return string(p.Sample.CSV.Quote) }

// Escape is the character to say in the contract; empty where it is the backslash, as by default.
func (p *Plan) Escape() string {
	if escape := p.Sample.CSV.Escape; escape != '\\' && escape != 0 {
		return string(escape)
	}
	return ""
}

// Measures are numbers that can be added up; a handful of them shows how.
func (p *Plan) Measures() []Column {
	var measures []Column
	for _, column := range p.Columns {
		if (column.Type.Name == "decimal" && column.Type.Scale > 0 || column.Type.Name == "double") && !column.IsKey && len(measures) < 6 {
			measures = append(measures, column)
		}
	}
	return measures
}

// PartitionNames in order.
func (p *Plan) PartitionNames() []string {
	names := make([]string, len(p.Partitions))
	for i, partition := range p.Partitions {
		names[i] = partition.Name
	}
	return names
}

// PartitionPath is the SQL of a=1/b=2, a line for each partition; table, if there is one, stands before columns with its point.
func (p *Plan) PartitionPath(table, indent string) string {
	var lines []string
	for i, partition := range p.Partitions {
		begin := "'"
		if i > 0 {
			begin = "|| '/"
		}
		lines = append(lines, fmt.Sprintf("%s%s=' || %s", begin, partition.Name, fmt.Sprintf(partition.Text, table+partition.Name)))
	}
	return strings.Join(lines, "\n"+indent)
}

// FactColumns in the order of the DDL, partitions last.
func (p *Plan) FactColumns() []string {
	var names []string
	for _, column := range p.Columns {
		names = append(names, column.Name)
	}
	if p.Positional {
		names = append(names, "object_key", "line_number")
	}
	names = append(names, "partition_date")
	return append(names, p.PartitionNames()...)
}

func (p *Plan) comments(c Column) []string {
	var lines []string
	if c.Source.Filled > 0 && c.Source.Empty > 0 {
		lines = append(lines, fmt.Sprintf("empty in %d of %d records", c.Source.Empty, p.Sample.Records))
	}
	for _, note := range c.Source.Notes {
		lines = append(lines, "decide: "+note)
	}
	if c.Source.Cast != "" {
		lines = append(lines, "the transform may make it one: "+fmt.Sprintf(c.Source.Cast, c.Name))
	}
	return lines
}

func ddlType(t config.Type) string {
	return strings.ReplaceAll(t.Redshift(), ",", ", ")
}

// yamlType quotes what holds a comma: in a flow mapping it would end the value.
func yamlType(t config.Type) string {
	if text := t.String(); strings.Contains(text, ",") {
		return strconv.Quote(text)
	} else {
		return text
	}
}

// yamlText is a double-quoted scalar unless plain words will do.
func yamlText(text string) string {
	plain := text != "" && !strings.HasSuffix(text, " ")
	for i, r := range text {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || !(r >= '0' && r <= '9' || r == ' ' || r == '_' || r == '.' || r == '/')) {
			plain = false
		}
	}
	switch strings.ToLower(text) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		plain = false
	}
	if plain {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out.WriteString("\\" + string(r))
		case r == '\t':
			out.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&out, `\x%02x`, r)
		default:
			out.WriteRune(r)
		}
	}
	return `"` + out.String() + `"`
}
