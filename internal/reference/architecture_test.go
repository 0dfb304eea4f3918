package reference

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A stage of two stacks: a bucket, and a role that reads it.
const (
	manifest = `{"artifacts": {
		"b": {"type": "aws:cloudformation:stack", "displayName": "test/Access (elt-test-access)", "dependencies": ["a", "b.assets"],
			"properties": {"stackName": "elt-test-access", "templateFile": "b.json"}},
		"a": {"type": "aws:cloudformation:stack", "displayName": "test/Storage (elt-test-storage)",
			"properties": {"stackName": "elt-test-storage", "templateFile": "a.json"}}}}`
	storage = `{"Description": "Lakeshift test: the buckets", "Resources": {
		"Raw": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Join": ["", ["elt-test-raw-", {"Ref": "AWS::AccountId"}, "-eu-west-1"]]}}}},
		"Outputs": {"RawArn": {"Value": {"Fn::GetAtt": ["Raw", "Arn"]}, "Export": {"Name": "raw-arn"}}}}`
	access = `{"Description": "Lakeshift test: roles", "Resources": {
		"Load": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "elt-test-load",
			"AssumeRolePolicyDocument": {"Statement": [{"Principal": {"Service": "glue.amazonaws.com"}}]}}},
		"LoadPolicy": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "Load"}], "PolicyDocument": {"Statement": [
			{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket", ACTION], "Resource": {"Fn::Join": ["", [{"Fn::ImportValue": "raw-arn"}, "/*"]]}}]}}}}}`
)

func drawn(t *testing.T, action string) map[string]string {
	folder := t.TempDir()
	for name, text := range map[string]string{"manifest.json": manifest, "a.json": storage, "b.json": strings.Replace(access, "ACTION", `"`+action+`"`, 1)} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	blocks, err := Architecture(folder)
	require.NoError(t, err)
	return blocks
}

func TestRightsAreDrawnAcrossStacks(t *testing.T) {
	blocks := drawn(t, "s3:GetObjectVersion")
	assert.Contains(t, blocks["stacks"], "Storage --> Access")
	assert.Contains(t, blocks["data"], "store_raw --> load\n")
	assert.Equal(t, "| store | `load` |\n| --- | --- |\n| raw | read |\n", blocks["rights"])
	assert.Contains(t, blocks["stack-contents"], "| `elt-test-storage` | S3 Bucket |")
}

func TestARightMoreChangesTheDrawing(t *testing.T) {
	blocks := drawn(t, "s3:DeleteObject")
	assert.Contains(t, blocks["data"], "store_raw --> load\n  load -.->|deletes| store_raw\n")
	assert.Contains(t, blocks["rights"], "| raw | read, delete |")
}
