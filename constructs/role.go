package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// NewRole that the services may take on. It may do nothing until it is granted something.
func NewRole(scope constructs.Construct, id, name, description string, services ...string) awsiam.Role {
	principals := make([]awsiam.IPrincipal, len(services))
	for i, service := range services {
		principals[i] = awsiam.NewServicePrincipal(jsii.String(service), nil)
	}
	var trusted awsiam.IPrincipal = principals[0]
	if len(principals) > 1 {
		trusted = awsiam.NewCompositePrincipal(principals...)
	}
	return awsiam.NewRole(scope, jsii.String(id), &awsiam.RoleProps{
		RoleName: jsii.String(name), Description: jsii.String(description), AssumedBy: trusted,
	})
}

// GrantGlueLogs lets a job or crawler write to the log groups of Glue, which all of them share.
func GrantGlueLogs(role awsiam.Role) {
	allow(role, []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}, arn(role, "logs", "log-group:/aws-glue/*"))
}

// GrantLogs lets the role write to log groups that exist, by the start of their name.
func GrantLogs(role awsiam.Role, prefix string) {
	allow(role, []string{"logs:CreateLogStream", "logs:PutLogEvents"}, arn(role, "logs", "log-group:"+prefix+"*"))
}

// GrantMetrics lets the role publish metrics in one namespace.
func GrantMetrics(role awsiam.Role, namespace string) {
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:    jsii.Strings("cloudwatch:PutMetricData"),
		Resources:  jsii.Strings("*"),
		Conditions: &map[string]any{"StringEquals": map[string]string{"cloudwatch:namespace": namespace}},
	}))
	suppress(role, "AwsSolutions-IAM5", "Metrics have no ARN; the condition allows one namespace.", "Resource::*")
}

// GrantReadAssets lets the role read scripts, libraries and bundles where the CDK puts them.
func GrantReadAssets(role awsiam.Role) {
	stack := awscdk.Stack_Of(role)
	bucket := "cdk-" + *stack.Synthesizer().BootstrapQualifier() + "-assets-" + *stack.Account() + "-" + *stack.Region()
	allow(role, []string{"s3:GetObject"}, *stack.FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("s3"), Region: jsii.String(""), Account: jsii.String(""),
		Resource: jsii.String(bucket + "/*"), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
	}))
}

// GrantAthena lets the role ask through one workgroup.
func GrantAthena(role awsiam.Role, workgroup string) {
	allow(role, []string{
		"athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:StopQueryExecution", "athena:GetWorkGroup",
	}, arn(role, "athena", "workgroup/"+workgroup))
	// Athena looks at the default database, whatever is asked.
	allow(role, []string{"glue:GetDatabase"}, arn(role, "glue", "catalog"), arn(role, "glue", "database/default"))
}

// AcceptPatterns says for a role, once it has been granted everything, why its policy holds patterns.
func AcceptPatterns(role awsiam.Role) {
	suppress(role, "AwsSolutions-IAM5",
		"Objects, partitions and log streams get their names at run time; each pattern stays within one bucket's prefix, database or log group.",
		`/^Resource::.+[\/:].*\*$/`)
}
