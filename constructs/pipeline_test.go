package constructs_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/constructs"
	"lakeshift/internal/cdktest"
)

func synthPipeline(t *testing.T, change func(props *constructs.PipelineProps)) cdktest.Template {
	code := t.TempDir()
	for _, file := range []string{"load.py", "transform.py", "check.py"} {
		require.NoError(t, os.WriteFile(filepath.Join(code, file), []byte(file), 0o644))
	}
	return cdktest.Synth(t, func(stack awscdk.Stack) {
		catalog := constructs.NewCatalog(stack, "Catalog", "t_raw", "t_curated")
		constructs.NewRawTable(stack, "Raw", constructs.TableProps{Account: "111111111111", Database: catalog.RawName, Name: "orders", Location: "s3://t-raw/orders/"}, constructs.RawFormat{})
		role := func(name string) string { return "arn:aws:iam::111111111111:role/" + name }
		props := constructs.PipelineProps{
			WorkflowName: "t-orders-pipeline", CrawlerName: "t-orders-crawl", Step: func(step string) string { return "t-orders-" + step },
			Crawler: role("t-crawler"), Load: role("t-load"), Transform: role("t-transform"), Check: role("t-check"),
			RawDatabase: "t_raw", Refs: constructs.NewPipelineRefs("Pipeline", "Raw"), Tags: map[string]string{"dataset": "orders"},
			Code: constructs.NewStepCode(stack, &constructs.Uploads{}, code, code), Bundle: "s3://assets/b0.zip",
			Arguments:     map[string]string{"dataset": "orders"},
			StepArguments: map[string]map[string]string{"check": {"athena_workgroup": "t"}},
			Workers:       3, WorkerType: "G.2X", LoadMinutes: 45, Schedule: "cron(0 6 * * ? *)",
		}
		if change != nil {
			change(&props)
		}
		constructs.NewPipeline(stack, "Pipeline", props)
	})
}

func TestOneRunAtATime(t *testing.T) {
	template := synthPipeline(t, nil)
	assert.EqualValues(t, 1, template.Only(t, "AWS::Glue::Workflow").Properties["MaxConcurrentRuns"])
	for id, job := range template.Find("AWS::Glue::Job") {
		assert.EqualValues(t, 1, cdktest.Get(job.Properties, "ExecutionProperty.MaxConcurrentRuns"), id)
		assert.EqualValues(t, 0, job.Properties["MaxRetries"], id)
	}
}

func TestNoJobRunsOnDefaults(t *testing.T) {
	template := synthPipeline(t, nil)
	load := template.Named(t, "AWS::Glue::Job", "Name", "t-orders-load").Properties
	assert.Equal(t, "glueetl", cdktest.Get(load, "Command.Name"))
	assert.Equal(t, "5.1", load["GlueVersion"])
	assert.Equal(t, "G.2X", load["WorkerType"])
	assert.EqualValues(t, 3, load["NumberOfWorkers"])
	assert.EqualValues(t, 45, load["Timeout"])
	for _, name := range []string{"t-orders-transform", "t-orders-check"} {
		shell := template.Named(t, "AWS::Glue::Job", "Name", name).Properties
		assert.Equal(t, "pythonshell", cdktest.Get(shell, "Command.Name"))
		assert.Equal(t, "3.9", cdktest.Get(shell, "Command.PythonVersion"))
		assert.EqualValues(t, 0.0625, shell["MaxCapacity"])
		assert.EqualValues(t, 60, shell["Timeout"])
	}
}

func TestJobsGetTheirCodeTheirBundleAndTheirArguments(t *testing.T) {
	template := synthPipeline(t, nil)
	arguments := func(step string) map[string]any {
		all, _ := template.Named(t, "AWS::Glue::Job", "Name", "t-orders-"+step).Properties["DefaultArguments"].(map[string]any)
		return all
	}
	for _, step := range []string{"load", "transform", "check"} {
		assert.Equal(t, "orders", arguments(step)["--dataset"])
		assert.Regexp(t, `^s3://.+\.zip$`, cdktest.Text(arguments(step)["--bundle"]))
	}
	assert.Regexp(t, `\.zip$`, cdktest.Text(arguments("load")["--extra-py-files"]))
	assert.NotContains(t, arguments("load"), "--library")
	assert.Regexp(t, `\.zip$`, cdktest.Text(arguments("check")["--library"]))
	assert.Equal(t, "t", arguments("check")["--athena_workgroup"])
	assert.NotContains(t, arguments("transform"), "--athena_workgroup")
}

