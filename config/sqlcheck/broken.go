package sqlcheck

import (
	"fmt"
	"strings"

	"lakeshift/config/sqltext"
)

// Words that nobody uses as a name without quotes, and that begin what follows a list.
var endsList = set("from where having union except intersect when then end and or on")

// Broken says what keeps a statement from being read, in each dialect: brackets, commas, a statement inside of another.
// What else could be said of it would follow from that.
func Broken(statement sqltext.Statement) []Finding {
	if findings := foreignLetters(statement.Tokens); len(findings) > 0 {
		return findings
	}
	if findings := Balanced(statement); len(findings) > 0 {
		return findings
	}
	if findings := existence(statement.Tokens); len(findings) > 0 {
		return findings
	}
	if findings := commas(statement.Tokens); len(findings) > 0 {
		return findings
	}
	return cases(statement.Tokens)
}

// existence clauses that are mistyped would be taken for names.
func existence(tokens []sqltext.Token) []Finding {
	if !isWord(tokens[0], "create", "drop") {
		return nil
	}
	for i := 1; i < min(len(tokens), 5); i++ {
		p := &cursor{tokens: tokens, at: i}
		if !p.looks("if") {
			continue
		}
		expected := "if exists"
		if isWord(tokens[0], "create") {
			expected = "if not exists"
		}
		if !begins(tokens[i:], expected) {
			return []Finding{{Line: tokens[i].Line, Message: tokens[0].Text + " takes no other if: expected " + expected}}
		}
	}
	return nil
}

