package review

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const contract = `
dataset: sales
source: {format: csv, partition_keys: [year, month, day], window_days: 0}
columns:
  - {name: id, type: integer, required: true, description: number}
  - {name: region, type: varchar(10)}
  - {name: price, type: "decimal(10,2)"}
business_key: [id]
schedule: cron(0 6 * * ? *)
freshness: 26h
published: {table: facts, partitions: [year]}
load: {workers: 2}
`

const facts1 = "create table if not exists analytics.facts (id integer, region varchar(10), year smallint);\n"

func tree1(t *testing.T, contract, schema string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{"datasets/sales.yaml": contract, "sql/sales/schema/10_facts.sql": schema} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o644))
	}
	return root
}

func TestWhatAContractChangeMeans(t *testing.T) {
	for _, test := range []struct {
		old, changed string
		dangerous    bool
		want         string
	}{
		{"  - {name: region, type: varchar(10)}\n", "", true, "dataset `sales`: column `region` is **dropped** from the contract"},
		{"  - {name: region, type: varchar(10)}\n", "  - {name: region, type: varchar(10)}\n  - {name: shop, type: date, required: true}\n", false, "`sales`: column `shop` `date` is **added**, required"},
		{"type: varchar(10)", "type: varchar(20)", false, "`sales`: column `region` widens from `varchar(10)` to `varchar(20)`"},
		{"type: varchar(10)", "type: varchar(5)", false, "`sales`: ⚠️ column `region` becomes `varchar(5)` instead of `varchar(10)`: **a deployment refuses this**"},
		{"type: integer", "type: bigint", false, "`sales`: ⚠️ column `id` becomes `bigint` instead of `integer`: **a deployment refuses this**"},
		{`"decimal(10,2)"`, `"decimal(10, 2)"`, false, ""},
		{"required: true, ", "", false, "`sales`: column `id` may now be empty"},
		{"description: number", "description: the number", false, "`sales`: another description of `id`"},
		{"[id]", "[id, region]", true, "dataset `sales`: the **business key changes** from `id` to `id, region`"},
		{"cron(0 6", "cron(0 7", false, "`sales`: schedule `cron(0 6 * * ? *)` → `cron(0 7 * * ? *)`"},
		{"26h", "48h", false, "`sales`: freshness `26h` → `48h`"},
		{"window_days: 0", "window_days: 7", false, "`sales`: window (days, 0 is all) `0` → `7`"},
		{"format: csv", "format: jsonl", false, "`sales`: source format `csv` → `jsonl`"},
		{"format: csv,", "format: csv, options: {delimiter: ;},", false, "`sales`: csv options `delimiter default"},
		{"workers: 2", "workers: 4", false, "`sales`: load job `2 workers` → `4 workers`"},
		{"partitions: [year]", "partitions: [year, region]", true, "dataset `sales`: the published table is partitioned by `year, region` instead of `year`"},
		{"table: facts", "table: other", true, "dataset `sales`: the fact table is another"},
		{"create table if not exists analytics.facts (id integer, region varchar(10)", "create table if not exists analytics.facts (id integer", true, "dataset `sales`: fact column `region` is **dropped**"},
		{"region varchar(10), year", "region varchar(10), extra date, year", false, "`sales`: fact column `extra` `date` is **added**"},
		{"id integer, region", "id bigint, region", false, "`sales`: ⚠️ fact column `id` becomes `bigint` instead of `integer`: **a deployment refuses this**"},
		{"columns:", "# a comment\ncolumns:", false, ""},
		{"dataset: sales", "dataset: orders", true, "dataset `sales` **leaves the app**"},
	} {
		t.Run(test.want+test.changed, func(t *testing.T) {
			require.Contains(t, contract+facts1, test.old)
			before, err := datasets(tree1(t, contract, facts1))
			require.NoError(t, err)
			after, err := datasets(tree1(t, strings.Replace(contract, test.old, test.changed, 1), strings.Replace(facts1, test.old, test.changed, 1)))
			require.NoError(t, err)
			found := contracts(before, after)
			if test.want == "" {
				assert.Empty(t, found)
				return
			}
			var texts []string
			for _, item := range found {
				if strings.Contains(item.text, test.want) {
					assert.Equal(t, test.dangerous, item.section == dangerSection, item.text)
					texts = append(texts, item.text)
				}
			}
			assert.Len(t, texts, 1, "%v", found)
		})
	}
}

