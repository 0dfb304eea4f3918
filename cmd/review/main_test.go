package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repository whose app only copies an assembly that is committed with it, so that what is tested is this command.
type repository struct{ t *testing.T }

func newRepository(t *testing.T) repository {
	t.Helper()
	if _, err := exec.LookPath("cdk"); err != nil {
		t.Fatal("this test needs the project's tools: run it through `make test-go`")
	}
	t.Chdir(t.TempDir())
	t.Setenv("TMPDIR", t.TempDir())
	r := repository{t}
	r.git("init", "--quiet", "--initial-branch", "main")
	r.git("config", "user.name", "test")
	r.git("config", "user.email", "test@example.com")
	r.write("cdk.json", `{"app": "cp -r made \"$CDK_OUTDIR\""}`)
	r.write(".gitignore", "build/\n")
	return r
}

func (r repository) git(arguments ...string) string {
	r.t.Helper()
	output, err := exec.Command("git", arguments...).CombinedOutput()
	require.NoError(r.t, err, "%s", output)
	return strings.TrimSpace(string(output))
}

func (r repository) write(name, text string) {
	r.t.Helper()
	require.NoError(r.t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(r.t, os.WriteFile(name, []byte(text), 0o644))
}

func (r repository) commit(message string) {
	r.git("add", "--all")
	r.git("commit", "--quiet", "--message", message)
}

// bucket in each of two environments, dev's deleted and prod's kept with its stack.
func (r repository) bucket(name string) {
	r.t.Helper()
	r.write("made/manifest.json", `{"version": "48.0.0", "artifacts": {
		"assembly-prod": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-prod", "displayName": "prod"}},
		"assembly-dev": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-dev", "displayName": "dev"}}}}`)
	for env, policy := range map[string]string{"dev": "Delete", "prod": "Retain"} {
		r.write("made/assembly-"+env+"/manifest.json", strings.ReplaceAll(`{"version": "48.0.0", "artifacts": {"ENVHouse": {
			"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/eu-west-1", "displayName": "ENV/House",
			"properties": {"templateFile": "House.template.json", "stackName": "elt-ENV-house"}}}}`, "ENV", env))
		r.write("made/assembly-"+env+"/House.template.json", strings.NewReplacer("NAME", name, "ENV", env, "POLICY", policy).Replace(`{"Resources": {"Raw": {
			"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "elt-ENV-NAME"}, "DeletionPolicy": "POLICY", "UpdateReplacePolicy": "POLICY"}}}`))
	}
}

func (r repository) run(s settings) (int, error) {
	if s.out == "" {
		s.out = "build/diff"
	}
	if s.head == "" {
		s.head = "HEAD"
	}
	return s.run(r.t.Context())
}

func (r repository) report(name string) string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join("build/diff", name))
	require.NoError(r.t, err)
	return string(text)
}

