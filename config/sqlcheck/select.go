package sqlcheck

import (
	"slices"
	"strings"

	"lakeshift/config/spelling"
	"lakeshift/config/sqltext"
)

// Clauses of a select, in any order; what follows the last ones is not looked at.
var clauses = []string{"from", "where", "group", "having", "qualify", "order", "limit", "offset", "fetch", "into", "window", "connect", "start", "for"}

func (k *checker) selection(tokens []sqltext.Token, parent *scope, inSet bool) result {
	member := k.member
	k.member = false
	texts := map[string][]sqltext.Token{}
	lists, p := "select", &cursor{tokens: tokens, at: 1}
	begin := 1
	var passed []string
	for !p.done() {
		word := p.peek()
		isClause := isWord(word, clauses...) && !p.named() && !(isSymbol(p.ahead(1), "(") && !isWord(word, "from", "where", "having", "qualify"))
		switch {
		case isWord(word, "from") && isWord(p.ahead(-1), "distinct") && isWord(p.ahead(-2), "is", "not"):
			isClause = false // is distinct from
		case isWord(word, "group", "order"):
			isClause = isClause && isWord(p.ahead(1), "by")
		case isWord(word, "connect"):
			isClause = isClause && isWord(p.ahead(1), "by")
		case isWord(word, "start"):
			isClause = isClause && isWord(p.ahead(1), "with")
		case isWord(word, "for") && isWord(p.ahead(1), "timestamp", "version", "system_time", "system_version"):
			isClause = false // a table as it was
		case isWord(word, "window", "for", "into", "offset", "limit", "fetch"):
			isClause = isClause && p.at > 1
		}
		if isClause {
			k.order(word, passed)
			passed = append(passed, word.Text)
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
	if _, has := texts["from"]; !has {
		for _, token := range list.rest() {
			if token.Kind == sqltext.Word && spelling.Nearest(token.Text, []string{"from"}) != "" && !k.isColumn(token.Text, parent) {
				k.fault(token.Line, "the query reads no table, and %s stands in its list (is it from?)", token.Text)
				return unknown
			}
		}
	}
	items := split(list.rest(), ",")
	before := k.found
	got := k.items(items, in)
	if member && len(items) == 1 && len(items[0]) == 1 && isName(items[0][0]) {
		k.outerMember(items[0][0], in)
	}
	_, groups := texts["group"]
	for _, condition := range conditions {
		k.expression(condition, in)
	}
	k.aggregates(texts["where"], in)
	for _, clause := range []string{"where", "having"} {
		k.condition(clause, texts[clause])
	}
	for _, clause := range []string{"where", "having", "qualify", "start", "connect"} {
		k.expression(texts[clause], in)
	}
	k.listNames("where", texts["where"], in)
	k.listNames("having", texts["having"], in)
	k.listNames("group by", texts["group"], in)
	in.loose = true
	k.expression(texts["group"], in)
	if !inSet { // there, order by names the result's columns
		k.expression(texts["order"], in)
	}
	if k.found == before { // else it would follow from that
		k.grouped(items, texts["group"], groups, in)
	}
	_, having := texts["having"]
	_, limits := texts["limit"]
	got.single = !groups && !having && !limits && len(texts["qualify"]) == 0 && aggregate(list.rest()) >= 0
	return got
}

// The clauses that stand in this order, each once.
var clauseOrder = []string{"from", "where", "group", "having", "order", "limit"}

func (k *checker) order(clause sqltext.Token, passed []string) {
	at := slices.Index(clauseOrder, clause.Text)
	for _, before := range passed {
		if at >= 0 && slices.Index(clauseOrder, before) >= at {
			k.fault(clause.Line, "%s stands behind %s: expected select, from, where, group by, having, order by, limit", clause.Text, before)
			return
		}
	}
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
	if len(tables) == 0 || in.open || constants[name.Text] || !k.isColumn(name.Text, in.parent) {
		return
	}
	k.warn(name.Line, "%s is no column of %s: here it is the outer query's, so every row is in; put the table in front of the column that is meant",
		name.Text, strings.Join(tables, ", "))
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
	for _, item := range items {
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
					for _, column := range from.columns {
						v := from.shapes[column]
						v.line, v.column = item[0].Line, column
						got.values = append(got.values, v)
					}
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
			v := k.valueOf(unnamed(item), in)
			v.column = name
			got.values = append(got.values, v)
			k.runTogether(item, in)
		default:
			// engines name what has no name in ways of their own
			got.open = true
			if got.count >= 0 {
				got.count++
			}
			got.values = append(got.values, k.valueOf(item, in))
		}
	}
	for _, item := range items {
		name, isStar, qualifier := itemName(item)
		if isStar && qualifier == "" {
			continue
		}
		before := k.found
		if k.expression(item, in); k.found > before {
			got.open = true // what looks for the right name behind it shall find it
		}
		if name != "" && !isPlainColumn(item) {
			in.names[name] = true // later items may use it
		}
	}
	return got
}

// runTogether tells of two columns in two lines: without the comma the second is a name for the first.
func (k *checker) runTogether(item []sqltext.Token, in *scope) {
	value := unnamed(item)
	if len(value) != len(item)-1 || !isPlainColumn(value) {
		return
	}
	name, before := item[len(item)-1], value[len(value)-1]
	if name.Line > before.Line && name.Text != before.Text && in.holds([]string{name.Text}) {
		k.warn(name.Line, "%s is taken for a name of %s in the line before: is a comma missing?", name.Text, before.Text)
	}
}

// unnamed is an item without the name that it gets.
func unnamed(item []sqltext.Token) []sqltext.Token {
	if n := len(item); n > 2 && isWord(item[n-2], "as") {
		return item[:n-2]
	} else if n > 1 && !isSymbol(item[n-2], ".") && isName(item[n-1]) {
		return item[:n-1]
	}
	return item
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
