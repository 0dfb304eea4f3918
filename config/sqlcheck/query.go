package sqlcheck

import (
	"fmt"
	"slices"
	"strings"

	"lakeshift/config/sqltext"
)

// source is one relation as a query sees it.
type source struct {
	alias   string   // by which its columns are called
	parts   []string // its full name, empty for a subquery
	columns []string
	open    bool // it may have other columns too
	lake    bool
	shapes  map[string]value
}

func (s source) has(column string) bool {
	return s.open || slices.Contains(s.columns, column) || s.lake && strings.HasPrefix(column, "$")
}

func (s source) describe() string {
	switch full := strings.Join(s.parts, "."); {
	case full == "" && s.alias == "":
		return "the subquery"
	case full == "":
		return s.alias
	case s.parts[len(s.parts)-1] == s.alias:
		return full
	default:
		return s.alias + " (" + full + ")"
	}
}

// scope is what a part of a query can name.
type scope struct {
	parent  *scope
	sources []source
	names   map[string]bool // of the select list, and whatever else is no column
	open    bool            // anything may be named
	merged  bool            // columns of several tables are one: join … using
	loose   bool            // a name may be that of a result's column
	ctes    map[string]source
}

func (s *scope) cte(name string) (source, bool) {
	for ; s != nil; s = s.parent {
		if found, ok := s.ctes[name]; ok {
			return found, true
		}
	}
	return source{}, false
}

// result is what a query gives.
type result struct {
	columns []string
	open    bool    // columns may have names that are not known
	count   int     // of columns; -1 if that is not known
	values  []value // of the columns, where all are known
	union   bool    // other queries give other values
	single  bool    // one row, whatever the tables hold
}

var unknown = result{open: true, count: -1}

// checker collects what it finds in one statement.
type checker struct {
	catalog  *Catalog
	offset   int  // lines before the text
	mute     bool // the same SQL is checked elsewhere
	lambdas  bool // names may be a lambda's arguments
	member   bool // the query that comes next stands behind `in`
	single   bool // the statement gives one row
	found    int  // faults, those of a mute checker too
	findings []Finding
}

func (k *checker) fault(line int, format string, values ...any) {
	k.found++
	if !k.mute {
		k.findings = append(k.findings, Finding{Line: line + k.offset, Message: fmt.Sprintf(format, values...)})
	}
}

func (k *checker) warn(line int, format string, values ...any) {
	if !k.mute {
		k.findings = append(k.findings, Finding{Line: line + k.offset, Warning: true, Message: fmt.Sprintf(format, values...)})
	}
}

// query checks a query with everything in it.
func (k *checker) query(tokens []sqltext.Token, parent *scope) result {
	member := k.member
	k.member = false
	for len(tokens) > 1 && isSymbol(tokens[0], "(") && closing(tokens, 0) == len(tokens) {
		tokens = tokens[1 : len(tokens)-1]
	}
	outer := &scope{parent: parent, ctes: map[string]source{}}
	p := &cursor{tokens: tokens}
	if p.accept("with") {
		k.commonTables(p, outer)
		if next := p.peek(); !outer.open && !beginsQuery(next) && !isWord(next, "insert", "update", "delete", "merge") {
			if p.done() {
				k.fault(next.Line, "nothing follows the with: expected select")
			} else {
				k.fault(next.Line, "%s stands behind the with: expected select, or a comma before it", next.Text)
			}
			return unknown
		}
	}
	parts, operators := splitSets(p.rest())
	first := unknown
	for i, part := range parts {
		if at := find(part, "order", "limit"); i+1 < len(parts) && at > 0 && !(&cursor{tokens: part, at: at}).named() && !isWord(part[at-1], "select") && !isSymbol(part[at-1], ",") &&
			(isWord(part[at], "limit") || at+1 < len(part) && isWord(part[at+1], "by")) {
			k.fault(part[at].Line, "%s stands before %s: put brackets around the query that it belongs to", part[at].Text, operators[i].Text)
		}
		k.member = member
		got := k.branch(part, outer, len(parts) > 1)
		if i == 0 {
			first = got
			first.single = got.single && len(parts) == 1
			first.union = len(parts) > 1
			continue
		}
		if got.count >= 0 && first.count >= 0 && got.count != first.count {
			k.fault(operators[i-1].Line, "%s joins queries of %d and %d columns: expected as many on both sides", operators[i-1].Text, first.count, got.count)
		}
	}
	return first
}

func (k *checker) commonTables(p *cursor, in *scope) {
	recursive := p.accept("recursive")
	for {
		name := p.name()
		if len(name) != 1 {
			in.open = true
			return
		}
		var listed []string
		if isSymbol(p.peek(), "(") {
			listed, _ = declared(p.group())
		}
		as := p.accept("as")
		p.accept("not")
		p.accept("materialized")
		if as && isWord(p.peek(), "select") {
			k.fault(p.peek().Line, "the query of %s stands between brackets: expected %s as (select …)", name[0], name[0])
		}
		if !isSymbol(p.peek(), "(") {
			in.open, in.ctes[name[0]] = true, source{alias: name[0], open: true}
			return
		}
		if recursive {
			in.ctes[name[0]] = source{alias: name[0], columns: listed, open: len(listed) == 0}
		}
		at := p.peek()
		got := k.query(p.group(), in)
		table := source{alias: name[0], columns: got.columns, open: got.open, shapes: shapesOf(got, listed)}
		if len(listed) > 0 {
			if got.count >= 0 && got.count != len(listed) {
				k.fault(at.Line, "%s names %d columns, its query has %d", name[0], len(listed), got.count)
			}
			table.columns, table.open = listed, false
		}
		in.ctes[name[0]] = table
		if !p.symbol(",") {
			return
		}
	}
}

// splitSets cuts a query at union, except, intersect and minus.
func splitSets(tokens []sqltext.Token) (parts [][]sqltext.Token, operators []sqltext.Token) {
	p := &cursor{tokens: tokens}
	begin := 0
	for !p.done() {
		at := p.at
		if isWord(p.peek(), "union", "except", "intersect", "minus") && beginsQuery(p.ahead(1)) && at > begin {
			parts, operators = append(parts, tokens[begin:at]), append(operators, p.peek())
			p.at++
			if isWord(p.peek(), "all", "distinct") {
				p.at++
			}
			begin = p.at
			continue
		}
		p.skip()
	}
	return append(parts, tokens[min(begin, len(tokens)):]), operators
}

func beginsQuery(token sqltext.Token) bool {
	return isWord(token, "select", "with", "all", "distinct", "values", "table") || isSymbol(token, "(")
}

func (k *checker) branch(tokens []sqltext.Token, parent *scope, inSet bool) result {
	if len(tokens) == 0 {
		return unknown
	}
	if isSymbol(tokens[0], "(") {
		// what follows, order by or limit, sees the result only
		end := min(closing(tokens, 0), len(tokens))
		return k.query(tokens[1:max(1, end-1)], parent)
	}
	if isWord(tokens[0], "with") {
		return k.query(tokens, parent)
	}
	if !isWord(tokens[0], "select") {
		return unknown
	}
	return k.selection(tokens, parent, inSet)
}
