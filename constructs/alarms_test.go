package constructs_test

import (
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/constructs"
	"lakeshift/internal/cdktest"
)

func synthAlarms(t *testing.T, quiet bool) cdktest.Template {
	return cdktest.Synth(t, func(stack awscdk.Stack) {
		alarms := constructs.NewAlarms(stack, "Alarms", constructs.AlarmsProps{
			TopicName: "t-alerts", Email: "alerts@example.com", Prefix: "t", RuleName: func(event string) string { return "t-" + event },
		})
		constructs.NewDatasetAlarms(stack, constructs.DatasetAlarmsProps{
			TopicARN:  alarms.TopicARN,
			Namespace: "Lakeshift", Dimensions: map[string]string{"Environment": "t", "Dataset": "orders"}, Dataset: "orders",
			AlarmName: func(fact string) string { return "t-orders-" + fact }, Freshness: 26 * time.Hour, LoadJob: "t-orders-load", MaxRejected: 12, Quiet: quiet,
		})
	})
}

func TestAlarmsAndRulesMayUseTheTopicAndItsKey(t *testing.T) {
	template := synthAlarms(t, false)
	allowed := func(document any, service, action string) (conditions []any) {
		statements, _ := cdktest.Get(document, "Statement").([]any)
		for _, statement := range statements {
			if cdktest.Text(cdktest.Get(statement, "Principal.Service")) == service && cdktest.Allowed(cdktest.Rights(map[string]any{"Statement": []any{statement}}), action, "*") {
				conditions = append(conditions, cdktest.Get(statement, "Condition"))
			}
		}
		return conditions
	}
	key := template.Only(t, "AWS::KMS::Key").Properties
	assert.Equal(t, true, key["EnableKeyRotation"])
	for _, action := range []string{"kms:Decrypt", "kms:GenerateDataKey"} {
		assert.Equal(t, []any{nil}, allowed(key["KeyPolicy"], "events.amazonaws.com", action), "EventBridge names no source: a condition would silence it")
		assert.Equal(t, []any{map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": "111111111111"}}}, allowed(key["KeyPolicy"], "cloudwatch.amazonaws.com", action))
	}
	assert.NotNil(t, template.Only(t, "AWS::SNS::Topic").Properties["KmsMasterKeyId"])
	publishers := cdktest.Text(cdktest.Get(template.Only(t, "AWS::SNS::TopicPolicy").Properties, "PolicyDocument"))
	assert.Contains(t, publishers, "cloudwatch.amazonaws.com")
	assert.Contains(t, publishers, "events.amazonaws.com")
	assert.Contains(t, publishers, `"aws:SecureTransport":"false"`)
}

func TestTheConfiguredAddressIsSubscribed(t *testing.T) {
	subscription := synthAlarms(t, false).Only(t, "AWS::SNS::Subscription").Properties
	assert.Equal(t, "email", subscription["Protocol"])
	assert.Equal(t, "alerts@example.com", subscription["Endpoint"])
}

func TestEveryWayForAJobToFailIsTold(t *testing.T) {
	template := synthAlarms(t, false)
	pattern := template.Named(t, "AWS::Events::Rule", "Name", "t-job-failed").Properties["EventPattern"]
	assert.Equal(t, []any{"aws.glue"}, cdktest.Get(pattern, "source"))
	assert.Equal(t, []any{"Glue Job State Change"}, cdktest.Get(pattern, "detail-type"))
	assert.ElementsMatch(t, []any{"FAILED", "TIMEOUT", "STOPPED", "ERROR"}, cdktest.Get(pattern, "detail.state"))
	assert.Equal(t, []any{map[string]any{"prefix": "t-"}}, cdktest.Get(pattern, "detail.jobName"), "jobs of other environments are not ours")
}

func TestAFailedCrawlerIsTold(t *testing.T) {
	pattern := synthAlarms(t, false).Named(t, "AWS::Events::Rule", "Name", "t-crawler-failed").Properties["EventPattern"]
	assert.Equal(t, []any{"Glue Crawler State Change"}, cdktest.Get(pattern, "detail-type"))
	assert.Equal(t, []any{"Failed"}, cdktest.Get(pattern, "detail.state"))
}

func TestMessagesAreForPeople(t *testing.T) {
	for id, rule := range synthAlarms(t, false).Find("AWS::Events::Rule") {
		template := cdktest.Text(cdktest.Get(rule.Properties, "Targets.0.InputTransformer.InputTemplate"))
		assert.Regexp(t, "^\"Glue (job|crawler) <.+ log stands ", template, id)
		assert.NotContains(t, template, "{\"", id)
		assert.NotContains(t, template, `\n`, "people would read a backslash and an n")
	}
}

func TestAPipelineWithoutAHeartbeatIsStale(t *testing.T) {
	alarm := synthAlarms(t, false).Named(t, "AWS::CloudWatch::Alarm", "AlarmName", "t-orders-stale").Properties
	assert.Equal(t, "breaching", alarm["TreatMissingData"], "the metric does not exist before the first run")
	assert.EqualValues(t, 3600, alarm["Period"])
	assert.EqualValues(t, 26, alarm["EvaluationPeriods"])
	assert.EqualValues(t, 26, alarm["DatapointsToAlarm"])
	assert.Equal(t, "LessThanThreshold", alarm["ComparisonOperator"])
	assert.Equal(t, true, alarm["ActionsEnabled"])
	assert.ElementsMatch(t, []any{
		map[string]any{"Name": "Dataset", "Value": "orders"}, map[string]any{"Name": "Environment", "Value": "t"},
	}, alarm["Dimensions"])
}

func TestNobodyIsToldOfStaleDataWhereRunsStartOnDemand(t *testing.T) {
	template := synthAlarms(t, true)
	assert.Equal(t, false, template.Named(t, "AWS::CloudWatch::Alarm", "AlarmName", "t-orders-stale").Properties["ActionsEnabled"])
	assert.Equal(t, true, template.Named(t, "AWS::CloudWatch::Alarm", "AlarmName", "t-orders-check-failed").Properties["ActionsEnabled"])
}

func TestMoreRejectedRowsThanTheContractAllowsAreTold(t *testing.T) {
	template := synthAlarms(t, false)
	alarm := template.Named(t, "AWS::CloudWatch::Alarm", "AlarmName", "t-orders-rows-rejected").Properties
	assert.Equal(t, []any{"Lakeshift", "RowsRejected", "Sum", "GreaterThanThreshold", "notBreaching"},
		[]any{alarm["Namespace"], alarm["MetricName"], alarm["Statistic"], alarm["ComparisonOperator"], alarm["TreatMissingData"]})
	assert.EqualValues(t, 12, alarm["Threshold"])
	assert.Equal(t, template.Named(t, "AWS::CloudWatch::Alarm", "AlarmName", "t-orders-check-failed").Properties["Dimensions"], alarm["Dimensions"])
}

func TestTheAlarmOnFailedTasksNamesAllThreeDimensions(t *testing.T) {
	alarm := synthAlarms(t, false).Named(t, "AWS::CloudWatch::Alarm", "AlarmName", "t-orders-tasks-failed").Properties
	require.Equal(t, "Glue", alarm["Namespace"])
	assert.ElementsMatch(t, []any{
		map[string]any{"Name": "JobName", "Value": "t-orders-load"}, map[string]any{"Name": "JobRunId", "Value": "ALL"}, map[string]any{"Name": "Type", "Value": "count"},
	}, alarm["Dimensions"])
}

func TestEveryAlarmTellsSomebody(t *testing.T) {
	for id, alarm := range synthAlarms(t, false).Find("AWS::CloudWatch::Alarm") {
		assert.Len(t, alarm.Properties["AlarmActions"], 1, id)
		assert.NotEmpty(t, alarm.Properties["AlarmDescription"], id)
		assert.Equal(t, alarm.Properties["TreatMissingData"] == "breaching", alarm.Properties["OKActions"] != nil,
			"%s: nobody is told that all is well when a metric falls silent", id)
	}
}
