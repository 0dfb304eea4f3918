package config

import (
	"path/filepath"
	"slices"
	"strings"

	"lakeshift/config/sqlcheck"
	"lakeshift/config/sqltext"
)

// Limits of a Data API batch and of Athena:
// https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html, https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
const (
	maxStatementBytes  = 100 * 1024
	maxQueryBytes      = 262_144
	maxBatchStatements = 40
	// what the schema step and the transform job put into a batch themselves
	schemaOverhead    = 1
	transformOverhead = 4
)

// checkSQL checks all SQL of the project in root.
func checkSQL(root string, config *Config, faults *Faults) error {
	owners := map[string]bool{warehouseFolder: true}
	contracts, err := filepath.Glob(filepath.Join(root, "datasets", "*.yaml"))
	if err != nil {
		return err
	}
	for _, contract := range contracts {
		owners[strings.TrimSuffix(filepath.Base(contract), ".yaml")] = true
	}
	faulty := map[string]bool{}
	for _, dataset := range config.Datasets {
		owners[dataset.Name] = true
		faulty[dataset.Name] = slices.ContainsFunc(*faults, func(fault Fault) bool {
			return fault.Severity == Error && (fault.File == "datasets/"+dataset.Name+".yaml" || strings.HasPrefix(fault.File, "sql/"+dataset.Name+"/"))
		})
	}
	files, err := readSQL(root, owners, faults)
	if err != nil {
		return err
	}
	check := sqlChecker{faults: faults, catalogs: newCatalogs(config.Datasets, faulty, files), environments: config.Environments}
	of := map[string][]sqlFile{}
	for _, file := range files {
		of[file.owner] = append(of[file.owner], file)
	}
	for _, file := range of[warehouseFolder] {
		check.warehouse(file)
	}
	queries := queryNames{files: map[string]string{}, ids: map[string]string{}}
	for _, dataset := range config.Datasets {
		if dataset.Name == "" {
			continue // its contract can't be read
		}
		checkSteps(dataset, of[dataset.Name], faults)
		check.dataset(dataset, of[dataset.Name], faulty[dataset.Name])
		queries.check(dataset, of[dataset.Name], faults)
	}
	return nil
}

type sqlChecker struct {
	faults       *Faults
	catalogs     catalogs
	environments []Environment
}

// add the findings in a file. Placeholders were filled with their own names: they are shown as they were written.
func (c sqlChecker) add(file sqlFile, findings []sqlcheck.Finding) {
	written := strings.NewReplacer(rawDatabase+".", "${"+rawDatabase+"}.", curatedDatabase+".", "${"+curatedDatabase+"}.")
	for _, finding := range findings {
		if finding.Warning {
			c.faults.warn(file.name, finding.Line, "%s", written.Replace(finding.Message))
		} else {
			c.faults.add(file.name, finding.Line, "%s", written.Replace(finding.Message))
		}
	}
}

// statement for the warehouse, in a session.
func (c sqlChecker) statement(file sqlFile, statement sqltext.Statement, session *sqlcheck.Session, transaction bool) {
	if broken := sqlcheck.Balanced(statement); len(broken) > 0 {
		c.add(file, broken)
		return // the rest would follow from it
	}
	c.add(file, sqlcheck.Form(statement, transaction))
	c.add(file, session.Columns(statement))
	if size := len(statement.Text); size > maxStatementBytes {
		c.faults.add(file.name, statement.Line, "statement of %d bytes: the Data API takes %d", size, maxStatementBytes)
	}
}

// warehouse applies each statement on its own.
func (c sqlChecker) warehouse(file sqlFile) {
	dropped := map[string]bool{}
	for _, statement := range file.statements {
		c.statement(file, statement, sqlcheck.NewSession(c.catalogs.warehouse), false)
		c.add(file, sqlcheck.Again(statement, dropped))
	}
}

func (c sqlChecker) dataset(dataset Dataset, files []sqlFile, faulty bool) {
	var transform []sqlFile
	for _, file := range files {
		switch file.folder {
		case "schema":
			c.schema(dataset, file)
		case "transform":
			transform = append(transform, file)
		case "publish":
			c.publish(dataset, file, faulty)
		case "check":
			c.check(file)
		case "athena/views", "athena/queries":
			c.athena(file)
		default:
			for _, statement := range file.statements {
				c.statement(file, statement, sqlcheck.NewSession(c.catalogs.warehouse), false)
			}
		}
	}
	if len(transform) > 0 {
		c.transform(dataset, transform)
	}
}

