package constructs_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/stretchr/testify/assert"

	"lakeshift/constructs"
	"lakeshift/internal/cdktest"
)

func synthWarehouse(t *testing.T, change func(props *constructs.WarehouseProps)) cdktest.Template {
	return cdktest.Synth(t, func(stack awscdk.Stack) {
		network := newNetwork(stack, false)
		copies := constructs.NewRole(stack, "Copies", "t-copies", "", "redshift.amazonaws.com", "redshift-serverless.amazonaws.com")
		job := constructs.NewRole(stack, "Job", "t-job", "", "glue.amazonaws.com")
		admin := constructs.NewRole(stack, "Admin", "t-admin", "", "lambda.amazonaws.com")
		props := constructs.WarehouseProps{
			Name: "t-house", Database: "analytics", AdminSecret: "redshift!t-admin", BaseRPUs: 8, MaxRPUs: 16, Network: network,
			Roles: []awsiam.Role{copies}, LogDays: awslogs.RetentionDays_ONE_WEEK,
		}
		if change != nil {
			change(&props)
		}
		warehouse := constructs.NewWarehouse(stack, "Warehouse", props)
		assert.Equal(t, "workgroup", warehouse.Kind)
		warehouse.GrantConnect("JobConnects", job)
		warehouse.GrantAdminister("AdminAdministers", admin)
		warehouse.NewConnection("Connection", "t-warehouse", network)
	})
}

func TestTheAdministratorsPasswordIsRedshiftsOwnSecret(t *testing.T) {
	namespace := synthWarehouse(t, nil).Only(t, "AWS::RedshiftServerless::Namespace")
	assert.Equal(t, true, namespace.Properties["ManageAdminPassword"])
	assert.NotContains(t, namespace.Properties, "AdminUserPassword")
	assert.Equal(t, "analytics", namespace.Properties["DbName"])
	assert.NotContains(t, namespace.Properties, "DefaultIamRoleArn", "SQL names the role it uses")
	assert.Len(t, namespace.Properties["IamRoles"], 1)
}

func TestCapacityIsAlwaysSaid(t *testing.T) {
	workgroup := synthWarehouse(t, nil).Only(t, "AWS::RedshiftServerless::Workgroup")
	assert.EqualValues(t, 8, workgroup.Properties["BaseCapacity"])
	assert.EqualValues(t, 16, workgroup.Properties["MaxCapacity"])
	assert.Equal(t, false, workgroup.Properties["PubliclyAccessible"])
	assert.Len(t, workgroup.Properties["SubnetIds"], 3)
	unbounded := synthWarehouse(t, func(props *constructs.WarehouseProps) { props.MaxRPUs = 0 })
	assert.NotContains(t, unbounded.Only(t, "AWS::RedshiftServerless::Workgroup").Properties, "MaxCapacity")
}

func TestConnectionsToTheWarehouseAreEncrypted(t *testing.T) {
	workgroup := synthWarehouse(t, nil).Only(t, "AWS::RedshiftServerless::Workgroup")
	assert.Contains(t, workgroup.Properties["ConfigParameters"], map[string]any{"ParameterKey": "require_ssl", "ParameterValue": "true"})
}

func TestWarehouseLogsAreKeptAsLongAsConfigured(t *testing.T) {
	template := synthWarehouse(t, nil)
	for _, log := range []string{"connectionlog", "userlog", "useractivitylog"} {
		group := template.Named(t, "AWS::Logs::LogGroup", "LogGroupName", "/aws/redshift/t-house/"+log)
		assert.EqualValues(t, 7, group.Properties["RetentionInDays"])
		assert.Contains(t, template.Only(t, "AWS::RedshiftServerless::Namespace").Properties["LogExports"], log)
	}
	assert.Len(t, template.Only(t, "AWS::RedshiftServerless::Namespace").DependsOn, 3, "Redshift would make the groups itself, to be kept for ever")
	workgroup := template.Only(t, "AWS::RedshiftServerless::Workgroup")
	assert.Contains(t, workgroup.Properties["ConfigParameters"], map[string]any{"ParameterKey": "enable_user_activity_logging", "ParameterValue": "true"})
}

