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

func synthStep(t *testing.T, sql string) cdktest.Template {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "index.py"), []byte(sql), 0o644))
	return cdktest.Synth(t, func(stack awscdk.Stack) {
		role := constructs.NewRole(stack, "Role", "t-schema", "", "lambda.amazonaws.com")
		step := constructs.NewSchemaStep(stack, "Step", constructs.SchemaStepProps{
			Code: folder, Role: *role.RoleArn(), Variables: map[string]string{"TARGET": "warehouse"}, LogGroup: "/t/schema/warehouse", LogDays: awslogs.RetentionDays_ONE_WEEK,
		})
		group := func(id string) awslogs.CfnLogGroup { return awslogs.NewCfnLogGroup(stack, jsii.String(id), nil) }
		step.After(group("Before"))
		step.Before(group("After"))
	})
}

func TestTheStepIsGivenTimeAndItsOwnLog(t *testing.T) {
	template := synthStep(t, "create")
	function := template.Named(t, "AWS::Lambda::Function", "Runtime", "python3.13").Properties
	assert.EqualValues(t, 840, function["Timeout"], "the default of 3 seconds would end it before the first statement")
	assert.Equal(t, "index.handler", function["Handler"])
	assert.Equal(t, "warehouse", cdktest.Get(template.Only(t, "Custom::SchemaStep").Properties, "Variables.TARGET"))
	assert.Equal(t, "900", template.Only(t, "Custom::SchemaStep").Properties["ServiceTimeout"], "the default is an hour")
	assert.EqualValues(t, 0, template.Only(t, "AWS::Lambda::EventInvokeConfig").Properties["MaximumRetryAttempts"])
	assert.EqualValues(t, 7, template.Named(t, "AWS::Logs::LogGroup", "LogGroupName", "/t/schema/warehouse").Properties["RetentionInDays"])
}

func TestTheStepRunsAgainWhenItsSQLChangesAndOnlyThen(t *testing.T) {
	run := func(sql string) map[string]any { return synthStep(t, sql).Only(t, "Custom::SchemaStep").Properties }
	assert.Equal(t, run("create"), run("create"))
	assert.NotEqual(t, run("create"), run("create more"))
}

func TestTheStepRunsBetweenWhatItNeedsAndWhatNeedsIt(t *testing.T) {
	template := synthStep(t, "create")
	assert.Contains(t, cdktest.Text(template.Only(t, "Custom::SchemaStep").DependsOn), "Before")
	assert.Contains(t, cdktest.Text(template.Resources["After"].DependsOn), "StepRun")
}
