package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// PipelineProps describe one dataset's way from raw file to published fact.
type PipelineProps struct {
	// WorkflowName and CrawlerName; Step names the job and the trigger of a step, and the starting trigger `schedule`.
	WorkflowName, CrawlerName string
	Step                      func(step string) string
	Description               string

	// Crawler, Load, Transform and Check are the ARNs of the roles that the steps run as.
	Crawler, Load, Transform, Check string
	RawDatabase                     string
	// Refs are those of every pipeline.
	Refs PipelineRefs
	// Tags of all resources that take some.
	Tags map[string]string

	// Code that the jobs run, the same for all datasets, and where the Bundle lies that it works by, s3://….
	Code   StepCode
	Bundle string
	// Arguments of every job, and of one step.
	Arguments     map[string]string
	StepArguments map[string]map[string]string

	// Workers of Spark, at least 2, and their type. No job may run longer than its minutes.
	Workers     int
	WorkerType  string
	LoadMinutes int
	// Schedule is cron(…) in UTC.
	Schedule string
	// Paused keeps the schedule from coming; runs on demand work.
	Paused bool
}

// Pipeline is the workflow and its nodes: crawl, load, transform, check.
type Pipeline struct {
	// Start is the trigger that begins each run.
	Start awsglue.CfnTrigger
}

// PipelineRefs are references to the parts of a pipeline. A part that stands in its stack directly has its id for a logical
// id, so that a reference is the same in all stacks and need not be asked for in each.
type PipelineRefs struct{ Workflow, Crawler, Load, Transform, Check, RawTable *string }

// NewPipelineRefs to a pipeline of this id and its raw table, which stand in one stack directly.
func NewPipelineRefs(id, rawTable string) PipelineRefs {
	part := func(name string) *string { return awscdk.Fn_Ref(jsii.String(id + name)) }
	return PipelineRefs{
		Workflow: part("Workflow"), Crawler: part("Crawler"), Load: part("Load"), Transform: part("Transform"), Check: part("Check"),
		RawTable: awscdk.Fn_Ref(jsii.String(rawTable)),
	}
}

// Glue's last year. A trigger that is not started on creation stays off for ever, and whether a stopped one lets a run on
// demand begin is documented nowhere; this one is on, and its day can be moved back at any time.
const never = "cron(0 0 1 1 ? 2199)"

// NewPipeline creates the workflow. Each node is started by its predecessor's success, so a failure stops the run there.
func NewPipeline(stack awscdk.Stack, id string, props PipelineProps) Pipeline {
	awsglue.NewCfnWorkflow(stack, jsii.String(id+"Workflow"), &awsglue.CfnWorkflowProps{
		Name: jsii.String(props.WorkflowName), Description: jsii.String(props.Description),
		// two runs at a time would wait for each other's lock at best
		MaxConcurrentRuns: jsii.Number(1), Tags: props.Tags,
	})
	newCrawler(stack, id+"Crawler", props)
	bundle, library := jsii.String(props.Bundle), props.Code.library
	arguments := func(step string) map[string]*string {
		all := map[string]*string{"--bundle": bundle}
		for _, some := range []map[string]string{props.Arguments, props.StepArguments[step]} {
			for name, value := range some {
				all["--"+name] = jsii.String(value)
			}
		}
		return all
	}

	forLoad, forTransform, forCheck := arguments("load"), arguments("transform"), arguments("check")
	forLoad["--extra-py-files"] = library
	// Python shell unpacks no library of its own accord: its scripts do
	forTransform["--library"], forCheck["--library"] = library, library
	newLoad(stack, id+"Load", props, forLoad)
	newShell(stack, id+"Transform", props.Step("transform"), props.Transform, props.Code.transform, forTransform, props.Tags)
	newShell(stack, id+"Check", props.Step("check"), props.Check, props.Code.check, forCheck, props.Tags)

	schedule, description := props.Schedule, "Starts the daily run."
	if props.Paused {
		schedule, description = never, "The schedule is switched off in this environment: runs start on demand."
	}
	refs := props.Refs
	start := newTrigger(stack, id+"Schedule", props, awsglue.CfnTriggerProps{
		Name: jsii.String(props.Step("schedule")), Type: jsii.String("SCHEDULED"), Schedule: jsii.String(schedule), Description: jsii.String(description),
		Actions: &[]any{&awsglue.CfnTrigger_ActionProperty{CrawlerName: refs.Crawler}},
	})
	after := func(name, step string, job *string, condition awsglue.CfnTrigger_ConditionProperty, previous awsglue.CfnTrigger) awsglue.CfnTrigger {
		condition.LogicalOperator = jsii.String("EQUALS")
		trigger := newTrigger(stack, id+name, props, awsglue.CfnTriggerProps{
			Name: jsii.String(props.Step(step)), Type: jsii.String("CONDITIONAL"),
			Description: jsii.String("Starts the " + step + " when the step before has succeeded."),
			Predicate:   &awsglue.CfnTrigger_PredicateProperty{Logical: jsii.String("AND"), Conditions: &[]any{&condition}},
			Actions:     &[]any{&awsglue.CfnTrigger_ActionProperty{JobName: job}},
		})
		// Glue changes a workflow one trigger at a time
		trigger.AddResourceDependency(previous, nil)
		return trigger
	}
	succeeded := func(job *string) awsglue.CfnTrigger_ConditionProperty {
		return awsglue.CfnTrigger_ConditionProperty{JobName: job, State: jsii.String("SUCCEEDED")}
	}
	toLoad := after("LoadTrigger", "load", refs.Load,
		awsglue.CfnTrigger_ConditionProperty{CrawlerName: refs.Crawler, CrawlState: jsii.String("SUCCEEDED")}, start)
	toTransform := after("TransformTrigger", "transform", refs.Transform, succeeded(refs.Load), toLoad)
	after("CheckTrigger", "check", refs.Check, succeeded(refs.Transform), toTransform)
	return Pipeline{Start: start}
}

