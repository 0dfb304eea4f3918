package sqlcheck

import (
	"lakeshift/config/spelling"
	"lakeshift/config/sqltext"
)

// joined counts the joins of a from clause and the conditions that belong to them.
type joined struct {
	table      bool // one stands before, so that the next needs a comma or a join in front
	open       []sqltext.Token
	conditions int
	without    bool // the next join takes no condition
}

// see what comes next.
func (j *joined) see(p *cursor) {
	switch token := p.peek(); {
	case isSymbol(token, ","), isWord(token, "lateral"):
		j.table = false
	case isWord(token, "cross", "natural"):
		j.without, j.table = true, false
	case isWord(token, "join"):
		if !j.without {
			j.open = append(j.open, token)
		}
		j.without, j.table = false, false
	case isJoin(p), isWord(token, "outer"):
		j.table = false
	case isWord(token, "on"), isWord(token, "using") && isSymbol(p.ahead(1), "("):
		j.conditions++
	}
}

// more conditions of joins inside of joins: a join b join c on … on …
func (j *joined) more(condition []sqltext.Token) {
	for p := (&cursor{tokens: condition}); !p.done(); p.skip() {
		if isWord(p.peek(), "on") || isWord(p.peek(), "using") && isSymbol(p.ahead(1), "(") {
			j.conditions++
		}
	}
}

func (j *joined) check(k *checker) {
	if j.conditions < len(j.open) {
		k.fault(j.open[len(j.open)-1].Line, "a join without a condition: expected on …, using (…), or cross join")
	}
}

// clauseMeant looks for a clause that was mistyped and taken for an alias.
func clauseMeant(p *cursor) string {
	clauses := []string{"where", "group", "order", "having", "limit", "join", "inner", "left", "union", "qualify", "from"}
	for _, token := range []sqltext.Token{p.ahead(-1), p.peek()} {
		switch {
		case token.Kind != sqltext.Word:
		case token.Text == "orderby", token.Text == "groupby":
			return " (is it " + token.Text[:5] + " by?)"
		case spelling.Nearest(token.Text, clauses) != "":
			return spelling.Describe(token.Text, clauses)
		}
	}
	return ""
}
