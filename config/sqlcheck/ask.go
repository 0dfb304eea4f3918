package sqlcheck

import (
	"regexp"
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

// Drops are the tables and views that a statement drops.
func Drops(statement sqltext.Statement) []string {
	p := &cursor{tokens: statement.Tokens}
	if !p.accept("drop") {
		return nil
	}
	if !p.accept("materialized", "view") && !p.accept("view") && !p.accept("table") {
		return nil
	}
	p.accept("if", "exists")
	var names []string
	for ok := true; ok; ok = p.symbol(",") {
		names = append(names, strings.Join(p.name(), "."))
	}
	return names
}

// Into is the table that a select … into makes, if it is no temporary one.
func Into(statement sqltext.Statement) (name string, ok bool) {
	p := &cursor{tokens: statement.Tokens}
	if !p.looks("select") && !p.looks("with") {
		return "", false
	}
	relation, ok := selectedInto(p)
	return relation.Name, ok && !relation.Temporary
}

// Changes is the table whose rows a statement changes, empty if it changes none.
func Changes(statement sqltext.Statement) string {
	p := &cursor{tokens: statement.Tokens}
	if p.looks("with") {
		p.at = max(0, find(p.tokens, "delete", "update"))
	}
	if p.accept("insert", "into") || p.accept("merge", "into") || p.accept("update") || p.accept("delete", "from") || p.accept("delete") || p.accept("copy") || p.accept("truncate", "table") || p.accept("truncate") {
		return strings.Join(p.name(), ".")
	}
	return ""
}

// Empties says that a statement deletes every row of the table.
func Empties(statement sqltext.Statement, table string) bool {
	return DeletesFrom(statement, table) && find(statement.Tokens, "where", "using") < 0
}

// Queued is what an insert puts into a queue of partitions: the table's name, and the path's keys in their order.
type Queued struct {
	Table string // empty if it is no literal
	Keys  []string
	Line  int
}

var pathKey = regexp.MustCompile(`(?:^|/)\x00*([a-z_][a-z0-9_]*)=`)

// Queues reads an insert of selects into a queue with these two columns; other forms give nothing.
func Queues(statement sqltext.Statement, queue, table, path string) []Queued {
	p := &cursor{tokens: statement.Tokens}
	if !p.accept("insert", "into") || strings.Join(p.name(), ".") != queue {
		return nil
	}
	columns := []string{table, path}
	if isSymbol(p.peek(), "(") {
		columns, _ = declared(p.group())
	}
	var found []Queued
	parts, _ := splitSets(p.rest())
	for _, part := range parts {
		list := &cursor{tokens: part}
		if !list.accept("select") {
			continue
		}
		list.accept("distinct")
		end := find(list.rest(), "from")
		if end < 0 {
			continue
		}
		q := Queued{Line: list.peek().Line}
		for i, item := range split(list.rest()[:end], ",") {
			switch {
			case i >= len(columns):
			case columns[i] == table && len(item) > 0 && item[0].Kind == sqltext.String && len(unnamed(item)) == 1:
				q.Table = item[0].Literal()
			case columns[i] == path:
				var literals []string
				for _, token := range item {
					if token.Kind == sqltext.String {
						literals = append(literals, token.Literal())
					}
				}
				for _, match := range pathKey.FindAllStringSubmatch(strings.Join(literals, "\x00"), -1) {
					q.Keys = append(q.Keys, match[1])
				}
			}
		}
		found = append(found, q)
	}
	return found
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

// Reads says whether a query reads a table of the schema, and in which line.
func Reads(statement sqltext.Statement, schema string) (line int, found bool) {
	for i := range statement.Tokens {
		p := &cursor{tokens: statement.Tokens, at: i}
		if (isWord(p.ahead(-1), "from", "join") || isSymbol(p.ahead(-1), ",")) && p.peek().Text == schema && isSymbol(p.ahead(1), ".") && isName(p.ahead(2)) &&
			!isSymbol(p.ahead(3), ".") {
			return p.peek().Line, true
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
	Queue       []string // names of tables that the query compares table_name with
	Known       bool     // Columns are all there are
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
		query := sqltext.Tokens(inside[0].Literal())
		for i := 0; i+2 < len(query); i++ {
			if isWord(query[i], "table_name") && isSymbol(query[i+1], "=") && query[i+2].Kind == sqltext.String {
				u.Queue = append(u.Queue, query[i+2].Literal())
			}
		}
		got := k.query(query, nil)
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
