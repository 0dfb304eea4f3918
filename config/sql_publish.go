package config

import (
	"slices"
	"strings"

	"lakeshift/config/sqlcheck"
)

// publish runs each statement on its own.
func (c sqlChecker) publish(dataset Dataset, file sqlFile, faulty bool) {
	unloads := 0
	for _, statement := range file.statements {
		session := sqlcheck.NewSession(c.catalogs.warehouse)
		if !c.statement(file, statement, session, false) {
			if sqlcheck.Begins(statement, "unload") {
				unloads++
			}
			continue
		}
		c.dropped(file, statement, nil)
		unload, ok := session.Unload(statement)
		if !ok {
			continue
		}
		unloads++
		if match := publishFile.FindStringSubmatch(file.base); match != nil && !faulty && !file.unfilled {
			c.unload(dataset, match[1], file, unload)
		}
	}
	if unloads != 1 {
		c.faults.add(file.name, 0, "holds %d UNLOAD statements: expected one", unloads)
	}
}

// unload must write what the lake's table is made of, where the job looks for it.
func (c sqlChecker) unload(dataset Dataset, table string, file sqlFile, unload sqlcheck.Unload) {
	if table != dataset.Fact.Table {
		c.faults.add(file.name, unload.Line, "the lake has no table %s: expected NN_%s.sql, the published table of datasets/%s.yaml", table, dataset.Fact.Table, dataset.Name)
		return
	}
	if to := "curated_uri/" + table + "/run=attempt_id/"; unload.To != to {
		c.faults.add(file.name, unload.Line, "writes where the run does not look: expected to '${curated_uri}/%s/run=${attempt_id}/'", table)
	}
	if !unload.Parquet {
		c.faults.add(file.name, unload.Line, "the lake's table is Parquet: expected format as parquet")
	}
	if unload.Role != "publish_role_arn" {
		c.faults.add(file.name, unload.Line, "unloads with another role than the one for it: expected iam_role '${publish_role_arn}'")
	}
	partitions := names(dataset.Fact.Partitions)
	if !slices.Equal(slices.Sorted(slices.Values(unload.PartitionBy)), slices.Sorted(slices.Values(partitions))) {
		c.faults.add(file.name, unload.Line, "partition by (%s) differs from the contract's published.partitions: expected partition by (%s)",
			strings.Join(unload.PartitionBy, ", "), strings.Join(partitions, ", "))
	}
	for _, queued := range unload.Queue {
		if queued != table {
			c.faults.add(file.name, unload.Line, "asks the queue for '%s', which its transform does not queue: expected table_name = ''%s''", queued, table)
		}
	}
	if !unload.Known {
		return
	}
	for _, column := range append(names(dataset.Fact.Columns), names(dataset.Fact.Partitions)...) {
		if !slices.Contains(unload.Columns, column) {
			c.faults.add(file.name, unload.Line, "does not select %s, a column of analytics.%s: it would be empty in the lake", column, table)
		}
	}
}
