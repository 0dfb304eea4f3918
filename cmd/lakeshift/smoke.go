package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"lakeshift/cmd/lakeshift/internal/pipeline"
	"lakeshift/cmd/lakeshift/internal/screen"
	"lakeshift/cmd/lakeshift/internal/target"
	"lakeshift/config"
)

// runsAtOnce bounds how many pipelines a smoke test keeps busy: an account has limits, and the schedule's runs need room too.
const runsAtOnce = 4

// smoked is what `smoke --json` prints.
type smoked struct {
	OK     bool            `json:"ok"`
	Runs   []datasetRun    `json:"runs"`
	Status []datasetStatus `json:"status"` // none if a run failed
}

type datasetRun struct {
	Dataset string `json:"dataset"`
	pipeline.Run
}

func (a *app) smokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "smoke [DATASET...]",
		Short: "Run the pipelines of what was just deployed, and see that every row is accounted for",
		Long: `Run the pipeline of every dataset (or of those named), some at a time, and then look at their status.

Exits with 1 if a run failed, or if a dataset does not reconcile afterwards. A run that is in
progress already may have begun before the deployment: it is waited for, and another one started.
Runs load what has arrived and was not loaded yet, as the daily ones do.`,
		Example: `  lakeshift smoke --env dev
  lakeshift smoke sales --env prod --json`,
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
			return a.smoke(command.Context(), t, datasets)
		}),
	}
}

func (a *app) smoke(ctx context.Context, t *target.Target, datasets []config.Dataset) error {
	show := a.out
	if a.json {
		show = a.err
	}
	result := smoked{OK: true, Runs: make([]datasetRun, len(datasets)), Status: []datasetStatus{}}
	var group errgroup.Group // one dataset's failure leaves the others running
	group.SetLimit(runsAtOnce)
	for i, dataset := range datasets {
		result.Runs[i].Dataset = dataset.Name
		group.Go(func() (err error) {
			result.Runs[i].Run, err = a.smokeRun(ctx, t, dataset.Name, show)
			return a.about(dataset, err)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, run := range result.Runs {
		if run.State != pipeline.Succeeded {
			result.OK = false
			a.err.Printf("%s:\n", a.err.Bold(run.Dataset))
			a.explainFailure(ctx, t, run.Run)
		}
	}
	if result.OK {
		statuses, err := a.statuses(ctx, t, datasets)
		if err != nil {
			return err
		}
		result.Status = statuses
		for _, status := range statuses {
			result.OK = result.OK && status.Reconciled
		}
		if !a.json {
			if err := a.showStatuses(statuses); err != nil {
				return err
			}
		}
	}
	if a.json {
		if err := a.writeJSON(result); err != nil {
			return err
		}
	}
	if !result.OK {
		a.err.Printf("%s environment %s does not work as it should\n", a.err.Bad("smoke test failed:"), a.env)
		return exitCode(exitFailure)
	}
	show.Printf("%s\n", show.Good("smoke test passed"))
	return nil
}

// smokeRun starts a run and follows it; one that is in progress is followed first.
func (a *app) smokeRun(ctx context.Context, t *target.Target, dataset string, show *screen.Screen) (pipeline.Run, error) {
	workflow := t.Pipeline(dataset)
	for {
		id, err := workflow.Start(ctx)
		switch {
		case err == nil:
			show.Printf("%s: started run %s\n", dataset, id)
			return workflow.Follow(ctx, id, smokeLines(show, dataset))
		case errors.Is(err, pipeline.ErrNotDeployed):
			return pipeline.Run{}, notDeployed(a.env, "workflow "+workflow.Name)
		case !errors.Is(err, pipeline.ErrRunning):
			return pipeline.Run{}, err
		}
		id, err = workflow.LastID(ctx)
		if err != nil {
			return pipeline.Run{}, err
		}
		if id == "" {
			return pipeline.Run{}, fmt.Errorf("glue says that %s runs, and knows no run of it", workflow.Name)
		}
		show.Printf("%s: waiting for run %s, which is in progress\n", dataset, id)
		if _, err := workflow.Follow(ctx, id, func(pipeline.Run) {}); err != nil {
			return pipeline.Run{}, err
		}
	}
}

// smokeLines writes a line for each step that ended; several runs at once can't be redrawn.
func smokeLines(show *screen.Screen, dataset string) func(pipeline.Run) {
	told := map[string]bool{}
	return func(run pipeline.Run) {
		for _, step := range run.Steps {
			if step.Ended() && !told[step.Name] && step.State != pipeline.NotStarted {
				told[step.Name] = true
				show.Printf("%s: %s %s\n", dataset, step.Name, stepText(step))
			}
		}
	}
}
