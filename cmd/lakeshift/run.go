package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lakeshift/cmd/lakeshift/internal/pipeline"
	"lakeshift/cmd/lakeshift/internal/screen"
	"lakeshift/cmd/lakeshift/internal/target"
	"lakeshift/config"
)

// logLines of a failed step are shown; its whole log is named.
const logLines = 15

func (a *app) runCommand() *cobra.Command {
	var follow bool
	command := &cobra.Command{
		Use:   "run DATASET",
		Short: "Run a dataset's pipeline and watch each step",
		Long: `Start a dataset's pipeline (crawl, load, transform, check) and watch it to its end.

Exits with 1 if a step failed, timed out, was stopped or never started, and shows that step's
error and the end of its log. Ctrl-C stops watching, not the run: --follow watches it again.
--json prints the run as one object on stdout and its progress on stderr.`,
		Example: `  lakeshift run sales
  lakeshift run sales --env dev
  lakeshift run sales --follow
  lakeshift run sales --json | jq .state`,
		Args:              oneDataset("run"),
		ValidArgsFunction: completeDataset,
		RunE: a.verb(func(command *cobra.Command, args []string) error {
			root, loaded, err := project()
			if err != nil {
				return err
			}
			dataset, err := datasetNamed(loaded, args[0])
			if err != nil {
				return err
			}
			t, err := a.connect(command, root)
			if err != nil {
				return err
			}
			return a.run(command.Context(), t, dataset, follow)
		}),
	}
	command.Flags().BoolVar(&follow, "follow", false, "watch the newest run instead of starting one")
	return command
}

func oneDataset(verb string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("expected one dataset, found %d arguments: lakeshift %s DATASET", len(args), verb)
		}
		return nil
	}
}

func (a *app) run(ctx context.Context, t *target.Target, dataset config.Dataset, follow bool) error {
	workflow := t.Pipeline(dataset.Name)
	id, err := a.startOrFind(ctx, workflow, dataset.Name, follow)
	if err != nil {
		return err
	}
	show := a.out
	if a.json {
		show = a.err
	}
	verb := "started"
	if follow {
		verb = "following"
	}
	show.Printf("%s run %s of %s\n", verb, id, workflow.Name)
	run, err := workflow.Follow(ctx, id, newWatch(show).show)
	if err != nil {
		show.Keep()
		a.err.Printf("The run itself goes on. Follow it with 'lakeshift run %s --follow%s', see it with 'lakeshift status %s%s'.\n",
			dataset.Name, a.envFlag(), dataset.Name, a.envFlag())
		return err
	}
	if a.json {
		if err := a.writeJSON(run); err != nil {
			return err
		}
	}
	if run.State != pipeline.Succeeded {
		a.explainFailure(ctx, t, run)
		return exitCode(exitFailure)
	}
	show.Printf("%s after %s\n", show.Good("run succeeded"), screen.Duration(run.Seconds))
	for _, line := range a.leftToSee(ctx, t, dataset) {
		show.Printf("  %s %s\n", show.Busy("!"), line)
	}
	return nil
}

// leftToSee is what a run that succeeded did not load, and where to look. That it can't be told must not fail the run.
func (a *app) leftToSee(ctx context.Context, t *target.Target, dataset config.Dataset) []string {
	summary, err := readSummary(ctx, t, dataset.Name)
	if err != nil {
		return nil
	}
	lines := a.rejected(summary, dataset)
	if summary.RejectedRows > summary.RunRejectedRows {
		lines = append(lines, screen.Count(summary.RejectedRows, "row")+" in the raw zone rejected, all told")
	}
	if summary.RejectedRows > 0 {
		lines = append(lines, fmt.Sprintf("why: lakeshift query%s --engine athena 'select reason, count(*) from %s.%s group by reason order by 2 desc limit 20'",
			a.envFlag(), t.RawDatabase(), dataset.RejectedTable()))
	}
	return lines
}

func (a *app) startOrFind(ctx context.Context, workflow pipeline.Workflow, dataset string, follow bool) (id string, err error) {
	if follow {
		id, err = workflow.LastID(ctx)
		if err == nil && id == "" {
			return "", fmt.Errorf("%s never ran: start a run with 'lakeshift run %s%s'", workflow.Name, dataset, a.envFlag())
		}
	} else {
		id, err = workflow.Start(ctx)
	}
	switch {
	case errors.Is(err, pipeline.ErrRunning):
		return "", fmt.Errorf("a run of %s is in progress and only one may be at a time: watch it with 'lakeshift run %s --follow%s'",
			workflow.Name, dataset, a.envFlag())
	case errors.Is(err, pipeline.ErrNotDeployed):
		return "", notDeployed(a.env, "workflow "+workflow.Name)
	}
	return id, err
}

