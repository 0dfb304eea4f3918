package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"lakeshift/constructs"
)

func newMonitoring(e environment) awscdk.Stack {
	stack := e.stack("Monitoring", e.names.Stack("monitoring"), "who is told what went wrong")
	alarms := constructs.NewAlarms(stack, "Alarms", constructs.AlarmsProps{
		TopicName: e.names.Topic(), Email: e.AlertEmail, Prefix: e.names.Prefix(), RuleName: e.names.Rule, DestroyData: e.DestroyData,
	})
	output(stack, "Topic", alarms.TopicARN, "Subscribe here; the e-mail address of the configuration is asked to confirm")
	return stack
}
