package sqlcheck

import (
	"lakeshift/config/sqltext"
)

// What functions of other engines are called in a dialect. Redshift:
// https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-functions.html
var otherFunctions = map[Dialect]map[string]string{
	Redshift: {
		"ifnull": "nvl", "string_agg": "listagg", "group_concat": "listagg", "array_agg": "listagg", "every": "bool_and",
		"iff": "case when … then … else … end", "if": "case when … then … else … end", "now": "getdate", "instr": "strpos", "date_format": "to_char", "str_to_date": "to_date",
		"count_if": "sum(case when … then 1 end)", "countif": "sum(case when … then 1 end)", "safe_cast": "try_cast",
		"regexp_extract": "regexp_substr", "unix_timestamp": "extract(epoch from …)", "curdate": "current_date",
		"year": "extract(year from …)", "month": "extract(month from …)", "quarter": "extract(quarter from …)",
		"hour": "extract(hour from …)", "approx_distinct": "approximate count(distinct …)", "date_parse": "to_timestamp",
		"to_unixtime": "extract(epoch from …)", "format_datetime": "to_char",
	},
	Athena: {
		"getdate": "current_timestamp", "sysdate": "current_timestamp", "dateadd": "date_add('day', …)", "datediff": "date_diff('day', …)",
		"nvl": "coalesce", "nvl2": "if(… is null, …)", "ifnull": "coalesce", "isnull": "… is null", "decode": "case when … then … end",
		"len": "length", "charindex": "strpos", "string_agg": "listagg", "add_months": "date_add('month', …)",
		"months_between": "date_diff('month', …)", "date_part": "extract(… from …)", "median": "approx_percentile(…, 0.5)",
		"json_extract_path_text": "json_extract_scalar", "regexp_substr": "regexp_extract", "convert_timezone": "… at time zone",
	},
}

// ForeignToAthena finds forms of Redshift's that Athena can't read.
func ForeignToAthena(statement sqltext.Statement) []Finding {
	var findings []Finding
	fault := func(token sqltext.Token, message string) {
		findings = append(findings, Finding{Line: token.Line, Message: message})
	}
	for i, token := range statement.Tokens {
		p := &cursor{tokens: statement.Tokens, at: i}
		switch before := p.ahead(-1); {
		case p.named():
		case isSymbol(token, ":") && isSymbol(p.ahead(1), ":") && token.To == p.ahead(1).From, isSymbol(token, "::"):
			fault(token, "Athena has no \"::\": use cast(… as …)")
		case isWord(token, "ilike") && (isName(before) || isSymbol(before, ")") || isWord(before, "not")):
			fault(token, "Athena has no \"ilike\": use lower(…) like")
		case isWord(token, "qualify") && p.ahead(1).Kind == sqltext.Word && isSymbol(p.ahead(2), "(") && !isSymbol(before, ",") && !isWord(before, "select") &&
			!isWord(p.ahead(1), clauses...):
			fault(token, "Athena has no \"qualify\": put the window function into a subquery, and where around it")
		case isWord(token, "distinct") && isWord(p.ahead(1), "on") && isSymbol(p.ahead(2), "("):
			fault(token, "Athena has no \"distinct on\": use row_number() over (…) in a subquery, and where around it")
		case isWord(token, "top") && isWord(before, "select") && p.ahead(1).Kind == sqltext.Number:
			fault(token, "Athena has no \"top\": use limit")
		case isSymbol(token, "~"):
			fault(token, "Athena has no \"~\": use regexp_like(…)")
		case isWord(token, "current_date") && (isSymbol(p.ahead(1), "-") || isSymbol(p.ahead(1), "+")) && p.ahead(2).Kind == sqltext.Number:
			fault(token, "Athena adds no number to a date: expected current_date "+p.ahead(1).Text+" interval '"+p.ahead(2).Text+"' day")
		case isWord(token, "limit") && p.ahead(1).Kind == sqltext.Number && isWord(p.ahead(2), "offset"):
			fault(token, "offset stands before limit in Athena: expected offset "+p.ahead(3).Text+" limit "+p.ahead(1).Text)
		}
	}
	return findings
}

// conditions that are read before windows are, and those that nothing meets.
func (k *checker) condition(clause string, tokens []sqltext.Token) {
	for i := 0; i < len(tokens); i++ {
		p := &cursor{tokens: tokens, at: i}
		switch {
		case isSymbol(tokens[i], "(") && isWord(p.ahead(1), "select", "with"):
			i = closing(tokens, i) - 1
		case isWord(tokens[i], "over") && isSymbol(p.ahead(-1), ")") && isSymbol(p.ahead(1), "("):
			remedy := "expected qualify"
			if k.catalog.Dialect == Athena {
				remedy = "put it into a subquery, and where around it"
			}
			k.fault(tokens[i].Line, "a window function in a %s clause, which rows pass before: %s", clause, remedy)
		case isWord(tokens[i], "null") && (isSymbol(p.ahead(-1), "=") || isSymbol(p.ahead(-1), ">") && isSymbol(p.ahead(-2), "<")) && !isSymbol(p.ahead(1), ":"):
			k.warn(tokens[i].Line, "nothing equals null, nor differs from it: expected is null, or is not null")
		}
	}
}
