package pipeline

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const prefix = "elt-local-sales-"

var noon = time.Date(2025, 1, 15, 12, 0, 0, 0, time.UTC)

func at(seconds float64) *time.Time {
	t := noon.Add(time.Duration(seconds * float64(time.Second)))
	return &t
}

func crawler(state types.CrawlState) types.Node {
	node := types.Node{Type: types.NodeTypeCrawler, Name: aws.String(prefix + "crawl"), UniqueId: aws.String("n-crawl")}
	if state != "" {
		node.CrawlerDetails = &types.CrawlerNodeDetails{Crawls: []types.Crawl{{State: state, StartedOn: at(1), CompletedOn: at(3.26)}}}
	}
	return node
}

func job(name string, states ...types.JobRunState) types.Node {
	node := types.Node{Type: types.NodeTypeJob, Name: aws.String(prefix + name), UniqueId: aws.String("n-" + name)}
	node.JobDetails = &types.JobNodeDetails{}
	for i, state := range states {
		run := types.JobRun{Id: aws.String("jr_" + name), JobRunState: state, StartedOn: at(float64(10 * i)), Attempt: int32(i)}
		if state != types.JobRunStateRunning {
			run.CompletedOn = at(float64(10*i) + 4)
		}
		node.JobDetails.JobRuns = append(node.JobDetails.JobRuns, run)
	}
	return node
}

func trigger(name string) types.Node {
	return types.Node{Type: types.NodeTypeTrigger, Name: aws.String(prefix + name), UniqueId: aws.String("t-" + name)}
}

func edge(from, to string) types.Edge { return types.Edge{SourceId: &from, DestinationId: &to} }

// graph is the deployed chain, its nodes in an order that tells nothing.
func graph(crawl types.Node, jobs ...types.Node) *types.WorkflowGraph {
	nodes := []types.Node{trigger("check"), trigger("load"), trigger("transform"), trigger("schedule")}
	for i := len(jobs) - 1; i >= 0; i-- {
		nodes = append(nodes, jobs[i])
	}
	return &types.WorkflowGraph{
		Nodes: append(nodes, crawl),
		Edges: []types.Edge{
			edge("n-transform", "t-check"), edge("t-check", "n-check"),
			edge("t-schedule", "n-crawl"), edge("n-crawl", "t-load"), edge("t-load", "n-load"),
			edge("n-load", "t-transform"), edge("t-transform", "n-transform"),
		},
	}
}

func TestARunIsWhatItsNodesAre(t *testing.T) {
	ok := types.JobRunStateSucceeded
	for _, c := range []struct {
		name   string
		status types.WorkflowRunStatus
		graph  *types.WorkflowGraph
		state  string
		steps  []string
	}{
		{"all succeeded", "COMPLETED", graph(crawler("SUCCEEDED"), job("load", ok), job("transform", ok), job("check", ok)),
			Succeeded, []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"}},
		{"completed with a failed node", "COMPLETED", graph(crawler("SUCCEEDED"), job("load", "FAILED"), job("transform"), job("check")),
			Failed, []string{"SUCCEEDED", "FAILED", "NOT_STARTED", "NOT_STARTED"}},
		{"the last node timed out", "COMPLETED", graph(crawler("SUCCEEDED"), job("load", ok), job("transform", ok), job("check", "TIMEOUT")),
			Failed, []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "TIMEOUT"}},
		{"the last node errored", "COMPLETED", graph(crawler("SUCCEEDED"), job("load", ok), job("transform", ok), job("check", "ERROR")),
			Failed, []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "ERROR"}},
		{"the last node was stopped", "COMPLETED", graph(crawler("SUCCEEDED"), job("load", ok), job("transform", ok), job("check", "STOPPED")),
			Failed, []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "STOPPED"}},
		{"the last node expired", "COMPLETED", graph(crawler("SUCCEEDED"), job("load", ok), job("transform", ok), job("check", "EXPIRED")),
			Failed, []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "EXPIRED"}},
		{"the last node never started", "COMPLETED", graph(crawler("SUCCEEDED"), job("load", ok), job("transform", ok), job("check")),
			Failed, []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "NOT_STARTED"}},
		{"the crawl was cancelled", "COMPLETED", graph(crawler("CANCELLED"), job("load"), job("transform"), job("check")),
			Failed, []string{"STOPPED", "NOT_STARTED", "NOT_STARTED", "NOT_STARTED"}},
		{"nothing ever started", "COMPLETED", graph(crawler(""), job("load"), job("transform"), job("check")),
			Failed, []string{"NOT_STARTED", "NOT_STARTED", "NOT_STARTED", "NOT_STARTED"}},
		{"a workflow without nodes", "COMPLETED", &types.WorkflowGraph{}, Failed, []string{}},
		{"a run without a graph", "COMPLETED", nil, Failed, []string{}},
		{"a retry succeeded", "COMPLETED", graph(crawler("SUCCEEDED"), job("load", "FAILED", ok), job("transform", ok), job("check", ok)),
			Succeeded, []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"}},
		{"a retry failed", "COMPLETED", graph(crawler("SUCCEEDED"), job("load", "FAILED", "FAILED"), job("transform"), job("check")),
			Failed, []string{"SUCCEEDED", "FAILED", "NOT_STARTED", "NOT_STARTED"}},
		{"under way", "RUNNING", graph(crawler("SUCCEEDED"), job("load", "RUNNING"), job("transform"), job("check")),
			Running, []string{"SUCCEEDED", "RUNNING", "WAITING", "WAITING"}},
		{"under way behind a failure", "RUNNING", graph(crawler("SUCCEEDED"), job("load", "FAILED"), job("transform"), job("check")),
			Running, []string{"SUCCEEDED", "FAILED", "WAITING", "WAITING"}},
		{"being stopped", "STOPPING", graph(crawler("SUCCEEDED"), job("load", "STOPPING"), job("transform"), job("check")),
			Running, []string{"SUCCEEDED", "STOPPING", "WAITING", "WAITING"}},
		{"stopped", "STOPPED", graph(crawler("SUCCEEDED"), job("load", "STOPPED"), job("transform"), job("check")),
			Stopped, []string{"SUCCEEDED", "STOPPED", "NOT_STARTED", "NOT_STARTED"}},
		{"in error", "ERROR", graph(crawler("SUCCEEDED"), job("load", ok), job("transform", ok), job("check", ok)),
			Failed, []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := From(types.WorkflowRun{Status: c.status, Graph: c.graph}, prefix, noon)
			assert.Equal(t, c.state, run.State)
			states := []string{}
			for _, step := range run.Steps {
				states = append(states, step.State)
			}
			assert.Equal(t, c.steps, states)
		})
	}
}

