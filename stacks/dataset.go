package stacks

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"lakeshift/config"
	"lakeshift/config/bundle"
	"lakeshift/config/sqltext"
	"lakeshift/constructs"
)

// shared by all datasets of an environment.
type shared struct {
	access access
	house  warehouse
	code   constructs.StepCode
	refs   constructs.PipelineRefs
}

// What the pipeline of every dataset's stack is called, and its raw table.
const pipelineID, rawTableID = "Pipeline", "Raw"

// newDataset builds everything from the contract: a dataset needs no code of its own. What belongs to it lies in its stack,
// so that many fit beside each other, and knows what all share by its name: a reference to another stack is looked up and
// exported, for each dataset.
func newDataset(e environment, contract config.Dataset, shared shared) error {
	stack := e.newStack("Dataset"+config.PascalCase(contract.Name), e.names.DatasetStack(contract.Name), "dataset "+contract.Name)
	synthesizer := stack.Synthesizer()
	e.made.Datasets = append(e.made.Datasets, stack)
	stack.AddStackDependency(shared.house.stack, jsii.String("schemas, workgroup and topic are there before what uses them"))
	constructs.AcceptUnencryptedLogs(stack)

	format := constructs.RawFormat{
		JSONLines: contract.Source.Format == "jsonl", Parquet: contract.Source.Format == "parquet",
		Delimiter: contract.Source.Delimiter, Quote: contract.Source.Quote, Escape: contract.Source.Escape, Header: contract.Source.Header,
	}
	constructs.NewRawTable(stack, rawTableID, constructs.TableProps{
		Account: e.names.Account, Database: e.names.RawDatabase(), Name: contract.RawTable(), Description: contract.Description,
		Location:      "s3://" + e.names.RawBucket() + "/" + contract.Name + "/",
		Columns:       typed(contract.RawColumns()),
		PartitionKeys: partitions(contract.Source.PartitionKeys),
	}, format)
	constructs.NewLinesTable(stack, "Lines", constructs.TableProps{
		Account: e.names.Account, Database: e.names.RawDatabase(), Name: contract.LinesTable(), Description: "Raw files of " + contract.Name + ", line by line: what there is to account for.",
		Location: "s3://" + e.names.RawBucket() + "/" + contract.Name + "/",
	}, format)
	constructs.NewParquetTable(stack, "Rejected", constructs.TableProps{
		Account: e.names.Account, Database: e.names.RawDatabase(), Name: contract.RejectedTable(), Description: "Records of " + contract.Name + " that did not fit, and why.",
		Location: "s3://" + e.names.ProcessedBucket() + "/rejected/" + contract.Name + "/",
		Columns:  append(typed(config.RejectedColumns()), texts(contract.Columns)...),
	})
	constructs.NewParquetTable(stack, "Published", constructs.TableProps{
		Account: e.names.Account, Database: e.names.CuratedDatabase(), Name: contract.Fact.Table, Description: "Facts of " + contract.Name + ", as of the last complete run.",
		Location:      "s3://" + e.names.ProcessedBucket() + "/curated/" + contract.Fact.Table + "/",
		Columns:       typed(contract.Fact.Columns),
		PartitionKeys: typed(contract.Fact.Partitions),
	})

	archives := e.sources.Archives
	bundle, bundleErr := e.place(archives.Bundle[contract.Name])
	schema, schemaErr := e.place(archives.DatasetSchema[contract.Name])
	if err := errors.Join(bundleErr, schemaErr); err != nil {
		return err
	}
	pipeline := constructs.NewPipeline(stack, pipelineID, e.pipeline(contract, e.uploads.Upload(synthesizer, bundle), shared))
	variables := shared.house.variables(e, shared.access, "dataset")
	variables["DATASET"] = contract.Name
	step := constructs.NewSchemaStep(stack, "Schema", shared.house.runner, e.uploads.Upload(synthesizer, schema), variables)
	// no run may begin before its tables are there
	step.Before(pipeline.Start)

	output(stack, "Workflow", e.names.Workflow(contract.Name), "Pipeline of "+contract.Name+": crawl, load, transform, check")
	e.watch(stack, contract)
	return e.offerQueries(stack, contract, shared.access)
}

