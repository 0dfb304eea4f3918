package stacks

import "lakeshift/constructs"

func newNetwork(e environment) constructs.Network {
	stack := e.stack("Network", e.names.Stack("network"), "the warehouse's network, without a way out")
	network := constructs.NewNetwork(stack, "Network", constructs.NetworkProps{
		CIDR: e.CIDR, Zones: e.Zones, FlowLogs: e.FlowLogs, LogDays: e.logDays, DestroyData: e.DestroyData,
	})
	output(stack, "VpcId", *network.VPC.VpcId(), "Network of the warehouse")
	return network
}
