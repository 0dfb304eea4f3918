// Package constructs holds the platform's nouns: each file builds one, hides how, and grants what may be done with it.
// It knows nothing of config: stacks turn configuration into props.
package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// LakeProps name the buckets and say how long each zone keeps what it holds.
type LakeProps struct {
	RawBucket, ProcessedBucket, ArtifactsBucket, AthenaResultsBucket, AccessLogsBucket string
	// Days; 0 keeps for ever.
	RawVersionDays, StagingDays, RunSummaryDays, AthenaResultDays, AccessLogDays int
	// RawInfrequentDays moves raw objects to cheaper storage; 0 never does.
	RawInfrequentDays int
	// DestroyData deletes the buckets and what they hold together with the stack. The default retains them.
	DestroyData bool
}

// Lake is the data in S3. The pipeline never changes or deletes what lies in Raw.
type Lake struct {
	Raw, Processed, Artifacts, AthenaResults, AccessLogs awss3.Bucket
	// RawName, ProcessedName and ArtifactsName are the buckets' names, asked for once.
	RawName, ProcessedName, ArtifactsName string
}

// NewLake creates the buckets: encrypted, private, TLS only, every access logged.
func NewLake(scope constructs.Construct, id string, props LakeProps) Lake {
	this := constructs.NewConstruct(scope, jsii.String(id))
	logs := newZone(this, "AccessLogs", zoneProps{name: props.AccessLogsBucket, destroy: props.DestroyData, rules: expire("", props.AccessLogDays)})
	suppress(logs, "AwsSolutions-S1", "This is where access logs go; logging itself would never end.")

	zone := func(id, name string, versioned bool, rules ...*awss3.LifecycleRule) awss3.Bucket {
		return newZone(this, id, zoneProps{name: name, versioned: versioned, destroy: props.DestroyData, logs: logs, rules: rules})
	}
	lake := Lake{
		AccessLogs:    logs,
		Raw:           zone("Raw", props.RawBucket, true, rawRules(props)...),
		Processed:     zone("Processed", props.ProcessedBucket, false, expire("staging/", props.StagingDays)...),
		Artifacts:     zone("Artifacts", props.ArtifactsBucket, false, expire("runs/", props.RunSummaryDays)...),
		AthenaResults: zone("AthenaResults", props.AthenaResultsBucket, false, expire("", props.AthenaResultDays)...),
	}
	lake.RawName, lake.ProcessedName, lake.ArtifactsName = *lake.Raw.BucketName(), *lake.Processed.BucketName(), *lake.Artifacts.BucketName()
	return lake
}

type zoneProps struct {
	name      string
	versioned bool
	destroy   bool
	logs      awss3.Bucket
	rules     []*awss3.LifecycleRule
}

func newZone(scope constructs.Construct, id string, props zoneProps) awss3.Bucket {
	rules := append(props.rules, &awss3.LifecycleRule{
		Id:                                  jsii.String("abandoned-uploads"),
		AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(7)),
	})
	bucket := &awss3.BucketProps{
		BucketName:        jsii.String(props.name),
		Versioned:         jsii.Bool(props.versioned),
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:        jsii.Bool(true),
		MinimumTLSVersion: jsii.Number(1.2),
		LifecycleRules:    &rules,
		RemovalPolicy:     removal(props.destroy),
	}
	if props.destroy {
		bucket.AutoDeleteObjects = jsii.Bool(true)
	}
	if props.logs != nil {
		bucket.ServerAccessLogsBucket = props.logs
		bucket.ServerAccessLogsPrefix = jsii.String(id + "/")
	}
	return awss3.NewBucket(scope, jsii.String(id), bucket)
}

func expire(prefix string, days int) []*awss3.LifecycleRule {
	if days == 0 {
		return nil
	}
	rule := &awss3.LifecycleRule{Id: jsii.String("expire"), Expiration: awscdk.Duration_Days(jsii.Number(days))}
	if prefix != "" {
		rule.Id, rule.Prefix = jsii.String("expire-"+prefix[:len(prefix)-1]), jsii.String(prefix)
	}
	return []*awss3.LifecycleRule{rule}
}

