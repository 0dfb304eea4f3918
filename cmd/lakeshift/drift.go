package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"lakeshift/cmd/lakeshift/internal/drift"
	"lakeshift/cmd/lakeshift/internal/target"
)

// driftsAtOnce bounds how many stacks CloudFormation is asked about at a time: it throttles more.
const driftsAtOnce = 4

func (a *app) driftCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "drift",
		Short: "Compare the deployed stacks with what is there",
		Long: `Have CloudFormation compare every stack of an environment with the resources as they are now,
and list what somebody changed or deleted past the stacks.

CloudFormation compares the properties that a template sets, of the resource types that it can
compare. Exits with 1 if a stack drifted, is not deployed or could not be compared.`,
		Example: `  lakeshift drift --env prod
  lakeshift drift --env prod --json | jq '.[] | select(.state != "IN_SYNC")'`,
		Args: cobra.NoArgs,
		RunE: a.verb(func(command *cobra.Command, _ []string) error {
			root, loaded, err := project()
			if err != nil {
				return err
			}
			environment, err := a.environment()
			if err != nil {
				return err
			}
			t, err := a.connect(command, root)
			if err != nil {
				return err
			}
			found, err := a.detect(command.Context(), t, environment.Stacks(loaded.Datasets))
			if err != nil {
				return err
			}
			return a.showDrift(found)
		}),
	}
}

func (a *app) detect(ctx context.Context, t *target.Target, names []string) ([]drift.Stack, error) {
	found := make([]drift.Stack, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(driftsAtOnce)
	for i, name := range names {
		group.Go(func() (err error) {
			found[i], err = drift.Detect(ctx, t.CloudFormation(), name, t.DriftPoll())
			return err
		})
	}
	return found, group.Wait()
}

func (a *app) showDrift(found []drift.Stack) error {
	good := true
	for _, stack := range found {
		good = good && stack.State == drift.InSync
	}
	if a.json {
		if err := a.writeJSON(found); err != nil {
			return err
		}
	} else {
		for _, stack := range found {
			a.showStackDrift(stack)
		}
	}
	if !good {
		return exitCode(exitFailure)
	}
	return nil
}

func (a *app) showStackDrift(stack drift.Stack) {
	words := strings.ReplaceAll(strings.ToLower(stack.State), "_", " ")
	paint := a.out.Bad
	if stack.State == drift.InSync {
		paint = a.out.Good
	}
	a.out.Printf("%s: %s\n", stack.Name, paint(words))
	if stack.Reason != "" {
		a.out.Printf("  %s\n", stack.Reason)
	}
	for _, resource := range stack.Resources {
		a.out.Printf("  %s %s: %s\n", resource.Type, resource.PhysicalID, strings.ToLower(resource.Change))
		for _, d := range resource.Differences {
			a.out.Printf("    %s\n", differenceText(d))
		}
	}
}

func differenceText(d drift.Difference) string {
	switch d.Change {
	case "ADD":
		return fmt.Sprintf("%s: is %s, expected nothing", d.Path, d.Actual)
	case "REMOVE":
		return fmt.Sprintf("%s: is gone, expected %s", d.Path, d.Expected)
	}
	return fmt.Sprintf("%s: is %s, expected %s", d.Path, d.Actual, d.Expected)
}
