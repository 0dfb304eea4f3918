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

	"lakeshift/internal/growth"
	"lakeshift/internal/kernelenv"
)

// asApp has the test binary be the app: what other processes cost, and give, is seen from outside.
const asApp = "LAKESHIFT_TEST_AS_APP"

// synthOutside runs the app in another process over a project in root, and returns the folder it wrote and what it said.
func synthOutside(t *testing.T, root, environments string, settings ...string) (out, said string) {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	out = t.TempDir()
	command := exec.Command(binary)
	command.Dir = root
	command.Env = append(os.Environ(), asApp+"=1", "CDK_OUTDIR="+out, `CDK_CONTEXT_JSON={"env":"`+environments+`"}`)
	command.Env = append(command.Env, settings...)
	text, err := command.CombinedOutput()
	require.NoError(t, err, "%.2000s", text)
	return out, string(text)
}

func readJSON(path string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, value)
}

func project(t *testing.T, datasets int) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, growth.Project(".", root, datasets))
	require.NoError(t, writeFile(filepath.Join(root, "build", "library", "lakeshift_jobs", "__init__.py"), ""))
	return root
}

func TestEnvironmentsSideBySideGiveWhatTheyGiveTogether(t *testing.T) {
	root := project(t, 1)
	out, _ := synthOutside(t, root, "prod,local")
	together, err := synthProject(root, t.TempDir(), "local", "prod")
	require.NoError(t, err)
	apart := templateFiles(out)
	require.Len(t, apart, len(together))
	for stack, path := range together {
		assert.Equal(t, string(golden(t, path)), string(golden(t, apart[stack])), stack)
	}
	text, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	require.NoError(t, err)
	assert.Regexp(t, `(?s)"version": "\d+.*"assembly-prod": .*"assembly-local": `, string(text), "environments keep the order they were asked for")
	for stack := range apart {
		var assets struct {
			Files map[string]struct{ Source struct{ Path string } }
		}
		require.NoError(t, readJSON(strings.TrimSuffix(apart[stack], ".template.json")+".assets.json", &assets))
		for _, asset := range assets.Files {
			_, err := os.Stat(filepath.Join(filepath.Dir(apart[stack]), asset.Source.Path))
			assert.NoError(t, err, "%s must find its assets", stack)
		}
	}
	leftover, _ := filepath.Glob(filepath.Join(out, ".part-*"))
	assert.Empty(t, leftover)
}

// Times differ from machine to machine; the number of messages between Go and the CDK doesn't, and time follows it.
func TestAFurtherDatasetTakesFewMessages(t *testing.T) {
	messages := func(datasets int) int {
		_, said := synthOutside(t, project(t, datasets), "local", "JSII_DEBUG=1")
		return strings.Count(said, "\n> {")
	}
	one := messages(1)
	require.Greater(t, one, 100, "expected the messages to be shown")
	assert.LessOrEqual(t, (messages(6)-one)/5, 36, "what all datasets share is asked for once: see docs/performance.md")
}

// A kernel waits only a moment for another one that unpacks the CDK; on a new machine several would begin with that.
func TestTheCDKIsUnpackedBeforeKernelsRunBesideEachOther(t *testing.T) {
	root, cache := project(t, 1), t.TempDir()
	out, _ := synthOutside(t, root, "local,dev", kernelenv.CacheRoot+"="+cache)
	assert.FileExists(t, filepath.Join(out, "manifest.json"))
	marks, err := filepath.Glob(filepath.Join(cache, ".unpacked-*"))
	require.NoError(t, err)
	assert.Len(t, marks, 1, "later apps need not wait for one another")
}
