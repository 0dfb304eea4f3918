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
			Folder: folder, Role: role, Variables: map[string]string{"TARGET": "warehouse"}, LogGroup: "/t/schema/warehouse", LogDays: awslogs.RetentionDays_ONE_WEEK,
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
	assert.Equal(t, "warehouse", cdktest.Get(function, "Environment.Variables.TARGET"))
	assert.EqualValues(t, "840000", template.Only(t, "Custom::Trigger").Properties["Timeout"])
	assert.EqualValues(t, 7, template.Named(t, "AWS::Logs::LogGroup", "LogGroupName", "/t/schema/warehouse").Properties["RetentionInDays"])
}

func TestTheStepRunsAgainWhenItsSQLChangesAndOnlyThen(t *testing.T) {
	handler := func(sql string) string {
		return cdktest.Text(synthStep(t, sql).Only(t, "Custom::Trigger").Properties["HandlerArn"])
	}
	assert.Equal(t, handler("create"), handler("create"))
	assert.NotEqual(t, handler("create"), handler("create more"))
}

func TestTheStepRunsBetweenWhatItNeedsAndWhatNeedsIt(t *testing.T) {
	template := synthStep(t, "create")
	assert.Contains(t, cdktest.Text(template.Only(t, "Custom::Trigger").DependsOn), "Before")
	assert.Contains(t, cdktest.Text(template.Resources["After"].DependsOn), "StepFunction")
}
