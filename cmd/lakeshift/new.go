package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lakeshift/cmd/lakeshift/internal/result"
	"lakeshift/cmd/lakeshift/internal/sample"
	"lakeshift/cmd/lakeshift/internal/scaffold"
	"lakeshift/cmd/lakeshift/internal/screen"
	"lakeshift/cmd/lakeshift/internal/target"
	"lakeshift/config"
)

// created is what `new --json` says.
type created struct {
	Dataset     string          `json:"dataset"`
	Format      string          `json:"format"`
	Records     int64           `json:"records"`  // read of the sample
	All         bool            `json:"all"`      // whether the sample was read to its end
	Repeated    int64           `json:"repeated"` // records that repeat an earlier one in whole
	Refused     int64           `json:"refused"`  // records that the load would refuse
	BusinessKey []string        `json:"business_key"`
	Columns     []createdColumn `json:"columns"`
	Files       []string        `json:"files"`
	Decide      []string        `json:"decide"` // what only a person can know
	Next        []string        `json:"next"`   // commands
}

type createdColumn struct {
	Name  string `json:"name"`
	Field string `json:"field"` // as the files have it
	Type  string `json:"type"`
	Empty int64  `json:"empty"` // records without a value
}

func (a *app) newCommand() *cobra.Command {
	var samples, key, partitionBy []string
	var options sample.Options
	var force bool
	command := &cobra.Command{
		Use:   "new DATASET --sample FILE...",
		Short: "Write a dataset's contract and SQL from sample files",
		Long: `Read sample files (CSV, JSON lines or Parquet, .gz unpacked) and write the contract and the SQL of a
new dataset: datasets/DATASET.yaml and sql/DATASET/. The result validates, deploys and runs as it is;
comments that begin with "decide:" say what only somebody who knows the data can tell.

Types leave room for values that the sample does not hold. Without --key the business key is a column
that convinces (named as the id of a record, different in each of at least 20 records), or else
[object_key, line_number]: each record is a thing of its own, and none is taken for another.
The published table is cut by year and month of the day of delivery, unless --partition-by says otherwise.

No value of the sample is written into the project.`,
		Example: `  lakeshift new trips --sample yellow_tripdata_2024-01.parquet
  lakeshift new orders --sample orders.csv --key order_id
  lakeshift new events --sample monday.jsonl.gz tuesday.jsonl.gz --partition-by happened_at`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || len(samples) == 0 {
				return usagef("expected a dataset and a sample: lakeshift new DATASET --sample FILE...")
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: a.verb(func(_ *cobra.Command, args []string) error {
			if !datasetName.MatchString(args[0]) {
				return usagef("%q is no name for a dataset: expected up to 40 lower-case letters, digits and underscores", args[0])
			}
			root, err := target.Root()
			if err != nil {
				return err
			}
			// `--sample a.csv b.csv`, as a shell expands *.csv
			samples = append(samples, args[1:]...)
			request := scaffold.Request{Dataset: args[0], Key: key, PartitionBy: partitionBy, Files: samples, Taken: published(root, args[0])}
			return a.create(root, request, options, force)
		}),
	}
	flags := command.Flags()
	flags.StringArrayVar(&samples, "sample", nil, "files to learn from; more may follow (required)")
	flags.StringSliceVar(&key, "key", nil, "columns that say which thing a record is about, a,b; object_key,line_number for none")
	flags.StringSliceVar(&partitionBy, "partition-by", nil, "columns to cut the published table by; of dates the year and month")
	flags.StringVar(&options.Format, "format", "", "csv, jsonl or parquet (default: what the file looks like)")
	flags.BoolVar(&options.NoHeader, "no-header", false, "the first line of the CSV files is a record")
	flags.BoolVar(&force, "force", false, "overwrite what an earlier run of new wrote")
	_ = command.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"csv", "jsonl", "parquet"}, cobra.ShellCompDirectiveNoFileComp))
	return command
}

// published tables of the other datasets. A project that is not valid is complained of when its new files are tried.
func published(root, dataset string) []string {
	loaded, err := config.Load(root)
	if err != nil {
		return nil
	}
	var tables []string
	for _, other := range loaded.Datasets {
		if other.Name != dataset {
			tables = append(tables, other.Fact.Table)
		}
	}
	return tables
}

var datasetName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