func (e environment) watch(stack awscdk.Stack, contract config.Dataset) {
	constructs.NewDatasetAlarms(stack, constructs.DatasetAlarmsProps{
		TopicARN:    "arn:" + e.partition + ":sns:" + e.Region + ":" + e.names.Account + ":" + e.names.Topic(),
		Namespace:   config.MetricNamespace,
		Dimensions:  map[string]string{"Environment": e.Name, "Dataset": contract.Name},
		AlarmName:   func(fact string) string { return e.names.Alarm(contract.Name, fact) },
		Freshness:   contract.Freshness,
		LoadJob:     e.names.Job(contract.Name, "load"),
		MaxRejected: contract.MaxRejected,
		Quiet:       e.ScheduleOff,
		Dataset:     contract.Name,
		Tags:        tags(contract),
	})
}

func (e environment) offerQueries(stack awscdk.Stack, contract config.Dataset, access access) error {
	queries, err := bundle.Queries(e.sources.Root, contract)
	if err != nil {
		return err
	}
	for _, file := range slices.Sorted(maps.Keys(queries)) {
		name := config.QueryName(file)
		sql := sqltext.Fill(queries[file], e.placeholders(access))
		constructs.NewNamedQuery(stack, "Query"+config.PascalCase(name), constructs.NamedQueryProps{
			Name: contract.Name + "/" + name, Description: firstComment(sql),
			Workgroup: e.names.AthenaWorkgroup(), Database: e.names.CuratedDatabase(), SQL: sql,
		})
	}
	return nil
}

// firstComment is what a query's file says about itself.
func firstComment(sql string) string {
	line, _, _ := strings.Cut(sql, "\n")
	comment, found := strings.CutPrefix(line, "-- ")
	if !found {
		return ""
	}
	return comment
}

func (e environment) pipeline(contract config.Dataset, bundle string, shared shared) constructs.PipelineProps {
	access, house := shared.access, shared.house
	props := constructs.PipelineProps{
		WorkflowName: e.names.Workflow(contract.Name),
		CrawlerName:  e.names.Crawler(contract.Name),
		Step:         func(step string) string { return e.names.Job(contract.Name, step) },
		Description:  "From raw files of " + contract.Name + " to published " + contract.Fact.Table + ".",
		Crawler:      access.arns.crawler, Load: access.arns.load, Transform: access.arns.transform, Check: access.arns.check,
		RawDatabase: e.names.RawDatabase(), Refs: shared.refs, Tags: tags(contract),
		Code: shared.code, Bundle: bundle,
		Arguments: map[string]string{
			"environment":      e.Name,
			"dataset":          contract.Name,
			"warehouse":        house.Kind,
			"warehouse_name":   house.Name,
			"database":         house.Database,
			"raw_bucket":       e.names.RawBucket(),
			"processed_bucket": e.names.ProcessedBucket(),
			"artifacts_bucket": e.names.ArtifactsBucket(),
			"raw_database":     e.names.RawDatabase(),
			"curated_database": e.names.CuratedDatabase(),
		},
		StepArguments: map[string]map[string]string{
			"load":      {"copy_role_arn": access.arns.copy},
			"transform": {"publish_role_arn": access.arns.publish, "athena_workgroup": e.names.AthenaWorkgroup()},
			"check":     {"athena_workgroup": e.names.AthenaWorkgroup()},
		},
		Workers: contract.Load.Workers, WorkerType: contract.Load.WorkerType, LoadMinutes: contract.Load.TimeoutMinutes,
		Schedule: contract.Schedule, Paused: e.ScheduleOff,
	}
	if e.Workers > 0 {
		props.Workers = e.Workers
	}
	if e.WorkerType != "" {
		props.WorkerType = e.WorkerType
	}
	if e.Schedule != "" {
		props.Schedule = e.Schedule
	}
	return props
}

// tags of whatever belongs to the dataset. The CDK would set them by visiting every construct of the stack.
func tags(contract config.Dataset) map[string]string {
	return map[string]string{"dataset": contract.Name}
}

// texts: a record that does not fit is kept as it was written.
func texts(columns []config.Column) []constructs.Column {
	list := make([]constructs.Column, len(columns))
	for i, column := range columns {
		list[i] = constructs.Column{Name: column.Name, Type: "string", Comment: column.Description}
	}
	return list
}

func typed(columns []config.Column) []constructs.Column {
	list := make([]constructs.Column, len(columns))
	for i, column := range columns {
		list[i] = constructs.Column{Name: column.Name, Type: column.Type.Glue(), Comment: column.Description}
	}
	return list
}

func partitions(names []string) []constructs.Column {
	list := make([]constructs.Column, len(names))
	for i, name := range names {
		list[i] = constructs.Column{Name: name, Type: "string"}
	}
	return list
}
