package sqlcheck

import (
	"slices"
	"strings"

	"lakeshift/config/sqltext"
)

// create checks the query of what it makes; the columns of the others are their own.
func (k *checker) create(p *cursor) {
	begin := p.at
	relation, ok := created(p)
	if !ok {
		return
	}
	if k.catalog.Dialect == Redshift && !relation.Lake {
		k.options(&cursor{tokens: p.tokens, at: begin})
	}
	if relation.Temporary && strings.Contains(relation.Name, ".") {
		k.fault(p.tokens[begin].Line, "a temporary table has a schema of its own: expected %s without %s",
			relation.Name[strings.LastIndex(relation.Name, ".")+1:], relation.Name[:strings.LastIndex(relation.Name, ".")])
	}
	if relation.query == nil {
		k.keys(&cursor{tokens: p.tokens, at: begin}, relation.Columns, relation.Open)
		if !relation.Lake {
			k.columnTypes(&cursor{tokens: p.tokens, at: begin})
		}
		return
	}
	query := relation.query
	if n := len(query); n > 4 && isWord(query[n-4], "with") && isWord(query[n-3], "no") && isWord(query[n-2], "schema") {
		query = query[:n-4]
	}
	if n := len(query); n > 2 && isWord(query[n-1], "data") { // with no data
		if with := find(query, "with"); with > 0 {
			query = query[:with]
		}
	}
	if (&cursor{tokens: p.tokens, at: begin}).looks("materialized", "view") {
		k.materialized(p.tokens[begin:], query)
	}
	got := k.query(query, nil)
	if len(relation.Columns) == 0 {
		k.twice(got, p.tokens[begin].Line)
	}
	if len(relation.Columns) > 0 && got.count >= 0 && got.count != len(relation.Columns) {
		k.fault(p.tokens[begin].Line, "%s names %d columns, its query has %d", relation.Name, len(relation.Columns), got.count)
	}
	if len(relation.Columns) == 0 {
		k.keys(&cursor{tokens: p.tokens, at: begin}, got.columns, got.open)
	}
}

// columnTypes checks the types that a table's columns are declared with, and that none is declared twice.
func (k *checker) columnTypes(p *cursor) {
	for !p.done() && !isSymbol(p.peek(), "(") {
		p.at++
	}
	if p.done() {
		return
	}
	seen := map[string]bool{}
	for _, part := range split(p.group(), ",") {
		column := &cursor{tokens: part}
		if isWord(column.peek(), "like", "primary", "foreign", "constraint", "unique") {
			continue
		}
		line := column.peek().Line
		name := column.name()
		if len(name) != 1 {
			continue
		}
		if seen[name[0]] {
			k.fault(line, "column %s stands there twice", name[0])
		}
		seen[name[0]] = true
		if column.done() || sqltext.Attribute(column.peek()) {
			k.fault(line, "column %s has no type", name[0])
			continue
		}
		kind := readType(column)
		k.knownType(kind)
		if err := sqltext.Attributes(column.rest(), name[0]); err != nil {
			k.fault(err.Line, "%s", err.Message)
		} else if err := sqltext.Encoding(column.rest(), name[0], kind.name); err != nil {
			k.fault(err.Line, "%s", err.Message)
		}
	}
}

// twice finds names that a table or file can have once only.
func (k *checker) twice(got result, line int) {
	var names []string
	for i, name := range got.columns {
		if slices.Contains(got.columns[:i], name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		k.fault(line, "has two columns %s: give one of them another name", strings.Join(names, ", "))
	}
}

// keys checks the columns that distkey, sortkey and primary key name.
func (k *checker) keys(p *cursor, columns []string, open bool) {
	if open {
		return
	}
	tokens := p.rest()
	if as := find(tokens, "as"); as >= 0 {
		tokens = tokens[:as]
	}
	for i := 0; i+1 < len(tokens); i++ {
		key := isWord(tokens[i], "distkey", "sortkey") || isWord(tokens[i], "key") && i > 0 && isWord(tokens[i-1], "primary", "foreign")
		if !key || !isSymbol(tokens[i+1], "(") {
			continue
		}
		group := &cursor{tokens: tokens, at: i + 1}
		for _, name := range group.group() {
			if isName(name) && !slices.Contains(columns, name.Text) {
				k.fault(name.Line, "%s names %s, which is no column of the table%s", tokens[i].Text, name.Text, remedy(name.Text, columns))
			}
		}
	}
}