func (a *app) create(root string, request scaffold.Request, options sample.Options, force bool) error {
	bar := a.err.NewProgress("reading", totalSize(request.Files))
	options.Progress = bar.Set
	read, err := sample.Read(request.Files, options)
	bar.Clear()
	if err != nil {
		return err
	}
	plan, err := scaffold.NewPlan(request, read)
	if err != nil {
		return usageError{err}
	}
	files, err := plan.Render()
	if err != nil {
		return err
	}
	left, err := scaffold.Write(root, request.Dataset, files, force)
	if exists := (scaffold.ExistsError)(nil); errors.As(err, &exists) {
		return fmt.Errorf("dataset %s has files already, and nothing was written: choose another name, or overwrite them with --force\n  %s", request.Dataset, strings.Join(exists, "\n  "))
	}
	if err != nil {
		return err
	}
	made := describe(plan, slices.Sorted(maps.Keys(files)))
	if a.json {
		return a.writeJSON(made)
	}
	return a.showCreated(made, plan, left)
}

// totalSize of the files; those that can't be looked at are complained of when they are read.
func totalSize(paths []string) int64 {
	var total int64
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			total += info.Size()
		}
	}
	return total
}

func describe(plan *scaffold.Plan, files []string) created {
	read := plan.Sample
	made := created{
		Dataset: plan.Dataset, Format: read.Format, Records: read.Records, All: !read.Partly, Repeated: read.Repeated, Refused: read.RefusedRecords(),
		BusinessKey: plan.Key, Files: files, Decide: []string{},
		Next: []string{
			"lakeshift local up",
			fmt.Sprintf("lakeshift upload %s %s --date %s", plan.Dataset, screen.ShellWord(plan.Files[0]), sample.Day(plan.Files[0]).Format(time.DateOnly)),
			"lakeshift run " + plan.Dataset,
		},
	}
	for _, column := range plan.Columns {
		made.Columns = append(made.Columns, createdColumn{column.Name, column.Source.Title, column.Type.String(), column.Source.Empty})
		for _, note := range column.Source.Notes {
			made.Decide = append(made.Decide, column.Name+": "+note)
		}
	}
	made.Decide = append(made.Decide, plan.Refused()...)
	key := fmt.Sprintf("business key [%s]: %s", strings.Join(plan.Key, ", "), plan.KeyReason)
	if len(plan.Candidates) > 0 {
		key += fmt.Sprintf(" (%s could be it: --key %s --force)", strings.Join(plan.Candidates, " or "), plan.Candidates[0])
	}
	made.Decide = append(made.Decide, key)
	return made
}

func (a *app) showCreated(made created, plan *scaffold.Plan, left []string) error {
	a.out.Printf("read %s (%s)\n", plan.Records(), formatText(plan.Sample))
	for _, line := range plan.Refused() {
		a.out.Printf("%s %s\n", a.out.Busy("!"), line)
	}
	if text := plan.RepeatedText(); text != "" {
		a.out.Printf("%s\n", text)
	}
	a.out.Printf("\n")
	table := result.Table{Columns: []result.Column{{Name: "COLUMN"}, {Name: "TYPE"}, {Name: "EMPTY", Type: "bigint"}, {Name: "IN THE FILES"}}}
	for _, column := range made.Columns {
		table.Rows = append(table.Rows, []any{column.Name, column.Type, column.Empty, column.Field})
	}
	if err := table.WriteLines(a.out); err != nil {
		return err
	}
	a.out.Printf("\n%s\n", a.out.Bold("Written, and valid:"))
	for _, file := range made.Files {
		a.out.Printf("  %s\n", file)
	}
	for _, file := range left {
		a.err.Printf("warning: %s was there before and is left as it is: delete it, unless it is yours\n", file)
	}
	a.out.Printf("\n%s\n", a.out.Bold("For you to decide (marked in the files, too):"))
	for _, line := range made.Decide {
		if slices.Contains(plan.Refused(), line) {
			continue // said above
		}
		a.out.Printf("  - %s\n", line)
	}
	a.out.Printf("\n%s\n", a.out.Bold("Next:"))
	for _, line := range made.Next {
		a.out.Printf("  %s\n", line)
	}
	return nil
}

func formatText(read *sample.Sample) string {
	if read.Format != "csv" {
		return map[string]string{"jsonl": "JSON lines", "parquet": "Parquet"}[read.Format]
	}
	delimiter := fmt.Sprintf("%q", string(read.CSV.Delimiter))
	if read.CSV.Escape != '\\' {
		delimiter += ", no escape"
	}
	if read.CSV.Header {
		return "CSV with a header, delimiter " + delimiter
	}
	return "CSV without a header, delimiter " + delimiter
}
