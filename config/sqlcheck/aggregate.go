package sqlcheck

import (
	"lakeshift/config/sqltext"
)

var plainAggregates = set("sum count avg min max listagg median array_agg stddev variance")

// aggregate finds the first call of an aggregate function that is no window function, outside of subqueries; -1 if there is none.
func aggregate(tokens []sqltext.Token) int {
	for i := 0; i < len(tokens); i++ {
		if isSymbol(tokens[i], "(") && i+1 < len(tokens) && isWord(tokens[i+1], "select", "with") {
			i = closing(tokens, i) - 1
			continue
		}
		p := &cursor{tokens: tokens, at: i}
		if tokens[i].Kind != sqltext.Word || !plainAggregates[tokens[i].Text] || !isSymbol(p.ahead(1), "(") || isSymbol(p.ahead(-1), ".") {
			continue
		}
		p.at++
		p.skip()
		for p.looks("within", "group") || p.looks("filter") || p.looks("ignore", "nulls") || p.looks("respect", "nulls") {
			for !p.done() && !isSymbol(p.peek(), "(") && !p.looks("over") {
				p.at++
			}
			if !p.looks("over") {
				p.skip()
			}
		}
		if !p.looks("over") {
			return i
		}
	}
	return -1
}

// aggregates can't stand in a where clause, unless they are those of a query around it.
func (k *checker) aggregates(where []sqltext.Token, in *scope) {
	for s := in.parent; s != nil; s = s.parent {
		if len(s.sources) > 0 {
			return
		}
	}
	if at := aggregate(where); at >= 0 {
		k.fault(where[at].Line, "%s in a where clause: rows are grouped after it, expected having", where[at].Text)
	}
}
