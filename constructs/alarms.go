package constructs

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// AlarmsProps say who is told.
type AlarmsProps struct {
	TopicName string
	// Email gets a message with a link to confirm first.
	Email string
	// Prefix of the names of the jobs and crawlers that are watched.
	Prefix string
	// RuleName names the event rules.
	RuleName func(event string) string
	// DestroyData deletes the key of the topic together with the stack. The default retains it.
	DestroyData bool
}

// Alarms tell people what went wrong.
type Alarms struct {
	// TopicARN is where they go.
	TopicARN string
}

// NewAlarms creates the encrypted topic and the rules for runs that fail.
func NewAlarms(scope constructs.Construct, id string, props AlarmsProps) Alarms {
	this := constructs.NewConstruct(scope, jsii.String(id))
	topic := newTopic(this, props)
	topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(props.Email), nil))

	ours := []any{map[string]string{"prefix": props.Prefix + "-"}}
	field := func(name string) string { return *awsevents.EventField_FromPath(jsii.String("$.detail." + name)) }
	newRule(this, "JobFailed", props.RuleName("job-failed"), "A Glue job failed, timed out, was stopped or broke.", topic,
		&awsevents.EventPattern{
			Source: jsii.Strings("aws.glue"), DetailType: jsii.Strings("Glue Job State Change"),
			Detail: &map[string]any{"jobName": ours, "state": []string{"FAILED", "TIMEOUT", "STOPPED", "ERROR"}},
		},
		fmt.Sprintf("Glue job %s ended as %s: %s. Run %s; its log stands under that name in /aws-glue/jobs/output or /aws-glue/python-jobs/output.",
			field("jobName"), field("state"), field("message"), field("jobRunId")))
	newRule(this, "CrawlerFailed", props.RuleName("crawler-failed"), "A Glue crawler failed.", topic,
		&awsevents.EventPattern{
			Source: jsii.Strings("aws.glue"), DetailType: jsii.Strings("Glue Crawler State Change"),
			Detail: &map[string]any{"crawlerName": ours, "state": []string{"Failed"}},
		},
		fmt.Sprintf("Glue crawler %s failed: %s. Nothing was loaded. Its log stands in /aws-glue/crawlers.", field("crawlerName"), field("errorMessage")))
	return Alarms{TopicARN: *topic.TopicArn()}
}

// newTopic is encrypted with a key of its own: the key that AWS manages for SNS lets neither alarms nor rules use it.
func newTopic(scope constructs.Construct, props AlarmsProps) awssns.Topic {
	policy := removal(props.DestroyData)
	key := awskms.NewKey(scope, jsii.String("Key"), &awskms.KeyProps{
		Description: jsii.String("Encrypts " + props.TopicName), EnableKeyRotation: jsii.Bool(true), RemovalPolicy: policy,
	})
	useKey := func(service string, conditions *map[string]any) awsiam.PolicyStatement {
		return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String(service), nil)},
			Actions:    jsii.Strings("kms:Decrypt", "kms:GenerateDataKey*"),
			Resources:  jsii.Strings("*"),
			Conditions: conditions,
		})
	}
	account := &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Stack_Of(scope).Account()}}
	key.AddToResourcePolicy(useKey("cloudwatch.amazonaws.com", account), nil)
	// EventBridge names no source when it uses a key: a condition would silence it
	key.AddToResourcePolicy(useKey("events.amazonaws.com", nil), nil)

	topic := awssns.NewTopic(scope, jsii.String("Topic"), &awssns.TopicProps{
		TopicName: jsii.String(props.TopicName), MasterKey: key, EnforceSSL: jsii.Bool(true),
	})
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: account,
	}))
	return topic
}

// newRule tells the topic a message of one line: it arrives as it stands in JSON, in quotes, where \n is no new line.
func newRule(scope constructs.Construct, id, name, description string, topic awssns.Topic, pattern *awsevents.EventPattern, message string) {
	awsevents.NewRule(scope, jsii.String(id), &awsevents.RuleProps{
		RuleName: jsii.String(name), Description: jsii.String(description), EventPattern: pattern,
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewSnsTopic(topic, &awseventstargets.SnsTopicProps{
			Message: awsevents.RuleTargetInput_FromText(jsii.String(message)),
		})},
	})
}

// DatasetAlarmsProps describe what is normal for a dataset.
type DatasetAlarmsProps struct {
	// TopicARN of the topic that tells people.
	TopicARN string
	// Namespace and Dimensions of the metrics that the check job publishes.
	Namespace  string
	Dimensions map[string]string
	// AlarmName names the alarm of a fact.
	AlarmName func(fact string) string
	// Freshness is how old the last complete run may be: 1 to 168 hours, as an alarm looks back 7 days at most.
	Freshness time.Duration
	// MaxRejected rows of one run tell nobody; the zero value tells of any row.
	MaxRejected int64
	// LoadJob is the name of the Spark job.
	LoadJob string
	// Quiet keeps the freshness alarm from telling anybody, where runs start on demand only.
	Quiet   bool
	Dataset string
	Tags    map[string]string
}

