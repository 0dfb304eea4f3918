package constructs

import (
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
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

// Uploads of an environment go to the bucket of its bootstrap, whose name is asked for once: a dataset's stack uploads two
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

// StepCode is where the code of all pipelines lies: the scripts and the library of the jobs.
type StepCode struct{ load, transform, check, library *string }

// NewStepCode uploads load.py, transform.py and check.py of a folder, and the library, with a stack that every pipeline's
// stack depends on. `cdk deploy --exclusively` of a pipeline's stack leaves out what it depends on, and so does not upload them.
func NewStepCode(stack awscdk.Stack, uploads *Uploads, scripts, library string) StepCode {
	synthesizer := stack.Synthesizer()
	upload := func(id, path string, folder bool) *string {
		return jsii.String(uploads.Upload(synthesizer, Stage(stack, id, path, folder)))
	}
	script := func(id, name string) *string { return upload(id, filepath.Join(scripts, name), false) }
	return StepCode{
		load: script("LoadScript", "load.py"), transform: script("TransformScript", "transform.py"), check: script("CheckScript", "check.py"),
		library: upload("Library", library, true),
	}
}

// Stage a file or folder of the project in the cloud assembly.
func Stage(stack awscdk.Stack, id, path string, folder bool) Asset {
	staging := awscdk.NewAssetStaging(stack, jsii.String(id), &awscdk.AssetStagingProps{SourcePath: jsii.String(path)})
	return Asset{Hash: *staging.AssetHash(), FileName: *staging.RelativeStagedPath(stack), DisplayName: filepath.Base(path), Folder: folder}
}
