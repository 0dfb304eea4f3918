// Package bundle writes what is deployed of a dataset: its contract as jobs read it, its landing DDL, its SQL.
package bundle

import (
	"fmt"
	"strings"

	"lakeshift/config"
)

// LandingDDL creates the tables that the load job writes. They hold what the contract says, all nullable:
// conformance is the load's work, and a rejected row never gets here.
func LandingDDL(dataset config.Dataset) string {
	var ddl strings.Builder
	fmt.Fprintf(&ddl, "-- Generated from datasets/%s.yaml.\n\n", dataset.Name)
	createTable(&ddl, dataset.LandingTable(), append(dataset.Columns[:len(dataset.Columns):len(dataset.Columns)], config.LandingColumns()...))
	ddl.WriteString("\n-- business keys that the next transform looks at\n")
	createTable(&ddl, dataset.AffectedTable(), dataset.BusinessKey)
	return ddl.String()
}

func createTable(ddl *strings.Builder, table string, columns []config.Column) {
	fmt.Fprintf(ddl, "create table if not exists %s (\n", table)
	for i, column := range columns {
		comma := ","
		if i == len(columns)-1 {
			comma = ""
		}
		fmt.Fprintf(ddl, "    %s %s%s\n", column.Name, column.Type.Redshift(), comma)
	}
	ddl.WriteString(")\ndiststyle auto;\n")
}
