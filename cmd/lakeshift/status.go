package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"lakeshift/cmd/lakeshift/internal/pipeline"
	"lakeshift/cmd/lakeshift/internal/result"
	"lakeshift/cmd/lakeshift/internal/screen"
	"lakeshift/cmd/lakeshift/internal/target"
	"lakeshift/config"
)

// datasetStatus is what `status --json` says of a dataset.
type datasetStatus struct {
	Dataset          string        `json:"dataset"`
	RawRows          int64         `json:"raw_rows"`       // records in current raw objects, as Athena counts them now
	RejectedRows     int64         `json:"rejected_rows"`  // these and the next two: as of the last check
	LandingRows      int64         `json:"landing_rows"`   //
	FactRows         int64         `json:"fact_rows"`      //
	PublishedRows    int64         `json:"published_rows"` // as Athena counts them now
	Reconciled       bool          `json:"reconciled"`
	FreshnessSeconds *int64        `json:"freshness_seconds"` // since the last run that held every check; null if there was none
	LastRun          *pipeline.Run `json:"last_run"`          // null if there was none
	CheckedAt        *time.Time    `json:"checked_at"`        // the last check; null if there was none
	Rejections                     // as of that check, too

	summary runSummary
	dataset config.Dataset
}

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status [DATASET]",
		Short: "Show rows by zone, whether they reconcile, freshness and the last run",
		Long: `Show, for each dataset of the environment or for the one named: the rows in every zone, whether
every raw record is accounted for, how fresh the data is, and how the last run ended.

Raw and published rows are counted by Athena at this moment; rejected, landing and fact rows are
those of the last check, so the warehouse stays asleep: during a run they are of the run before.
Reconciled means: raw = landing + rejected, the same keys in landing and facts, facts = published.
A file that was replaced by one of as many rows is not told apart here; the next run does.

Below the table stands what somebody should know: rows that were rejected in the last run that was
checked and whether an alarm rang, raw files of which no row fits or that can't be read, columns of
Parquet files that queries on the raw table can't show, and what the last check found wrong.`,
		Example: `  lakeshift status
  lakeshift status sales --env prod
  lakeshift status --json | jq '.[] | select(.reconciled | not)'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("expected at most one dataset, found %d arguments: lakeshift status [DATASET]", len(args))
			}
			return nil
		},
		ValidArgsFunction: completeDataset,
		RunE: a.verb(func(command *cobra.Command, args []string) error {
			root, loaded, err := project()
			if err != nil {
				return err
			}
			datasets, err := datasetsNamed(loaded, args)
			if err != nil {
				return err
			}
			t, err := a.connect(command, root)
			if err != nil {
				return err
			}
			statuses, err := a.statuses(command.Context(), t, datasets)
			if err != nil {
				return err
			}
			if a.json {
				return a.writeJSON(statuses)
			}
			return a.showStatuses(statuses)
		}),
	}
}

// statuses asks for all datasets at once; each takes Athena a second or more.
func (a *app) statuses(ctx context.Context, t *target.Target, datasets []config.Dataset) ([]datasetStatus, error) {
	statuses := make([]datasetStatus, len(datasets))
	group, ctx := errgroup.WithContext(ctx)
	// Athena runs some 20 queries of an account at a time and refuses more.
	limit := make(chan struct{}, 16)
	for i, dataset := range datasets {
		status := &statuses[i]
		status.Dataset, status.dataset = dataset.Name, dataset
		group.Go(func() error {
			limit <- struct{}{}
			defer func() { <-limit }()
			summary, err := readSummary(ctx, t, dataset.Name)
			if err != nil {
				return a.about(dataset, err)
			}
			status.RejectedRows, status.LandingRows, status.FactRows = summary.RejectedRows, summary.LandingRows, summary.FactRows
			status.summary, status.CheckedAt, status.Rejections = summary, summary.CheckedAt, summary.Rejections
			if summary.LastSuccessAt != nil {
				age := max(0, int64(time.Since(*summary.LastSuccessAt).Seconds()))
				status.FreshnessSeconds = &age
			}
			status.RawRows, status.PublishedRows, err = countRows(ctx, t, dataset, summary.Unreadable)
			return a.about(dataset, err)
		})
		group.Go(func() (err error) {
			status.LastRun, err = lastRun(ctx, t.Pipeline(dataset.Name))
			if errors.Is(err, pipeline.ErrNotDeployed) {
				err = notDeployed(a.env, "workflow "+t.Workflow(dataset.Name))
			}
			return a.about(dataset, err)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i := range statuses {
		s := &statuses[i]
		s.Reconciled = s.RawRows == s.LandingRows+s.RejectedRows && len(s.summary.Unreadable) == 0 && s.summary.KeysMatch && s.FactRows == s.PublishedRows
	}
	return statuses, nil
}

func (a *app) about(dataset config.Dataset, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("dataset %s: %s", dataset.Name, explain(err))
}

// countRows asks Athena for the records in the raw zone and the rows in the published table.
func countRows(ctx context.Context, t *target.Target, dataset config.Dataset, unreadable []string) (raw, published int64, err error) {
	table, err := t.Athena().Query(ctx, countSQL(t.Names, dataset, unreadable))
	if err != nil {
		return 0, 0, err
	}
	if len(table.Rows) != 1 || len(table.Rows[0]) != 2 {
		return 0, 0, fmt.Errorf("athena answered %d rows where one with two counts was expected", len(table.Rows))
	}
	if raw, err = wholeNumber(table.Rows[0][0]); err != nil {
		return 0, 0, err
	}
	published, err = wholeNumber(table.Rows[0][1])
	return raw, published, err
}

// countSQL counts both in one statement. A blank line of a raw file is no record, nor is anything in an object that can't be read;
// the check job counts in the same way.
func countSQL(names config.Names, dataset config.Dataset, unreadable []string) string {
	condition := "not regexp_like(line, '^[ \\t]*$')"
	if dataset.Source.Format == "parquet" {
		condition = "true"
	}
	if len(unreadable) > 0 {
		paths := make([]string, len(unreadable))
		for i, key := range unreadable {
			paths[i] = "'s3://" + names.RawBucket() + "/" + strings.ReplaceAll(key, "'", "''") + "'"
		}
		condition += ` and "$path" not in (` + strings.Join(paths, ", ") + ")"
	}
	return fmt.Sprintf("select\n    (select count(*) from %s.%s where %s) as raw_rows,\n    (select count(*) from %s.%s) as published_rows",
		quoted(names.RawDatabase()), quoted(dataset.LinesTable()), condition, quoted(names.CuratedDatabase()), quoted(dataset.Fact.Table))
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func wholeNumber(value any) (int64, error) {
	n, err := strconv.ParseInt(fmt.Sprint(value), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("athena answered %v where a count was expected", value)
	}
	return n, nil
}

func lastRun(ctx context.Context, workflow pipeline.Workflow) (*pipeline.Run, error) {
	id, err := workflow.LastID(ctx)
	if err != nil || id == "" {
		return nil, err
	}
	run, err := workflow.Get(ctx, id)
	return &run, err
}

func (a *app) showStatuses(statuses []datasetStatus) error {
	table := result.Table{Columns: []result.Column{
		{Name: "DATASET"}, {Name: "RAW", Type: "bigint"}, {Name: "REJECTED", Type: "bigint"}, {Name: "LANDING", Type: "bigint"},
		{Name: "FACTS", Type: "bigint"}, {Name: "PUBLISHED", Type: "bigint"}, {Name: "RECONCILED"}, {Name: "FRESH"}, {Name: "LAST RUN"},
	}}
	for _, s := range statuses {
		table.Rows = append(table.Rows, []any{
			s.Dataset, s.RawRows, s.RejectedRows, s.LandingRows, s.FactRows, s.PublishedRows, reconciledText(s), freshText(s), runText(s),
		})
	}
	if err := table.WriteLines(a.out); err != nil {
		return err
	}
	for _, s := range statuses {
		for _, remark := range a.remarks(s) {
			a.out.Printf("%s: %s\n", s.Dataset, remark)
		}
	}
	return nil
}

func reconciledText(s datasetStatus) string {
	switch {
	case s.Reconciled:
		return "yes"
	case s.running():
		return "not yet" // what is counted now does not go with what was checked before
	}
	return "no"
}

func freshText(s datasetStatus) string {
	if s.FreshnessSeconds == nil {
		return "never"
	}
	return screen.Duration(float64(*s.FreshnessSeconds)) + " ago"
}

func runText(s datasetStatus) string {
	if s.LastRun == nil {
		return "none"
	}
	return s.LastRun.State + ", " + screen.Duration(time.Since(s.LastRun.Started).Seconds()) + " ago"
}
