package bundle

import (
	"encoding/json"

	"lakeshift/config"
)

type jobContract struct {
	Dataset          string         `json:"dataset"`
	Format           string         `json:"format"`
	Options          map[string]any `json:"options"`
	PartitionKeys    []string       `json:"partition_keys"`
	WindowDays       int            `json:"window_days"`
	Columns          []jobColumn    `json:"columns"`
	BusinessKey      []string       `json:"business_key"`
	LandingTable     string         `json:"landing_table"`
	AffectedTable    string         `json:"affected_table"`
	RawTable         string         `json:"raw_table"`
	LinesTable       string         `json:"lines_table"`
	RejectedTable    string         `json:"rejected_table"`
	Published        jobPublished   `json:"published"`
	FreshnessSeconds int            `json:"freshness_seconds"`
}

type jobColumn struct {
	Name string `json:"name"`
	// Field is left out where the files call the column by its name.
	Field    string      `json:"field,omitempty"`
	Type     config.Type `json:"type"`
	Required bool        `json:"required"`
}

type jobPublished struct {
	Table          string            `json:"table"`
	WarehouseTable string            `json:"warehouse_table"`
	Partitions     []string          `json:"partitions"`
	Columns        []publishedColumn `json:"columns"`
}

type publishedColumn struct {
	Name string      `json:"name"`
	Type config.Type `json:"type"`
}

// ContractJSON is the contract as jobs read it: checked, defaults filled in, names derived.
func ContractJSON(dataset config.Dataset) ([]byte, error) {
	contract := jobContract{
		Dataset:       dataset.Name,
		Format:        dataset.Source.Format,
		Options:       map[string]any{},
		PartitionKeys: dataset.Source.PartitionKeys,
		WindowDays:    dataset.Source.WindowDays,
		LandingTable:  dataset.LandingTable(),
		AffectedTable: dataset.AffectedTable(),
		RawTable:      dataset.RawTable(),
		LinesTable:    dataset.LinesTable(),
		RejectedTable: dataset.RejectedTable(),
		Published: jobPublished{
			Table:          dataset.Fact.Table,
			WarehouseTable: dataset.WarehouseTable(),
		},
		FreshnessSeconds: int(dataset.Freshness.Seconds()),
	}
	if dataset.Source.Format == "csv" {
		contract.Options = map[string]any{
			"delimiter": dataset.Source.Delimiter, "quote": dataset.Source.Quote, "escape": dataset.Source.Escape, "header": dataset.Source.Header,
		}
	}
	for _, column := range dataset.Columns {
		field := column.Field
		if field == column.Name {
			field = ""
		}
		contract.Columns = append(contract.Columns, jobColumn{column.Name, field, column.Type, column.Required})
	}
	for _, column := range dataset.BusinessKey {
		contract.BusinessKey = append(contract.BusinessKey, column.Name)
	}
	for _, column := range dataset.Fact.Partitions {
		contract.Published.Partitions = append(contract.Published.Partitions, column.Name)
	}
	for _, column := range dataset.Fact.Columns {
		contract.Published.Columns = append(contract.Published.Columns, publishedColumn{column.Name, column.Type})
	}
	text, err := json.MarshalIndent(contract, "", "  ")
	return append(text, '\n'), err
}
