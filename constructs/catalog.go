package constructs

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Catalog describes the lake to Athena and to the warehouse.
type Catalog struct {
	Raw, Curated awsglue.Database
	// RawName and CuratedName are the databases' names, asked for once.
	RawName, CuratedName string
}

// NewCatalog creates the databases.
func NewCatalog(scope constructs.Construct, id, raw, curated string) Catalog {
	this := constructs.NewConstruct(scope, jsii.String(id))
	database := func(id, name, description string) awsglue.Database {
		database := awsglue.NewDatabase(this, jsii.String(id), &awsglue.DatabaseProps{
			DatabaseName: jsii.String(name), Description: jsii.String(description),
		})
		// It holds descriptions, which the next deployment writes again; left behind, it would stop that deployment.
		database.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY)
		return database
	}
	catalog := Catalog{
		Raw:     database("Raw", raw, "What arrived, and what of it was refused; all text."),
		Curated: database("Curated", curated, "Published facts, typed, and views over them."),
	}
	catalog.RawName, catalog.CuratedName = *catalog.Raw.DatabaseName(), *catalog.Curated.DatabaseName()
	return catalog
}

// GrantRead lets the role read what a database says of its tables.
func (c Catalog) GrantRead(role awsiam.Role, database awsglue.Database) {
	allow(role, []string{"glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"},
		catalogARNs(role, database)...)
}

// GrantAddPartitions lets the role add partitions to tables, and nothing else.
func (c Catalog) GrantAddPartitions(role awsiam.Role, database awsglue.Database) {
	allow(role, []string{"glue:CreatePartition", "glue:BatchCreatePartition"}, catalogARNs(role, database)...)
}

// GrantSwitchPartitions lets the role move partitions to new files, and remove empty ones.
func (c Catalog) GrantSwitchPartitions(role awsiam.Role, database awsglue.Database) {
	allow(role, []string{
		"glue:CreatePartition", "glue:BatchCreatePartition", "glue:UpdatePartition", "glue:BatchUpdatePartition", "glue:DeletePartition", "glue:BatchDeletePartition",
	}, catalogARNs(role, database)...)
}

// GrantCrawl lets a crawler maintain the partitions of tables that exist.
func (c Catalog) GrantCrawl(role awsiam.Role, database awsglue.Database) {
	c.GrantRead(role, database)
	c.GrantAddPartitions(role, database)
	allow(role, []string{"glue:UpdateTable", "glue:UpdatePartition", "glue:BatchUpdatePartition"}, catalogARNs(role, database)...)
}

// GrantDefineViews lets the role create and replace views.
func (c Catalog) GrantDefineViews(role awsiam.Role, database awsglue.Database) {
	allow(role, []string{"glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"}, catalogARNs(role, database)...)
}

func catalogARNs(scope constructs.Construct, database awsglue.Database) []string {
	name := *database.DatabaseName()
	return []string{arn(scope, "glue", "catalog"), arn(scope, "glue", "database/"+name), arn(scope, "glue", "table/"+name+"/*")}
}

// Column of a Glue table; Type is one of the catalog's.
type Column struct {
	Name, Type, Comment string
}

// RawFormat of the files of a raw table.
type RawFormat struct {
	// JSONLines or Parquet instead of CSV.
	JSONLines, Parquet bool
	// One character each; CSV only.
	Delimiter, Quote, Escape string
	// Header is the first line of each CSV file.
	Header bool
}

// TableProps of a Glue table.
type TableProps struct {
	// Account whose catalog holds the table.
	Account     string
	Database    string
	Name        string
	Description string
	// Location is an s3:// address with a trailing slash.
	Location      string
	Columns       []Column
	PartitionKeys []Column
}

// RawTable is the table that a crawler maintains.
type RawTable = awsglue.CfnTable

