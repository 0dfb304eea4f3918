package config

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"lakeshift/config/spelling"
	"lakeshift/config/sqltext"
)

// published reads the fact table's columns from its DDL: they are typed once, there.
func (v *validator) published(c Contract, key []Column) Fact {
	fact := Fact{Table: c.Published.Table}
	if !identifier.MatchString(fact.Table) || len(fact.Table) > 63 {
		v.fault(at("published", "table"), "%q is no name: expected up to 63 lower-case letters, digits and underscores", fact.Table)
		return fact
	}
	switch {
	case reserved[fact.Table]:
		v.fault(at("published", "table"), "%q is a reserved word in SQL: choose another", fact.Table)
	case slices.Contains(platformTables, fact.Table):
		v.fault(at("published", "table"), "%q is the platform's own: choose another name", fact.Table)
	}
	if len(c.Published.Partitions) == 0 {
		v.fault(at("published", "partitions"), "are missing: expected at least one column of the fact table")
	}
	declared, file, ok := v.declaration(c.Dataset, "analytics."+fact.Table)
	if !ok {
		return fact
	}
	var columns []Column
	for _, column := range declared {
		kind, err := publishedType(column.Type)
		if err != nil {
			v.faults.add(file, column.Line, "column %s: type %s", column.Name, err)
		}
		if reserved[column.Name] {
			v.faults.add(file, column.Line, "column %q is a reserved word in Athena: choose another", column.Name)
		}
		columns = append(columns, Column{Name: column.Name, Type: kind})
	}
	for i, name := range c.Published.Partitions {
		found := slices.IndexFunc(columns, func(column Column) bool { return column.Name == name })
		switch {
		case slices.Contains(c.Published.Partitions[:i], name):
			v.fault(at("published", "partitions", i), "%q stands there twice", name)
		case found < 0:
			v.fault(at("published", "partitions", i), "%q is no column of analytics.%s%s", name, fact.Table, meant(name, columns, ""))
		default:
			fact.Partitions = append(fact.Partitions, columns[found])
			if !declared[found].NotNull {
				v.faults.warn(file, declared[found].Line, "column %s may be empty, and published.partitions of %s has it: a partition's path needs a value, expected not null", name, v.file)
			}
			if columns[found].Type.Name == "double" {
				v.fault(at("published", "partitions", i), "%q is a double: no two engines write it alike into a path, expected another type", name)
			}
		}
	}
	v.keyIsFact(c.BusinessKey, key, columns)
	for _, column := range columns {
		if !slices.Contains(c.Published.Partitions, column.Name) {
			fact.Columns = append(fact.Columns, column)
		}
	}
	if len(columns) > 0 && len(fact.Columns) == 0 {
		v.fault(at("published", "partitions"), "leave no column: a partition's columns are in its path, not in its files")
	}
	return fact
}

// Tables of schema analytics that sql/warehouse makes.
var platformTables = []string{"publish_queue", "transform_state"}

// keyIsFact: runs compare the landed keys with those of the facts, so the facts have them under the same names.
func (v *validator) keyIsFact(names []string, key, columns []Column) {
	for i, name := range names {
		in := slices.IndexFunc(key, func(column Column) bool { return column.Name == name })
		if in < 0 {
			continue // reported
		}
		found := slices.IndexFunc(columns, func(column Column) bool { return column.Name == name })
		switch {
		case found < 0:
			v.fault(at("business_key", i), "%q is no column of the fact table: a run compares the keys of facts with the landed ones, expected a column %s %s",
				name, name, key[in].Type.Redshift())
		case columns[found].Type.Name != "" && key[in].Type.Name != "" && columns[found].Type.family() != key[in].Type.family():
			v.fault(at("business_key", i), "%q is %s in the contract and %s in the fact table: keys of different kinds can't be compared",
				name, key[in].Type, columns[found].Type)
		}
	}
}

// declaration finds the one file in sql/<dataset>/schema that creates the table.
func (v *validator) declaration(dataset, table string) ([]sqltext.Column, string, bool) {
	folder := filepath.Join("sql", dataset, "schema")
	paths, _ := filepath.Glob(filepath.Join(v.root, folder, "*.sql"))
	var found []sqltext.Column
	foundIn := ""
	var others []string
	for _, path := range paths {
		file := filepath.Join(folder, filepath.Base(path))
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			continue // the check of SQL says so
		}
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		tables, err := sqltext.Tables(string(text), table)
		if at := (*sqltext.Error)(nil); errors.As(err, &at) {
			v.faults.add(file, at.Line, "%s", at.Message)
			return nil, "", false
		}
		for _, declared := range tables {
			if declared.Name != table {
				others = append(others, strings.TrimPrefix(declared.Name, "analytics."))
				continue
			}
			if foundIn != "" {
				v.faults.add(file, declared.Line, "%s is created in %s too: expected one declaration", table, foundIn)
				return nil, "", false
			}
			found, foundIn = declared.Columns, file
		}
	}
	if short := strings.TrimPrefix(table, "analytics."); foundIn == "" {
		v.fault(at("published", "table"), "%q is not declared%s: expected `create table %s (…)` in a file of %s",
			short, spelling.Describe(short, others), table, folder)
		v.faults.lastFollows(filepath.ToSlash(folder) + "/")
		return nil, "", false
	}
	return found, foundIn, true
}

// Redshift's other names of the types that can be published.
var typeNames = map[string]string{
	"int2": "smallint", "int": "integer", "int4": "integer", "int8": "bigint", "numeric": "decimal", "float8": "double", "float": "double",
	"double precision": "double", "bool": "boolean", "character varying": "varchar", "nvarchar": "varchar", "text": "varchar(256)",
}

var typeParts = regexp.MustCompile(`^([^(]+)(\(.*\))?$`)

// publishedType understands a type as the fact DDL writes it.
func publishedType(text string) (Type, error) {
	match := typeParts.FindStringSubmatch(text)
	if match == nil {
		return ParseType(text)
	}
	name, arguments := match[1], match[2]
	if canonical, known := typeNames[name]; known {
		name = canonical
	}
	switch {
	case name == "decimal" && arguments == "":
		arguments = "(18,0)" // Redshift's default
	case name == "decimal" && !strings.Contains(arguments, ","):
		arguments = strings.TrimSuffix(arguments, ")") + ",0)"
	case name == "varchar" && arguments == "(max)":
		arguments = "(65535)"
	case name == "varchar" && arguments == "":
		arguments = "(256)" // Redshift's default
	}
	return ParseType(name + arguments)
}
