package constructs_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/stretchr/testify/assert"

	"lakeshift/constructs"
	"lakeshift/internal/cdktest"
)

func synthRaw(t *testing.T, format constructs.RawFormat) map[string]any {
	template := cdktest.Synth(t, func(stack awscdk.Stack) {
		catalog := constructs.NewCatalog(stack, "Catalog", "t_raw", "t_curated")
		constructs.NewRawTable(stack, "Raw", constructs.TableProps{
			Account: "111111111111", Database: catalog.RawName, Name: "orders", Location: "s3://t/orders/",
			Columns:       []constructs.Column{{Name: "id", Type: "string", Comment: "number"}},
			PartitionKeys: []constructs.Column{{Name: "year", Type: "string"}},
		}, format)
	})
	table, _ := template.Only(t, "AWS::Glue::Table").Properties["TableInput"].(map[string]any)
	return table
}

func TestCSVIsReadAsItsContractSays(t *testing.T) {
	table := synthRaw(t, constructs.RawFormat{Delimiter: ";", Quote: "'", Escape: `\`, Header: true})
	assert.Equal(t, "org.apache.hadoop.hive.serde2.OpenCSVSerde", cdktest.Get(table, "StorageDescriptor.SerdeInfo.SerializationLibrary"))
	assert.Equal(t, map[string]any{"separatorChar": ";", "quoteChar": "'", "escapeChar": `\`}, cdktest.Get(table, "StorageDescriptor.SerdeInfo.Parameters"))
	assert.Equal(t, map[string]any{"EXTERNAL": "TRUE", "classification": "csv", "skip.header.line.count": "1"}, table["Parameters"])
	assert.Equal(t, "EXTERNAL_TABLE", table["TableType"])
	assert.Equal(t, []any{map[string]any{"Name": "id", "Type": "string", "Comment": "number"}}, cdktest.Get(table, "StorageDescriptor.Columns"))
	headless := synthRaw(t, constructs.RawFormat{Delimiter: ",", Quote: `"`, Escape: `\`})
	assert.NotContains(t, headless["Parameters"], "skip.header.line.count")
}

func TestParquetIsReadByNameAndType(t *testing.T) {
	table := synthRaw(t, constructs.RawFormat{Parquet: true})
	assert.Equal(t, "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", cdktest.Get(table, "StorageDescriptor.SerdeInfo.SerializationLibrary"))
	// by position is what parquet.column.index.access would switch to
	assert.Equal(t, map[string]any{"serialization.format": "1"}, cdktest.Get(table, "StorageDescriptor.SerdeInfo.Parameters"))
	assert.Equal(t, map[string]any{"EXTERNAL": "TRUE", "classification": "parquet"}, table["Parameters"])
}

func TestJSONLinesAreReadLineByLine(t *testing.T) {
	table := synthRaw(t, constructs.RawFormat{JSONLines: true, Header: true})
	assert.Equal(t, "org.openx.data.jsonserde.JsonSerDe", cdktest.Get(table, "StorageDescriptor.SerdeInfo.SerializationLibrary"))
	assert.NotContains(t, table["Parameters"], "skip.header.line.count")
}