// watch shows a run as it goes: redrawn on a terminal, elsewhere a line for each change.
type watch struct {
	screen *screen.Screen
	states map[string]string
}

func newWatch(s *screen.Screen) *watch { return &watch{screen: s, states: map[string]string{}} }

func (w *watch) show(run pipeline.Run) {
	if w.screen.Live() {
		lines := stepLines(w.screen, run)
		if !run.Settled() {
			lines = append(lines, "  "+w.screen.Bar(ended(run), len(run.Steps)))
		}
		w.screen.Redraw(lines)
		if run.Settled() {
			w.screen.Keep()
		}
		return
	}
	for _, step := range run.Steps {
		if step.State == w.states[step.Name] || step.State == pipeline.Waiting || step.State == "STARTING" {
			continue
		}
		w.states[step.Name] = step.State
		if !step.Ended() {
			step.Seconds = nil // a line is not redrawn
		}
		w.screen.Printf("  %s %s\n", step.Name, stepText(step))
	}
}

func ended(run pipeline.Run) int {
	steps := 0
	for _, step := range run.Steps {
		if step.Ended() {
			steps++
		}
	}
	return steps
}

func stepLines(s *screen.Screen, run pipeline.Run) []string {
	width := 0
	for _, step := range run.Steps {
		width = max(width, len(step.Name))
	}
	lines := make([]string, 0, len(run.Steps))
	for _, step := range run.Steps {
		mark, paint := "○", s.Dim
		switch {
		case step.State == pipeline.Succeeded:
			mark, paint = "✓", s.Good
		case step.Bad():
			mark, paint = "✗", s.Bad
		case step.State != pipeline.Waiting:
			mark, paint = "●", s.Busy
		}
		lines = append(lines, fmt.Sprintf("  %s %-*s  %s", paint(mark), width, step.Name, paint(stepText(step))))
	}
	return lines
}

// stepText says a step's state in words, with its duration.
func stepText(step pipeline.Step) string {
	words := strings.ReplaceAll(strings.ToLower(step.State), "_", " ")
	switch {
	case step.State == pipeline.NotStarted:
		return "never started"
	case step.Seconds == nil:
		return words
	case step.Ended():
		return words + " after " + screen.Duration(*step.Seconds)
	case *step.Seconds < 1:
		return words
	}
	return words + " for " + screen.Duration(*step.Seconds)
}

// explainFailure says on stderr which steps went wrong, why, and where their logs are.
func (a *app) explainFailure(ctx context.Context, t *target.Target, run pipeline.Run) {
	a.err.Printf("%s run %s is %s\n", a.err.Bad("failed:"), run.ID, run.State)
	if run.Error != "" {
		a.err.Printf("  %s\n", run.Error)
	}
	if len(run.Steps) == 0 {
		a.err.Printf("  the workflow has no steps: deploy environment %s again\n", a.env)
	}
	var never []string
	for _, step := range run.Steps {
		switch {
		case step.State == pipeline.NotStarted:
			never = append(never, step.Name)
		case step.State != pipeline.Succeeded:
			a.explainStep(ctx, t, step)
		}
	}
	if len(never) > 0 {
		a.err.Printf("%s never started: what triggers it did not happen\n", a.err.Bold(strings.Join(never, ", ")))
	}
}

func (a *app) explainStep(ctx context.Context, t *target.Target, step pipeline.Step) {
	a.err.Printf("%s %s\n", a.err.Bold(step.Name), stepText(step))
	message := step.Error
	if message == "" {
		message = "Glue gives no reason"
	}
	a.err.Printf("  %s\n", indent(message))
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	group, lines, err := step.Log.Tail(ctx, t.Logs(), logLines)
	if group == "" && len(step.Log.Groups) > 0 {
		group = step.Log.Groups[0]
	}
	a.err.Printf("  log: group %s, stream %s\n", group, step.Log.Stream)
	if file := t.LogFile(step.RunID); file != "" {
		a.err.Printf("  file: %s\n", file)
	}
	if err != nil {
		a.err.Printf("  (the log can't be read: %s)\n", explain(err))
	}
	for _, line := range lines {
		a.err.Printf("  %s %s\n", a.err.Dim("|"), line)
	}
}

func indent(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") }
