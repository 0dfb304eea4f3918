// Package pipeline tells what became of a run of a dataset's Glue workflow.
//
// A Glue workflow knows no failure: it is COMPLETED with failed nodes, or with nodes that never started.
// What a run came to is derived here, from all of its nodes.
package pipeline

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// States of runs and steps. A step can also be STARTING, STOPPING or EXPIRED, in Glue's own words.
const (
	Running    = "RUNNING"
	Succeeded  = "SUCCEEDED"
	Failed     = "FAILED"
	Stopped    = "STOPPED"
	Waiting    = "WAITING"     // its turn has not come yet
	NotStarted = "NOT_STARTED" // the run ended and the step's turn never came: a failure
)

// Run is one run of a workflow; its JSON form is that of `lakeshift run --json`.
type Run struct {
	ID      string    `json:"id"`
	State   string    `json:"state"` // RUNNING, SUCCEEDED, FAILED or STOPPED
	Started time.Time `json:"started"`
	Steps   []Step    `json:"steps"`

	Seconds float64 `json:"-"` // up to its end, or to now
	Error   string  `json:"-"` // what Glue says of the run as a whole
}

// Step is a crawler or job of the workflow, with its latest attempt in this run.
type Step struct {
	Name    string   `json:"name"`
	State   string   `json:"state"`
	Seconds *float64 `json:"seconds"` // null as long as it has not started

	Error string `json:"-"`
	Log   Log    `json:"-"`
	Job   string `json:"-"` // the job's or crawler's full name
	Glue  string `json:"-"` // "job" or "crawler"
	RunID string `json:"-"` // a job's run id
}

// Ended says that the step will not change any more.
func (s Step) Ended() bool {
	switch s.State {
	case Running, Waiting, "STARTING", "STOPPING":
		return false
	}
	return true
}

// Bad says that the step ended without success.
func (s Step) Bad() bool { return s.Ended() && s.State != Succeeded }

// Ended says that the run is over.
func (r Run) Ended() bool { return r.State != Running }

// Settled says that the run is over for each of its steps too: Glue may end a run before it has told the last node's state.
func (r Run) Settled() bool {
	return r.Ended() && !slices.ContainsFunc(r.Steps, func(s Step) bool { return !s.Ended() })
}

// From reads a workflow run with its graph. Steps stand in the order of the graph and are named without prefix.
// now is the time up to which a running step has lasted.
func From(run types.WorkflowRun, prefix string, now time.Time) Run {
	over := run.Status == types.WorkflowRunStatusCompleted || run.Status == types.WorkflowRunStatusStopped ||
		run.Status == types.WorkflowRunStatusError
	out := Run{
		ID:      aws.ToString(run.WorkflowRunId),
		Started: aws.ToTime(run.StartedOn).UTC().Truncate(time.Millisecond),
		Error:   aws.ToString(run.ErrorMessage),
		Steps:   []Step{},
	}
	if run.StartedOn != nil {
		until := now
		if run.CompletedOn != nil {
			until = *run.CompletedOn
		}
		out.Seconds = max(0, until.Sub(*run.StartedOn).Seconds())
	}
	if run.Graph != nil {
		for _, node := range inOrder(run.Graph.Nodes, run.Graph.Edges) {
			out.Steps = append(out.Steps, stepOf(node, prefix, over, now))
		}
	}
	out.State = stateOf(run.Status, out.Steps)
	return out
}

func stateOf(status types.WorkflowRunStatus, steps []Step) string {
	switch status {
	case types.WorkflowRunStatusCompleted:
		bad := slices.ContainsFunc(steps, func(s Step) bool { return s.State != Succeeded })
		if bad || len(steps) == 0 {
			return Failed
		}
		return Succeeded
	case types.WorkflowRunStatusStopped:
		return Stopped
	case types.WorkflowRunStatusError:
		return Failed
	}
	return Running
}

func stepOf(node types.Node, prefix string, over bool, now time.Time) Step {
	name := aws.ToString(node.Name)
	step := Step{Name: strings.TrimPrefix(name, prefix), Job: name, State: Waiting, Glue: strings.ToLower(string(node.Type))}
	if over {
		step.State = NotStarted
	}
	var began, ended *time.Time
	switch {
	case node.CrawlerDetails != nil && len(node.CrawlerDetails.Crawls) > 0:
		crawl := slices.MaxFunc(node.CrawlerDetails.Crawls, func(a, b types.Crawl) int {
			return aws.ToTime(a.StartedOn).Compare(aws.ToTime(b.StartedOn))
		})
		step.State = string(crawl.State)
		step.Error = aws.ToString(crawl.ErrorMessage)
		step.Log = crawlLog(crawl, name)
		began, ended = crawl.StartedOn, crawl.CompletedOn
	case node.JobDetails != nil && len(node.JobDetails.JobRuns) > 0:
		// The last attempt counts: a retry that succeeded makes the step succeed.
		run := slices.MaxFunc(node.JobDetails.JobRuns, func(a, b types.JobRun) int {
			return cmp.Or(aws.ToTime(a.StartedOn).Compare(aws.ToTime(b.StartedOn)), cmp.Compare(a.Attempt, b.Attempt))
		})
		step.State = string(run.JobRunState)
		step.Error = aws.ToString(run.ErrorMessage)
		step.Log = jobLog(run)
		step.RunID = aws.ToString(run.Id)
		began, ended = run.StartedOn, run.CompletedOn
	}
	switch step.State {
	case "CANCELLING":
		step.State = "STOPPING"
	case "CANCELLED":
		step.State = Stopped
	}
	if began != nil {
		until := now
		if ended != nil {
			until = *ended
		}
		seconds := math.Round(max(0, until.Sub(*began).Seconds())*10) / 10
		step.Seconds = &seconds
	}
	return step
}

// inOrder sorts crawlers and jobs so that each stands behind what it waits for, and leaves the triggers out.
// Where the graph leaves the order open, Glue's own order of nodes decides.
func inOrder(nodes []types.Node, edges []types.Edge) []types.Node {
	waitsFor := map[string]int{}
	next := map[string][]string{}
	for _, edge := range edges {
		source, destination := aws.ToString(edge.SourceId), aws.ToString(edge.DestinationId)
		next[source] = append(next[source], destination)
		waitsFor[destination]++
	}
	left := slices.Clone(nodes)
	var sorted []types.Node
	for len(left) > 0 {
		i := max(0, slices.IndexFunc(left, func(n types.Node) bool { return waitsFor[aws.ToString(n.UniqueId)] <= 0 }))
		node := left[i]
		left = slices.Delete(left, i, i+1)
		for _, id := range next[aws.ToString(node.UniqueId)] {
			waitsFor[id]--
		}
		if node.Type != types.NodeTypeTrigger {
			sorted = append(sorted, node)
		}
	}
	return sorted
}
