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

// SchemaStepProps say which SQL to apply, as whom.
type SchemaStepProps struct {
	// Code is a folder or archive of the step's code and its SQL. Digest is that of its content; empty has the CDK read it.
	Code, Digest string
	// Role is the ARN of what the step runs as.
	Role string
	// Variables are what the step is told.
	Variables   map[string]string
	LogGroup    string
	LogDays     awslogs.RetentionDays
	DestroyData bool
	Description string
}

// SchemaStep applies SQL during a deployment: when it is new, and again whenever the SQL or what it is filled in with
// changes. A statement that fails, fails the deployment.
type SchemaStep struct {
	run awscdk.CfnResource
}

// Lambda ends a function after 15 minutes. CloudFormation waits a little longer than the step may take, not its usual hour.
const stepSeconds, waitSeconds = 14 * 60, 15 * 60

// NewSchemaStep creates the step: a function that answers CloudFormation itself. The CDK's own trigger would bring another
// function, a role and a version with each.
func NewSchemaStep(scope constructs.Construct, id string, props SchemaStepProps) SchemaStep {
	this := constructs.NewConstruct(scope, jsii.String(id))
	policy := awscdk.RemovalPolicy_RETAIN
	if props.DestroyData {
		policy = awscdk.RemovalPolicy_DESTROY
	}
	log := awslogs.NewLogGroup(this, jsii.String("Log"), &awslogs.LogGroupProps{
		LogGroupName: jsii.String(props.LogGroup), Retention: props.LogDays, RemovalPolicy: policy,
	})
	digest := known(props.Digest)
	code := awss3assets.NewAsset(this, jsii.String("Code"), &awss3assets.AssetProps{
		Path: jsii.String(props.Code), AssetHash: digest.AssetHash, AssetHashType: digest.AssetHashType,
	})
	key := code.S3ObjectKey()
	function := awslambda.NewCfnFunction(constructs.NewConstruct(this, jsii.String("Function")), jsii.String("Resource"), &awslambda.CfnFunctionProps{
		Description:   jsii.String(props.Description),
		Runtime:       jsii.String("python3.13"),
		Handler:       jsii.String("index.handler"),
		Code:          &awslambda.CfnFunction_CodeProperty{S3Bucket: code.S3BucketName(), S3Key: key},
		Role:          jsii.String(props.Role),
		Timeout:       jsii.Number(stepSeconds),
		MemorySize:    jsii.Number(256),
		LoggingConfig: &awslambda.CfnFunction_LoggingConfigProperty{LogGroup: log.LogGroupName()},
	})
	suppress(function, "AwsSolutions-L1", "The newest Python is not needed here; 3.13 is supported until 2029 and known to every region and emulator.")
	// CloudFormation does not wait for the function, so Lambda would try again what took too long, after the deployment was given up.
	once := awslambda.NewCfnEventInvokeConfig(this, jsii.String("Once"), &awslambda.CfnEventInvokeConfigProps{
		FunctionName: function.Ref(), Qualifier: jsii.String("$LATEST"), MaximumRetryAttempts: jsii.Number(0),
	})
	run := awscdk.NewCfnResource(this, jsii.String("Run"), &awscdk.CfnResourceProps{
		Type: jsii.String("Custom::SchemaStep"),
		Properties: &map[string]any{
			"ServiceToken":   function.AttrArn(),
			"ServiceTimeout": strconv.Itoa(waitSeconds),
			// what differs here has the step run again
			"Code":      key,
			"Variables": props.Variables,
		},
	})
	run.AddResourceDependency(once, nil)
	return SchemaStep{run: run}
}

// After makes the step wait for others of its stack.
func (s SchemaStep) After(others ...constructs.IDependable) {
	s.run.Node().AddDependency(others...)
}

// Before makes another resource of its stack wait for the step.
func (s SchemaStep) Before(other awscdk.CfnResource) {
	other.AddResourceDependency(s.run, nil)
}
