package sqlcheck

import (
	"slices"

	"lakeshift/config/sqltext"
)

// What insert, update, delete and merge name.

func (k *checker) insert(p *cursor) {
	relation := k.named(p)
	wanted, exact := -1, false
	before, line := k.found, p.peek().Line
	var list []sqltext.Token
	if isSymbol(p.peek(), "(") && !isWord(p.ahead(1), "select", "with") && !isSymbol(p.ahead(1), "(") {
		list = p.group()
		wanted, exact = k.listed(list, relation), true
	} else if relation != nil {
		if columns, known := relation.columns(); known {
			wanted = len(columns)
		}
	}
	sound := func() bool { return k.found == before } // what follows from a fault is not told
	count := func(got int, line int) {
		// fewer values than columns take the defaults, unless the columns are listed
		if wanted >= 0 && got >= 0 && (got > wanted || exact && got < wanted) {
			k.fault(line, "insert into %d columns gives %d values: expected as many", wanted, got)
		}
	}
	switch {
	case p.accept("values"):
		for _, row := range split(p.rest(), ",") {
			values := &cursor{tokens: row}
			if isSymbol(values.peek(), "(") {
				inside := values.group()
				if sound() {
					k.filled(relation, list, k.valuesOf(inside, &scope{}), line)
				}
				count(len(split(inside, ",")), row[0].Line)
				k.expression(inside, &scope{})
			}
		}
	case p.looks("default"):
	case !p.done():
		line := p.peek().Line
		listed := sound()
		got := k.query(p.rest(), nil)
		if listed && got.count == len(got.values) {
			k.filled(relation, list, got.values, line)
		}
		if listed == sound() {
			count(got.count, line)
		}
	}
}

func (k *checker) update(p *cursor, parent *scope) {
	relation, from := k.target(p, true)
	in := &scope{parent: parent, sources: []source{from}}
	if !p.accept("set") {
		return
	}
	end := find(p.rest(), "from", "where")
	if end < 0 {
		end = len(p.rest())
	}
	assignments := p.rest()[:end]
	p.at += end
	if p.accept("from") {
		k.joined(p, in)
	}
	for _, assignment := range split(assignments, ",") {
		a := &cursor{tokens: assignment}
		if parts := a.name(); len(parts) > 1 && isSymbol(a.peek(), "=") && slices.Contains([]string{from.alias, from.parts[len(from.parts)-1]}, parts[len(parts)-2]) {
			k.fault(a.line(), "set names a column without its table: expected %s", parts[len(parts)-1])
		}
	}
	k.assignments(assignments, relation, in)
	k.expression(p.rest(), in)
}

// joined reads the tables that a change looks at besides its own, up to where.
func (k *checker) joined(p *cursor, in *scope) {
	end := find(p.rest(), "where")
	if end < 0 {
		end = len(p.rest())
	}
	for _, condition := range k.from(&cursor{tokens: p.rest()[:end]}, in) {
		k.expression(condition, in)
	}
	p.at += end
}

func (k *checker) assignments(tokens []sqltext.Token, relation *Relation, in *scope) {
	seen := map[string]bool{}
	for _, assignment := range split(tokens, ",") {
		a := &cursor{tokens: assignment}
		column := a.peek()
		parts := a.name()
		if len(parts) == 1 && relation != nil {
			k.listed([]sqltext.Token{column}, relation)
		}
		if len(parts) == 1 && seen[parts[0]] {
			k.fault(column.Line, "column %s is set twice", parts[0])
		}
		if a.symbol("=") {
			if len(parts) == 1 {
				seen[parts[0]] = true
				k.written(relation, parts[0], k.valueOf(a.rest(), in), column.Line)
			}
			k.expression(a.rest(), in)
		}
	}
}

func (k *checker) delete(p *cursor, parent *scope) {
	p.accept("from")
	_, from := k.target(p, true)
	in := &scope{parent: parent, sources: []source{from}}
	if p.accept("using") {
		k.joined(p, in)
	}
	k.expression(p.rest(), in)
}

func (k *checker) merge(p *cursor) {
	relation, target := k.target(p, false)
	if !p.accept("using") {
		return // Merge says what is wrong
	}
	in := &scope{sources: []source{target}}
	k.relation(p, in)
	if !p.accept("on") {
		return
	}
	for i, part := range whens(p.rest()) {
		clause := &cursor{tokens: part}
		if i == 0 {
			k.expression(part, in)
			continue
		}
		for !clause.done() && !clause.looks("then") {
			clause.at++
		}
		clause.accept("then")
		switch {
		case clause.accept("update", "set"):
			k.assignments(clause.rest(), relation, in)
		case clause.accept("insert"):
			wanted, before := -1, k.found
			var list []sqltext.Token
			if isSymbol(clause.peek(), "(") {
				list = clause.group()
				wanted = k.listed(list, relation)
			}
			if clause.accept("values") && isSymbol(clause.peek(), "(") {
				line := clause.peek().Line
				values := clause.group()
				if k.found == before {
					k.filled(relation, list, k.valuesOf(values, in), line)
				}
				if got := len(split(values, ",")); wanted >= 0 && got != wanted {
					k.fault(line, "insert into %d columns gives %d values: expected as many", wanted, got)
				}
				k.expression(values, in)
			}
		}
	}
}

// whens cuts what follows `on`: the condition, then each `when`.
func whens(tokens []sqltext.Token) [][]sqltext.Token {
	var parts [][]sqltext.Token
	p := &cursor{tokens: tokens}
	begin, cases := 0, 0
	for !p.done() {
		switch {
		case isWord(p.peek(), "case"):
			cases++
		case isWord(p.peek(), "end"):
			cases--
		case isWord(p.peek(), "when") && cases <= 0 && p.at >= begin:
			parts = append(parts, tokens[begin:p.at])
			begin = p.at
		}
		p.skip()
	}
	return append(parts, tokens[begin:])
}
