package constructs

import (
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/aws/jsii-runtime-go/runtime"
)

// Asset is a file of the cloud assembly, which the CDK's command line uploads before it deploys a stack that asked for it.
type Asset struct {
	// Hash of its content, which is its name after the upload.
	Hash string
	// FileName as seen from the stack's manifest.
	FileName string
	// DisplayName is for people.
	DisplayName string
	// Folder is uploaded as an archive.
	Folder bool
}

// Uploads of an environment go to the bucket of its bootstrap, whose name is asked for once: a dataset's stack uploads six
// assets, and each answer of the CDK has six fields.
type Uploads struct{ bucket string }

// Upload the asset with the stack of the synthesizer. The answer is where it will lie, s3://….
func (u *Uploads) Upload(synthesizer awscdk.IStackSynthesizer, asset Asset) string {
	source := &awscdk.FileAssetSource{
		SourceHash: jsii.String(asset.Hash), FileName: jsii.String(asset.FileName), DisplayName: jsii.String(asset.DisplayName),
		Packaging: awscdk.FileAssetPackaging_FILE,
	}
	extension := filepath.Ext(asset.FileName)
	if asset.Folder {
		source.Packaging, extension = awscdk.FileAssetPackaging_ZIP_DIRECTORY, ".zip"
	}
	if u.bucket == "" {
		u.bucket = *synthesizer.AddFileAsset(source).BucketName
	} else {
		runtime.InvokeVoid(synthesizer, "addFileAsset", []any{source})
	}
	return "s3://" + u.bucket + "/" + asset.Hash + extension
}

// StepCode is what the jobs of all pipelines run: their scripts and their library.
type StepCode struct{ load, transform, check, library Asset }

// NewStepCode stages load.py, transform.py and check.py of a folder, and the library, once for all stacks of the scope.
// The stack is any of those that will use them.
func NewStepCode(scope constructs.Construct, stack awscdk.Stack, scripts, library string) StepCode {
	script := func(id, name string) Asset { return Stage(scope, stack, id, filepath.Join(scripts, name), false) }
	return StepCode{
		load: script("LoadScript", "load.py"), transform: script("TransformScript", "transform.py"), check: script("CheckScript", "check.py"),
		library: Stage(scope, stack, "Library", library, true),
	}
}

// Stage a file or folder of the project in the cloud assembly. The stack is any of those that will use it.
func Stage(scope constructs.Construct, stack awscdk.Stack, id, path string, folder bool) Asset {
	staging := awscdk.NewAssetStaging(scope, jsii.String(id), &awscdk.AssetStagingProps{SourcePath: jsii.String(path)})
	return Asset{Hash: *staging.AssetHash(), FileName: *staging.RelativeStagedPath(stack), DisplayName: filepath.Base(path), Folder: folder}
}
