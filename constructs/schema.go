package constructs

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// SchemaRunnerProps describe the function that applies SQL.
type SchemaRunnerProps struct {
	// Name of the function.
	Name string
	// Code is a folder or archive with index.py. Digest is that of its content; empty has the CDK read it.
	Code, Digest string
	// Role is the ARN of what it runs as.
	Role        string
	LogGroup    string
	LogDays     awslogs.RetentionDays
	DestroyData bool
}

// SchemaRunner is the function behind all schema steps of an environment.
type SchemaRunner struct {
	// arn of the function as plain text: stacks of steps come after its own.
	arn string
	// code is its digest: steps run again when that changes.
	code *string
	// ready when nothing will try again.
	ready awscdk.CfnResource
}

// Lambda ends a function after 15 minutes. CloudFormation waits a little longer than a step may take, not its usual hour.
const stepSeconds, waitSeconds = 14 * 60, 15 * 60

// NewSchemaRunner creates the function. It answers CloudFormation itself: the CDK's own trigger would bring another function,
// a role and a version with each step.
func NewSchemaRunner(scope constructs.Construct, id string, props SchemaRunnerProps) SchemaRunner {
	this := constructs.NewConstruct(scope, jsii.String(id))
	policy := removal(props.DestroyData)
	log := awslogs.NewLogGroup(this, jsii.String("Log"), &awslogs.LogGroupProps{
		LogGroupName: jsii.String(props.LogGroup), Retention: props.LogDays, RemovalPolicy: policy,
	})
	asset := &awss3assets.AssetProps{Path: jsii.String(props.Code)}
	if props.Digest != "" {
		asset.AssetHash, asset.AssetHashType = jsii.String(props.Digest), awscdk.AssetHashType_CUSTOM
	}
	code := awss3assets.NewAsset(this, jsii.String("Code"), asset)
	function := awslambda.NewCfnFunction(this, jsii.String("Function"), &awslambda.CfnFunctionProps{
		FunctionName:  jsii.String(props.Name),
		Description:   jsii.String("Applies SQL when a deployment changes it."),
		Runtime:       jsii.String("python3.13"),
		Handler:       jsii.String("index.handler"),
		Code:          &awslambda.CfnFunction_CodeProperty{S3Bucket: code.S3BucketName(), S3Key: code.S3ObjectKey()},
		Role:          jsii.String(props.Role),
		Timeout:       jsii.Number(stepSeconds),
		MemorySize:    jsii.Number(256),
		LoggingConfig: &awslambda.CfnFunction_LoggingConfigProperty{LogGroup: log.LogGroupName()},
	})
	suppress(function, "AwsSolutions-L1", "The newest Python is not needed here; 3.13 is supported until 2029 and known to every region and emulator.")
	// CloudFormation does not wait for the function, so Lambda would try again what took too long, and for six hours what found no
	// free capacity: after the deployment was given up.
	once := awslambda.NewCfnEventInvokeConfig(this, jsii.String("Once"), &awslambda.CfnEventInvokeConfigProps{
		FunctionName: function.Ref(), Qualifier: jsii.String("$LATEST"), MaximumRetryAttempts: jsii.Number(0),
		MaximumEventAgeInSeconds: jsii.Number(waitSeconds - stepSeconds),
	})
	return SchemaRunner{arn: functionARN(this, props.Name), code: code.AssetHash(), ready: once}
}

func functionARN(scope constructs.Construct, name string) string {
	return *awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("lambda"), Resource: jsii.String("function"), ResourceName: jsii.String(name), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
}

// SchemaStep applies SQL during a deployment: when it is new, and again whenever the SQL, what it is filled in with or the
// runner changes. A statement that fails, fails the deployment.
type SchemaStep struct {
	run awscdk.CfnResource
}

// NewSchemaStep has the runner apply an archive of SQL, which lies at s3://…, told the variables.
func NewSchemaStep(scope constructs.Construct, id string, runner SchemaRunner, archive string, variables map[string]string) SchemaStep {
	return SchemaStep{run: awscdk.NewCfnResource(scope, jsii.String(id), &awscdk.CfnResourceProps{
		Type: jsii.String("Custom::SchemaStep"),
		Properties: &map[string]any{
			"ServiceToken":   runner.arn,
			"ServiceTimeout": strconv.Itoa(waitSeconds),
			"Runner":         runner.code,
			"Archive":        archive,
			"Variables":      variables,
		},
	})}
}

// After makes the step wait for others of its stack.
func (s SchemaStep) After(others ...constructs.IDependable) {
	s.run.Node().AddDependency(others...)
}

// Ready makes the step of the runner's own stack wait for all of it.
func (r SchemaRunner) Ready() constructs.IDependable { return r.ready }

// Before makes another resource of its stack wait for the step.
func (s SchemaStep) Before(other awscdk.CfnResource) {
	other.AddResourceDependency(s.run, nil)
}
