package sqlcheck

import (
	"strings"

	"lakeshift/config/sqltext"
)

// Query says whether a statement only asks.
func Query(statement sqltext.Statement) bool {
	if isSymbol(statement.Tokens[0], "(") {
		return true
	}
	if isWord(statement.Tokens[0], "with") {
		return find(statement.Tokens, "insert", "update", "delete", "merge") < 0
	}
	return isWord(statement.Tokens[0], "select")
}

// Begins says whether a statement begins with these words.
func Begins(statement sqltext.Statement, words string) bool { return begins(statement.Tokens, words) }

// DeletesFrom says whether a statement deletes rows of the table.
func DeletesFrom(statement sqltext.Statement, table string) bool {
	p := &cursor{tokens: statement.Tokens}
	if isWord(p.peek(), "with") {
		p.at = max(0, find(p.tokens, "delete"))
	}
	if !p.accept("delete") {
		return false
	}
	p.accept("from")
	return strings.Join(p.name(), ".") == table
}

// Creates is the table or view that a statement makes, if it makes one.
func Creates(statement sqltext.Statement) (Relation, bool) {
	p := &cursor{tokens: statement.Tokens}
	if !p.accept("create") {
		return Relation{}, false
	}
	return created(p)
}

// Names says whether a statement holds a word that begins so, and in which line.
func Names(statement sqltext.Statement, start string) (line int, found bool) {
	for _, token := range statement.Tokens {
		if isName(token) && strings.HasPrefix(token.Text, start) {
			return token.Line, true
		}
	}
	return 0, false
}

// Mentions says whether a statement names the table.
func Mentions(statement sqltext.Statement, table string) bool {
	parts := strings.Split(table, ".")
	for i := range statement.Tokens {
		p := &cursor{tokens: statement.Tokens, at: i}
		if name := p.name(); len(name) >= len(parts) && strings.Join(name[:len(parts)], ".") == table {
			return true
		}
	}
	return false
}

// Single says that the statement gives one row, whatever the tables hold.
func (s *Session) Single(statement sqltext.Statement) bool {
	k := &checker{catalog: s.catalog, mute: true}
	k.statement(&cursor{tokens: statement.Tokens})
	return k.single
}

// Unload is what an UNLOAD statement says.
type Unload struct {
	To          string
	Role        string
	PartitionBy []string
	Parquet     bool
	Columns     []string
	Known       bool // Columns are all there are
	Line        int
}

// Unload reads such a statement.
func (s *Session) Unload(statement sqltext.Statement) (Unload, bool) {
	p := &cursor{tokens: statement.Tokens}
	u := Unload{Line: statement.Line}
	if !p.accept("unload") || !isSymbol(p.peek(), "(") {
		return u, false
	}
	if inside := p.group(); len(inside) == 1 && inside[0].Kind == sqltext.String {
		k := &checker{catalog: s.catalog, mute: true}
		got := k.query(sqltext.Tokens(inside[0].Literal()), nil)
		u.Columns, u.Known = got.columns, !got.open
	}
	if p.accept("to") && p.peek().Kind == sqltext.String {
		u.To = p.peek().Literal()
	}
	for ; !p.done(); p.skip() {
		if p.looks("iam_role") && p.ahead(1).Kind == sqltext.String {
			u.Role = p.ahead(1).Literal()
		}
		if p.looks("parquet") {
			u.Parquet = true
		}
		if p.looks("partition", "by") {
			p.at += 2
			for _, name := range p.group() {
				if isName(name) {
					u.PartitionBy = append(u.PartitionBy, name.Text)
				}
			}
			p.at--
		}
	}
	return u, true
}
