package sqlcheck

import (
	"fmt"
	"strings"

	"lakeshift/config/sqltext"
)

// Aggregates that keep a materialized view from being brought up to date row by row:
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
		case token.Kind != sqltext.Word || p.named():
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

// materialized finds what such a view can't hold:
// https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-create-sql-command.html#mv_CREATE_MATERIALIZED_VIEW-limitations
func (k *checker) materialized(definition, query []sqltext.Token) {
	if at := find(query, "order", "limit", "offset"); at > 0 && !(&cursor{tokens: query, at: at}).named() && !isSymbol(query[at-1], ",") {
		k.fault(query[at].Line, "a materialized view takes no %s: sort and cut when it is read", query[at].Text)
	}
	p := &cursor{tokens: definition}
	for !p.done() && !p.looks("as") && !p.looks("auto", "refresh", "yes") {
		p.skip()
	}
	if !p.looks("auto") {
		return
	}
	for i, token := range query {
		q := &cursor{tokens: query, at: i}
		if token.Kind == sqltext.Word && mutable[token.Text] && (constants[token.Text] || isSymbol(q.ahead(1), "(")) && !q.named() {
			k.fault(token.Line, "a materialized view that calls %s can't refresh itself: expected auto refresh no", token.Text)
			return
		}
	}
}

// Again checks a statement that every deployment applies: the second time must go well too. dropped holds what the file
// has dropped before, and is updated.
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
		if kind == "" && (p.looks("group") || p.looks("database")) && !dropped[p.ahead(1).Text] {
			return one("%s %s is there at the second deployment, which would fail: make a role of the group, and a database by hand", p.peek().Text, p.ahead(1).Text)
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
	case p.accept("delete"):
		p.accept("from")
		dropped[strings.Join(p.name(), ".")] = true // and filled anew
	case p.accept("insert", "into"):
		name := strings.Join(p.name(), ".")
		if isSymbol(p.peek(), "(") {
			p.group()
		}
		if p.looks("values") && strings.Contains(name, ".") && !dropped[name] {
			return []Finding{{Line: line, Warning: true, Message: fmt.Sprintf(
				"each deployment adds these rows to %s again: delete from it before, or insert … select … where not exists (…)", name)}}
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
