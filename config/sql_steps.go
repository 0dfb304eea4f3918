package config

import (
	"slices"
	"strings"

	"lakeshift/config/sqlcheck"
	"lakeshift/config/sqltext"
)

// schema applies a file as one transaction, at every deployment.
func (c sqlChecker) schema(dataset Dataset, file sqlFile) {
	session, dropped := sqlcheck.NewSession(c.catalogs.warehouse), map[string]bool{}
	for _, statement := range file.statements {
		if c.statement(file, statement, session, true) {
			c.add(file, sqlcheck.Again(statement, dropped))
		}
		switch {
		case sqlcheck.Begins(statement, "drop table") && sqlcheck.Mentions(statement, dataset.WarehouseTable()):
			c.faults.add(file.name, statement.Line, "%s would lose its facts at every deployment: leave the drop out, the deployment adds columns to the table", dataset.WarehouseTable())
		case sqlcheck.Empties(statement, dataset.WarehouseTable()):
			c.faults.add(file.name, statement.Line, "%s would lose its facts at every deployment: leave the delete out", dataset.WarehouseTable())
		}
		if reason, line := sqlcheck.Recomputed(statement); reason != "" {
			c.faults.warn(file.name, line, "%s: each refresh makes this materialized view anew, from all rows; without it Redshift would bring it up to date from what changed", reason)
		}
	}
	c.batch(file, len(file.statements), schemaOverhead)
}

func (c sqlChecker) batch(file sqlFile, statements, overhead int) {
	if most := maxBatchStatements - overhead; statements > most {
		c.faults.add(file.name, 0, "is %d statements, together in one transaction: expected at most %d", statements, most)
	}
}

// transform runs all files of the folder as one transaction.
func (c sqlChecker) transform(dataset Dataset, files []sqlFile, faulty bool) {
	session := sqlcheck.NewSession(c.catalogs.warehouse)
	emptied, queued, written, count := false, false, c.unread[dataset.Name+"/transform"], 0
	made := map[string]bool{}
	if c.unread[dataset.Name+"/transform"] {
		session.AssumeAny()
	}
	for i, file := range files {
		for j, statement := range file.statements {
			before := len(*c.faults)
			c.statement(file, statement, session, true)
			sound := len(*c.faults) == before
			c.foreign(dataset, file, statement)
			c.dropped(file, statement, append(file.statements[j+1:], statementsOf(files[i+1:])...))
			if !faulty && sound {
				c.queued(dataset, file, statement)
			}
			c.runAgain(file, statement, made)
			count++
			emptied = emptied || sqlcheck.DeletesFrom(statement, dataset.AffectedTable())
			written = written || sqlcheck.Changes(statement) == dataset.WarehouseTable() || sqlcheck.Begins(statement, "call") ||
				sqlcheck.Begins(statement, "alter table") && sqlcheck.Mentions(statement, dataset.WarehouseTable())
			queued = queued || sqlcheck.Mentions(statement, "analytics.publish_queue")
		}
	}
	last := files[len(files)-1]
	c.batch(last, count, transformOverhead)
	if !emptied {
		c.faults.warn("sql/"+dataset.Name+"/transform", 0, "%s is never emptied, so every run looks at its keys again: expected delete from %s in the last statement",
			dataset.AffectedTable(), dataset.AffectedTable())
		c.faults.lastFollows("sql/" + dataset.Name + "/transform/")
	}
	if !written && !faulty {
		c.faults.warn("sql/"+dataset.Name+"/transform", 0, "nothing writes %s: expected a merge into it", dataset.WarehouseTable())
		c.faults.lastFollows("sql/" + dataset.Name + "/transform/")
	}
	if !queued {
		c.faults.warn("sql/"+dataset.Name+"/transform", 0, "nothing is queued in analytics.publish_queue: the lake's copy of %s would stay as it is", dataset.WarehouseTable())
		c.faults.lastFollows("sql/" + dataset.Name + "/transform/")
	}
}

