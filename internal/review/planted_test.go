package review

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// project is a repository of its own with the files of the work tree, so that what is being written is what is tested.
type project struct {
	t    *testing.T
	root string
}

func newProject(t *testing.T) project {
	t.Helper()
	_, err := cdkLibrary()
	require.NoError(t, err, "this test needs the project's tools: run it through `make test-go`")
	p := project{t, filepath.Join(t.TempDir(), "project")}
	require.NoError(t, os.Mkdir(p.root, 0o755))
	listed, err := exec.Command("git", "-C", "../..", "ls-files", "-z").Output()
	require.NoError(t, err)
	for _, name := range strings.Split(strings.Trim(string(listed), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		require.NoError(t, err)
		p.write(name, string(text))
		info, err := os.Stat(filepath.Join("../..", name))
		require.NoError(t, err)
		require.NoError(t, os.Chmod(filepath.Join(p.root, name), info.Mode()))
	}
	p.fewerEnvironments()
	// three commits are synthesized side by side as it is: each with one kernel for both environments, not with one for each
	t.Setenv("GOMAXPROCS", "1")
	p.git("init", "--quiet", "--initial-branch", "main")
	p.git("config", "user.name", "test")
	p.git("config", "user.email", "test@example.com")
	return p
}

// fewerEnvironments leaves one whose data goes with its stacks, and one whose data stays: each costs every synth seconds.
func (p project) fewerEnvironments() {
	const file = "config/environments.go"
	parts := strings.Split(p.read(file), "\t\tdefine(")
	p.write(file, strings.Join(slices.DeleteFunc(parts, func(part string) bool {
		return strings.Contains(part, `"local"`) || strings.Contains(part, `"staging"`)
	}), "\t\tdefine("))
}

func (p project) git(arguments ...string) string {
	p.t.Helper()
	output, err := exec.Command("git", append([]string{"-C", p.root}, arguments...)...).CombinedOutput()
	require.NoError(p.t, err, "%s", output)
	return strings.TrimSpace(string(output))
}

func (p project) commit(message string) string {
	p.t.Helper()
	p.git("add", "--all")
	p.git("commit", "--quiet", "--message", message)
	return p.git("rev-parse", "HEAD")
}

func (p project) write(name, text string) {
	p.t.Helper()
	file := filepath.Join(p.root, name)
	require.NoError(p.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(p.t, os.WriteFile(file, []byte(text), 0o644))
}

func (p project) read(name string) string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.root, name))
	require.NoError(p.t, err)
	return string(text)
}

// plant puts a text in place of another, which must be there.
func (p project) plant(name, old, planted string) {
	p.t.Helper()
	text := p.read(name)
	require.Contains(p.t, text, old, name)
	p.write(name, strings.Replace(text, old, planted, 1))
}

// dataset made from the one that the tests of synth add, under other names.
func (p project) dataset(name, table string) {
	p.t.Helper()
	rename := strings.NewReplacer("web_returns", name, "/returns", "/"+table, "analytics.returns", "analytics."+table, "table: returns", "table: "+table)
	source := os.DirFS("../../testdata/second_dataset")
	copied := filepath.Join(p.t.TempDir(), "copy")
	require.NoError(p.t, os.CopyFS(copied, source))
	require.NoError(p.t, filepath.WalkDir(copied, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		below, _ := filepath.Rel(copied, file)
		target := strings.Replace(filepath.Join("sql", name, strings.TrimPrefix(below, "sql/")), "_returns.sql", "_"+table+".sql", 1)
		if filepath.Ext(file) == ".yaml" {
			target = "datasets/" + name + ".yaml"
		}
		p.write(target, rename.Replace(string(text)))
		return err
	}))
}

func (p project) comments() {
	p.plant("datasets/sales.yaml", "columns:", "# what a shop writes\ncolumns:")
	for _, script := range []string{"assets/glue/transform.py", "assets/glue/lakeshift_jobs/sql.py", "assets/schema_step/sql.py"} {
		p.plant(script, "\nimport ", "\n# imports\nimport ")
	}
	for _, sql := range []string{
		"sql/sales/publish/10_fact_orders.sql", "sql/sales/transform/10_latest_orders.sql", "sql/sales/schema/10_fact_orders.sql",
		"sql/sales/athena/queries/20_sales_by_region.sql", "sql/warehouse/04_load_ledger.sql", "sql/sales/athena/views/data_validation.sql",
	} {
		p.write(sql, "-- a word of explanation\n"+p.read(sql)+"\n/* the end */\n")
	}
	p.plant("stacks/access.go", "\nfunc newAccess", "\n// newAccess makes the roles.\nfunc newAccess")
}

