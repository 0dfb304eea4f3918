package sqltext

import "fmt"

// What may stand behind a column's type: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
var attributes = map[string]bool{
	"not": true, "null": true, "default": true, "identity": true, "generated": true, "encode": true, "distkey": true, "sortkey": true,
	"unique": true, "primary": true, "references": true, "collate": true,
}

// Attribute says that a word says something of a column, and so is no type.
func Attribute(token Token) bool { return token.Kind == Word && attributes[token.Text] }

// Attributes finds what can't stand behind the type of a column, mostly what follows a missing comma. Tokens are all up to
// the next comma.
func Attributes(tokens []Token, column string) *Error {
	i := 0
	for i < len(tokens) {
		rest := tokens[i:]
		if words(rest, "not", "null") {
			i += 2
		} else if words(rest, "null") || words(rest, "distkey") || words(rest, "sortkey") {
			i++
		} else {
			break
		}
	}
	if i == len(tokens) {
		return nil
	}
	rest := tokens[i:]
	next := rest[0]
	bracket := func(at int) bool { return len(rest) > at && rest[at].Kind == Symbol && rest[at].Text == "(" }
	switch {
	case next.Kind == Symbol && next.Text == "[":
		return &Error{next.Line, fmt.Sprintf("column %s: Redshift has no arrays of a type: use super", column)}
	case words(rest, "check"):
		return &Error{next.Line, "Redshift has no check constraints: a file of check/ proves what it would"}
	case words(rest, "default") && len(rest) == 1:
		return &Error{next.Line, fmt.Sprintf("the default of column %s has no value", column)}
	case words(rest, "primary", "key") && bracket(2), words(rest, "unique") && bracket(1), next.Kind <= QuotedName && !Attribute(next):
		return &Error{next.Line, fmt.Sprintf("%s stands behind column %s: is a comma missing before it?", next.Text, column)}
	}
	return nil
}