func statementsOf(files []sqlFile) []sqltext.Statement {
	var statements []sqltext.Statement
	for _, file := range files {
		statements = append(statements, file.statements...)
	}
	return statements
}

// foreign finds changes of what the load writes: the transform may read it, and its own list of keys it may empty.
func (c sqlChecker) foreign(dataset Dataset, file sqlFile, statement sqltext.Statement) {
	if table := sqlcheck.Changes(statement); strings.HasPrefix(table, "raw_data.") && table != dataset.AffectedTable() {
		c.faults.warn(file.name, statement.Line, "changes %s, which the load writes and a transform may only read", table)
	}
}

// dropped finds what a run would take away and only a deployment brings back, unless a later statement of the run does.
func (c sqlChecker) dropped(file sqlFile, statement sqltext.Statement, later []sqltext.Statement) {
	for _, name := range sqlcheck.Drops(statement) {
		again := slices.ContainsFunc(later, func(statement sqltext.Statement) bool {
			relation, ok := sqlcheck.Creates(statement)
			return ok && relation.Name == name
		})
		if c.catalogs.warehouse.Has(name) && !again {
			c.faults.add(file.name, statement.Line, "drops %s, which only a deployment makes: the next run would not find it", name)
		}
	}
}

// queued finds partitions that publishing would not know.
func (c sqlChecker) queued(dataset Dataset, file sqlFile, statement sqltext.Statement) {
	partitions := names(dataset.Fact.Partitions)
	for _, queued := range sqlcheck.Queues(statement, "analytics.publish_queue", "table_name", "partition_path") {
		if queued.Table != "" && queued.Table != dataset.Fact.Table {
			c.faults.add(file.name, queued.Line, "queues partitions of '%s': nothing publishes them, expected '%s', the published table of datasets/%s.yaml",
				queued.Table, dataset.Fact.Table, dataset.Name)
		}
		if len(queued.Keys) > 0 && len(partitions) > 0 && !slices.Equal(queued.Keys, partitions) {
			c.faults.add(file.name, queued.Line, "queues a path of %s: expected the published.partitions of datasets/%s.yaml in their order, %s=…",
				strings.Join(queued.Keys, ", "), dataset.Name, strings.Join(partitions, "=…/"))
		}
	}
}

// runAgain finds tables that are there when the next run makes them.
func (c sqlChecker) runAgain(file sqlFile, statement sqltext.Statement, made map[string]bool) {
	if relation, ok := sqlcheck.Creates(statement); ok {
		switch {
		case made[relation.Name]:
			c.faults.add(file.name, statement.Line, "%s was made before in this transaction: choose another name", relation.Name)
		case sqlcheck.Begins(statement, "create table") && !sqlcheck.Begins(statement, "create table if not exists") && !relation.Temporary:
			c.faults.add(file.name, statement.Line, "%s is there at the second run: expected create temp table", relation.Name)
		}
		made[relation.Name] = true
	}
	if name, ok := sqlcheck.Into(statement); ok && !strings.HasPrefix(name, "#") {
		c.faults.add(file.name, statement.Line, "%s is there at the second run: expected select … into temp table", name)
	}
	for name := range made {
		if sqlcheck.Begins(statement, "drop") && sqlcheck.Mentions(statement, name) {
			delete(made, name)
		}
	}
}

// check files ask for rows that must not be.
func (c sqlChecker) check(file sqlFile) {
	if len(file.statements) == 0 {
		c.faults.add(file.name, 0, "asks nothing: expected a query for rows that must not be")
	}
	for _, statement := range file.statements {
		session := sqlcheck.NewSession(c.catalogs.warehouse)
		if !c.statement(file, statement, session, false) {
			continue
		}
		if session.Single(statement) {
			c.faults.add(file.name, statement.Line, "always gives a row, so it would always fail: expected the rows that must not be, or a having that leaves none")
		}
		if !sqlcheck.Query(statement) {
			c.faults.add(file.name, statement.Line, "is no query: a check selects the rows that must not be, and changes nothing")
		}
	}
}
