package constructs_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/stretchr/testify/assert"

	"lakeshift/constructs"
	"lakeshift/internal/cdktest"
)

var zones = []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}

func newNetwork(stack awscdk.Stack, flowLogs bool) constructs.Network {
	return constructs.NewNetwork(stack, "Network", constructs.NetworkProps{
		CIDR: "10.9.0.0/16", Zones: zones, FlowLogs: flowLogs, LogDays: awslogs.RetentionDays_ONE_WEEK,
	})
}

func synthNetwork(t *testing.T, flowLogs bool) cdktest.Template {
	return cdktest.Synth(t, func(stack awscdk.Stack) { newNetwork(stack, flowLogs) })
}

func TestTheNetworkHasNoWayOut(t *testing.T) {
	template := synthNetwork(t, true)
	for _, kind := range []string{"AWS::EC2::NatGateway", "AWS::EC2::InternetGateway", "AWS::EC2::EIP", "AWS::EC2::Route"} {
		assert.Empty(t, template.Find(kind), kind)
	}
	for _, subnet := range template.Find("AWS::EC2::Subnet") {
		assert.Equal(t, false, subnet.Properties["MapPublicIpOnLaunch"])
	}
}

func TestSubnetsLieInTheNamedZones(t *testing.T) {
	var found []string
	for _, subnet := range synthNetwork(t, false).Find("AWS::EC2::Subnet") {
		found = append(found, cdktest.Text(subnet.Properties["AvailabilityZone"]))
	}
	assert.ElementsMatch(t, zones, found)
}

func TestS3IsReachedThroughItsGatewayFromEverySubnet(t *testing.T) {
	endpoint := synthNetwork(t, false).Only(t, "AWS::EC2::VPCEndpoint")
	assert.Equal(t, "Gateway", endpoint.Properties["VpcEndpointType"])
	assert.Contains(t, cdktest.Text(endpoint.Properties["ServiceName"]), ".s3")
	assert.Len(t, endpoint.Properties["RouteTableIds"], 3)
}

func TestGlueAdmitsItselfAndTheWarehouseAdmitsGlue(t *testing.T) {
	template := synthNetwork(t, false)
	group := func(reference any) string {
		for id, group := range template.Find("AWS::EC2::SecurityGroup") {
			if strings.Contains(cdktest.Text(reference), id) {
				return cdktest.Text(group.Properties["GroupDescription"])[:4]
			}
		}
		return cdktest.Text(reference)
	}
	var admitted []string
	for _, rule := range template.Find("AWS::EC2::SecurityGroupIngress") {
		admitted = append(admitted, group(rule.Properties["SourceSecurityGroupId"])+" to "+group(rule.Properties["GroupId"])+" on "+cdktest.Text(rule.Properties["FromPort"]))
	}
	assert.ElementsMatch(t, []string{"Glue to Glue on 0", "Glue to Reds on 5439"}, admitted)
	for id, group := range template.Find("AWS::EC2::SecurityGroup") {
		assert.NotContains(t, cdktest.Text(group.Properties["SecurityGroupIngress"]), "0.0.0.0/0", id)
	}
}

func TestTheDefaultSecurityGroupAdmitsNobody(t *testing.T) {
	assert.Len(t, synthNetwork(t, false).Find("Custom::VpcRestrictDefaultSG"), 1)
}

func TestRejectedTrafficIsRecordedWhereSwitchedOn(t *testing.T) {
	log := synthNetwork(t, true).Only(t, "AWS::EC2::FlowLog")
	assert.Equal(t, "REJECT", log.Properties["TrafficType"])
	assert.Empty(t, synthNetwork(t, false).Find("AWS::EC2::FlowLog"))
}