func newTrigger(stack awscdk.Stack, id string, pipeline PipelineProps, props awsglue.CfnTriggerProps) awsglue.CfnTrigger {
	props.WorkflowName, props.Tags = pipeline.Refs.Workflow, pipeline.Tags
	// the default leaves a trigger off, and the workflow would never go on
	props.StartOnCreation = jsii.Bool(true)
	return awsglue.NewCfnTrigger(stack, jsii.String(id), &props)
}

// newCrawler adds partitions to the table that the contract declares. It neither creates nor changes tables.
func newCrawler(stack awscdk.Stack, id string, props PipelineProps) {
	awsglue.NewCfnCrawler(stack, jsii.String(id), &awsglue.CfnCrawlerProps{
		Name:        jsii.String(props.CrawlerName),
		Description: jsii.String("Finds new partitions of the raw zone."),
		Role:        jsii.String(props.Crawler),
		Targets: &awsglue.CfnCrawler_TargetsProperty{CatalogTargets: &[]any{&awsglue.CfnCrawler_CatalogTargetProperty{
			DatabaseName: jsii.String(props.RawDatabase), Tables: &[]*string{props.Refs.RawTable},
		}}},
		// a catalog target allows LOG only for what is gone
		SchemaChangePolicy: &awsglue.CfnCrawler_SchemaChangePolicyProperty{UpdateBehavior: jsii.String("LOG"), DeleteBehavior: jsii.String("LOG")},
		RecrawlPolicy:      &awsglue.CfnCrawler_RecrawlPolicyProperty{RecrawlBehavior: jsii.String("CRAWL_EVERYTHING")},
		// partitions are read as their table says, whatever the crawler makes of their files
		Configuration: jsii.String(`{"Version":1.0,"CrawlerOutput":{"Partitions":{"AddOrUpdateBehavior":"InheritFromTable"}},` +
			`"Grouping":{"TableGroupingPolicy":"CombineCompatibleSchemas"}}`),
		Tags: props.Tags,
	})
}

func newLoad(stack awscdk.Stack, id string, props PipelineProps, arguments map[string]*string) {
	arguments["--job-language"] = jsii.String("python")
	arguments["--enable-metrics"] = jsii.String("")
	arguments["--enable-observability-metrics"] = jsii.String("true")
	newJob(stack, id, awsglue.CfnJobProps{
		Name:            jsii.String(props.Step("load")),
		Description:     jsii.String("New raw objects, typed by the contract, into the landing table; what does not fit into the rejected zone."),
		Role:            jsii.String(props.Load),
		Command:         &awsglue.CfnJob_JobCommandProperty{Name: jsii.String("glueetl"), PythonVersion: jsii.String("3"), ScriptLocation: props.Code.load},
		GlueVersion:     jsii.String("5.1"),
		NumberOfWorkers: jsii.Number(props.Workers), WorkerType: jsii.String(props.WorkerType),
		Timeout:          jsii.Number(props.LoadMinutes),
		DefaultArguments: arguments, Tags: props.Tags,
	})
}

// newShell has a sixteenth of a worker: the warehouse does the work.
func newShell(stack awscdk.Stack, id, name, role string, code *string, arguments map[string]*string, tags map[string]string) {
	arguments["--job-language"] = jsii.String("python")
	// no libraries of Glue's own beside ours
	arguments["library-set"] = jsii.String("none")
	newJob(stack, id, awsglue.CfnJobProps{
		Name:             jsii.String(name),
		Role:             jsii.String(role),
		Command:          &awsglue.CfnJob_JobCommandProperty{Name: jsii.String("pythonshell"), PythonVersion: jsii.String("3.9"), ScriptLocation: code},
		GlueVersion:      jsii.String("3.0"),
		MaxCapacity:      jsii.Number(0.0625),
		Timeout:          jsii.Number(60),
		DefaultArguments: arguments, Tags: tags,
	})
}

// newJob is one run at a time and no second try: the next run looks at what this one left.
// The CDK's own constructs of jobs would have each script staged and each role closed again for every dataset.
func newJob(stack awscdk.Stack, id string, props awsglue.CfnJobProps) {
	props.ExecutionProperty = &awsglue.CfnJob_ExecutionPropertyProperty{MaxConcurrentRuns: jsii.Number(1)}
	props.MaxRetries = jsii.Number(0)
	props.JobRunQueuingEnabled = jsii.Bool(false)
	awsglue.NewCfnJob(stack, jsii.String(id), &props)
}

// AcceptUnencryptedLogs says once for a stack of pipelines why its jobs and crawlers have no security configuration.
func AcceptUnencryptedLogs(stack awscdk.Stack) {
	cdknag.NagSuppressions_AddStackSuppressions(stack, &[]*cdknag.NagPackSuppression{
		suppression("AwsSolutions-GL1", "CloudWatch Logs encrypts at rest by itself; logs hold counts, names and, where a check fails, one row."),
		suppression("AwsSolutions-GL3", "There are no bookmarks to encrypt: the ledger in the warehouse says what was loaded."),
	}, nil)
}