// NewDatasetAlarms watch a dataset: is it fresh, does every check hold, did its rows fit, did Spark struggle? They stand in the dataset's own
// stack, as CloudFormation takes 500 resources a stack, and made by the plainest constructs, as there are many.
func NewDatasetAlarms(scope constructs.Construct, props DatasetAlarmsProps) {
	hours := jsii.Number(props.Freshness.Hours())
	newAlarm(scope, "Stale", props, awscloudwatch.CfnAlarmProps{
		ActionsEnabled: jsii.Bool(!props.Quiet),
		AlarmName:      jsii.String(props.AlarmName("stale")),
		AlarmDescription: jsii.String(fmt.Sprintf(
			"No complete run of %s within %.0f hours. `lakeshift status %s` shows which step is behind.", props.Dataset, *hours, props.Dataset)),
		Namespace: jsii.String(props.Namespace), MetricName: jsii.String("Heartbeat"), Dimensions: dimensions(props.Dimensions),
		Period: jsii.Number(time.Hour.Seconds()), EvaluationPeriods: hours, DatapointsToAlarm: hours,
		Threshold: jsii.Number(1), ComparisonOperator: jsii.String("LessThanThreshold"),
		// a pipeline that never ran has no heartbeat either
		TreatMissingData: jsii.String("breaching"),
	})
	const period = 5 * time.Minute
	newAlarm(scope, "CheckFailed", props, awscloudwatch.CfnAlarmProps{
		AlarmName: jsii.String(props.AlarmName("check-failed")),
		AlarmDescription: jsii.String(fmt.Sprintf(
			"Tables of %s don't hold what they should. runs/%s/latest.json in the artifacts bucket says what.", props.Dataset, props.Dataset)),
		Namespace: jsii.String(props.Namespace), MetricName: jsii.String("CheckFailures"), Dimensions: dimensions(props.Dimensions),
		Period: jsii.Number(period.Seconds()), EvaluationPeriods: jsii.Number(1),
		Threshold: jsii.Number(0), ComparisonOperator: jsii.String("GreaterThanThreshold"),
		TreatMissingData: jsii.String("notBreaching"),
	})
	newAlarm(scope, "RowsRejected", props, awscloudwatch.CfnAlarmProps{
		AlarmName: jsii.String(props.AlarmName("rows-rejected")),
		AlarmDescription: jsii.String(fmt.Sprintf(
			"A run of %s rejected more rows than the %d that max_rejected_rows lets pass. `lakeshift status %s` says more, table %s_rejected why.",
			props.Dataset, props.MaxRejected, props.Dataset, props.Dataset)),
		Namespace: jsii.String(props.Namespace), MetricName: jsii.String("RowsRejected"), Dimensions: dimensions(props.Dimensions),
		Period: jsii.Number(period.Seconds()), EvaluationPeriods: jsii.Number(1),
		Threshold: jsii.Number(float64(props.MaxRejected)), ComparisonOperator: jsii.String("GreaterThanThreshold"),
		// between two runs there is nothing to say, and a later run that rejects rows is news again
		TreatMissingData: jsii.String("notBreaching"),
	})
	newAlarm(scope, "TasksFailed", props, awscloudwatch.CfnAlarmProps{
		AlarmName:        jsii.String(props.AlarmName("tasks-failed")),
		AlarmDescription: jsii.String(fmt.Sprintf("Spark tasks of %s failed, even if a second try succeeded: workers may be too small.", props.LoadJob)),
		Namespace:        jsii.String("Glue"), MetricName: jsii.String("glue.driver.aggregate.numFailedTasks"),
		// Glue publishes under these three together; fewer never match
		Dimensions: dimensions(map[string]string{"JobName": props.LoadJob, "JobRunId": "ALL", "Type": "count"}),
		Period:     jsii.Number(period.Seconds()), EvaluationPeriods: jsii.Number(1),
		Threshold: jsii.Number(0), ComparisonOperator: jsii.String("GreaterThanThreshold"),
		// a script that dies early publishes nothing: the rule for failed jobs tells of that
		TreatMissingData: jsii.String("notBreaching"),
	})
}

func newAlarm(scope constructs.Construct, id string, props DatasetAlarmsProps, alarm awscloudwatch.CfnAlarmProps) {
	var tags []*awscdk.CfnTag
	if alarm.ActionsEnabled == nil {
		alarm.ActionsEnabled = jsii.Bool(true)
	}
	alarm.Statistic = jsii.String("Sum")
	for _, key := range slices.Sorted(maps.Keys(props.Tags)) {
		tags = append(tags, &awscdk.CfnTag{Key: jsii.String(key), Value: jsii.String(props.Tags[key])})
	}
	alarm.Tags = &tags
	alarm.AlarmActions = &[]any{props.TopicARN}
	if *alarm.TreatMissingData == "breaching" {
		// the others are quiet again once their metric is: that says nothing of what they rang for
		alarm.OkActions = &[]any{props.TopicARN}
	}
	awscloudwatch.NewCfnAlarm(scope, jsii.String(id), &alarm)
}

func dimensions(values map[string]string) *[]any {
	list := make([]any, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, &awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String(name), Value: jsii.String(values[name])})
	}
	return &list
}