// NewRawTable over text has columns of text for Athena and Spectrum: a malformed value must never break a query on the raw zone.
// Parquet has types of its own, by which the columns must be declared.
func NewRawTable(scope constructs.Construct, id string, props TableProps, format RawFormat) RawTable {
	if format.Parquet {
		return NewParquetTable(scope, id, props)
	}
	table := map[string]string{"classification": "csv"}
	storage := &awsglue.CfnTable_StorageDescriptorProperty{
		InputFormat:  jsii.String("org.apache.hadoop.mapred.TextInputFormat"),
		OutputFormat: jsii.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
		SerdeInfo: &awsglue.CfnTable_SerdeInfoProperty{
			SerializationLibrary: jsii.String("org.apache.hadoop.hive.serde2.OpenCSVSerde"),
			Parameters:           map[string]string{"separatorChar": format.Delimiter, "quoteChar": format.Quote, "escapeChar": format.Escape},
		},
	}
	if format.JSONLines {
		table["classification"] = "json"
		storage.SerdeInfo = &awsglue.CfnTable_SerdeInfoProperty{
			SerializationLibrary: jsii.String("org.openx.data.jsonserde.JsonSerDe"),
			// a line that is no JSON object is a rejected record, not a failed query
			Parameters: map[string]string{"ignore.malformed.json": "true"},
		}
	} else if format.Header {
		table["skip.header.line.count"] = strconv.Itoa(1)
	}
	return newTable(scope, id, props, storage, table)
}

// NewLinesTable shows the files of a raw zone line by line, whatever stands in them and whatever partitions are known:
// what a record is must not depend on how a SerDe reads it. Lines of Parquet are its records; their column is not to be read.
func NewLinesTable(scope constructs.Construct, id string, props TableProps, format RawFormat) awsglue.CfnTable {
	props.Columns = []Column{{Name: "line", Type: "string"}}
	if format.Parquet {
		return NewParquetTable(scope, id, props)
	}
	parameters := map[string]string{"classification": "csv"}
	if format.Header {
		parameters["skip.header.line.count"] = strconv.Itoa(1)
	}
	return newTable(scope, id, props, &awsglue.CfnTable_StorageDescriptorProperty{
		InputFormat:  jsii.String("org.apache.hadoop.mapred.TextInputFormat"),
		OutputFormat: jsii.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
		SerdeInfo: &awsglue.CfnTable_SerdeInfoProperty{
			SerializationLibrary: jsii.String("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
			// a delimiter that no text holds: the line stays whole
			Parameters: map[string]string{"field.delim": "\x01"},
		},
	}, parameters)
}

// NewParquetTable describes Parquet files.
func NewParquetTable(scope constructs.Construct, id string, props TableProps) awsglue.CfnTable {
	return newTable(scope, id, props, &awsglue.CfnTable_StorageDescriptorProperty{
		InputFormat:  jsii.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"),
		OutputFormat: jsii.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"),
		SerdeInfo: &awsglue.CfnTable_SerdeInfoProperty{
			SerializationLibrary: jsii.String("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
			Parameters:           map[string]string{"serialization.format": "1"},
		},
	}, map[string]string{"classification": "parquet"})
}

func newTable(
	scope constructs.Construct, id string, props TableProps, storage *awsglue.CfnTable_StorageDescriptorProperty, parameters map[string]string,
) awsglue.CfnTable {
	parameters["EXTERNAL"] = "TRUE"
	storage.Columns = glueColumns(props.Columns)
	storage.Location = jsii.String(props.Location)
	return awsglue.NewCfnTable(scope, jsii.String(id), &awsglue.CfnTableProps{
		CatalogId:    jsii.String(props.Account),
		DatabaseName: jsii.String(props.Database),
		TableInput: &awsglue.CfnTable_TableInputProperty{
			Name:              jsii.String(props.Name),
			Description:       jsii.String(props.Description),
			TableType:         jsii.String("EXTERNAL_TABLE"),
			Parameters:        parameters,
			PartitionKeys:     glueColumns(props.PartitionKeys),
			StorageDescriptor: storage,
		},
	})
}

func glueColumns(columns []Column) *[]any {
	list := make([]any, len(columns))
	for i, column := range columns {
		property := &awsglue.CfnTable_ColumnProperty{Name: jsii.String(column.Name), Type: jsii.String(column.Type)}
		if column.Comment != "" {
			property.Comment = jsii.String(column.Comment)
		}
		list[i] = property
	}
	return &list
}