// schema applies a file as one transaction, at every deployment.
func (c sqlChecker) schema(dataset Dataset, file sqlFile) {
	session, dropped := sqlcheck.NewSession(c.catalogs.warehouse), map[string]bool{}
	for _, statement := range file.statements {
		c.statement(file, statement, session, true)
		c.add(file, sqlcheck.Again(statement, dropped))
		if sqlcheck.Begins(statement, "drop table") && sqlcheck.Mentions(statement, dataset.WarehouseTable()) {
			c.faults.add(file.name, statement.Line, "%s would lose its facts at every deployment: leave the drop out, the deployment adds columns to the table", dataset.WarehouseTable())
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
func (c sqlChecker) transform(dataset Dataset, files []sqlFile) {
	session := sqlcheck.NewSession(c.catalogs.warehouse)
	emptied, queued, count := false, false, 0
	made := map[string]bool{}
	for _, file := range files {
		for _, statement := range file.statements {
			c.statement(file, statement, session, true)
			c.runAgain(file, statement, made)
			count++
			emptied = emptied || sqlcheck.DeletesFrom(statement, dataset.AffectedTable())
			queued = queued || sqlcheck.Mentions(statement, "analytics.publish_queue")
		}
	}
	last := files[len(files)-1]
	c.batch(last, count, transformOverhead)
	if !emptied {
		c.faults.warn("sql/"+dataset.Name+"/transform", 0, "%s is never emptied, so every run looks at its keys again: expected delete from %s in the last statement",
			dataset.AffectedTable(), dataset.AffectedTable())
	}
	if !queued {
		c.faults.warn("sql/"+dataset.Name+"/transform", 0, "nothing is queued in analytics.publish_queue: the lake's copy of %s would stay as it is", dataset.WarehouseTable())
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
	for name := range made {
		if sqlcheck.Begins(statement, "drop") && sqlcheck.Mentions(statement, name) {
			delete(made, name)
		}
	}
}

// publish runs each statement on its own.
func (c sqlChecker) publish(dataset Dataset, file sqlFile, faulty bool) {
	unloads := 0
	for _, statement := range file.statements {
		session := sqlcheck.NewSession(c.catalogs.warehouse)
		c.statement(file, statement, session, false)
		unload, ok := session.Unload(statement)
		if !ok {
			continue
		}
		unloads++
		if match := publishFile.FindStringSubmatch(file.base); match != nil && !faulty {
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
	if !unload.Known {
		return
	}
	for _, column := range append(names(dataset.Fact.Columns), names(dataset.Fact.Partitions)...) {
		if !slices.Contains(unload.Columns, column) {
			c.faults.add(file.name, unload.Line, "does not select %s, a column of analytics.%s: it would be empty in the lake", column, table)
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
		c.statement(file, statement, session, false)
		if session.Single(statement) {
			c.faults.add(file.name, statement.Line, "always gives a row, so it would always fail: expected the rows that must not be, or a having that leaves none")
		}
		if !sqlcheck.Query(statement) {
			c.faults.add(file.name, statement.Line, "is no query: a check selects the rows that must not be, and changes nothing")
		}
	}
}

// athena runs one statement at a time; views are made at every deployment.
func (c sqlChecker) athena(file sqlFile) {
	if file.folder == "athena/queries" && len(file.statements) != 1 {
		c.faults.add(file.name, 0, "holds %d statements: Athena runs one", len(file.statements))
	}
	for _, statement := range file.statements {
		if broken := sqlcheck.Balanced(statement); len(broken) > 0 {
			c.add(file, broken)
			continue
		}
		c.add(file, sqlcheck.NewSession(c.catalogs.lake).Columns(statement))
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
		}
	}
}

// queryNames finds sample queries that a workgroup, or the app, would know by one name.
type queryNames struct{ files, ids map[string]string }

// https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateNamedQuery.html
const maxQueryName = 128

func (q queryNames) check(dataset Dataset, files []sqlFile, faults *Faults) {
	for _, file := range files {
		if file.folder != "athena/queries" {
			continue
		}
		name := dataset.Name + "/" + QueryName(file.base)
		id := PascalCase(dataset.Name) + PascalCase(QueryName(file.base))
		if len(name) > maxQueryName {
			faults.add(file.name, 0, "is called %s: Athena takes names of up to %d letters", name, maxQueryName)
		}
		if other, twice := q.files[name]; twice {
			faults.add(file.name, 0, "is called %s, as %s is: files of this folder differ in more than their number", name, other)
		} else if other, twice := q.ids[id]; twice {
			faults.add(file.name, 0, "is %s in the app, as %s is: choose another name", id, other)
		}
		q.files[name], q.ids[id] = file.name, file.name
	}
}
