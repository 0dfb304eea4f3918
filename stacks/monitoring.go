package stacks

import "lakeshift/constructs"

func newMonitoring(e environment) constructs.Alarms {
	stack := e.stack("Monitoring", e.names.Stack("monitoring"), "who is told what went wrong")
	alarms := constructs.NewAlarms(stack, "Alarms", constructs.AlarmsProps{
		TopicName: e.names.Topic(), Email: e.AlertEmail, Prefix: e.names.Prefix(), RuleName: e.names.Rule, DestroyData: e.DestroyData,
	})
	output(stack, "Topic", alarms.TopicARN, "Subscribe here; the e-mail address of the configuration is asked to confirm")
	return alarms
}