func TestFilesThatMeanTheSame(t *testing.T) {
	for _, test := range []struct {
		name, one, other string
		same             bool
	}{
		{"a.sql", "select 1 -- one\nfrom t", "SELECT 1 FROM t /* all */", true},
		{"a.sql", "select '1 -- one'", "select '1'", false},
		{"a.sql", `select "a b"`, "select a b", false},
		{"a.sql", "select 1;", "select 1; select 2;", false},
		{"a.py", "a = 1\n", "# one\na = (1)\n", true},
		{"a.py", "def f():\n    \"\"\"One.\"\"\"\n    return 1\n", "def f():\n    return 1\n", true},
		{"a.py", "\"\"\"One.\"\"\"\nprint(__doc__)\n", "\"\"\"Two.\"\"\"\nprint(__doc__)\n", false},
		{"a.py", "a = 1\n", "a = 2\n", false},
		{"a.py", "a = '# one'\n", "a = '# two'\n", false},
		{"a.py", "a = (\n", "a = ( \n", false},
		{"a.yaml", "a: 1 # one\nb: 2\n", "b: 2\na: 1\n", true},
		{"a.yaml", "a: 1\n", "a: 2\n", false},
		{"a.json", `{"a": 1, "b": 2}`, `{"b":2,"a":1}`, true},
		{"a.js", "a // one", "a", false},
	} {
		means, err := meanings(context.Background(), map[string][]byte{"1/" + test.name: []byte(test.one), "2/" + test.name: []byte(test.other)})
		require.NoError(t, err)
		assert.Equal(t, test.same, means["1/"+test.name] == means["2/"+test.name], "%s: %q and %q", test.name, test.one, test.other)
	}
}

func TestNewStatementsThatTakeDataAwayAreDangers(t *testing.T) {
	before := statementsIn("sql/sales/schema/10_facts.sql", "select 1;\ndrop table analytics.old;")
	for _, test := range []struct {
		path, added string
		dangerous   bool
	}{
		{"sql/sales/schema/10_facts.sql", "drop table analytics.facts cascade;", true},
		{"sql/sales/schema/10_facts.sql", "drop table analytics . facts", true},
		{"sql/sales/schema/10_facts.sql", "DROP/* it */TABLE -- now\n\"analytics\" . \"facts\"", true},
		{"sql/returns/schema/10_facts.sql", "drop table analytics.facts", true}, // of a dataset that is new
		{"sql/sales/schema/10_facts.sql", "DROP TABLE analytics.OLD;", false},   // it was there
		{"sql/sales/schema/11_facts.sql", "drop table \"analytics\" . old", false},
		{"sql/sales/schema/10_facts.sql", "alter table analytics.facts drop column region;", true},
		{"sql/sales/schema/10_facts.sql", "alter table analytics.facts drop region;", true},
		{"sql/sales/schema/10_facts.sql", "alter table analytics.facts drop constraint one;", false},
		{"sql/sales/schema/10_facts.sql", "alter table analytics.facts add column region date;", false},
		{"sql/sales/schema/10_facts.sql", "alter table analytics.facts rename to gone;", true},
		{"sql/sales/schema/10_facts.sql", "delete from analytics.facts where id = 1;", true},
		{"sql/sales/schema/10_facts.sql", "delete analytics.facts;", true},
		{"sql/warehouse/01.sql", "truncate analytics.facts", true},
		{"sql/warehouse/01.sql", "drop schema analytics;", true},
		{"sql/sales/transform/30.sql", "delete from raw_data.sales_affected_keys;", false},
		{"sql/sales/transform/30.sql", "delete from raw_data.load_ledger;", true},
		{"sql/sales/transform/30.sql", "delete raw_data.sales where order_id = 1;", true},
		{"sql/sales/transform/30.sql", "delete from analytics.facts where id in (select id from raw_data.sales);", false},
		{"sql/sales/transform/30.sql", "drop table analytics.facts;", true},
		{"sql/sales/schema/20.sql", "drop materialized view if exists analytics.monthly;", false},
		{"sql/sales/schema/20.sql", "-- drop table analytics.facts;", false},
		{"sql/sales/schema/20.sql", "select 'a drop table x';", false},
	} {
		found := statements(before, slices.Concat(before, statementsIn(test.path, "select 1;\n"+test.added)))
		assert.Equal(t, test.dangerous, len(found) == 1 && found[0].section == dangerSection, "%s: %s", test.path, test.added)
	}
	found := statements(nil, statementsIn("sql/warehouse/01.sql", "drop table\n  analytics . /* all */ \"Facts\"  cascade"))
	assert.Equal(t, "`sql/warehouse/01.sql` now says `drop table analytics.\"Facts\" cascade`", found[0].text)
}

