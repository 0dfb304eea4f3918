package config

import (
	"fmt"
	"slices"
	"strings"

	"lakeshift/config/spelling"
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

// ColumnNameFault says why a contract's column can't have this name; empty if it can.
func ColumnNameFault(name string) string {
	reason, taken := takenColumns[name]
	switch {
	case !identifier.MatchString(name) || len(name) > 63:
		return fmt.Sprintf("%q is no name: expected up to 63 lower-case letters, digits and underscores", name)
	case taken:
		return fmt.Sprintf("%q is taken: %s", name, reason)
	case reserved[name]:
		return fmt.Sprintf("%q is a reserved word in SQL: choose another", name)
	}
	return ""
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
		if reason := ColumnNameFault(spec.Name); reason != "" {
			v.fault(at("columns", i, "name"), "%s", reason)
		} else if twice {
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
		case len(columns) == 0: // that they are missing is said
		case found < 0:
			v.fault(at("business_key", i), "%q is no column%s", name, meant(name, columns, ", or [object_key, line_number]"))
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

// meant is what a column's name probably should be, or all that it can be.
func meant(name string, columns []Column, others string) string {
	if near := spelling.Meant(name, names(columns)); near != "" {
		return " (is it " + near + "?)"
	}
	return ": expected one of " + nameList(columns) + others
}

func nameList(columns []Column) string { return strings.Join(names(columns), ", ") }
