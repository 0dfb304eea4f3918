package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// ErrRunning says that the workflow is running already; one run at a time is all it allows.
var ErrRunning = errors.New("a run is in progress")

// ErrNotDeployed says that there is no such workflow.
var ErrNotDeployed = errors.New("not deployed")

// Workflow is a dataset's Glue workflow.
type Workflow struct {
	Glue   *glue.Client
	Name   string
	Prefix string        // what node names start with, left out of step names
	Every  time.Duration // how often Follow asks
}

// Start starts a run and answers its id.
func (w Workflow) Start(ctx context.Context) (string, error) {
	out, err := w.Glue.StartWorkflowRun(ctx, &glue.StartWorkflowRunInput{Name: &w.Name})
	if busy := (*types.ConcurrentRunsExceededException)(nil); errors.As(err, &busy) {
		return "", ErrRunning
	}
	if err != nil {
		return "", w.named(err)
	}
	return aws.ToString(out.RunId), nil
}

// LastID answers the id of the newest run, or "" if the workflow never ran.
func (w Workflow) LastID(ctx context.Context) (string, error) {
	out, err := w.Glue.GetWorkflow(ctx, &glue.GetWorkflowInput{Name: &w.Name})
	if err != nil {
		return "", w.named(err)
	}
	if out.Workflow == nil || out.Workflow.LastRun == nil {
		return "", nil
	}
	return aws.ToString(out.Workflow.LastRun.WorkflowRunId), nil
}

// Get answers a run as it stands.
func (w Workflow) Get(ctx context.Context, id string) (Run, error) {
	out, err := w.Glue.GetWorkflowRun(ctx, &glue.GetWorkflowRunInput{Name: &w.Name, RunId: &id, IncludeGraph: aws.Bool(true)})
	if err != nil {
		return Run{}, w.named(err)
	}
	if out.Run == nil {
		return Run{}, fmt.Errorf("glue answered no run %s of workflow %s", id, w.Name)
	}
	return From(*out.Run, w.Prefix, time.Now()), nil
}

// Follow asks until the run is over and shows every answer. It returns the run as last seen, with an error too.
func (w Workflow) Follow(ctx context.Context, id string, show func(Run)) (Run, error) {
	last := Run{ID: id, State: Running, Steps: []Step{}}
	// After the run's end the last nodes get a little time to tell their states.
	for patience := 10; ; {
		run, err := w.Get(ctx, id)
		if err != nil {
			return last, err
		}
		last = run
		show(run)
		if run.Ended() {
			if patience--; run.Settled() || patience == 0 {
				return run, nil
			}
		}
		select {
		case <-ctx.Done():
			return last, ctx.Err()
		case <-time.After(w.Every):
		}
	}
}

func (w Workflow) named(err error) error {
	if missing := (*types.EntityNotFoundException)(nil); errors.As(err, &missing) {
		return fmt.Errorf("workflow %s: %w", w.Name, ErrNotDeployed)
	}
	return err
}