func TestWhatNoSQLMakesAnyMoreIsForgotten(t *testing.T) {
	before := slices.Concat(
		statementsIn("sql/sales/schema/10.sql", "create table if not exists analytics.shops (id int); create materialized view analytics.months diststyle all as select a.b from analytics.shops as a"),
		statementsIn("sql/sales/schema/20.sql", "create or replace view analytics.days as select 1"),
		statementsIn("sql/sales/transform/10.sql", "create temp table latest as select 1"),
		statementsIn("sql/visits/schema/10.sql", "create table if not exists analytics.visits (id int)"),
	)
	for after, want := range map[string][]string{
		"create table if not exists analytics.shops (id bigint); create materialized view analytics.months as select 1": nil,
		"drop materialized view if exists analytics.months; create table analytics.\"Shops\" (id int)":                  nil,
		"select 1 from analytics.shops as a": {"table `analytics.shops` is made by no SQL any more", "materialized view `analytics.months` is made by no SQL any more"},
	} {
		var found []string
		for _, item := range statements(before, statementsIn("sql/sales/schema/30.sql", after)) {
			assert.Equal(t, dangerSection, item.section)
			text, _, _ := strings.Cut(item.text, ":")
			found = append(found, text)
		}
		assert.Equal(t, want, found, after)
	}
}

func TestWhatSQLGrantsIsToldAsAccess(t *testing.T) {
	const granted = "grant select on all tables in schema raw_data to role checker;"
	before := statementsIn("sql/warehouse/08_grants.sql", granted+"revoke assumerole on all from public for all")
	for _, test := range []struct{ after, want string }{
		{granted + "revoke assumerole on all from public for all; grant delete on analytics . facts to role analyst;", "`sql/warehouse/08_grants.sql` now says `grant delete on analytics.facts to role analyst`"},
		{granted + "revoke assumerole on all from public for all; grant select on analytics.facts to public;", "⚠️ `sql/warehouse/08_grants.sql` now says `grant select on analytics.facts to public`"},
		{granted + "revoke assumerole on all from public for all; grant role sys:superuser to \"${load_user}\";", "⚠️ `sql/warehouse/08_grants.sql` now says `grant role sys:superuser to \"${load_user}\"`"},
		{granted + "revoke assumerole on all from public for all; alter user x createuser", "⚠️ `sql/warehouse/08_grants.sql` now says `alter user x createuser`"},
		{granted + "revoke assumerole on all from public for all; alter table t owner to x", "`sql/warehouse/08_grants.sql` now says `alter table t owner to x`"},
		{granted, "`sql/warehouse/08_grants.sql` no longer says `revoke assumerole on all from public for all`"},
		{"revoke assumerole on all from public for all", "`sql/warehouse/08_grants.sql` no longer says `grant select on all tables in schema raw_data to role checker`: what was done already **stays** in the warehouse"},
		{granted + "REVOKE assumerole ON ALL FROM \"public\" FOR ALL -- the same", ""},
		{granted + "revoke assumerole on all from public for all; select 1", ""},
	} {
		found := statements(before, statementsIn("sql/warehouse/08_grants.sql", test.after))
		if test.want == "" {
			assert.Empty(t, found)
		} else if assert.Len(t, found, 1, test.after) {
			assert.Equal(t, accessSection, found[0].section)
			assert.Equal(t, test.want, found[0].text)
		}
	}
}

func TestACommentHasRoomForTheWorstOnly(t *testing.T) {
	c := &Comparison{Environments: []string{"dev", "prod"}, Texts: map[string]map[string]string{"dev": {}, "prod": {}}}
	c.add("prod", danger(0, "the bucket is **deleted**"))
	for i := range 40 {
		c.add("dev", item{section: resourceSection, text: fmt.Sprintf("line %02d", i)})
		c.add("prod", item{section: resourceSection, text: fmt.Sprintf("line %02d", i)})
	}
	assert.True(t, c.Dangerous([]string{"dev", "prod"}))
	assert.False(t, c.Dangerous([]string{"dev"}), "a report of one environment is about that one")
	c.Texts["prod"]["House"] = "Stack prod/House\n" + strings.Repeat("[~] a long text ```\n", 2000)
	c.sort()
	text, err := Report{Against: "main", Full: "build/diff"}.Markdown(t.Context(), c, c.Environments, 2000)
	require.NoError(t, err)
	assert.LessOrEqual(t, len([]rune(text)), 2000)
	assert.Contains(t, text, "> - **prod**: the bucket is **deleted**\n")
	assert.Contains(t, text, "- line 14\n<details><summary>25 more</summary>")
	assert.Contains(t, text, "No room here for `cdk diff` of prod: see build/diff.")

	text, err = Report{Against: "main"}.Markdown(t.Context(), c, []string{"prod"}, 0)
	require.NoError(t, err)
	assert.Contains(t, text, "> - the bucket is **deleted**\n", "a report of one environment does not repeat its name")
	assert.Contains(t, text, "````text\nHouse\n[~] a long text ```\n", "a fence is longer than those in the text")
	assert.NotContains(t, text, "No room")

	plain := Plain(text)
	assert.Contains(t, plain, "- line 14\n- 25 more\n")
	assert.Contains(t, plain, "- `cdk diff` of prod\n")
	assert.NotContains(t, plain, "a long text")
}