// The ten changes that a report must tell, all on one branch; and the one that it must not tell, on a branch of its own.
func TestTenPlantedChanges(t *testing.T) {
	began := time.Now()
	p := newProject(t)
	p.dataset("web_returns", "returns")
	p.plant("datasets/web_returns.yaml", "  - {name: refund,", "  - {name: note, type: varchar(20), description: what the customer said}\n  - {name: refund,")
	base := p.commit("base")

	p.comments()
	commented := p.commit("comments only")

	p.plant("constructs/lake.go", `allowUnder(role, l.Processed, "curated/", "s3:PutObject"`, `allowUnder(role, l.Processed, "", "s3:PutObject"`)
	p.plant("config/names.go", `n.bucket("artifacts")`, `n.bucket("summaries")`)
	p.plant("datasets/web_returns.yaml", "  - {name: note, type: varchar(20), description: what the customer said}\n", "")
	p.plant("datasets/web_returns.yaml", "business_key: [return_id]", "business_key: [return_id, shop]")
	p.dataset("web_visits", "visits")
	p.plant("datasets/sales.yaml", "schedule: cron(0 6 * * ? *)", "schedule: cron(0 7 * * ? *)")
	p.plant("sql/sales/check/10_order_ids_are_unique.sql", "count(*) > 1", "count(*) >= 2")
	p.plant("assets/glue/check.py", "\ndef main(", "\nLIMIT = 5\n\n\ndef main(")
	p.plant("stacks/environment.go", "{newQuery(e, storage), newMonitoring(e)}", "{newQuery(e, storage)}")
	planted := p.commit("ten changes")

	sides := synthesized(t, p, base, commented, planted)
	ctx := context.Background()

	t.Run("a comment is not told", func(t *testing.T) {
		c, err := Compare(ctx, sides[0], sides[1])
		require.NoError(t, err)
		assert.Empty(t, c.Findings)
		assert.Empty(t, c.Edits)
		text, err := Report{Against: "main"}.Markdown(ctx, c, c.Environments, Limit)
		require.NoError(t, err)
		assert.Equal(t, "## What this change deploys\n\nNothing: no resource, no permission, no SQL and no script differs from `main`.\n\n", text)
	})

	c, err := Compare(ctx, sides[0], sides[2])
	require.NoError(t, err)
	require.Equal(t, []string{"dev", "prod"}, c.Environments)
	text, err := Report{Against: "main"}.Markdown(ctx, c, c.Environments, Limit)
	require.NoError(t, err)
	t.Logf("%s", text)
	_, caution, _ := strings.Cut(text, "> [!CAUTION]\n")
	caution, _, _ = strings.Cut(caution, "\n\n")
	_, changes, _ := strings.Cut(text, "### SQL, scripts and contracts\n")
	changes, _, _ = strings.Cut(changes, "<code>cdk diff</code>")
	accessible, _, _ := strings.Cut(text, "> [!CAUTION]")

	for name, sentences := range map[string]struct {
		in    string
		lines []string
	}{
		"widened IAM statement": {accessible, []string{
			"`elt-<env>-warehouse-publish` may now `s3:AbortMultipartUpload`, `s3:GetObject`, `s3:PutObject` on `elt-<env>-processed-<account>-<region>/*`; **wider** than before: " +
				"`s3:AbortMultipartUpload`, `s3:GetObject`, `s3:PutObject` on `elt-<env>-processed-<account>-<region>/curated/*`",
		}},
		"renamed bucket": {caution, []string{
			"**dev**: S3 bucket `elt-<env>-artifacts-<account>-<region>` is **replaced** (BucketName changes): the old one is deleted, with objects",
			"**prod**: S3 bucket `elt-<env>-artifacts-<account>-<region>` is **replaced** (BucketName changes) by a new, empty one: the old one is orphaned",
		}},
		"dropped column": {caution, []string{"dataset `web_returns`: column `note` is **dropped**"}},
		"changed key":    {caution, []string{"dataset `web_returns`: the **business key changes** from `return_id` to `return_id, shop`"}},
		"new dataset": {text, []string{
			"- `web_visits` is **new**: jsonl, 3 columns, key `return_id`, published as `visits`\n", "- ➕ stack `DatasetWebVisits` is **new**: ",
		}},
		"schedule": {text, []string{
			"- `sales`: schedule `cron(0 6 * * ? *)` → `cron(0 7 * * ? *)`\n",
			"- **prod**: ✏️ Glue trigger `elt-<env>-sales-schedule`: Schedule `cron(0 6 * * ? *)` → `cron(0 7 * * ? *)`\n",
		}},
		"SQL only":      {changes, []string{"<code>sql/sales/check/10_order_ids_are_unique.sql</code> +1 −1", "-having count(*) > 1;\n+having count(*) >= 2;\n"}},
		"script only":   {changes, []string{"<code>assets/glue/check.py</code> +3 −0", "+LIMIT = 5\n"}},
		"deleted stack": {caution, []string{"**dev**: stack `Monitoring` **leaves the app**", "**prod**: stack `Monitoring` **leaves the app**", "**orphaned**, not deleted: KMS key `Monitoring/Alarms/Key`"}},
	} {
		for _, sentence := range sentences.lines {
			assert.Contains(t, sentences.in, sentence, name)
		}
	}
	assert.True(t, c.Dangerous([]string{"prod"}))

	t.Run("and nothing else", func(t *testing.T) {
		var files []string
		for _, edit := range c.Edits {
			files = append(files, edit.Path)
		}
		assert.Equal(t, []string{
			"assets/glue/check.py", "datasets/sales.yaml", "datasets/web_returns.yaml", "sql/sales/check/10_order_ids_are_unique.sql",
		}, files)
		assert.Equal(t, 6, strings.Count(caution, "> - "), caution)
		assert.Less(t, len(text), Limit)
		assert.NotRegexp(t, `[0-9a-f]{32}`, text, "a hash tells nobody anything")
		for _, finding := range c.Findings {
			assert.NotContains(t, finding.text, "explanation")
			assert.Less(t, len(finding.text), 700, finding.text)
		}
	})
	t.Logf("took %s", time.Since(began))
}

func synthesized(t *testing.T, p project, commits ...string) []*Assembly {
	t.Helper()
	sides := make([]*Assembly, len(commits))
	group, ctx := errgroup.WithContext(t.Context())
	for i, commit := range commits {
		folder := t.TempDir()
		group.Go(func() error {
			side, free, err := Repository{p.root}.Synthesize(ctx, commit, folder)
			if err == nil {
				t.Cleanup(free)
			}
			sides[i] = side
			return err
		})
	}
	require.NoError(t, group.Wait())
	return sides
}