func TestEachNodeIsStartedByTheSuccessOfTheOneBefore(t *testing.T) {
	template := synthPipeline(t, nil)
	trigger := func(step string) map[string]any {
		return template.Named(t, "AWS::Glue::Trigger", "Name", "t-orders-"+step).Properties
	}
	node := func(value any) string {
		text := cdktest.Text(value)
		for id, resource := range template.Resources {
			if text == "<"+id+">" {
				return cdktest.Text(resource.Properties["Name"])
			}
		}
		return text
	}
	assert.Len(t, template.Find("AWS::Glue::Trigger"), 4)
	assert.Equal(t, "SCHEDULED", trigger("schedule")["Type"])
	assert.Equal(t, "cron(0 6 * * ? *)", trigger("schedule")["Schedule"])
	assert.Equal(t, "t-orders-crawl", node(cdktest.Get(trigger("schedule"), "Actions.0.CrawlerName")))

	for _, link := range []struct{ step, after, name, state string }{
		{"load", "t-orders-crawl", "CrawlerName", "CrawlState"},
		{"transform", "t-orders-load", "JobName", "State"},
		{"check", "t-orders-transform", "JobName", "State"},
	} {
		assert.Equal(t, "CONDITIONAL", trigger(link.step)["Type"])
		condition := cdktest.Get(trigger(link.step), "Predicate.Conditions.0")
		assert.Equal(t, link.after, node(cdktest.Get(condition, link.name)))
		assert.Equal(t, "SUCCEEDED", cdktest.Get(condition, link.state))
		assert.Equal(t, "EQUALS", cdktest.Get(condition, "LogicalOperator"), "Glue refuses a condition without it")
		assert.Equal(t, "t-orders-"+link.step, node(cdktest.Get(trigger(link.step), "Actions.0.JobName")))
	}
}

func TestEveryTriggerIsSwitchedOnAndMadeAfterTheOneBefore(t *testing.T) {
	template := synthPipeline(t, nil)
	for id, trigger := range template.Find("AWS::Glue::Trigger") {
		assert.Equal(t, true, trigger.Properties["StartOnCreation"], id)
	}
	for step, before := range map[string]string{"load": "PipelineSchedule", "transform": "PipelineLoadTrigger", "check": "PipelineTransformTrigger"} {
		depends := cdktest.Text(template.Named(t, "AWS::Glue::Trigger", "Name", "t-orders-"+step).DependsOn)
		assert.Contains(t, depends, before)
	}
}

func TestAPausedScheduleNeverComesButTheTriggerStaysOn(t *testing.T) {
	template := synthPipeline(t, func(props *constructs.PipelineProps) { props.Paused = true })
	schedule := template.Named(t, "AWS::Glue::Trigger", "Name", "t-orders-schedule").Properties
	assert.Equal(t, "cron(0 0 1 1 ? 2199)", schedule["Schedule"])
	assert.Equal(t, true, schedule["StartOnCreation"])
}

func TestTheCrawlerAddsPartitionsAndChangesNoTable(t *testing.T) {
	crawler := synthPipeline(t, nil).Only(t, "AWS::Glue::Crawler").Properties
	assert.Equal(t, "<Raw>", cdktest.Text(cdktest.Get(crawler, "Targets.CatalogTargets.0.Tables")))
	assert.NotContains(t, crawler["Targets"], "S3Targets", "it would make tables of its own")
	assert.Equal(t, map[string]any{"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}, crawler["SchemaChangePolicy"])
	assert.Contains(t, crawler["Configuration"], "InheritFromTable")
}

func TestJobsGetNoRightsBesidesThoseGranted(t *testing.T) {
	assert.Empty(t, synthPipeline(t, nil).Find("AWS::IAM::Policy"), "the CDK would add read access to whole asset buckets")
}
