package constructs

import (
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/aws/jsii-runtime-go/runtime"
)

// StepCode is what the jobs of all pipelines run: their scripts and their library.
type StepCode struct{ load, transform, check, library *stagedFile }

// known tells the CDK an asset's digest, which saves it the reading.
func known(digest string) *awss3assets.AssetOptions {
	if digest == "" {
		return &awss3assets.AssetOptions{}
	}
	return &awss3assets.AssetOptions{AssetHash: jsii.String(digest), AssetHashType: awscdk.AssetHashType_CUSTOM}
}

// NewStepCode stages load.py, transform.py and check.py of a folder, and the library, once for all stacks of the scope.
// The stack is any of those that will use them.
func NewStepCode(scope constructs.Construct, stack awscdk.Stack, scripts, library string) StepCode {
	script := func(id, name string) *stagedFile {
		return stage(scope, stack, id, filepath.Join(scripts, name), awscdk.FileAssetPackaging_FILE)
	}
	return StepCode{
		load: script("LoadScript", "load.py"), transform: script("TransformScript", "transform.py"), check: script("CheckScript", "check.py"),
		library: stage(scope, stack, "Library", library, awscdk.FileAssetPackaging_ZIP_DIRECTORY),
	}
}

// stagedFile is a file or folder that lies in the cloud assembly.
type stagedFile struct {
	source awscdk.FileAssetSource
	// Where it is uploaded to, the same for all stacks of an environment, once the first of them has asked.
	url, composed *string
}

func stage(scope constructs.Construct, stack awscdk.Stack, id, path string, packaging awscdk.FileAssetPackaging) *stagedFile {
	staging := awscdk.NewAssetStaging(scope, jsii.String(id), &awscdk.AssetStagingProps{SourcePath: jsii.String(path)})
	return &stagedFile{source: awscdk.FileAssetSource{
		SourceHash: staging.AssetHash(), FileName: staging.RelativeStagedPath(stack), Packaging: packaging, DisplayName: jsii.String(filepath.Base(path)),
	}}
}

// upload the file with the stack whose synthesizer it is.
func (f *stagedFile) upload(synthesizer awscdk.IStackSynthesizer) {
	if f.url != nil {
		// the answer is known, and its six fields would be six more messages
		runtime.InvokeVoid(synthesizer, "addFileAsset", []any{&f.source})
		return
	}
	location := synthesizer.AddFileAsset(&f.source)
	f.url = location.S3ObjectUrl
	// as the CDK's own Glue jobs compose it
	f.composed = jsii.String("s3://" + *location.BucketName + "/" + *location.ObjectKey)
}
