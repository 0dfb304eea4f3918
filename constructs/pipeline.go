package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// PipelineProps describe one dataset's way from raw file to published fact.
type PipelineProps struct {
	// WorkflowName and CrawlerName; Step names the job and the trigger of a step, and the starting trigger `schedule`.
	WorkflowName, CrawlerName string
	Step                      func(step string) string
	Description               string

	// Crawler is the ARN of the crawler's role. Jobs run as the other roles, and grant them nothing.
	Crawler                   string
	Load, Transform, Check    awsiam.IRole
	RawTable                  RawTable
	RawDatabase, RawTableName string

	// Scripts is the folder of load.py, transform.py and check.py; Library and Bundle are folders that they are deployed with.
	Scripts, Library, Bundle string
	// BundleDigest is that of the bundle's content; empty has the CDK read the folder.
	BundleDigest string
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
	// WorkflowName refers to the workflow.
	WorkflowName string
	// Start is the trigger that begins each run.
	Start awsglue.CfnTrigger
}

// Glue's last year. A trigger that is not started on creation stays off for ever, and whether a stopped one lets a run on
// demand begin is documented nowhere; this one is on, and its day can be moved back at any time.
const never = "cron(0 0 1 1 ? 2199)"

// NewPipeline creates the workflow. Each node is started by its predecessor's success, so a failure stops the run there.
func NewPipeline(scope constructs.Construct, id string, props PipelineProps) Pipeline {
	this := constructs.NewConstruct(scope, jsii.String(id))
	workflow := awsglue.NewWorkflow(this, jsii.String("Workflow"), &awsglue.WorkflowProps{
		WorkflowName: jsii.String(props.WorkflowName), Description: jsii.String(props.Description),
		// two runs at a time would wait for each other's lock at best
		MaxConcurrentRuns: jsii.Number(1),
	})
	crawler := newCrawler(this, props)
	library := awss3assets.NewAsset(this, jsii.String("Library"), &awss3assets.AssetProps{Path: jsii.String(props.Library)})
	digest := known(props.BundleDigest)
	bundle := awss3assets.NewAsset(this, jsii.String("Bundle"), &awss3assets.AssetProps{
		Path: jsii.String(props.Bundle), AssetHash: digest.AssetHash, AssetHashType: digest.AssetHashType,
	})
	bundleURL, libraryURL := bundle.S3ObjectUrl(), library.S3ObjectUrl()
	arguments := func(step string) *map[string]*string {
		all := map[string]*string{"--bundle": bundleURL}
		for _, some := range []map[string]string{props.Arguments, props.StepArguments[step]} {
			for name, value := range some {
				all["--"+name] = jsii.String(value)
			}
		}
		return &all
	}

	load := newLoad(this, props, library, arguments("load"))
	transform := newShell(this, "Transform", props.Step("transform"), props.Transform, props.Scripts+"/transform.py", libraryURL, arguments("transform"))
	check := newShell(this, "Check", props.Step("check"), props.Check, props.Scripts+"/check.py", libraryURL, arguments("check"))
	acceptUnencryptedLogs(load, transform, check)

	schedule, description := props.Schedule, "Starts the daily run."
	if props.Paused {
		schedule, description = never, "The schedule is switched off in this environment: runs start on demand."
	}
	name, crawled := workflow.WorkflowName(), crawler.Ref()
	start := newTrigger(this, "Schedule", name, awsglue.CfnTriggerProps{
		Name: jsii.String(props.Step("schedule")), Type: jsii.String("SCHEDULED"), Schedule: jsii.String(schedule), Description: jsii.String(description),
		Actions: &[]any{&awsglue.CfnTrigger_ActionProperty{CrawlerName: crawled}},
	})
	after := func(id, step string, job *string, condition awsglue.CfnTrigger_ConditionProperty, previous awsglue.CfnTrigger) awsglue.CfnTrigger {
		condition.LogicalOperator = jsii.String("EQUALS")
		trigger := newTrigger(this, id, name, awsglue.CfnTriggerProps{
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
	loadJob, transformJob := load.JobName(), transform.JobName()
	toLoad := after("LoadTrigger", "load", loadJob,
		awsglue.CfnTrigger_ConditionProperty{CrawlerName: crawled, CrawlState: jsii.String("SUCCEEDED")}, start)
	toTransform := after("TransformTrigger", "transform", transformJob, succeeded(loadJob), toLoad)
	after("CheckTrigger", "check", check.JobName(), succeeded(transformJob), toTransform)
	return Pipeline{WorkflowName: *name, Start: start}
}

func newTrigger(scope constructs.Construct, id string, workflow *string, props awsglue.CfnTriggerProps) awsglue.CfnTrigger {
	props.WorkflowName = workflow
	// the default leaves a trigger off, and the workflow would never go on
	props.StartOnCreation = jsii.Bool(true)
	return awsglue.NewCfnTrigger(scope, jsii.String(id), &props)
}

// newCrawler adds partitions to the table that the contract declares. It neither creates nor changes tables.
func newCrawler(scope constructs.Construct, props PipelineProps) awsglue.CfnCrawler {
	crawler := awsglue.NewCfnCrawler(scope, jsii.String("Crawler"), &awsglue.CfnCrawlerProps{
		Name:        jsii.String(props.CrawlerName),
		Description: jsii.String("Finds new partitions of the raw zone."),
		Role:        jsii.String(props.Crawler),
		Targets: &awsglue.CfnCrawler_TargetsProperty{CatalogTargets: &[]any{&awsglue.CfnCrawler_CatalogTargetProperty{
			DatabaseName: jsii.String(props.RawDatabase), Tables: jsii.Strings(props.RawTableName),
		}}},
		// a catalog target allows LOG only for what is gone
		SchemaChangePolicy: &awsglue.CfnCrawler_SchemaChangePolicyProperty{UpdateBehavior: jsii.String("LOG"), DeleteBehavior: jsii.String("LOG")},
		RecrawlPolicy:      &awsglue.CfnCrawler_RecrawlPolicyProperty{RecrawlBehavior: jsii.String("CRAWL_EVERYTHING")},
		// partitions are read as their table says, whatever the crawler makes of their files
		Configuration: jsii.String(`{"Version":1.0,"CrawlerOutput":{"Partitions":{"AddOrUpdateBehavior":"InheritFromTable"}},` +
			`"Grouping":{"TableGroupingPolicy":"CombineCompatibleSchemas"}}`),
	})
	crawler.AddResourceDependency(props.RawTable, nil)
	suppress(crawler, "AwsSolutions-GL1", noSecurityConfiguration)
	return crawler
}

const noSecurityConfiguration = "CloudWatch Logs encrypts at rest by itself; logs hold counts, names and, where a check fails, one row."

func newLoad(scope constructs.Construct, props PipelineProps, library awss3assets.Asset, arguments *map[string]*string) awsglue.PySparkEtlJob {
	job := awsglue.NewPySparkEtlJob(scope, jsii.String("Load"), &awsglue.PySparkEtlJobProps{
		JobName:     jsii.String(props.Step("load")),
		Description: jsii.String("New raw objects, typed by the contract, into the landing table; what does not fit into the rejected zone."),
		Role:        props.Load,
		Script:      awsglue.Code_FromAsset(jsii.String(props.Scripts+"/load.py"), nil),
		GlueVersion: awsglue.GlueVersion_V5_1,
		WorkerConfiguration: &awsglue.WorkerConfiguration{
			NumberOfWorkers: jsii.Number(props.Workers), WorkerType: awsglue.WorkerType(workerType(props.WorkerType)),
		},
		Timeout:           minutes(props.LoadMinutes),
		MaxRetries:        jsii.Number(0),
		MaxConcurrentRuns: jsii.Number(1),
		ExtraPythonFiles:  &[]awsglue.Code{awsglue.NewS3Code(library.Bucket(), library.S3ObjectKey())},
		// Glue 5 logs as it goes without being told
		ContinuousLogging:          &awsglue.ContinuousLoggingProps{Enabled: jsii.Bool(false)},
		EnableMetrics:              jsii.Bool(true),
		EnableObservabilityMetrics: jsii.Bool(true),
		DefaultArguments:           arguments,
	})
	return job
}

// newShell has a sixteenth of a worker: the warehouse does the work.
func newShell(
	scope constructs.Construct, id, name string, role awsiam.IRole, script string, libraryURL *string, arguments *map[string]*string,
) awsglue.PythonShellJob {
	(*arguments)["--library"] = libraryURL
	job := awsglue.NewPythonShellJob(scope, jsii.String(id), &awsglue.PythonShellJobProps{
		JobName:           jsii.String(name),
		Role:              role,
		Script:            awsglue.Code_FromAsset(jsii.String(script), nil),
		PythonVersion:     awsglue.PythonVersion_THREE_NINE,
		GlueVersion:       awsglue.GlueVersion_V3_0,
		LibrarySet:        awsglue.LibrarySet_NONE,
		MaxCapacity:       awsglue.MaxCapacity_DPU_1_16TH,
		Timeout:           minutes(60),
		MaxRetries:        jsii.Number(0),
		MaxConcurrentRuns: jsii.Number(1),
		ContinuousLogging: &awsglue.ContinuousLoggingProps{Enabled: jsii.Bool(false)},
		DefaultArguments:  arguments,
	})
	return job
}

func acceptUnencryptedLogs(jobs ...constructs.IConstruct) {
	suppressAll(jobs, suppression("AwsSolutions-GL1", noSecurityConfiguration),
		suppression("AwsSolutions-GL3", "There are no bookmarks to encrypt: the ledger in the warehouse says what was loaded."))
}

// workerType is how the CDK spells AWS's G.1X.
func workerType(name string) string {
	spelled := []byte(name)
	for i, c := range spelled {
		if c == '.' {
			spelled[i] = '_'
		}
	}
	return string(spelled)
}
