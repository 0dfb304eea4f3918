package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsathena"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// QueryWorkgroupProps bound what people may ask.
type QueryWorkgroupProps struct {
	Name string
	Lake Lake
	// ScanLimitMB ends a query that would scan more; at least 10, an Athena rule.
	ScanLimitMB int
	// DestroyData deletes the workgroup even if it holds queries. The default does not.
	DestroyData bool
}

// NewQueryWorkgroup creates the workgroup where Athena answers, with settings that a client can't override.
func NewQueryWorkgroup(scope constructs.Construct, id string, props QueryWorkgroupProps) {
	this := constructs.NewConstruct(scope, jsii.String(id))
	awsathena.NewCfnWorkGroup(this, jsii.String("Workgroup"), &awsathena.CfnWorkGroupProps{
		Name:                  jsii.String(props.Name),
		Description:           jsii.String("Questions to the lake; answers are encrypted and expire."),
		RecursiveDeleteOption: jsii.Bool(props.DestroyData),
		WorkGroupConfiguration: &awsathena.CfnWorkGroup_WorkGroupConfigurationProperty{
			EnforceWorkGroupConfiguration: jsii.Bool(true),
			// off by default when a workgroup is not made in the console
			PublishCloudWatchMetricsEnabled: jsii.Bool(true),
			BytesScannedCutoffPerQuery:      jsii.Number(float64(props.ScanLimitMB) * 1024 * 1024),
			EngineVersion:                   &awsathena.CfnWorkGroup_EngineVersionProperty{SelectedEngineVersion: jsii.String("Athena engine version 3")},
			ResultConfiguration: &awsathena.CfnWorkGroup_ResultConfigurationProperty{
				OutputLocation:          props.Lake.AthenaResults.S3UrlForObject(jsii.String("answers/")),
				EncryptionConfiguration: &awsathena.CfnWorkGroup_EncryptionConfigurationProperty{EncryptionOption: jsii.String("SSE_S3")},
			},
		},
	})
}

// NamedQueryProps say what is offered, and where.
type NamedQueryProps struct {
	Name, Description   string
	Workgroup, Database string
	SQL                 string
}

// NewNamedQuery offers a query in the console and to the command line. It is offered, not run.
// It stands in its dataset's own stack, as CloudFormation takes 500 resources a stack.
func NewNamedQuery(scope constructs.Construct, id string, props NamedQueryProps) {
	awsathena.NewCfnNamedQuery(scope, jsii.String(id), &awsathena.CfnNamedQueryProps{
		Name: jsii.String(props.Name), Description: jsii.String(props.Description), WorkGroup: jsii.String(props.Workgroup),
		Database: jsii.String(props.Database), QueryString: jsii.String(props.SQL),
	})
}
