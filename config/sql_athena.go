package config

import (
	"strings"

	"lakeshift/config/sqlcheck"
)

// athena runs one statement at a time; views are made at every deployment.
func (c sqlChecker) athena(file sqlFile) {
	if file.folder == "athena/queries" && len(file.statements) != 1 {
		c.faults.add(file.name, 0, "holds %d statements: Athena runs one", len(file.statements))
	}
	for _, statement := range file.statements {
		if broken := sqlcheck.Broken(statement); len(broken) > 0 {
			c.add(file, broken)
			continue
		}
		c.add(file, sqlcheck.Operators(statement))
		c.add(file, sqlcheck.ForeignToAthena(statement))
		c.add(file, sqlcheck.NewSession(c.catalogs.lake).Columns(statement))
		for schema, placeholder := range map[string]string{"analytics": curatedDatabase, "raw_data": rawDatabase, "data_lake": rawDatabase} {
			if line, found := sqlcheck.Reads(statement, schema); found {
				c.faults.add(file.name, line, "%s is a schema of the warehouse, which Athena does not see: expected ${%s}", schema, placeholder)
			}
		}
		for _, environment := range c.environments {
			of := environment.Names("")
			for database, placeholder := range map[string]string{of.RawDatabase(): rawDatabase, of.CuratedDatabase(): curatedDatabase} {
				if line, found := sqlcheck.Names(statement, database); found {
					c.faults.warn(file.name, line, "%s is the database of environment %s, in every environment: expected ${%s}", database, environment.Name, placeholder)
				}
			}
		}
		if size := len(statement.Text); size > maxQueryBytes {
			c.faults.add(file.name, statement.Line, "statement of %d bytes: Athena takes %d", size, maxQueryBytes)
		}
		if file.folder == "athena/views" {
			c.add(file, sqlcheck.Again(statement, map[string]bool{}))
			if view, ok := sqlcheck.Creates(statement); ok && strings.HasPrefix(view.Name, rawDatabase+".") {
				c.faults.add(file.name, statement.Line, "makes a view in ${%s}, where the deployment has no right to: expected ${%s}", rawDatabase, curatedDatabase)
			}
		}
	}
}
