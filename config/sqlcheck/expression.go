package sqlcheck

import (
	"strings"

	"lakeshift/config/sqltext"
)

func set(words string) map[string]bool {
	found := map[string]bool{}
	for _, word := range strings.Fields(words) {
		found[word] = true
	}
	return found
}

// Words that stand for a value.
var constants = set(`
	null true false end sysdate current_date current_time current_timestamp current_user current_user_id current_schema current_catalog
	current_role localtime localtimestamp session_user user unknown nan infinity default level rownum`)

// Words of the grammar that no column is called without quotes, and that no value ends with.
var keywords = set(`
	all and any approximate array as asc between both by case cast connect_by_root cross cube current desc distinct else end escape
	except exists false filter following for from full group grouping having ilike in inner intersect into is isnull join lateral leading
	left like limit minus natural not notnull null nulls of offset on or order outer over overlaps partition preceding prior qualify range
	respect right rlike row rows select sets similar some then to top trailing true try_cast unbounded union unique unnest using values
	when where with within without zone ignore groups rollup ties others exclude`)

// Functions whose first argument is a part of a date, written without quotes.
var dateParts = set("dateadd datediff date_add date_diff datepart date_part date_trunc timestampadd timestampdiff")

// Functions with a grammar of their own between their brackets.
var ownGrammar = set("json_object json_array json_query json_value json_exists json_table xmltable match_recognize object map_agg")

// Columns that every table of Redshift's has and hides.
var hiddenColumns = set("oid ctid tableoid xmin xmax cmin cmax insertxid deletexid")

// expression checks names of columns, and the queries in it.
func (k *checker) expression(tokens []sqltext.Token, in *scope) {
	k.compared(tokens, in)
	p := &cursor{tokens: tokens}
	operand := false // the token before ends a value: a name that follows it is no column
	for !p.done() {
		token := p.peek()
		switch {
		case isSymbol(token, "("), isSymbol(token, "["):
			before := p.ahead(-1)
			inside := p.group()
			if len(inside) > 0 && isWord(inside[0], "select", "with") || isParenthesisedQuery(inside) {
				k.member = isWord(before, "in")
				k.query(inside, in)
			} else {
				k.expression(inside, in)
			}
			operand = true
		case isSymbol(token, ":") && isSymbol(p.ahead(1), ":"):
			p.at += 2
			k.knownType(readType(p))
			operand = true
		case isSymbol(token, ":"), isSymbol(token, "@"):
			p.at += 2 // a parameter
			operand = true
		case token.Kind == sqltext.String, token.Kind == sqltext.Number:
			p.at++
			operand = true
		case isSymbol(token, ".") && operand && isName(p.ahead(1)):
			p.at += 2 // a field of what stands before
		case token.Kind == sqltext.Symbol:
			p.at++
			operand = false
		case isWord(token, "as"):
			p.at++
			if isName(p.peek()) {
				p.at++
			}
			operand = true
		case isWord(token, "to") && operand && isName(p.ahead(1)):
			p.at += 2 // interval '1-2' year to month
		case isWord(token, "nulls") && isWord(p.ahead(1), "first", "last"):
			p.at += 2
		case isWord(token, "u") && isSymbol(p.ahead(1), "&") && p.ahead(2).Kind == sqltext.String && p.ahead(2).From == token.To+1:
			p.at += 3 // a literal with Unicode escapes
			operand = true
		case isWord(token, "over") && isName(p.ahead(1)):
			p.at += 2
			operand = true
		default:
			operand = k.name(p, in, operand)
		}
	}
}

func isParenthesisedQuery(tokens []sqltext.Token) bool {
	for len(tokens) > 0 && isSymbol(tokens[0], "(") {
		tokens = tokens[1:]
		if len(tokens) > 0 && isWord(tokens[0], "select", "with") {
			return true
		}
	}
	return false
}

// name reads a word, function or column; it tells whether a value ends there.
func (k *checker) name(p *cursor, in *scope, operand bool) bool {
	token := p.peek()
	if isSymbol(p.ahead(1), ".") && (isName(p.ahead(2)) || isSymbol(p.ahead(2), "*")) {
		first := p.at
		parts := p.name()
		switch {
		case isSymbol(p.peek(), "("), operand:
		case isSymbol(p.peek(), ".") && isSymbol(p.ahead(1), "*"):
			p.at += 2
		default:
			k.qualified(parts, p.tokens[first].Line, in)
		}
		return true
	}
	if isSymbol(p.ahead(1), "(") && token.Kind == sqltext.Word {
		p.at++
		if !keywords[token.Text] || token.Text == "cast" || token.Text == "try_cast" || token.Text == "left" || token.Text == "right" {
			k.function(token)
			k.call(token.Text, p, in)
			return true
		}
		return false
	}
	p.at++
	switch {
	case token.Kind == sqltext.Word && constants[token.Text]:
		return true
	case token.Kind == sqltext.Word && keywords[token.Text]:
		return false
	case operand, p.peek().Kind == sqltext.String && token.Kind == sqltext.Word: // an alias or a word of an operator; date '2025-01-15'
		return true
	}
	k.unqualified(token, in)
	return true
}

// call checks the arguments of a function; some of them begin with words that are no columns.
func (k *checker) call(name string, p *cursor, in *scope) {
	if !isSymbol(p.peek(), "(") {
		return
	}
	inside := p.group()
	k.arguments(name, inside, p.rest(), in)
	switch {
	case len(inside) == 0 && name == "count" && k.catalog.Dialect == Redshift:
		k.fault(p.ahead(-1).Line, "count() counts nothing: expected count(*)")
	case len(inside) > 0 && (isWord(inside[0], "select", "with") || isParenthesisedQuery(inside)):
		k.query(inside, in)
		return
	case ownGrammar[name]:
		in = &scope{parent: in, open: true}
	case name == "extract" && len(inside) > 1 && isWord(inside[1], "from"):
		inside = inside[2:]
	case dateParts[name] && len(inside) > 1 && isSymbol(inside[1], ","):
		inside = inside[2:]
	case name == "convert" && len(inside) > 1 && inside[0].Kind == sqltext.Word:
		arguments := &cursor{tokens: inside}
		kind := readType(arguments)
		if isSymbol(arguments.peek(), ",") {
			inside = arguments.rest()
			if len(split(inside[1:], ",")) == 1 {
				k.knownType(kind)
			}
		}
	case name == "cast" || name == "try_cast":
		if as := find(inside, "as"); as >= 0 {
			k.castTo(readType(&cursor{tokens: inside, at: as + 1}))
			inside = inside[:as]
		}
	}
	k.expression(inside, in)
}
