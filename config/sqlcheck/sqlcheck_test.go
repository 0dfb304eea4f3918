package sqlcheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/config/sqltext"
)

// What is found, and what is not, stands in ../testdata/cases, as whole projects. Here is what a project would not show.

func check(sql string) {
	statements, err := sqltext.Statements(sql)
	if err != nil {
		return
	}
	catalog := NewCatalog(Redshift, "")
	catalog.Close("analytics")
	catalog.Add(Relation{Name: "analytics.facts", Columns: []string{"id", "day"}})
	for _, statement := range statements {
		Schema(statement)
		catalog.Declare(statement)
	}
	session, dropped := NewSession(catalog), map[string]bool{}
	for _, statement := range statements {
		Broken(statement)
		Operators(statement)
		Drops(statement)
		Queues(statement, "analytics.facts", "id", "day")
		session.Assume(statement)
		Form(statement, true)
		Again(statement, dropped)
		Recomputed(statement)
		Query(statement)
		DeletesFrom(statement, "analytics.facts")
		Mentions(statement, "analytics.facts")
		session.Columns(statement)
		session.Unload(statement)
		session.Single(statement)
	}
}

func TestHalfAStatementBreaksNothing(t *testing.T) {
	files, err := filepath.Glob("../../sql/*/*/*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		sql := string(text)
		for cut := 0; cut < len(sql); cut += 7 {
			assert.NotPanics(t, func() { check(sql[:cut]); check(sql[cut:]) }, "%s cut at %d", file, cut)
		}
	}
}

func FuzzStatements(f *testing.F) {
	for _, sql := range []string{
		"with a as (select id from analytics.facts) select a.id, count(*) over (partition by day) from a left join analytics.facts as b using (id)",
		"merge into analytics.facts using s on facts.id = s.id when matched then update set day = s.day when not matched then insert values (1, 2)",
		"create temp table t (a, b) distkey (a) as select 1, 2; insert into t (a) values (1); update t set a = 2 from t as u; delete from t using u",
		"unload ('select * from analytics.facts') to 's3://x/' iam_role 'x' parquet partition by (day)", "grant select on analytics.facts to role r",
		"select extract(day from x), cast(a as int), a::varchar(3), interval '1' day from f pivot (sum(a) for b in (1)) p where x in (select y from z)",
		"select a.b from a left, join c as b using(", // once without end
	} {
		f.Add(sql)
	}
	f.Fuzz(func(_ *testing.T, sql string) { check(sql) })
}

func TestAViewThatNamesItselfHasUnknownColumns(t *testing.T) {
	catalog := NewCatalog(Redshift, "")
	catalog.Close("analytics")
	statements, err := sqltext.Statements("create view analytics.a as select x from analytics.b; create view analytics.b as select * from analytics.a; select y from analytics.b")
	require.NoError(t, err)
	for _, statement := range statements[:2] {
		catalog.Declare(statement)
	}
	assert.NotPanics(t, func() { NewSession(catalog).Columns(statements[2]) })
}

func TestDeepNestingEnds(t *testing.T) {
	assert.NotPanics(t, func() { check("select " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000)) })
	assert.NotPanics(t, func() { check(strings.Repeat("select (", 500)) })
}