func TestWhatIsSaidOfManyThingsIsSaidOnce(t *testing.T) {
	c := &Comparison{Environments: []string{"dev", "prod"}}
	for _, name := range []string{"`a`", "`b`", "`c`"} {
		c.add("prod", danger(1, "%s is no longer retained", name))
	}
	c.add("dev", danger(1, "%s is no longer retained", "`a`"))
	for i := range 9 {
		thing := fmt.Sprintf("S3 bucket `%d`", i)
		c.add("prod", item{section: resourceSection, text: "✏️ " + thing + ": Tags", thing: thing})
	}
	c.sort()
	text, err := Report{}.Markdown(t.Context(), c, c.Environments, 0)
	require.NoError(t, err)
	assert.Contains(t, text, "> - `a` is no longer retained\n> - **prod**: each of `b` and `c` is no longer retained\n")
	assert.Contains(t, text, "- **prod**: ✏️ S3 bucket `0`, `1`, `2`, `3`, `4`, `5` and 3 others: Tags\n")
}

// fakeStacks are what runs, by name.
type fakeStacks map[string]string

func (f fakeStacks) GetTemplate(_ context.Context, in *cloudformation.GetTemplateInput, _ ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error) {
	text, there := f[*in.StackName]
	if !there {
		return nil, &smithy.GenericAPIError{Code: "ValidationError", Message: "Stack with id " + *in.StackName + " does not exist"}
	}
	if text == "" {
		return nil, &smithy.GenericAPIError{Code: "AccessDenied", Message: "not authorized to perform: cloudformation:GetTemplate"}
	}
	return &cloudformation.GetTemplateOutput{TemplateBody: aws.String(text)}, nil
}

func TestWhatRunsIsComparedWithTheBranch(t *testing.T) {
	ctx := t.Context()
	template := func(resources string) string { return `{"Resources": {` + resources + `}}` }
	old, current := bucket(`"BucketName": "a"`, deleted), bucket(`"BucketName": "b"`, deleted)
	base, head := madeUp(t, map[string]side{"prod": {resources: old}}), madeUp(t, map[string]side{"prod": {resources: current}})
	c, err := Compare(ctx, base, head)
	require.NoError(t, err)
	for _, test := range []struct {
		name   string
		stacks fakeStacks
		want   string
		danger bool
	}{
		{"what base says", fakeStacks{"elt-prod-house": template(old)}, "**prod** runs what `main` says", true},
		{"this already", fakeStacks{"elt-prod-house": template(current)}, "**prod** runs this already.", false},
		{"something else", fakeStacks{"elt-prod-house": template(bucket(`"BucketName": "c"`, deleted))}, "- 🛑 S3 bucket `c` is **replaced** (BucketName changes): the old one is deleted, with objects\n", true},
		{"nothing", fakeStacks{}, "Nothing of **prod** is deployed", false},
	} {
		running, err := Deployed(ctx, test.stacks, base, head, "prod", t.TempDir(), c)
		require.NoError(t, err, test.name)
		assert.Contains(t, running.markdown("prod", "main"), test.want, test.name)
		assert.Equal(t, test.danger, running.Dangerous(), test.name)
	}
	_, err = Deployed(ctx, fakeStacks{"elt-prod-house": ""}, base, head, "prod", t.TempDir(), c)
	require.ErrorContains(t, err, "read the template of elt-prod-house")
	require.ErrorContains(t, err, "not authorized")
}

func TestAFileThatOnlyHasAnotherNameIsToldByItsNames(t *testing.T) {
	write := func(text string) string {
		file := filepath.Join(t.TempDir(), "f.sql")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		return file
	}
	one := write("select 1")
	assert.Equal(t, []Edit{{Path: "a.sql → b.sql"}, {Path: "c.sql", After: one}}, moves([]Edit{{Path: "a.sql", Before: one}, {Path: "b.sql", After: write("select 1")}, {Path: "c.sql", After: one}}))
	two := []Edit{{Path: "a.sql", Before: one}, {Path: "b.sql", After: write("select 2")}}
	assert.Equal(t, two, moves(slices.Clone(two)))
}
