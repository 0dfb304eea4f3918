package sqlcheck

import (
	"slices"
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
			skipType(p)
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
	switch {
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
		skipType(arguments)
		if isSymbol(arguments.peek(), ",") {
			inside = arguments.rest()
		}
	case name == "cast" || name == "try_cast":
		if as := find(inside, "as"); as >= 0 {
			inside = inside[:as]
		}
	}
	k.expression(inside, in)
}

// skipType reads a type: double precision, numeric(10, 2), timestamp with time zone.
func skipType(p *cursor) {
	p.at++
	if isWord(p.peek(), "precision", "varying") {
		p.at++
	}
	if isSymbol(p.peek(), "(") {
		p.skip()
	}
	if (p.looks("with") || p.looks("without")) && isWord(p.ahead(1), "time") {
		p.at += 3
	}
}

// qualified checks alias.column, table.column and schema.table.column.
func (k *checker) qualified(parts []string, line int, in *scope) {
	column := parts[len(parts)-1]
	anything := false
	for s := in; s != nil; s = s.parent {
		for _, from := range s.sources {
			if from.alias == parts[0] {
				if !from.has(parts[1]) && !k.isColumn(parts[0], in) {
					k.fault(line, "%s.%s: %s has no column %s%s", parts[0], parts[1], from.describe(), parts[1], remedy(parts[1], from.columns))
				}
				return
			}
			if len(parts) > 2 && len(from.parts) > 1 && from.alias == parts[1] && from.parts[len(from.parts)-2] == parts[0] && from.parts[len(from.parts)-1] == parts[1] {
				if !from.has(column) && len(parts) == 3 {
					k.fault(line, "%s: there is no such column%s", strings.Join(parts, "."), remedy(column, from.columns))
				}
				return
			}
			anything = anything || from.open || from.has(parts[0])
		}
		anything = anything || s.open || s.names[parts[0]]
	}
	if anything || k.lambdas {
		return // a field of a column, or who knows
	}
	if in.aliased(parts) {
		k.fault(line, "%s: the table has another name here: expected its alias in front of the column", strings.Join(parts, "."))
		return
	}
	k.fault(line, "%s: no table of this query is called %s: expected one of %s", strings.Join(parts, "."), parts[0], strings.Join(in.aliases(), ", "))
}

// aliased says that the name is that of a table which the query calls otherwise.
func (s *scope) aliased(parts []string) bool {
	for ; s != nil; s = s.parent {
		for _, from := range s.sources {
			if len(from.parts) > 0 && from.parts[len(from.parts)-1] == parts[max(0, len(parts)-2)] {
				return true
			}
		}
	}
	return false
}

func (s *scope) aliases() []string {
	var names []string
	for ; s != nil; s = s.parent {
		for _, from := range s.sources {
			names = append(names, from.alias)
		}
	}
	if len(names) == 0 {
		return []string{"none"}
	}
	return names
}

func (k *checker) isColumn(name string, in *scope) bool {
	for s := in; s != nil; s = s.parent {
		for _, from := range s.sources {
			if from.has(name) {
				return true
			}
		}
	}
	return false
}

// unqualified checks a column without its table's name.
func (k *checker) unqualified(token sqltext.Token, in *scope) {
	if k.lambdas || token.Kind == sqltext.Word && hiddenColumns[token.Text] {
		return
	}
	var tables, columns []string
	for s := in; s != nil; s = s.parent {
		if s.open || s.names[token.Text] {
			return
		}
		k.ambiguous(token, s)
		for _, from := range s.sources {
			if from.has(token.Text) || from.alias == token.Text {
				return
			}
			tables, columns = append(tables, from.describe()), append(columns, from.columns...)
		}
	}
	if len(tables) == 0 {
		k.fault(token.Line, "%s is no column: the query reads no table", token.Text)
		return
	}
	k.fault(token.Line, "%s is no column of %s%s", token.Text, strings.Join(tables, ", "), remedy(token.Text, columns))
}

// ambiguous reports a name that two tables of a query have.
func (k *checker) ambiguous(token sqltext.Token, in *scope) {
	if in.merged || in.loose {
		return
	}
	var tables []string
	for _, from := range in.sources {
		if slices.Contains(from.columns, token.Text) {
			tables = append(tables, from.alias)
		}
	}
	if len(tables) > 1 && !slices.Contains(tables, "") {
		k.fault(token.Line, "%s is ambiguous: %s have it, put the table that is meant in front", token.Text, strings.Join(tables, " and "))
	}
}

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

// remedy names the column that was probably meant, or all there are.
func remedy(name string, columns []string) string {
	if guess := nearest(name, columns); guess != "" {
		return guess
	}
	if len(columns) > 30 {
		columns = append(columns[:30:30], "…")
	}
	return ": expected one of " + strings.Join(columns, ", ")
}
