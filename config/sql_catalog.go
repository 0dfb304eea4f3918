package config

import (
	"lakeshift/config/sqlcheck"
)

// catalogs are what SQL can name: in the warehouse, and in the lake through Athena.
type catalogs struct {
	warehouse, lake *sqlcheck.Catalog
}

// Placeholders are filled with their own names, so these are the lake's databases.
const rawDatabase, curatedDatabase = "raw_database", "curated_database"

// newCatalogs declares what contracts and SQL make. What a faulty contract says is not believed: its tables may hold anything.
func newCatalogs(datasets []Dataset, faulty map[string]bool, files []sqlFile) catalogs {
	c := catalogs{
		warehouse: sqlcheck.NewCatalog(sqlcheck.Redshift, ""),
		lake:      sqlcheck.NewCatalog(sqlcheck.Athena, curatedDatabase),
	}
	c.warehouse.Close("raw_data")
	c.warehouse.Close("analytics")
	c.lake.Close(rawDatabase)
	curated := true
	for _, dataset := range datasets {
		open := faulty[dataset.Name]
		curated = curated && (!open || len(dataset.Fact.Columns) > 0)
		if open && len(dataset.Fact.Columns) == 0 {
			c.warehouse.Add(sqlcheck.Relation{Name: dataset.WarehouseTable(), Open: true}) // that it is declared nowhere is said
		}
		landing := append(names(dataset.Columns), names(LandingColumns())...)
		c.warehouse.Add(sqlcheck.Relation{Name: dataset.LandingTable(), Columns: landing, Open: open, Fields: shapes(append(dataset.Columns[:len(dataset.Columns):len(dataset.Columns)], LandingColumns()...))})
		c.warehouse.Add(sqlcheck.Relation{Name: dataset.AffectedTable(), Columns: names(dataset.BusinessKey), Open: open})
		for _, relation := range rawRelations(dataset, open) {
			if relation.Name == dataset.RawTable() {
				relation.Fields = shapes(append(dataset.RawColumns(), textColumns(dataset.Source.PartitionKeys)...))
			}
			relation.Name = rawDatabase + "." + relation.Name
			c.lake.Add(relation)
		}
		published := append(names(dataset.Fact.Columns), names(dataset.Fact.Partitions)...)
		c.lake.Add(sqlcheck.Relation{Name: curatedDatabase + "." + dataset.Fact.Table, Columns: published, Open: open, Lake: true,
			Fields: shapes(append(dataset.Fact.Columns[:len(dataset.Fact.Columns):len(dataset.Fact.Columns)], dataset.Fact.Partitions...))})
	}
	if curated {
		c.lake.Close(curatedDatabase)
	}
	for _, file := range files {
		for _, statement := range file.statements {
			catalog := c.warehouse
			if file.folder == "athena/views" || file.folder == "athena/queries" {
				catalog = c.lake
			}
			if relation, ok := sqlcheck.Creates(statement); ok && !relation.Temporary && len(sqlcheck.Broken(statement)) > 0 {
				catalog.Add(sqlcheck.Relation{Name: relation.Name, Open: true})
				continue
			}
			if catalog == c.lake {
				c.lake.Declare(statement)
				continue
			}
			if name, database := sqlcheck.Schema(statement); name != "" {
				c.addSchema(name, database, datasets, faulty)
			}
			if relation, ok := sqlcheck.Creates(statement); !ok || !relation.Temporary {
				c.warehouse.Declare(statement)
			}
		}
	}
	return c
}

// addSchema declares a schema, with the raw zone's tables if it shows that.
func (c catalogs) addSchema(name, database string, datasets []Dataset, faulty map[string]bool) {
	c.warehouse.AddSchema(name)
	switch database {
	case "":
		c.warehouse.Close(name)
	case rawDatabase:
		c.warehouse.Close(name)
		for _, dataset := range datasets {
			for _, relation := range rawRelations(dataset, faulty[dataset.Name]) {
				relation.Name = name + "." + relation.Name
				c.warehouse.Add(relation)
			}
		}
	}
}

// rawRelations are a dataset's tables over the raw and rejected zones.
func rawRelations(dataset Dataset, open bool) []sqlcheck.Relation {
	keys := dataset.Source.PartitionKeys
	return []sqlcheck.Relation{
		{Name: dataset.RawTable(), Columns: append(names(dataset.RawColumns()), keys...), Open: open, Lake: true},
		// what it holds beside the partition keys is the catalog construct's business
		{Name: dataset.LinesTable(), Columns: keys, Open: true, Lake: true},
		{Name: dataset.RejectedTable(), Columns: append(names(RejectedColumns()), names(dataset.Columns)...), Open: open, Lake: true},
	}
}

// shapes of columns that may all be empty.
func shapes(columns []Column) map[string]sqlcheck.Field {
	fields := map[string]sqlcheck.Field{}
	for _, column := range columns {
		fields[column.Name] = sqlcheck.Field{Shape: sqlcheck.ShapeOf(column.Type.Redshift())}
	}
	return fields
}

func textColumns(names []string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i] = Column{Name: name, Type: Type{Name: "varchar", Length: 65535}}
	}
	return columns
}

func names(columns []Column) []string {
	list := make([]string, len(columns))
	for i, column := range columns {
		list[i] = column.Name
	}
	return list
}
