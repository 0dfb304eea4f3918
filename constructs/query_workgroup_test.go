package constructs_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/stretchr/testify/assert"

	"lakeshift/constructs"
	"lakeshift/internal/cdktest"
)

func TestNoClientCanOverrideTheWorkgroup(t *testing.T) {
	template := cdktest.Synth(t, func(stack awscdk.Stack) {
		lake := constructs.NewLake(stack, "Lake", lakeProps())
		constructs.NewQueryWorkgroup(stack, "Athena", constructs.QueryWorkgroupProps{Name: "t", Lake: lake, ScanLimitMB: 10})
		constructs.NewNamedQuery(stack, "Top", constructs.NamedQueryProps{
			Name: "orders/top", Description: "the ten largest", Workgroup: "t", Database: "t_curated", SQL: "select 1",
		})
	})
	workgroup := template.Only(t, "AWS::Athena::WorkGroup").Properties
	settings := func(path string) any { return cdktest.Get(workgroup, "WorkGroupConfiguration."+path) }
	assert.Equal(t, true, settings("EnforceWorkGroupConfiguration"))
	assert.Equal(t, true, settings("PublishCloudWatchMetricsEnabled"))
	assert.EqualValues(t, 10*1024*1024, settings("BytesScannedCutoffPerQuery"))
	assert.Equal(t, "SSE_S3", settings("ResultConfiguration.EncryptionConfiguration.EncryptionOption"))
	assert.Equal(t, "Athena engine version 3", settings("EngineVersion.SelectedEngineVersion"))
	assert.Equal(t, false, workgroup["RecursiveDeleteOption"])
	query := template.Only(t, "AWS::Athena::NamedQuery").Properties
	assert.Equal(t, "orders/top", query["Name"])
	assert.Equal(t, "t", query["WorkGroup"])
}