func rawRules(props LakeProps) []*awss3.LifecycleRule {
	var rules []*awss3.LifecycleRule
	if props.RawVersionDays > 0 {
		rules = append(rules, &awss3.LifecycleRule{
			Id:                          jsii.String("replaced-versions"),
			NoncurrentVersionExpiration: awscdk.Duration_Days(jsii.Number(props.RawVersionDays)),
			ExpiredObjectDeleteMarker:   jsii.Bool(true),
		})
	}
	if props.RawInfrequentDays > 0 {
		rules = append(rules, &awss3.LifecycleRule{
			Id: jsii.String("infrequent-access"),
			Transitions: &[]*awss3.Transition{{
				StorageClass:    awss3.StorageClass_INFREQUENT_ACCESS(),
				TransitionAfter: awscdk.Duration_Days(jsii.Number(props.RawInfrequentDays)),
			}},
		})
	}
	return rules
}

// GrantReadRaw lets the role list and read raw objects; versions too, so that what was listed is what is read.
func (l Lake) GrantReadRaw(role awsiam.Role) {
	listBucket(role, l.Raw)
	allow(role, []string{"s3:ListBucketVersions"}, *l.Raw.BucketArn())
	allow(role, []string{"s3:GetObject", "s3:GetObjectVersion"}, objects(l.Raw, ""))
}

// GrantStage lets the role write, read back and tidy up under staging/, and add to rejected/.
func (l Lake) GrantStage(role awsiam.Role) {
	listBucket(role, l.Processed)
	// S3A, which Glue writes by since 5.1, looks for uploads that its committers left unfinished
	allow(role, []string{"s3:ListBucketMultipartUploads"}, *l.Processed.BucketArn())
	allow(role, []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"}, objects(l.Processed, "staging/"),
		// Glue's file system marks a folder by an object beside it
		*l.Processed.ArnForObjects(jsii.String("staging_$folder$")))
	allow(role, []string{"s3:PutObject", "s3:AbortMultipartUpload"}, objects(l.Processed, "rejected/"))
}

// GrantReadStaged lets the role read staging/.
func (l Lake) GrantReadStaged(role awsiam.Role) {
	allowUnder(role, l.Processed, "staging/", "s3:GetObject")
}

// GrantPublish lets the role write under curated/. UNLOAD wants to read there too:
// https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-access-permissions.html
func (l Lake) GrantPublish(role awsiam.Role) {
	allowUnder(role, l.Processed, "curated/", "s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload")
}

// GrantRetire lets the role list curated/ and delete what was replaced there.
func (l Lake) GrantRetire(role awsiam.Role) {
	allowUnder(role, l.Processed, "curated/", "s3:DeleteObject")
}

// GrantReadCurated lets the role read curated/.
func (l Lake) GrantReadCurated(role awsiam.Role) {
	allowUnder(role, l.Processed, "curated/", "s3:GetObject")
}

// GrantReadRejected lets the role read rejected/.
func (l Lake) GrantReadRejected(role awsiam.Role) {
	allowUnder(role, l.Processed, "rejected/", "s3:GetObject")
}

// GrantReport lets the role write run summaries and read the last one.
func (l Lake) GrantReport(role awsiam.Role) {
	allowUnder(role, l.Artifacts, "runs/", "s3:GetObject", "s3:PutObject")
}

// GrantAnswers lets the role have Athena write answers, and read them.
func (l Lake) GrantAnswers(role awsiam.Role) {
	listBucket(role, l.AthenaResults)
	allow(role, []string{"s3:ListBucketMultipartUploads"}, *l.AthenaResults.BucketArn())
	allow(role, []string{"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}, objects(l.AthenaResults, ""))
}

// allowUnder grants actions on the objects under a prefix, and to see which there are.
func allowUnder(role awsiam.Role, bucket awss3.Bucket, prefix string, actions ...string) {
	listBucket(role, bucket)
	allow(role, actions, objects(bucket, prefix))
}

// Without ListBucket a missing object answers 403 instead of 404.
func listBucket(role awsiam.Role, bucket awss3.Bucket) {
	allow(role, []string{"s3:ListBucket", "s3:GetBucketLocation"}, *bucket.BucketArn())
}

func objects(bucket awss3.Bucket, prefix string) string {
	return *bucket.ArnForObjects(jsii.String(prefix + "*"))
}