func TestWarehouseDataOutlivesItsStackUnlessToldOtherwise(t *testing.T) {
	template := synthWarehouse(t, nil)
	assert.Equal(t, "RetainExceptOnCreate", template.Only(t, "AWS::RedshiftServerless::Namespace").DeletionPolicy)
	assert.Empty(t, template.Only(t, "AWS::RedshiftServerless::Workgroup").DeletionPolicy, "compute holds no data and may be replaced")
	gone := synthWarehouse(t, func(props *constructs.WarehouseProps) { props.DestroyData = true })
	assert.Equal(t, "Delete", gone.Only(t, "AWS::RedshiftServerless::Namespace").DeletionPolicy)
}

func TestAJobMayLogInAndNothingElse(t *testing.T) {
	rights := synthWarehouse(t, nil).RightsOf("Job")
	for _, action := range []string{"redshift-data:BatchExecuteStatement", "redshift-data:DescribeStatement", "redshift-data:CancelStatement", "redshift-serverless:GetCredentials"} {
		assert.True(t, cdktest.Allowed(rights, action, "<WarehouseWorkgroup23BB97A0.Workgroup.WorkgroupArn>") || cdktest.Allowed(rights, action, workgroupOf(rights)), action)
	}
	assert.False(t, cdktest.Allowed(rights, "redshift-data:ExecuteStatement", "arn:aws:redshift-serverless:eu-west-1:111111111111:workgroup/other"))
	for _, action := range []string{"secretsmanager:GetSecretValue", "redshift-serverless:GetNamespace", "redshift-serverless:UpdateWorkgroup"} {
		assert.False(t, cdktest.Allowed(rights, action, workgroupOf(rights)), action)
	}
}

// workgroupOf the right to execute: the only one that names it.
func workgroupOf(rights []cdktest.Right) string {
	for _, right := range rights {
		if right.Action == "redshift-data:ExecuteStatement" {
			return right.Resource
		}
	}
	return "none"
}

func TestOnlyTheSchemaStepReadsTheAdministratorsSecret(t *testing.T) {
	rights := synthWarehouse(t, nil).RightsOf("Admin")
	secret := "arn:aws:secretsmanager:eu-west-1:111111111111:secret:redshift!"
	assert.True(t, cdktest.Allowed(rights, "secretsmanager:GetSecretValue", secret+"t-admin-AbCdEf"))
	assert.False(t, cdktest.Allowed(rights, "secretsmanager:GetSecretValue", secret+"t2-admin-AbCdEf"))
	assert.False(t, cdktest.Allowed(rights, "secretsmanager:GetSecretValue", secret+"t-admin-other-AbCdEf"))
	assert.False(t, cdktest.Allowed(rights, "secretsmanager:PutSecretValue", secret+"t-admin-AbCdEf"))
}

func TestTheConnectionHoldsNoPassword(t *testing.T) {
	connection := synthWarehouse(t, nil).Only(t, "AWS::Glue::Connection")
	properties, _ := cdktest.Get(connection.Properties, "ConnectionInput.ConnectionProperties").(map[string]any)
	assert.Equal(t, "redshift!t-admin", properties["SECRET_ID"])
	assert.Equal(t, "true", properties["JDBC_ENFORCE_SSL"])
	assert.NotContains(t, properties, "PASSWORD")
	assert.Regexp(t, `^jdbc:redshift://<.+Endpoint\.Address>:5439/analytics$`, cdktest.Text(properties["JDBC_CONNECTION_URL"]))
	assert.NotNil(t, cdktest.Get(connection.Properties, "ConnectionInput.PhysicalConnectionRequirements.SubnetId"))
}
