package constructs_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/stretchr/testify/assert"

	"lakeshift/constructs"
	"lakeshift/internal/cdktest"
)

func lakeProps() constructs.LakeProps {
	return constructs.LakeProps{
		RawBucket: "t-raw", ProcessedBucket: "t-processed", ArtifactsBucket: "t-artifacts", AthenaResultsBucket: "t-results", AccessLogsBucket: "t-logs",
		RawVersionDays: 30, RawInfrequentDays: 90, StagingDays: 3, RunSummaryDays: 100, AthenaResultDays: 7, AccessLogDays: 90,
	}
}

func synthLake(t *testing.T, props constructs.LakeProps) cdktest.Template {
	return cdktest.Synth(t, func(stack awscdk.Stack) { constructs.NewLake(stack, "Lake", props) })
}

func TestEveryBucketIsPrivateEncryptedAndLogged(t *testing.T) {
	template := synthLake(t, lakeProps())
	buckets := template.Find("AWS::S3::Bucket")
	assert.Len(t, buckets, 5)
	for id, bucket := range buckets {
		assert.Equal(t, "AES256", cdktest.Get(bucket.Properties, "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm"), id)
		for _, block := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			assert.Equal(t, true, cdktest.Get(bucket.Properties, "PublicAccessBlockConfiguration."+block), id)
		}
		logged := cdktest.Get(bucket.Properties, "LoggingConfiguration.DestinationBucketName") != nil
		assert.Equal(t, cdktest.Text(bucket.Properties["BucketName"]) != "t-logs", logged, id)
	}
	refused := 0
	for _, policy := range template.Find("AWS::S3::BucketPolicy") {
		text := cdktest.Text(policy.Properties["PolicyDocument"])
		assert.Contains(t, text, `"aws:SecureTransport":"false"`)
		assert.Contains(t, text, `"s3:TlsVersion":1.2`)
		refused++
	}
	assert.Equal(t, 5, refused)
}

func TestAccessLogsAreDeliveredByPolicyAndNotByACL(t *testing.T) {
	template := synthLake(t, lakeProps())
	var deliveries []string
	for _, policy := range template.Find("AWS::S3::BucketPolicy") {
		statements, _ := cdktest.Get(policy.Properties, "PolicyDocument.Statement").([]any)
		for _, statement := range statements {
			if cdktest.Text(cdktest.Get(statement, "Principal.Service")) == "logging.s3.amazonaws.com" {
				deliveries = append(deliveries, cdktest.Text(cdktest.Get(statement, "Action")))
			}
		}
	}
	assert.Equal(t, []string{"s3:PutObject", "s3:PutObject", "s3:PutObject", "s3:PutObject"}, deliveries)
	for id, bucket := range template.Find("AWS::S3::Bucket") {
		assert.Nil(t, bucket.Properties["AccessControl"], id)
	}
}

func TestOnlyRawKeepsVersions(t *testing.T) {
	template := synthLake(t, lakeProps())
	for _, bucket := range template.Find("AWS::S3::Bucket") {
		raw := cdktest.Text(bucket.Properties["BucketName"]) == "t-raw"
		assert.Equal(t, raw, cdktest.Get(bucket.Properties, "VersioningConfiguration.Status") == "Enabled")
	}
}

func TestEachZoneHasItsOwnLifecycle(t *testing.T) {
	template := synthLake(t, lakeProps())
	rules := func(bucket string) map[string]any {
		found := map[string]any{}
		list, _ := cdktest.Get(template.Named(t, "AWS::S3::Bucket", "BucketName", bucket).Properties, "LifecycleConfiguration.Rules").([]any)
		for _, rule := range list {
			found[cdktest.Text(cdktest.Get(rule, "Id"))] = rule
		}
		return found
	}
	assert.EqualValues(t, 30, cdktest.Get(rules("t-raw")["replaced-versions"], "NoncurrentVersionExpiration.NoncurrentDays"))
	assert.EqualValues(t, 90, cdktest.Get(rules("t-raw")["infrequent-access"], "Transitions.0.TransitionInDays"))
	assert.NotContains(t, rules("t-raw"), "expire", "raw data never expires")
	assert.EqualValues(t, 3, cdktest.Get(rules("t-processed")["expire-staging"], "ExpirationInDays"))
	assert.Equal(t, "staging/", cdktest.Get(rules("t-processed")["expire-staging"], "Prefix"))
	assert.Len(t, rules("t-processed"), 2, "curated data never expires, and rejected rows last as long as the raw rows they account for")
	assert.EqualValues(t, 7, cdktest.Get(rules("t-results")["expire"], "ExpirationInDays"))
	for _, bucket := range []string{"t-raw", "t-processed", "t-artifacts", "t-results", "t-logs"} {
		assert.Contains(t, rules(bucket), "abandoned-uploads")
	}
}

func TestDataOutlivesItsStackUnlessToldOtherwise(t *testing.T) {
	for _, bucket := range synthLake(t, lakeProps()).Find("AWS::S3::Bucket") {
		assert.Equal(t, "RetainExceptOnCreate", bucket.DeletionPolicy, "a name that a failed deployment leaves taken stops the next one")
		assert.Equal(t, "Retain", bucket.UpdateReplacePolicy)
	}
	props := lakeProps()
	props.DestroyData = true
	template := synthLake(t, props)
	for _, bucket := range template.Find("AWS::S3::Bucket") {
		assert.Equal(t, "Delete", bucket.DeletionPolicy)
	}
	assert.Len(t, template.Find("Custom::S3AutoDeleteObjects"), 5)
}
