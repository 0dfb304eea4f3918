package constructs_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/constructs"
	"lakeshift/internal/cdktest"
)

func synthStep(t *testing.T, code, sql string) cdktest.Template {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "index.py"), []byte(code), 0o644))
	return cdktest.Synth(t, func(stack awscdk.Stack) {
		role := constructs.NewRole(stack, "Role", "t-schema", "", "lambda.amazonaws.com")
		runner := constructs.NewSchemaRunner(stack, "Runner", constructs.SchemaRunnerProps{
			Name: "t-schema", Code: folder, Role: *role.RoleArn(), LogGroup: "/t/schema", LogDays: awslogs.RetentionDays_ONE_WEEK,
		})
		step := constructs.NewSchemaStep(stack, "Step", runner, "s3://assets/"+sql+".zip", map[string]string{"TARGET": "warehouse"})
		group := func(id string) awslogs.CfnLogGroup { return awslogs.NewCfnLogGroup(stack, jsii.String(id), nil) }
		step.After(group("Before"))
		step.Before(group("After"))
	})
}

func TestTheStepIsGivenTimeAndItsOwnLog(t *testing.T) {
	template := synthStep(t, "runner", "create")
	function := template.Named(t, "AWS::Lambda::Function", "Runtime", "python3.13").Properties
	assert.EqualValues(t, 840, function["Timeout"], "the default of 3 seconds would end it before the first statement")
	assert.Equal(t, "index.handler", function["Handler"])
	assert.Equal(t, "warehouse", cdktest.Get(template.Only(t, "Custom::SchemaStep").Properties, "Variables.TARGET"))
	assert.Equal(t, "900", template.Only(t, "Custom::SchemaStep").Properties["ServiceTimeout"], "the default is an hour")
	once := template.Only(t, "AWS::Lambda::EventInvokeConfig").Properties
	assert.EqualValues(t, 0, once["MaximumRetryAttempts"])
	assert.EqualValues(t, 900-840, once["MaximumEventAgeInSeconds"], "nothing begins that CloudFormation would not wait for")
	assert.EqualValues(t, 7, template.Named(t, "AWS::Logs::LogGroup", "LogGroupName", "/t/schema").Properties["RetentionInDays"])
}

func TestTheStepRunsAgainWhenItsSQLOrTheRunnerChangesAndOnlyThen(t *testing.T) {
	run := func(code, sql string) map[string]any {
		return synthStep(t, code, sql).Only(t, "Custom::SchemaStep").Properties
	}
	assert.Equal(t, run("runner", "create"), run("runner", "create"))
	assert.NotEqual(t, run("runner", "create"), run("runner", "create more"))
	assert.NotEqual(t, run("runner", "create"), run("other", "create"))
}

func TestTheStepRunsBetweenWhatItNeedsAndWhatNeedsIt(t *testing.T) {
	template := synthStep(t, "runner", "create")
	assert.Contains(t, cdktest.Text(template.Only(t, "Custom::SchemaStep").DependsOn), "Before")
	assert.Contains(t, cdktest.Text(template.Resources["After"].DependsOn), "Step")
}
