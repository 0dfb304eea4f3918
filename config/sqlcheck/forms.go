package sqlcheck

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lakeshift/config/sqltext"
)

// The words that statements of Redshift begin with:
// https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_commands.html
var verbs = set(`
	abort alter analyse analyze attach begin call cancel close comment commit copy create deallocate declare delete desc describe detach drop end
	execute explain fetch grant insert lock merge prepare refresh reset revoke rollback select set show start truncate unload update use
	vacuum with`)

// Statements that can't run inside a transaction, and what to do instead:
// https://docs.aws.amazon.com/redshift/latest/dg/r_SVL_MULTI_STATEMENT_VIOLATIONS.html
var alone = []struct{ words, remedy string }{
	{"truncate", "commits what came before it: use delete from"},
	{"vacuum", "can't run in a transaction: Redshift vacuums by itself"},
	{"refresh materialized view", "can't run in a transaction: each run refreshes the views of schema/ when the transform has committed"},
	{"create database", "can't run in a transaction"},
	{"alter database", "can't run in a transaction"},
	{"drop database", "can't run in a transaction"},
	{"create external table", "can't run in a transaction: the Glue tables of a contract are there already"},
	{"alter external table", "can't run in a transaction"},
	{"drop external table", "can't run in a transaction"},
	{"create library", "can't run in a transaction"},
	{"create or replace library", "can't run in a transaction"},
	{"drop library", "can't run in a transaction"},
	{"begin", "begins a transaction inside of one: leave it out, the file is one already"},
	{"start transaction", "begins a transaction inside of one: leave it out, the file is one already"},
	{"commit", "ends the transaction too early: leave it out, it ends with the last statement"},
	{"end", "ends the transaction too early: leave it out, it ends with the last statement"},
	{"rollback", "undoes what came before: leave it out, a statement that fails does that"},
	{"abort", "undoes what came before: leave it out, a statement that fails does that"},
}

// Forms that PostgreSQL and others have, and Redshift has not.
var foreign = []struct{ words, remedy string }{
	{"create or replace table", "use create table if not exists"},
	{"create or replace materialized view", "drop it first: drop materialized view if exists …"},
	{"create materialized view if not exists", "drop it first: drop materialized view if exists …"},
	{"create view if not exists", "use create or replace view"},
	{"create index", "use a sortkey"},
	{"create unique index", "keys are not enforced: add a check that proves it"},
	{"create sequence", "use identity(1, 1)"},
	{"create trigger", "there are none"},
	{"create type", "there are none"},
	{"create extension", "there are none"},
	{"create unlogged table", "use create temp table"},
	{"create domain", "there are none"},
	{"create user if not exists", "the deployment passes over a user who exists: leave it out"},
	{"create role if not exists", "the deployment passes over a role that exists: leave it out"},
}

