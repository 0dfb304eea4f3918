package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// githubIssuer signs the tokens of GitHub's workflows.
const githubIssuer = "token.actions.githubusercontent.com"

// GitHubProps say whose workflows are trusted.
type GitHubProps struct {
	// Repository as it stands in the tokens' subject: owner/name, or owner@1234/name@5678.
	Repository string
	// CreateProvider adds GitHub's identity provider to the account; false finds the one that is there.
	CreateProvider bool
}

// GitHub makes roles that workflows of one repository take on.
type GitHub struct {
	provider   awsiam.IOidcProvider
	repository string
}

// NewGitHub creates or finds the account's identity provider for GitHub.
func NewGitHub(scope constructs.Construct, id string, props GitHubProps) GitHub {
	if props.CreateProvider {
		// No thumbprint: IAM finds out itself. Retained: other stacks of the account trust it too.
		// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-oidcprovider.html
		return GitHub{repository: props.Repository, provider: awsiam.NewOidcProviderNative(scope, jsii.String(id), &awsiam.OidcProviderNativeProps{
			Url: jsii.String("https://" + githubIssuer), ClientIds: jsii.Strings("sts.amazonaws.com"), RemovalPolicy: removal(false),
		})}
	}
	arn := awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("iam"), Region: jsii.String(""), Resource: jsii.String("oidc-provider"), ResourceName: jsii.String(githubIssuer),
	})
	return GitHub{repository: props.Repository, provider: awsiam.OidcProviderNative_FromOidcProviderArn(scope, jsii.String(id), arn)}
}

// NewRole that the repository's jobs take on while they run in one GitHub environment, and nobody else, for some hours at most.
// https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
func (g GitHub) NewRole(scope constructs.Construct, id, name, description, environment string, hours float64) awsiam.Role {
	return awsiam.NewRole(scope, jsii.String(id), &awsiam.RoleProps{
		RoleName: jsii.String(name), Description: jsii.String(description), MaxSessionDuration: awscdk.Duration_Hours(&hours),
		AssumedBy: awsiam.NewOpenIdConnectPrincipal(g.provider, &map[string]any{"StringEquals": map[string]string{
			githubIssuer + ":aud": "sts.amazonaws.com",
			githubIssuer + ":sub": "repo:" + g.repository + ":environment:" + environment,
		}}),
	})
}

// GrantDeploy lets the role take on the roles of the CDK's bootstrap stack in its account and region: that is all a deployment needs.
// https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
func GrantDeploy(role awsiam.Role) {
	stack := awscdk.Stack_Of(role)
	var arns []string
	for _, part := range []string{"deploy", "file-publishing", "lookup"} {
		name := "cdk-" + *stack.Synthesizer().BootstrapQualifier() + "-" + part + "-role-" + *stack.Account() + "-" + *stack.Region()
		arns = append(arns, *stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("iam"), Region: jsii.String(""), Resource: jsii.String("role"), ResourceName: jsii.String(name),
		}))
	}
	allow(role, []string{"sts:AssumeRole"}, arns...)
}

// GrantRunPipelines lets the role start the workflows whose names begin with prefix, watch them and read their jobs' logs.
func GrantRunPipelines(role awsiam.Role, prefix string) {
	allow(role, []string{"glue:StartWorkflowRun", "glue:GetWorkflow", "glue:GetWorkflowRun"}, arn(role, "glue", "workflow/"+prefix+"*"))
	allow(role, []string{"logs:GetLogEvents"}, arn(role, "logs", "log-group:/aws-glue/*"))
}

// CountedProps name what `lakeshift status` reads.
type CountedProps struct {
	Workgroup                                                  string
	RawDatabase, CuratedDatabase                               string
	RawBucket, ProcessedBucket, ArtifactsBucket, ResultsBucket string
}

// GrantCount lets the role count rows through Athena, which reads as the one who asks, and read the run summaries.
func GrantCount(role awsiam.Role, props CountedProps) {
	GrantAthena(role, props.Workgroup)
	tables := []string{arn(role, "glue", "catalog")}
	for _, database := range []string{props.RawDatabase, props.CuratedDatabase} {
		tables = append(tables, arn(role, "glue", "database/"+database), arn(role, "glue", "table/"+database+"/*"))
	}
	allow(role, []string{"glue:GetDatabase", "glue:GetTable", "glue:GetPartitions", "glue:BatchGetPartition"}, tables...)

	bucket := func(path string) string {
		return *awscdk.Stack_Of(role).FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("s3"), Region: jsii.String(""), Account: jsii.String(""),
			Resource: jsii.String(path), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
		})
	}
	allow(role, []string{"s3:ListBucket", "s3:GetBucketLocation"},
		bucket(props.RawBucket), bucket(props.ProcessedBucket), bucket(props.ArtifactsBucket), bucket(props.ResultsBucket))
	allow(role, []string{"s3:ListBucketMultipartUploads"}, bucket(props.ResultsBucket))
	allow(role, []string{"s3:GetObject"},
		bucket(props.RawBucket+"/*"), bucket(props.ProcessedBucket+"/curated/*"), bucket(props.ArtifactsBucket+"/runs/*"))
	allow(role, []string{"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}, bucket(props.ResultsBucket+"/*"))
}

// GrantReadStacks lets the role read the templates of the stacks whose names begin with prefix, and nothing of what they made.
func GrantReadStacks(role awsiam.Role, prefix string) {
	allow(role, []string{"cloudformation:GetTemplate"}, arn(role, "cloudformation", "stack/"+prefix+"*/*"))
}

// Reading these would be reading data.
var dataReads = []string{
	"athena:GetQueryResults", "athena:GetQueryResultsStream", "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:GetRecords", "dynamodb:Query", "dynamodb:Scan",
	"kinesis:GetRecords", "kms:Decrypt", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:GetLogRecord", "logs:GetQueryResults", "logs:StartLiveTail", "logs:StartQuery",
	"redshift-data:*", "s3:GetObject*", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage",
}

// GrantDetectDrift lets the role compare the stacks whose names begin with prefix with what is there. CloudFormation looks as
// the one who asks, so the role reads the settings of everything, and no data.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
func GrantDetectDrift(role awsiam.Role, prefix string) {
	role.AddManagedPolicy(awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("ReadOnlyAccess")))
	suppress(role, "AwsSolutions-IAM4", "Drift is detected with the caller's rights to read each type of resource; AWS's own policy keeps up with new types. Data is denied.",
		"Policy::arn:<AWS::Partition>:iam::aws:policy/ReadOnlyAccess")
	allow(role, []string{"cloudformation:DetectStackDrift", "cloudformation:DetectStackResourceDrift"}, arn(role, "cloudformation", "stack/"+prefix+"*/*"))
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Effect: awsiam.Effect_DENY, Actions: jsii.Strings(dataReads...), Resources: jsii.Strings("*"),
	}))
}

// AcceptNamePatterns says for a role, once it has been granted everything, why its policy holds patterns.
func AcceptNamePatterns(role awsiam.Role) {
	suppress(role, "AwsSolutions-IAM5",
		"Stacks, workflows, objects and logs come and go; each pattern stays within the environment's own names or Glue's log groups.",
		`/^Resource::.+[\/:-].*\*$/`)
}
