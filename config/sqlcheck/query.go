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
	open    bool // columns may have names that are not known
	count   int  // of columns; -1 if that is not known
	single  bool // one row, whatever the tables hold
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
	findings []Finding
}

func (k *checker) fault(line int, format string, values ...any) {
	if !k.mute {
		k.findings = append(k.findings, Finding{Line: line + k.offset, Message: fmt.Sprintf(format, values...)})
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
	}
	parts, operators := splitSets(p.rest())
	first := unknown
	for i, part := range parts {
		k.member = member
		got := k.branch(part, outer, len(parts) > 1)
		if i == 0 {
			first = got
			first.single = got.single && len(parts) == 1
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
		p.accept("as")
		p.accept("not")
		p.accept("materialized")
		if !isSymbol(p.peek(), "(") {
			in.open = true
			return
		}
		if recursive {
			in.ctes[name[0]] = source{alias: name[0], columns: listed, open: len(listed) == 0}
		}
		at := p.peek()
		got := k.query(p.group(), in)
		table := source{alias: name[0], columns: got.columns, open: got.open}
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

// Clauses of a select, in any order; what follows the last ones is not looked at.
var clauses = []string{"from", "where", "group", "having", "qualify", "order", "limit", "offset", "fetch", "into", "window", "connect", "start", "for"}

func (k *checker) selection(tokens []sqltext.Token, parent *scope, inSet bool) result {
	member := k.member
	k.member = false
	texts := map[string][]sqltext.Token{}
	lists, p := "select", &cursor{tokens: tokens, at: 1}
	begin := 1
	for !p.done() {
		word := p.peek()
		isClause := isWord(word, clauses...) && !isSymbol(p.ahead(-1), ".") && !isWord(p.ahead(-1), "as") && !(isSymbol(p.ahead(1), "(") && !isWord(word, "from", "where", "having", "qualify"))
		switch {
		case isWord(word, "from") && isWord(p.ahead(-1), "distinct") && isWord(p.ahead(-2), "is", "not"):
			isClause = false // is distinct from
		case isWord(word, "group", "order"):
			isClause = isClause && isWord(p.ahead(1), "by")
		case isWord(word, "connect"):
			isClause = isClause && isWord(p.ahead(1), "by")
		case isWord(word, "start"):
			isClause = isClause && isWord(p.ahead(1), "with")
		case isWord(word, "window", "for", "into", "offset", "limit", "fetch"):
			isClause = isClause && p.at > 1
		}
		if isClause {
			texts[lists] = tokens[begin:p.at]
			lists = word.Text
			p.at++
			if isWord(word, "group", "order", "connect", "start") {
				p.at++
			}
			begin = p.at
			continue
		}
		p.skip()
	}
	texts[lists] = tokens[min(begin, len(tokens)):]

	in := &scope{parent: parent, names: map[string]bool{}}
	if _, hierarchical := texts["connect"]; hierarchical {
		in.open = true
	}
	var conditions [][]sqltext.Token
	if _, has := texts["from"]; has {
		conditions = k.from(&cursor{tokens: texts["from"]}, in)
	}
	list := &cursor{tokens: texts["select"]}
	for list.accept("distinct") || list.accept("all") {
	}
	if list.looks("top") && list.ahead(1).Kind == sqltext.Number {
		list.at += 2
	}
	items := split(list.rest(), ",")
	got := k.items(items, in)
	if member && len(items) == 1 && len(items[0]) == 1 && isName(items[0][0]) {
		k.outerMember(items[0][0], in)
	}
	for _, condition := range conditions {
		k.expression(condition, in)
	}
	k.aggregates(texts["where"], in)
	for _, clause := range []string{"where", "having", "qualify", "start", "connect"} {
		k.expression(texts[clause], in)
	}
	in.loose = true
	k.expression(texts["group"], in)
	if !inSet { // there, order by names the result's columns
		k.expression(texts["order"], in)
	}
	_, groups := texts["group"]
	_, having := texts["having"]
	_, limits := texts["limit"]
	got.single = !groups && !having && !limits && len(texts["qualify"]) == 0 && aggregate(list.rest()) >= 0
	return got
}

// outerMember warns of `order_id in (select order_id from keys)` where keys has no such column: then the name is the outer
// query's, which is right SQL and true for every row.
func (k *checker) outerMember(name sqltext.Token, in *scope) {
	var tables []string
	for _, from := range in.sources {
		if from.has(name.Text) {
			return
		}
		tables = append(tables, from.describe())
	}
	if len(tables) == 0 || in.open || constants[name.Text] || !k.isColumn(name.Text, in.parent) || k.mute {
		return
	}
	k.findings = append(k.findings, Finding{Line: name.Line + k.offset, Warning: true, Message: fmt.Sprintf(
		"%s is no column of %s: here it is the outer query's, so every row is in; put the table in front of the column that is meant", name.Text, strings.Join(tables, ", "))})
}

// items of a select list: the names that they give, then what they are made of.
func (k *checker) items(items [][]sqltext.Token, in *scope) result {
	got := result{}
	add := func(names []string, open bool) {
		got.columns, got.open = append(got.columns, names...), got.open || open
		if open {
			got.count = -1
		} else if got.count >= 0 {
			got.count += len(names)
		}
	}
	for i, item := range items {
		if len(item) == 0 && len(items) > 1 {
			k.fault(lineNear(items, i), "a comma too many: nothing follows it in the list")
		}
		name, isStar, qualifier := itemName(item)
		switch {
		case isStar && len(item) > 1 && qualifier == "":
			add(nil, true) // select * exclude …
		case isStar:
			matched := false
			for _, from := range in.sources {
				if qualifier == "" || qualifier == from.alias {
					matched = true
					add(from.columns, from.open)
				}
			}
			if !matched {
				add(nil, true)
			}
			if in.open {
				add(nil, true)
			}
		case name != "":
			add([]string{name}, false)
		default:
			// engines name what has no name in ways of their own
			got.open = true
			if got.count >= 0 {
				got.count++
			}
		}
	}
	for _, item := range items {
		name, isStar, qualifier := itemName(item)
		if isStar && qualifier == "" {
			continue
		}
		k.expression(item, in)
		if name != "" && !isPlainColumn(item) {
			in.names[name] = true // later items may use it
		}
	}
	return got
}

// lineNear an empty item is that of the one before or behind it.
func lineNear(items [][]sqltext.Token, i int) int {
	if i > 0 && len(items[i-1]) > 0 {
		return items[i-1][len(items[i-1])-1].Line
	}
	for _, item := range items[i:] {
		if len(item) > 0 {
			return item[0].Line
		}
	}
	return 1
}

func isPlainColumn(item []sqltext.Token) bool {
	return len(item) == 1 || len(item) == 3 && isSymbol(item[1], ".")
}

// itemName of an item of a select list.
func itemName(item []sqltext.Token) (name string, star bool, qualifier string) {
	if len(item) == 0 {
		return "", false, ""
	}
	last := item[len(item)-1]
	switch {
	case isSymbol(item[0], "*"):
		return "", true, ""
	case isSymbol(last, "*") && len(item) > 2 && isSymbol(item[len(item)-2], "."):
		return "", true, item[len(item)-3].Text
	case len(item) == 1 && last.Kind == sqltext.Word && constants[last.Text]:
		return "", false, ""
	case !isName(last):
		return "", false, ""
	case len(item) == 1:
		return last.Text, false, ""
	}
	before := item[len(item)-2]
	switch {
	case isSymbol(before, "."), isWord(before, "as"):
		return last.Text, false, ""
	case last.Kind == sqltext.Word && (constants[last.Text] || keywords[last.Text]):
		return "", false, "" // case … end
	case isSymbol(before, ":"):
		return "", false, "" // a type behind ::
	case isSymbol(before, ")"), isSymbol(before, "]"), before.Kind == sqltext.Number, before.Kind == sqltext.String, before.Kind == sqltext.QuotedName:
		return last.Text, false, ""
	case before.Kind == sqltext.Word && (!keywords[before.Text] || constants[before.Text]):
		return last.Text, false, ""
	}
	return "", false, ""
}