func TestStepsStandInTheOrderTheyRun(t *testing.T) {
	run := From(types.WorkflowRun{Graph: graph(crawler(""), job("load"), job("transform"), job("check"))}, prefix, noon)
	names := []string{}
	for _, step := range run.Steps {
		names = append(names, step.Name)
	}
	assert.Equal(t, []string{"crawl", "load", "transform", "check"}, names)
}

func TestACircleInTheGraphHangsNothing(t *testing.T) {
	run := From(types.WorkflowRun{Graph: &types.WorkflowGraph{
		Nodes: []types.Node{job("load"), job("check")},
		Edges: []types.Edge{edge("n-load", "n-check"), edge("n-check", "n-load")},
	}}, prefix, noon)
	assert.Len(t, run.Steps, 2)
}

func TestARunThatEndedBeforeItsNodesIsNotSettled(t *testing.T) {
	late := graph(crawler("SUCCEEDED"), job("load", "RUNNING"))
	run := From(types.WorkflowRun{Status: "COMPLETED", Graph: late}, prefix, noon)
	assert.True(t, run.Ended())
	assert.False(t, run.Settled())
	assert.Equal(t, Failed, run.State)
}

func TestTheJSONOfARunIsStable(t *testing.T) {
	run := From(types.WorkflowRun{
		WorkflowRunId: aws.String("wr_1"), Status: "COMPLETED", StartedOn: at(0.1234),
		Graph: graph(crawler("SUCCEEDED"), job("load", "FAILED"), job("transform"), job("check")),
	}, prefix, noon)
	got, err := json.Marshal(run)
	require.NoError(t, err)
	assert.Equal(t, `{"id":"wr_1","state":"FAILED","started":"2025-01-15T12:00:00.123Z","steps":[`+
		`{"name":"crawl","state":"SUCCEEDED","seconds":2.3},{"name":"load","state":"FAILED","seconds":4},`+
		`{"name":"transform","state":"NOT_STARTED","seconds":null},{"name":"check","state":"NOT_STARTED","seconds":null}]}`, string(got))
}

func TestAJobsLogIsNamed(t *testing.T) {
	for group, want := range map[string][]string{
		"":                       {"/aws-glue/jobs/error", "/aws-glue/jobs/output"},
		"/aws-glue/jobs":         {"/aws-glue/jobs/error", "/aws-glue/jobs/output"},
		"/aws-glue/python-jobs/": {"/aws-glue/python-jobs/error", "/aws-glue/python-jobs/output"},
	} {
		assert.Equal(t, Log{Groups: want, Stream: "jr_1"}, jobLog(types.JobRun{Id: aws.String("jr_1"), LogGroupName: &group}))
	}
}
