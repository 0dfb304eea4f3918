package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/triggers"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// SchemaStepProps say which SQL to apply, as whom.
type SchemaStepProps struct {
	// Folder holds the step's code and its SQL. Digest is that of its content; empty has the CDK read the folder.
	Folder, Digest string
	// Role that the step runs as; it is granted nothing here.
	Role awsiam.IRole
	// Variables are the step's environment.
	Variables   map[string]string
	LogGroup    string
	LogDays     awslogs.RetentionDays
	DestroyData bool
	Description string
}

// SchemaStep applies SQL during a deployment: when it is new, and again whenever the SQL or what it is filled in with
// changes. A statement that fails, fails the deployment.
type SchemaStep struct {
	trigger triggers.TriggerFunction
}

// NewSchemaStep creates the step.
func NewSchemaStep(scope constructs.Construct, id string, props SchemaStepProps) SchemaStep {
	this := constructs.NewConstruct(scope, jsii.String(id))
	policy := awscdk.RemovalPolicy_RETAIN
	if props.DestroyData {
		policy = awscdk.RemovalPolicy_DESTROY
	}
	variables := map[string]*string{}
	for name, value := range props.Variables {
		variables[name] = jsii.String(value)
	}
	trigger := triggers.NewTriggerFunction(this, jsii.String("Function"), &triggers.TriggerFunctionProps{
		Description: jsii.String(props.Description),
		Runtime:     python(),
		Handler:     jsii.String("index.handler"),
		Code:        awslambda.Code_FromAsset(jsii.String(props.Folder), known(props.Digest)),
		Role:        props.Role,
		Environment: &variables,
		// Both the function's limit and how long the deployment waits; CloudFormation's own is an hour, Lambda's 15 minutes.
		Timeout:    minutes(14),
		MemorySize: jsii.Number(256),
		LogGroup: awslogs.NewLogGroup(this, jsii.String("Log"), &awslogs.LogGroupProps{
			LogGroupName: jsii.String(props.LogGroup), Retention: props.LogDays, RemovalPolicy: policy,
		}),
	})
	suppress(trigger, "AwsSolutions-L1", "The newest Python is not needed here; 3.13 is supported until 2029 and known to every region and emulator.")
	return SchemaStep{trigger: trigger}
}

// After makes the step wait for others of its stack.
func (s SchemaStep) After(others ...constructs.Construct) {
	s.trigger.ExecuteAfter(others...)
}

// Before makes others of its stack wait for the step.
func (s SchemaStep) Before(others ...constructs.Construct) {
	s.trigger.ExecuteBefore(others...)
}