// Balanced checks what holds in each dialect: brackets are closed, and no statement begins inside of another.
func Balanced(statement sqltext.Statement) []Finding {
	var open []sqltext.Token
	for _, token := range statement.Tokens {
		switch {
		case isSymbol(token, "("):
			open = append(open, token)
		case isSymbol(token, ")") && len(open) == 0:
			return []Finding{{Line: token.Line, Message: "a ) too many"}}
		case isSymbol(token, ")"):
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return []Finding{{Line: open[len(open)-1].Line, Message: "a ( is not closed"}}
	}
	p := &cursor{tokens: statement.Tokens}
	if p.looks("grant") || p.looks("revoke") || p.looks("alter") || p.looks("with") || p.looks("declare") || p.looks("prepare") || p.looks("explain") {
		return nil
	}
	selects := p.looks("select")
	for p.skip(); !p.done(); p.skip() {
		before := p.ahead(-1)
		second := selects && p.looks("select") && !isWord(before, "union", "all", "except", "intersect", "minus", "distinct", "as") && !isSymbol(before, ".")
		if second || p.looks("insert", "into") || p.looks("delete", "from") || p.looks("merge", "into") || p.looks("create", "temp") || p.looks("create", "table") {
			return []Finding{{Line: p.peek().Line, Message: fmt.Sprintf("%s begins a statement inside of another: is a semicolon missing before it?", p.peek().Text)}}
		}
	}
	return nil
}

func begins(tokens []sqltext.Token, words string) bool {
	c := &cursor{tokens: tokens}
	return c.looks(strings.Fields(words)...)
}

// Known says that a statement begins like one of Redshift's.
func Known(statement sqltext.Statement) bool {
	first := statement.Tokens[0]
	return isSymbol(first, "(") || first.Kind == sqltext.Word && verbs[first.Text]
}

// Form checks a statement for what Redshift refuses whatever its tables are. In a transaction it refuses more.
func Form(statement sqltext.Statement, transaction bool) []Finding {
	var findings []Finding
	fault := func(line int, format string, values ...any) {
		findings = append(findings, Finding{Line: line, Message: fmt.Sprintf(format, values...)})
	}
	tokens := statement.Tokens
	first := tokens[0]
	if !Known(statement) {
		fault(first.Line, "%q begins no statement of Redshift's%s", first.Text, cmp.Or(nearest(first.Text, slices.Collect(maps.Keys(verbs))), ": is a semicolon missing or too many?"))
		return findings
	}
	if transaction {
		for _, form := range alone {
			if begins(tokens, form.words) {
				fault(first.Line, "%s %s", form.words, form.remedy)
			}
		}
		alterInTransaction(tokens, fault)
	}
	for _, form := range foreign {
		if begins(tokens, form.words) {
			fault(first.Line, "Redshift has no %q: %s", form.words, form.remedy)
		}
	}
	if begins(tokens, "insert") && !begins(tokens, "insert into") {
		fault(first.Line, "insert is not followed by into")
	}
	checkForeignClauses(tokens, fault)
	if begins(tokens, "merge") {
		checkMerge(tokens, fault)
	}
	return findings
}

func alterInTransaction(tokens []sqltext.Token, fault func(int, string, ...any)) {
	p := &cursor{tokens: tokens}
	line := p.peek().Line
	switch {
	case p.accept("alter", "table"):
		p.name()
		switch {
		case p.looks("append"):
			fault(line, "alter table append can't run in a transaction: use insert into … select")
		case p.accept("alter", "column") && isName(p.peek()) && isWord(p.ahead(1), "type"):
			fault(line, "alter table … alter column … type can't run in a transaction: change the type in the contract or in create table, the deployment widens it")
		}
	case p.accept("create", "external", "schema"):
		if find(p.rest(), "create") >= 0 {
			fault(line, "create external database can't run in a transaction")
		}
	}
}

// checkForeignClauses finds what other engines have inside of statements.
func checkForeignClauses(tokens []sqltext.Token, fault func(int, string, ...any)) {
	verb := tokens[0].Text
	for i := range tokens {
		here := &cursor{tokens: tokens, at: i}
		switch {
		case isSymbol(here.ahead(-1), "."):
		case here.looks("on", "conflict"):
			fault(tokens[i].Line, "Redshift has no \"on conflict\": use merge, or delete before the insert")
		case here.looks("distinct", "on") && isSymbol(here.ahead(2), "("):
			fault(tokens[i].Line, "Redshift has no \"distinct on\": use qualify row_number() over (…) = 1")
		case here.looks("filter") && isSymbol(here.ahead(1), "(") && isWord(here.ahead(2), "where") && isSymbol(here.ahead(-1), ")"):
			fault(tokens[i].Line, "Redshift has no \"filter (where …)\": use sum(case when … then … end)")
		default:
			foreignClause(here, fault)
		}
	}
	if isWord(tokens[0], "insert", "update", "delete") {
		if at := find(tokens, "returning"); at > 0 && !isSymbol(tokens[at-1], ".") && !isWord(tokens[at-1], "as") {
			fault(tokens[at].Line, "Redshift has no \"returning\" in %s", verb)
		}
	}
}
