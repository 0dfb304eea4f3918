package sqlcheck

import (
	"fmt"
	"strings"

	"lakeshift/config/sqltext"
)

// The words that statements of Redshift begin with:
// https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_commands.html
var verbs = set(`
	abort alter analyze attach begin call cancel close comment commit copy create deallocate declare delete desc describe detach drop end
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

// Form checks a statement for what Redshift refuses whatever its tables are. In a transaction it refuses more.
func Form(statement sqltext.Statement, transaction bool) []Finding {
	var findings []Finding
	fault := func(line int, format string, values ...any) {
		findings = append(findings, Finding{Line: line, Message: fmt.Sprintf(format, values...)})
	}
	tokens := statement.Tokens
	first := tokens[0]
	if !isSymbol(first, "(") && !(first.Kind == sqltext.Word && verbs[first.Text]) {
		fault(first.Line, "%q begins no statement of Redshift's: is a semicolon missing or too many?", first.Text)
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
		}
	}
	if isWord(tokens[0], "insert", "update", "delete") {
		if at := find(tokens, "returning"); at > 0 && !isSymbol(tokens[at-1], ".") && !isWord(tokens[at-1], "as") {
			fault(tokens[at].Line, "Redshift has no \"returning\" in %s", verb)
		}
	}
}

// checkMerge: https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
func checkMerge(tokens []sqltext.Token, fault func(int, string, ...any)) {
	p := &cursor{tokens: tokens}
	line := p.peek().Line
	if !p.accept("merge", "into") {
		fault(line, "merge is not followed by into")
		return
	}
	target := p.name()
	if !p.looks("using") {
		if isName(p.peek()) {
			fault(p.peek().Line, "the target of a merge takes no alias: use its name, %s.<column>", strings.Join(target, "."))
		} else {
			fault(p.peek().Line, "merge into %s is not followed by using", strings.Join(target, "."))
		}
		return
	}
	p.at++
	if isSymbol(p.peek(), "(") {
		fault(p.peek().Line, "the source of a merge is a table, not a query: make a temporary table of it first")
		return
	}
	source := p.name()
	if strings.Join(source, ".") == strings.Join(target, ".") {
		fault(line, "the target of a merge can't be its source")
	}
	p.accept("as")
	if isName(p.peek()) && !p.looks("on") {
		p.at++
	}
	if !p.accept("on") {
		fault(p.peek().Line, "merge … using %s is not followed by on", strings.Join(source, "."))
		return
	}
	parts := whens(p.rest())
	if last := parts[len(parts)-1]; len(parts) == 1 && find(last, "remove") >= 0 {
		return // remove duplicates
	}
	matched, unmatched := 0, 0
	for _, part := range parts[1:] {
		when := &cursor{tokens: part}
		switch {
		case when.accept("when", "matched"):
			matched++
		case when.accept("when", "not", "matched"):
			unmatched++
		}
		if !when.accept("then") {
			fault(part[0].Line, "Redshift's merge has no condition in \"when\": expected \"when [not] matched then\"; put the condition into the source")
			continue
		}
		if when.accept("update", "set") {
			for _, assignment := range split(when.rest(), ",") {
				if len(assignment) > 1 && isSymbol(assignment[1], ".") {
					fault(assignment[0].Line, "set names a column of the target without its table: expected %s", assignment[min(2, len(assignment)-1)].Text)
				}
			}
		}
	}
	if matched != 1 || unmatched != 1 {
		fault(line, "Redshift's merge takes \"when matched\" and \"when not matched\" once each, found %d and %d", matched, unmatched)
	}
}

// Aggregates that a materialized view can keep up to date row by row:
// https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-refresh.html
var slowAggregates = set("median percentile_cont percentile_disc listagg stddev stddev_samp stddev_pop variance var_samp var_pop bit_and bit_or bool_and bool_or any_value hll")

// Functions whose value changes although no row does.
var mutable = set("getdate sysdate now random current_date current_time current_timestamp localtime localtimestamp timeofday current_user session_user clock_timestamp")

// Recomputed says why a materialized view is made anew by each refresh instead of being kept up to date; empty if it is kept.
func Recomputed(statement sqltext.Statement) (reason string, line int) {
	p := &cursor{tokens: statement.Tokens}
	if !p.accept("create", "materialized", "view") {
		return "", 0
	}
	as := find(p.rest(), "as")
	if as < 0 {
		return "", 0
	}
	p.at += as + 1
	for ; !p.done(); p.at++ {
		token := p.peek()
		call := isSymbol(p.ahead(1), "(") && !isSymbol(p.ahead(-1), ".")
		switch {
		case token.Kind != sqltext.Word || isSymbol(p.ahead(-1), ".") || isWord(p.ahead(-1), "as"):
		case isWord(token, "left", "right", "full") && isWord(p.ahead(1), "join", "outer"):
			return "an outer join", token.Line
		case isWord(token, "union", "except", "intersect", "minus") && beginsQuery(p.ahead(1)):
			return token.Text, token.Line
		case isWord(token, "over") && call:
			return "a window function", token.Line
		case isWord(token, "count", "sum", "avg", "min", "max") && call && isWord(p.ahead(2), "distinct"):
			return token.Text + "(distinct …)", token.Line
		case call && slowAggregates[token.Text], isWord(token, "approximate") && isWord(p.ahead(1), "count", "percentile_disc"):
			return token.Text, token.Line
		case mutable[token.Text] && (call || constants[token.Text]):
			return token.Text, token.Line
		}
	}
	return "", 0
}

// Again checks a statement that every deployment applies: the second time must go well too. made holds what the file has
// dropped or created before, and is updated.
func Again(statement sqltext.Statement, dropped map[string]bool) []Finding {
	p := &cursor{tokens: statement.Tokens}
	line := statement.Line
	one := func(format string, values ...any) []Finding {
		return []Finding{{Line: line, Message: fmt.Sprintf(format, values...)}}
	}
	switch {
	case p.accept("drop"):
		kind := ""
		for !p.done() && isWord(p.peek(), "materialized", "view", "table", "schema", "external", "procedure", "function") {
			kind = strings.TrimSpace(kind + " " + p.peek().Text)
			p.at++
		}
		exists := p.accept("if", "exists")
		for ok := true; ok; ok = p.symbol(",") {
			dropped[strings.Join(p.name(), ".")] = true
		}
		if !exists && (strings.HasSuffix(kind, "view") || kind == "table" || kind == "schema") {
			return one("drop %s fails where there is nothing to drop yet: expected drop %s if exists", kind, kind)
		}
	case p.accept("create"):
		replace := p.accept("or", "replace")
		if p.looks("temp") || p.looks("temporary") || p.looks("local") {
			return nil
		}
		kind := ""
		for isWord(p.peek(), "external", "materialized", "view", "table", "schema", "procedure", "function") {
			kind = strings.TrimSpace(kind + " " + p.peek().Text)
			p.at++
		}
		exists := p.accept("if", "not", "exists")
		name := strings.Join(p.name(), ".")
		if replace || exists || dropped[name] || kind == "" {
			return nil
		}
		switch {
		case strings.HasSuffix(kind, "materialized view"):
			return one("%s is there at the second deployment: expected \"drop materialized view if exists %s;\" before it", name, name)
		case strings.HasSuffix(kind, "table"), strings.HasSuffix(kind, "schema"):
			return one("%s is there at the second deployment: expected create %s if not exists", name, kind)
		default:
			return one("%s is there at the second deployment: expected create or replace %s", name, kind)
		}
	case p.accept("alter", "table"):
		name := strings.Join(p.name(), ".")
		if p.accept("add") {
			p.accept("column")
			if p.looks("constraint") || p.looks("primary") || p.looks("foreign") || p.looks("unique") {
				return nil
			}
			return one("alter table %s add column fails at the second deployment: add the column to its create table, the deployment adds it to the table", name)
		}
	}
	return nil
}

// Query says whether a statement only asks.
func Query(statement sqltext.Statement) bool {
	if isSymbol(statement.Tokens[0], "(") {
		return true
	}
	if isWord(statement.Tokens[0], "with") {
		return find(statement.Tokens, "insert", "update", "delete", "merge") < 0
	}
	return isWord(statement.Tokens[0], "select")
}

// Begins says whether a statement begins with these words.
func Begins(statement sqltext.Statement, words string) bool { return begins(statement.Tokens, words) }

// DeletesFrom says whether a statement deletes rows of the table.
func DeletesFrom(statement sqltext.Statement, table string) bool {
	p := &cursor{tokens: statement.Tokens}
	if isWord(p.peek(), "with") {
		p.at = max(0, find(p.tokens, "delete"))
	}
	if !p.accept("delete") {
		return false
	}
	p.accept("from")
	return strings.Join(p.name(), ".") == table
}

// Creates is the table or view that a statement makes, if it makes one.
func Creates(statement sqltext.Statement) (Relation, bool) {
	p := &cursor{tokens: statement.Tokens}
	if !p.accept("create") {
		return Relation{}, false
	}
	return created(p)
}

// Names says whether a statement holds a word that begins so, and in which line.
func Names(statement sqltext.Statement, start string) (line int, found bool) {
	for _, token := range statement.Tokens {
		if isName(token) && strings.HasPrefix(token.Text, start) {
			return token.Line, true
		}
	}
	return 0, false
}

// Mentions says whether a statement names the table.
func Mentions(statement sqltext.Statement, table string) bool {
	parts := strings.Split(table, ".")
	for i := range statement.Tokens {
		p := &cursor{tokens: statement.Tokens, at: i}
		if name := p.name(); len(name) >= len(parts) && strings.Join(name[:len(parts)], ".") == table {
			return true
		}
	}
	return false
}
