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
	files, unread, err := readSQL(root, owners, faults)
	if err != nil {
		return err
	}
	check := sqlChecker{faults: faults, catalogs: newCatalogs(config.Datasets, faulty, files), environments: config.Environments, unread: unread, said: map[place]bool{}}
	for _, fault := range *faults {
		check.said[place{fault.File, fault.Line}] = fault.Severity == Error && fault.Line > 0
	}
	for folder := range unread {
		switch {
		case strings.HasSuffix(folder, "/schema"), strings.HasPrefix(folder, warehouseFolder+"/"):
			check.catalogs.warehouse.Unread()
		case strings.HasSuffix(folder, "/athena/views"):
			check.catalogs.lake.Unread()
		}
	}
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
		checkSteps(dataset, of[dataset.Name], faulty[dataset.Name], faults)
		check.dataset(dataset, of[dataset.Name], faulty[dataset.Name])
		queries.check(dataset, of[dataset.Name], faults)
	}
	return nil
}

type sqlChecker struct {
	faults       *Faults
	catalogs     catalogs
	environments []Environment
	unread       map[string]bool
	said         map[place]bool // where contracts' checks found something
}

type place struct {
	file string
	line int
}

// add the findings in a file. Placeholders were filled with their own names: they are shown as they were written.
func (c sqlChecker) add(file sqlFile, findings []sqlcheck.Finding) {
	written := strings.NewReplacer(rawDatabase+".", "${"+rawDatabase+"}.", curatedDatabase+".", "${"+curatedDatabase+"}.")
	for _, finding := range findings {
		if c.said[place{file.name, finding.Line}] {
			continue // in other words, when the contract was read
		}
		if finding.Warning {
			c.faults.warn(file.name, finding.Line, "%s", written.Replace(finding.Message))
		} else {
			c.faults.add(file.name, finding.Line, "%s", written.Replace(finding.Message))
		}
	}
}

// statement for the warehouse, in a session.
// It says whether the statement is one, so that more can be said of it.
func (c sqlChecker) statement(file sqlFile, statement sqltext.Statement, session *sqlcheck.Session, transaction bool) bool {
	if broken := sqlcheck.Broken(statement); len(broken) > 0 {
		c.add(file, broken)
		session.Assume(statement)
		return false // the rest would follow from it
	}
	c.add(file, sqlcheck.Operators(statement))
	if !sqlcheck.Known(statement) {
		c.add(file, sqlcheck.Form(statement, transaction))
		return false
	}
	c.add(file, sqlcheck.Form(statement, transaction))
	c.add(file, session.Columns(statement))
	if size := len(statement.Text); size > maxStatementBytes {
		c.faults.add(file.name, statement.Line, "statement of %d bytes: the Data API takes %d", size, maxStatementBytes)
	}
	return true
}

// warehouse applies each statement on its own.
func (c sqlChecker) warehouse(file sqlFile) {
	dropped := map[string]bool{}
	for _, statement := range file.statements {
		if c.statement(file, statement, sqlcheck.NewSession(c.catalogs.warehouse), false) {
			c.add(file, sqlcheck.Again(statement, dropped))
		}
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
		c.transform(dataset, transform, faulty)
	}
}
