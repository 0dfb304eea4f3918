package sqltext

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestColumnsOfATableAreRead(t *testing.T) {
	tables, err := Tables(`
-- create table commented.out (x int);
/* nor /* nested */ create table this.one (x int); */
select 'create table nor.this (x int);';
create temp table scratch (y int);
CREATE TABLE IF NOT EXISTS Analytics."Facts" (
    id bigint identity(1, 1) not null encode az64,  -- number
    "Name" character varying(20) default 'a, b) it''s' collate case_insensitive,
    price NUMERIC ( 10 , 2 ),
    ratio double precision,
    seen_at timestamp with time zone,
    at timestamp without time zone default getdate(),
    check_sum varchar(32) references other (id),
    primary key (id, "Name"),
    constraint unique_price unique (price),
    foreign key (id) references other (id)
)
diststyle key distkey (id);
create table if not exists second (a int);
`, "")
	require.NoError(t, err)
	require.Len(t, tables, 2)
	assert.Equal(t, "analytics.facts", tables[0].Name)
	assert.Equal(t, 6, tables[0].Line)
	assert.Equal(t, []Column{
		{"id", "bigint", 7, true}, {"name", "character varying(20)", 8, false}, {"price", "numeric(10,2)", 9, false},
		{"ratio", "double precision", 10, false}, {"seen_at", "timestamp with time zone", 11, false}, {"at", "timestamp", 12, false},
		{"check_sum", "varchar(32)", 13, false},
	}, tables[0].Columns)
	assert.Equal(t, []Column{{"a", "int", 19, false}}, tables[1].Columns)
}

func TestDeclarationsThatHoldNoColumnsAreErrors(t *testing.T) {
	for sql, message := range map[string]string{
		"create table a.b as select 1":    "line 1: a.b is created without a list of columns",
		"\ncreate table a.b (like c)":     `line 2: "like" copies columns`,
		"create table a.b (x int":         `line 1: create table a.b is not closed`,
		"create table a.b (x)":            "line 1: column x has no type",
		"create table a.b (x varchar(10":  "line 1: the type of column x is not closed",
		"create table (x int)":            `line 1: "(" stands where a name is expected`,
		"create table a.b (x int, 5 int)": `line 1: "5" stands where a name is expected`,
		"create table a. (x int)":         `line 1: "(" stands where a name is expected`,
		"create table":                    `line 1: "" stands where a name is expected`,
	} {
		_, err := Tables(sql, "a.b")
		require.ErrorContains(t, err, message, sql)
	}
}

func TestTokensNeverRunPastTheText(t *testing.T) {
	for _, sql := range []string{"", "'open", `"open`, "/* open", "-- open", "$$ open", "a", "é", "'it''", "/*/"} {
		assert.NotPanics(t, func() { Tokens(sql) }, sql)
	}
}

func FuzzTables(f *testing.F) {
	f.Add("create table a.b (x varchar(10) default ')', primary key (x));")
	f.Fuzz(func(t *testing.T, sql string) {
		_, _ = Tables(sql, "a.b")
		CheckPlaceholders(sql, nil)
	})
}

func TestPlaceholdersAreFilledAndOthersAreKept(t *testing.T) {
	assert.Equal(t, "a dev ${b} $$ $1", Fill("a ${a} ${b} $$ $1", map[string]string{"a": "dev"}))
}

func TestAPlaceholderMustBeKnownAndClosed(t *testing.T) {
	var faults []string
	for _, fault := range CheckPlaceholders("${a} ${b}\n${ c }\n${a", []string{"a"}) {
		faults = append(faults, fault.Error())
	}
	assert.Equal(t, []string{
		"line 1: ${b} is unknown: use one of a",
		`line 2: "${" is not closed: expected ${name}`,
		`line 3: "${" is not closed: expected ${name}`,
	}, faults)
}