// cases that are not ended.
func cases(tokens []sqltext.Token) []Finding {
	var open []sqltext.Token
	if isWord(tokens[0], "end") {
		return nil
	}
	for i, token := range tokens {
		if before := (&cursor{tokens: tokens, at: i}).ahead(-1); isSymbol(before, ".") || isWord(before, "as") {
			continue
		}
		switch {
		case isWord(token, "case"):
			open = append(open, token)
		case isWord(token, "end") && len(open) == 0:
			return []Finding{{Line: token.Line, Message: "an end without a case"}}
		case isWord(token, "end"):
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return []Finding{{Line: open[len(open)-1].Line, Message: "a case has no end"}}
	}
	return nil
}

// commas that nothing follows, or that nothing precedes.
func commas(tokens []sqltext.Token) []Finding {
	if isWord(tokens[0], "grant", "revoke", "alter") {
		return nil // select is a right there
	}
	var findings []Finding
	for i, token := range tokens {
		if !isSymbol(token, ",") {
			continue
		}
		p := &cursor{tokens: tokens, at: i}
		next, before := p.ahead(1), p.ahead(-1)
		by := isWord(next, "group", "order") && isWord(p.ahead(2), "by")
		ends := by || i+1 == len(tokens) || isSymbol(next, ")") || isSymbol(next, "]") || isSymbol(next, ",") || isWord(next, "select") ||
			isWord(next, "join", "inner", "cross", "natural") || isWord(next, "left", "right", "full") && isWord(p.ahead(2), "join", "outer") ||
			next.Kind == sqltext.Word && endsList[next.Text] && !isSymbol(p.ahead(2), ".") && !isSymbol(p.ahead(2), "(")
		begins := i == 0 || isSymbol(before, "(") || isSymbol(before, "[") || isWord(before, "select", "distinct", "by", "set", "from", "values")
		switch {
		case ends:
			findings = append(findings, Finding{Line: token.Line, Message: "a comma too many: nothing follows it in the list"})
		case begins:
			findings = append(findings, Finding{Line: token.Line, Message: "a comma too many: nothing stands before it in the list"})
		}
	}
	return findings
}

// Letters that editors and word processors put in the place of blanks and quotes.
var lookAlikes = map[rune]string{
	'\u00a0': "a no-break space", '\u202f': "a no-break space", '\u3000': "an ideographic space", '\u200b': "a blank without width",
	'\u200c': "a letter without width", '\u200d': "a letter without width", '\ufeff': "a byte order mark", '\u2018': "the quote ‘", '\u2019': "the quote ’",
	'\u201c': "the quote “", '\u201d': "the quote ”", '\u2013': "the dash –", '\u2014': "the dash —", '\u2026': "the dots …",
}

// foreignLetters finds what looks like a part of SQL and is none, outside of quotes.
func foreignLetters(tokens []sqltext.Token) []Finding {
	definition := isWord(tokens[0], "create", "alter", "drop", "show", "describe", "msck") // Athena's have `names`
	for i, token := range tokens {
		switch {
		case isSymbol(token, "`") && !definition:
			return []Finding{{Line: token.Line, Message: "` quotes no name: expected \""}}
		case isSymbol(token, "{") && i+1 < len(tokens) && tokens[i+1].From == token.To && (isSymbol(tokens[i+1], "{") || isSymbol(tokens[i+1], "%")):
			return []Finding{{Line: token.Line, Message: "nothing fills in {{ }} or {% %}: placeholders are written ${name}"}}
		}
		if token.Kind != sqltext.Word {
			continue
		}
		for _, letter := range token.Text {
			if name, found := lookAlikes[letter]; found {
				return []Finding{{Line: token.Line, Message: fmt.Sprintf("%s (U+%04X) stands in the SQL: expected the plain character", name, letter)}}
			}
		}
	}
	return nil
}

// Operators finds those of other languages.
func Operators(statement sqltext.Statement) []Finding {
	findings := dates(statement.Tokens)
	for i := 1; i < len(statement.Tokens); i++ {
		before, token := statement.Tokens[i-1], statement.Tokens[i]
		if before.Kind != sqltext.Symbol || token.Kind != sqltext.Symbol || before.To != token.From {
			continue
		}
		switch before.Text + token.Text {
		case ":=":
			findings = append(findings, Finding{Line: token.Line, Message: ":= is no operator of SQL: expected ="})
		case "*/":
			findings = append(findings, Finding{Line: token.Line, Message: "*/ closes no comment"})
		case "==":
			findings = append(findings, Finding{Line: token.Line, Message: "== is no operator of SQL: expected ="})
		case "&&":
			findings = append(findings, Finding{Line: token.Line, Message: "&& is no operator of SQL: expected and"})
		}
	}
	return findings
}

// dates without quotes are subtractions.
func dates(tokens []sqltext.Token) []Finding {
	var findings []Finding
	for i := 0; i+4 < len(tokens); i++ {
		year, month, day := tokens[i], tokens[i+2], tokens[i+4]
		numbers := year.Kind == sqltext.Number && month.Kind == sqltext.Number && day.Kind == sqltext.Number && day.To-year.From == len("2025-01-15")
		if numbers && len(year.Text) == 4 && len(month.Text) == 2 && isSymbol(tokens[i+1], "-") && isSymbol(tokens[i+3], "-") {
			text := year.Text + "-" + month.Text + "-" + day.Text
			findings = append(findings, Finding{Line: year.Line, Warning: true, Message: text + " is a subtraction: expected '" + text + "' for a date"})
		}
	}
	return findings
}

// Assume that what a broken statement makes is there, whatever its columns: else what follows would be said to lack it.
func (s *Session) Assume(statement sqltext.Statement) {
	for i, token := range statement.Tokens {
		if token.Kind != sqltext.Word || !strings.HasSuffix(token.Text, "create") && token.Text != "into" {
			continue
		}
		p := &cursor{tokens: statement.Tokens, at: i + 1}
		relation, ok := created(p)
		if isWord(token, "into") {
			p.at = i + 1
			name := strings.Join(p.name(), ".")
			relation, ok = Relation{Name: name}, name != "" && s.catalog.relation(name) == nil
		}
		if ok {
			s.catalog.relations[relation.Name] = &Relation{Name: relation.Name, Open: true, Temporary: true}
		}
	}
}

// AssumeAny that names without a schema are there: a file that may make them can't be read.
func (s *Session) AssumeAny() { s.catalog.unread = true }
