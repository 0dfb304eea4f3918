package constructs

import "github.com/aws/aws-cdk-go/awscdk/v2"

// removal of what holds data: kept when its stack is deleted, unless data is to go with it. What a deployment made and then
// took back itself is empty and goes in any case: left behind, its name would be taken for the next try.
func removal(destroyData bool) awscdk.RemovalPolicy {
	if destroyData {
		return awscdk.RemovalPolicy_DESTROY
	}
	return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
}
