package sqlcheck

import "lakeshift/config/sqltext"

// Words behind a relation that are no alias.
var notAliases = []string{
	"on", "using", "join", "inner", "left", "right", "full", "outer", "cross", "natural", "where", "group", "order", "having", "limit", "offset",
	"union", "except", "intersect", "minus", "qualify", "tablesample", "pivot", "unpivot", "when", "set", "values", "as", "with", "at", "for", "fetch",
	"window", "connect", "start", "match_recognize",
}

// from reads the relations of a from clause into the scope and returns the conditions of its joins.
func (k *checker) from(p *cursor, in *scope) (conditions [][]sqltext.Token) {
	joins := joined{}
	defer func() { joins.check(k) }()
	for !p.done() {
		joins.see(p)
		switch {
		case p.symbol(","):
		case isWord(p.peek(), "join", "inner", "left", "right", "full", "outer", "cross", "lateral", "as") && !isSymbol(p.ahead(1), "("):
			p.at++
		case p.accept("natural"):
			in.merged = true
		case isWord(p.peek(), "join", "lateral"):
			p.at++ // join (subquery)
		case isWord(p.peek(), "on") && !joins.table:
			k.fault(p.peek().Line, "on stands where a table is expected")
			in.open = true
			return conditions
		case p.accept("on"):
			begin := p.at
			for !p.done() && !isSymbol(p.peek(), ",") && !isJoin(p) {
				p.skip()
			}
			condition := p.tokens[begin:min(p.at, len(p.tokens))]
			joins.more(condition)
			conditions = append(conditions, condition)
		case isWord(p.peek(), "using") && isSymbol(p.ahead(1), "("):
			p.at++
			in.merged = true
			for _, token := range p.group() {
				if isName(token) && !k.someHas(in, token.Text) {
					k.fault(token.Line, "using (%s): no table before it has that column", token.Text)
				}
			}
		case isWord(p.peek(), "pivot", "unpivot", "match_recognize"):
			in.open = true // it makes columns of its own
			for !p.done() && !isSymbol(p.peek(), "(") {
				p.at++
			}
			p.skip()
			p.accept("as")
			if isName(p.peek()) && !isWord(p.peek(), notAliases...) {
				p.at++
			}
		case p.accept("tablesample"):
			p.at++
			p.skip()
		case isWord(p.peek(), "group", "order"):
			k.fault(p.peek().Line, "%s without by: expected %s by", p.peek().Text, p.peek().Text)
			in.open = true
			return conditions
		case isWord(p.peek(), notAliases...):
			in.open = true // a clause that is not known here
			for !p.done() && !isSymbol(p.peek(), ",") && !isJoin(p) {
				p.skip()
			}
		case joins.table:
			k.fault(p.peek().Line, "%s stands behind a table%s: expected a comma, a join or the next clause", p.peek().Text, clauseMeant(p))
			in.open = true
			joins = joined{} // nothing is known of what follows
			return conditions
		default:
			before := p.at
			k.relation(p, in)
			joins.table = true
			if p.at == before {
				in.open = true
				p.skip()
			}
		}
	}
	return conditions
}

func (k *checker) someHas(in *scope, column string) bool {
	for _, from := range in.sources {
		if from.has(column) {
			return true
		}
	}
	return len(in.sources) == 0
}

func isJoin(p *cursor) bool {
	if isSymbol(p.ahead(1), "(") && !isWord(p.peek(), "join") {
		return false // left(…) is a function
	}
	return isWord(p.peek(), "join", "inner", "left", "right", "full", "cross", "natural") && !isSymbol(p.ahead(-1), ".")
}

// relation reads one: a name, a subquery, a function or a join between brackets; with its alias.
func (k *checker) relation(p *cursor, in *scope) {
	from := source{}
	line := p.peek().Line
	switch {
	case isSymbol(p.peek(), "("):
		inside := p.group()
		switch {
		case len(inside) > 0 && (isWord(inside[0], "select", "with") || isSymbol(inside[0], "(") && find(inside, "join") < 0):
			got := k.query(inside, in)
			from.columns, from.open, from.shapes = got.columns, got.open, shapesOf(got, nil)
		case len(inside) > 0 && isWord(inside[0], "values"):
			from.open = true
		default:
			for _, condition := range k.from(&cursor{tokens: inside}, in) {
				k.expression(condition, in)
			}
			return
		}
	default:
		parts := p.name()
		if len(parts) == 0 {
			return
		}
		from.parts, from.alias = parts, parts[len(parts)-1]
		if isSymbol(p.peek(), "(") { // a function that gives rows
			k.expression(p.group(), in)
			from.parts, from.open = nil, true
			if p.accept("with", "ordinality") {
				break
			}
			break
		}
		k.lookUp(&from, line, in)
	}
	p.accept("as")
	if isName(p.peek()) && !isWord(p.peek(), notAliases...) {
		from.alias = p.peek().Text
		p.at++
		if isSymbol(p.peek(), "(") {
			if listed, _ := declared(p.group()); len(listed) > 0 {
				from.columns, from.shapes = listed, nil
			}
		}
		if p.accept("at") { // unpivot … as value at name
			in.open = true
			p.skip()
		}
	}
	in.sources = append(in.sources, from)
}

// lookUp fills in a relation's columns.
func (k *checker) lookUp(from *source, line int, in *scope) {
	if len(from.parts) == 1 {
		if table, ok := in.cte(from.alias); ok {
			from.columns, from.open, from.shapes = table.columns, table.open, table.shapes
			return
		}
	}
	from.open = true
	if len(from.parts) > 1 {
		for s := in; s != nil; s = s.parent {
			for _, other := range s.sources {
				if other.alias == from.parts[0] {
					from.parts = nil // the elements of a column: from orders as o, o.lines
					return
				}
			}
		}
	}
	relation := k.exists(from.parts, line)
	if relation == nil {
		return
	}
	columns, known := relation.columns()
	from.columns, from.open, from.lake, from.shapes = columns, !known, relation.Lake, relation.shapes()
}
