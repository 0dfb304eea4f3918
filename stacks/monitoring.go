package stacks

import (
	"github.com/aws/jsii-runtime-go"

	"lakeshift/config"
	"lakeshift/constructs"
)

func newMonitoring(e environment, datasets []dataset) {
	stack := e.stack("Monitoring", e.names.Stack("monitoring"), "who is told what went wrong")
	alarms := constructs.NewAlarms(stack, "Alarms", constructs.AlarmsProps{
		TopicName: e.names.Topic(), Email: e.AlertEmail, Prefix: e.names.Prefix(), RuleName: e.names.Rule, DestroyData: e.DestroyData,
	})
	for _, dataset := range datasets {
		stack.AddStackDependency(dataset.stack, jsii.String("an alarm over a pipeline that is not there would ring"))
		alarms.Watch(config.PascalCase(dataset.Name), constructs.DatasetAlarmsProps{
			Namespace:  config.MetricNamespace,
			Dimensions: map[string]string{"Environment": e.Name, "Dataset": dataset.Name},
			AlarmName:  func(fact string) string { return e.names.Alarm(dataset.Name, fact) },
			Freshness:  dataset.Freshness,
			LoadJob:    dataset.loadJob,
			Quiet:      e.ScheduleOff,
			Dataset:    dataset.Name,
		})
	}
	output(stack, "Topic", *alarms.Topic.TopicArn(), "Subscribe here; the e-mail address of the configuration is asked to confirm")
}
