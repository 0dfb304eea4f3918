package constructs

import (
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/jsii-runtime-go"
)

// Values of the CDK that never change are asked for once: each question is a message to another process and back,
// and with many datasets these were a good part of a synth.

var python = sync.OnceValue(awslambda.Runtime_PYTHON_3_13)

// known tells the CDK an asset's digest, which saves it the reading.
func known(digest string) *awss3assets.AssetOptions {
	if digest == "" {
		return &awss3assets.AssetOptions{}
	}
	return &awss3assets.AssetOptions{AssetHash: jsii.String(digest), AssetHashType: awscdk.AssetHashType_CUSTOM}
}

var durations = map[int]awscdk.Duration{}

func minutes(count int) awscdk.Duration {
	if durations[count] == nil {
		durations[count] = awscdk.Duration_Minutes(jsii.Number(count))
	}
	return durations[count]
}
