package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// WarehousePort is Redshift's.
const WarehousePort = 5439

// NetworkProps size the network.
type NetworkProps struct {
	CIDR string
	// Zones get one isolated subnet each. They are named: synth must work without an account to ask.
	Zones []string
	// FlowLogs records rejected traffic; the default records none.
	FlowLogs bool
	LogDays  awslogs.RetentionDays
	// DestroyData deletes the flow log together with the stack. The default retains it.
	DestroyData bool
}

// Network has no way out: no NAT, no internet gateway. S3 is reached through its gateway endpoint.
type Network struct {
	VPC       awsec2.Vpc
	Subnets   []awsec2.ISubnet // one per zone
	Warehouse awsec2.SecurityGroup
	// Glue is for connections of jobs and notebooks; Glue wants its group to admit itself on all TCP ports.
	Glue awsec2.SecurityGroup
}

// NewNetwork creates the network of the warehouse.
func NewNetwork(scope constructs.Construct, id string, props NetworkProps) Network {
	this := constructs.NewConstruct(scope, jsii.String(id))
	vpc := awsec2.NewVpc(this, jsii.String("Vpc"), &awsec2.VpcProps{
		IpAddresses:       awsec2.IpAddresses_Cidr(jsii.String(props.CIDR)),
		AvailabilityZones: jsii.Strings(props.Zones...),
		NatGateways:       jsii.Number(0),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{{
			Name: jsii.String("Isolated"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED, CidrMask: jsii.Number(24),
		}},
		RestrictDefaultSecurityGroup: jsii.Bool(true),
		GatewayEndpoints: &map[string]*awsec2.GatewayVpcEndpointOptions{
			"S3": {Service: awsec2.GatewayVpcEndpointAwsService_S3()},
		},
	})
	recordTraffic(vpc, props)

	warehouse := newGroup(this, "Warehouse", vpc, "Redshift: admits Glue on its port")
	glue := newGroup(this, "Glue", vpc, "Glue connections: admits itself, as Glue wants")
	glue.AddIngressRule(glue, awsec2.Port_AllTcp(), jsii.String("workers of one job among themselves"), nil)
	glue.AddEgressRule(glue, awsec2.Port_AllTcp(), jsii.String("workers of one job among themselves"), nil)
	port := awsec2.Port_Tcp(jsii.Number(WarehousePort))
	warehouse.AddIngressRule(glue, port, jsii.String("Glue connections"), nil)
	glue.AddEgressRule(warehouse, port, jsii.String("warehouse"), nil)
	// S3's addresses have no name in a template; there is no other way out of the network to misuse.
	glue.AddEgressRule(awsec2.Peer_AnyIpv4(), awsec2.Port_Tcp(jsii.Number(443)), jsii.String("S3 through its gateway"), nil)
	return Network{VPC: vpc, Subnets: *vpc.IsolatedSubnets(), Warehouse: warehouse, Glue: glue}
}

func newGroup(scope constructs.Construct, id string, vpc awsec2.Vpc, description string) awsec2.SecurityGroup {
	return awsec2.NewSecurityGroup(scope, jsii.String(id), &awsec2.SecurityGroupProps{
		Vpc: vpc, Description: jsii.String(description), AllowAllOutbound: jsii.Bool(false),
	})
}

func recordTraffic(vpc awsec2.Vpc, props NetworkProps) {
	if !props.FlowLogs {
		suppress(vpc, "AwsSolutions-VPC7", "Switched off for this environment in config/environments.go.")
		return
	}
	policy := removal(props.DestroyData)
	group := awslogs.NewLogGroup(vpc, jsii.String("RejectedTraffic"), &awslogs.LogGroupProps{Retention: props.LogDays, RemovalPolicy: policy})
	vpc.AddFlowLog(jsii.String("FlowLog"), &awsec2.FlowLogOptions{
		Destination: awsec2.FlowLogDestination_ToCloudWatchLogs(group, nil),
		TrafficType: awsec2.FlowLogTrafficType_REJECT,
	})
}
