package constructs

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

func statement(actions []string, resources ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings(actions...), Resources: jsii.Strings(resources...)})
}

func allow(role awsiam.Role, actions []string, resources ...string) {
	role.AddToPolicy(statement(actions, resources...))
}

// arn of something in the scope's account and region.
func arn(scope constructs.Construct, service, resource string) string {
	return *awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String(service), Resource: jsii.String(resource), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
	})
}

// suppress a cdk-nag finding on one construct and what it holds by now. The reason is for the reader of a review.
// appliesTo narrows it to some of the rule's findings: their text, or /a pattern/.
func suppress(scope constructs.IConstruct, rule, reason string, appliesTo ...string) {
	cdknag.NagSuppressions_AddResourceSuppressions(scope, &[]*cdknag.NagPackSuppression{suppression(rule, reason, appliesTo...)}, jsii.Bool(true))
}

func suppression(rule, reason string, appliesTo ...string) *cdknag.NagPackSuppression {
	suppression := &cdknag.NagPackSuppression{Id: jsii.String(rule), Reason: jsii.String(reason)}
	if len(appliesTo) > 0 {
		evidence := make([]any, len(appliesTo))
		for i, finding := range appliesTo {
			if strings.HasPrefix(finding, "/") {
				evidence[i] = &cdknag.RegexAppliesTo{Regex: jsii.String(finding)}
			} else {
				evidence[i] = finding
			}
		}
		suppression.AppliesTo = &evidence
	}
	return suppression
}
