package sqlcheck

import (
	"strings"

	"lakeshift/config/sqltext"
)

// foreignClause finds a clause or operator, at the cursor, that PostgreSQL or others have and Redshift has not:
// https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_synopsis.html, …/r_UNION.html
func foreignClause(here *cursor, fault func(int, string, ...any)) {
	line, before, next := here.peek().Line, here.ahead(-1), here.ahead(1)
	switch {
	case isWord(before, "as"):
	case here.looks("window") && isName(next) && isWord(here.ahead(2), "as") && isSymbol(here.ahead(3), "("):
		fault(line, "Redshift has no \"window\" clause: write the window into each over (…)")
	case isWord(here.peek(), "except", "intersect", "minus") && isWord(next, "all") && (isWord(here.ahead(2), "select") || isSymbol(here.ahead(2), "(")):
		fault(line, "Redshift has no \"%s all\": number equal rows by row_number() over (…) first", here.peek().Text)
	case here.looks("lateral") && (isWord(before, "join") || isSymbol(before, ",")) && (isSymbol(next, "(") || isName(next) && isSymbol(here.ahead(2), "(")):
		fault(line, "Redshift has no \"lateral\": join a subquery; the elements of a super are read by from t, t.elements as e")
	case isSymbol(here.peek(), "-") && isSymbol(next, ">") && here.peek().To == next.From:
		fault(line, "Redshift has no \"->\": use json_extract_path_text(…), or column.field of a super")
	case here.looks("limit") && next.Kind == sqltext.Number && isSymbol(here.ahead(2), ",") && here.ahead(3).Kind == sqltext.Number:
		fault(line, "limit takes one number: expected limit %s offset %s", here.ahead(3).Text, next.Text)
	}
}

// arguments of functions that other engines call in another way. after is what follows the call.
func (k *checker) arguments(name string, inside, after []sqltext.Token, in *scope) {
	if len(inside) == 0 || k.catalog.callable(name) {
		return
	}
	line, list := inside[0].Line, split(inside, ",")
	redshift := k.catalog.Dialect == Redshift
	switch {
	case plainAggregates[name] && aggregate(inside) >= 0 && find(after[:min(1, len(after))], "over") < 0:
		k.fault(line, "%s in %s: an aggregate takes none, put the inner one into a subquery", inside[aggregate(inside)].Text, name)
	case name == "count" && isWord(inside[0], "distinct") && len(list) > 1:
		k.fault(line, "count takes one expression: count the rows of a select distinct, between brackets in from")
	case name == "concat" && redshift && len(list) != 2:
		k.fault(line, "concat takes two values here, not %d: put || between them", len(list))
	case (name == "datediff" || name == "dateadd") && redshift && len(list) == 2, (name == "date_diff" || name == "date_add") && !redshift && len(list) == 2:
		k.fault(line, "%s takes three values, a part of a date first: day, month …", name)
	case name == "date_trunc" || !redshift && (name == "date_diff" || name == "date_add"):
		if len(list) > 1 && len(list[0]) == 1 && list[0][0].Kind == sqltext.Word && !k.isColumn(list[0][0].Text, in) {
			k.fault(line, "%s takes the part of a date as a text: expected '%s'", name, list[0][0].Text)
		}
	case (name == "sum" || name == "avg") && !redshift:
		if k.valueOf(inside, in).shape.Kind == "varchar" {
			k.fault(line, "%s of a text: expected %s(try_cast(%s as …))", name, name, words(inside))
		}
	}
}

// listNames finds names of the select list where Athena knows columns only.
func (k *checker) listNames(clause string, tokens []sqltext.Token, in *scope) {
	if k.catalog.Dialect != Athena || in.open {
		return
	}
	for i, token := range tokens {
		p := &cursor{tokens: tokens, at: i}
		if !isName(token) || !in.names[token.Text] || k.isColumn(token.Text, in) || isSymbol(p.ahead(1), "(") || isSymbol(p.ahead(1), ".") ||
			p.named() || token.Kind == sqltext.Word && (keywords[token.Text] || constants[token.Text]) ||
			p.ahead(1).Kind == sqltext.String {
			continue
		}
		remedy := "repeat the expression"
		if clause == "group by" {
			remedy += ", or name its position, such as group by 1"
		}
		k.fault(token.Line, "%s is a name of the select list, which Athena does not know in %s: %s", token.Text, clause, remedy)
		return
	}
}

// compared finds columns that stand beside a literal of another kind: Redshift converts one of them, Athena refuses.
func (k *checker) compared(tokens []sqltext.Token, in *scope) {
	if k.catalog.Dialect != Athena {
		return
	}
	ends := func(at int) bool {
		return at < 0 || at >= len(tokens) || isSymbol(tokens[at], ",") || isWord(tokens[at], "and", "or", "not", "when", "then", "else", "end", "as")
	}
	for i := 1; i+1 < len(tokens); i++ {
		end, right := i, i+1 // of what stands left, and what stands right of the operator
		switch {
		case compares(tokens[i]):
			for right < len(tokens) && compares(tokens[right]) {
				right++
			}
		case isWord(tokens[i], "between"), isWord(tokens[i], "in") && isSymbol(tokens[i+1], "("):
			if isWord(tokens[i], "in") {
				right++
			}
			if isWord(tokens[i-1], "not") {
				end--
			}
		default:
			continue
		}
		begin := end - 1
		if begin >= 2 && isSymbol(tokens[begin-1], ".") && isName(tokens[begin-2]) {
			begin -= 2
		}
		if begin < 0 || right >= len(tokens) || !isName(tokens[begin]) || !ends(begin-1) || !ends(right+1) && !isSymbol(tokens[right+1], ")") {
			continue
		}
		column, literal := tokens[begin:end], tokens[right]
		switch kind := k.valueOf(column, in).shape.Kind; {
		case kind == "varchar" && literal.Kind == sqltext.Number:
			k.fault(literal.Line, "%s is a text, which Athena does not compare with a number: expected '%s', or try_cast(%s as …)", words(column), literal.Text, words(column))
		case (kind == "integer" || kind == "decimal") && literal.Kind == sqltext.String:
			k.fault(literal.Line, "%s is a number, which Athena does not compare with a text: expected %s", words(column), literal.Literal())
		case (kind == "date" || kind == "timestamp") && literal.Kind == sqltext.String:
			k.fault(literal.Line, "%s is a %s, which Athena does not compare with a text: expected %s %s", words(column), kind, kind, literal.Text)
		}
	}
}

func compares(token sqltext.Token) bool {
	return token.Kind == sqltext.Symbol && strings.Contains("=<>!", token.Text)
}

func words(tokens []sqltext.Token) string {
	var text strings.Builder
	for _, token := range tokens {
		text.WriteString(token.Text)
	}
	return text.String()
}