func TestADangerousBranch(t *testing.T) {
	r := newRepository(t)
	r.bucket("raw")
	r.commit("first")
	r.git("switch", "--quiet", "--create", "topic")
	r.bucket("landing")
	r.commit("renamed")
	// what happens on main meanwhile is not the branch's doing
	r.git("switch", "--quiet", "main")
	r.bucket("elsewhere")
	r.commit("renamed on main")
	r.git("switch", "--quiet", "topic")

	code, err := r.run(settings{base: "main"})
	assert.Equal(t, dangerous, code)
	require.ErrorContains(t, err, "repeat with ALLOW_DESTRUCTIVE=1")
	comment := r.report("comment.md")
	assert.Contains(t, comment, "> - **dev**: S3 bucket `elt-<env>-raw` is **replaced** (BucketName changes): the old one is deleted, with objects\n"+
		"> - **prod**: S3 bucket `elt-<env>-raw` is **replaced** (BucketName changes) by a new, empty one: the old one is orphaned")
	assert.Contains(t, comment, "| prod, dev | 0 | 0 | 1 | 0 |")
	assert.NotContains(t, comment, "elsewhere")
	assert.NotContains(t, comment, "uncommitted")
	assert.NotContains(t, r.report("dev.md"), "orphaned")
	assert.Contains(t, r.report("prod.md"), "> - S3 bucket `elt-<env>-raw`")
	var machine struct {
		Dangerous bool
		Findings  []struct{ Section string }
	}
	require.NoError(t, json.Unmarshal([]byte(r.report("diff.json")), &machine))
	assert.True(t, machine.Dangerous)
	assert.Equal(t, "danger", machine.Findings[0].Section)

	// nothing of the comparison stays behind
	assert.Equal(t, 1, strings.Count(r.git("worktree", "list"), "\n")+1)
	left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*"))
	require.NoError(t, err)
	assert.Empty(t, left)

	r.write("notes.txt", "not committed")
	code, err = r.run(settings{base: "main", environment: "prod", allowed: true})
	require.NoError(t, err)
	assert.Equal(t, fine, code)
	comment = r.report("comment.md")
	assert.Contains(t, comment, "Allowed by `ALLOW_DESTRUCTIVE=1`")
	assert.Contains(t, comment, "There were uncommitted changes")
	assert.NotContains(t, comment, "is deleted")
	assert.NoFileExists(t, "build/diff/dev.md", "reports of an earlier run are gone")
}

func TestFaultsSayWhatToDo(t *testing.T) {
	r := newRepository(t)
	r.bucket("raw")
	r.commit("first")
	for _, test := range []struct {
		settings settings
		want     string
	}{
		{settings{}, "-base is missing"},
		{settings{base: "origin/nowhere"}, `"origin/nowhere" is no commit of this repository: expected a branch, tag or commit; ` + "`git fetch origin` brings"},
		{settings{base: "--all"}, `"--all" is no commit`},
		{settings{base: "main", environment: "production"}, `environment "production" is unknown: use prod, dev`},
	} {
		code, err := r.run(test.settings)
		assert.Equal(t, failed, code)
		require.ErrorContains(t, err, test.want)
	}

	code, err := r.run(settings{base: "main"})
	require.NoError(t, err)
	assert.Equal(t, fine, code)
	assert.Contains(t, r.report("comment.md"), "Nothing: no resource")

	r.write("cdk.json", `{"app": "echo the fault >&2; exit 3"}`)
	r.commit("broken")
	code, err = r.run(settings{base: "HEAD~1"})
	assert.Equal(t, failed, code)
	require.ErrorContains(t, err, "head: echo the fault >&2; exit 3 failed")
	require.ErrorContains(t, err, "the fault")
	assert.NoDirExists(t, "build/diff", "reports of the run before would be taken for this one's")
	assert.Equal(t, 1, strings.Count(r.git("worktree", "list"), "\n")+1, "work trees go when a synth fails, too")
}

func TestABranchWhoseBeginningIsUnknownIsNotCompared(t *testing.T) {
	r := newRepository(t)
	r.bucket("raw")
	r.commit("first")
	r.git("switch", "--quiet", "--create", "topic")
	r.write("notes.txt", "a branch")
	r.commit("on the branch")
	r.git("switch", "--quiet", "main")
	r.bucket("landing")
	r.commit("on main")
	r.git("switch", "--quiet", "--orphan", "elsewhere")
	r.write("notes.txt", "another project")
	r.commit("of another beginning")
	code, err := r.run(settings{base: "main"})
	assert.Equal(t, failed, code)
	require.ErrorContains(t, err, "main and HEAD: the two have no commit in common")

	r.git("switch", "--quiet", "topic")
	here, err := os.Getwd()
	require.NoError(t, err)
	r.git("clone", "--quiet", "--depth", "1", "--no-single-branch", "file://"+here, "shallow")
	t.Chdir("shallow")
	code, err = r.run(settings{base: "origin/main"})
	assert.Equal(t, failed, code, "what main changed would be told as undone")
	require.ErrorContains(t, err, "origin/main and HEAD: this clone is shallow")
	require.ErrorContains(t, err, "`git fetch --unshallow` brings it; a workflow's checkout needs `fetch-depth: 0`")
}
