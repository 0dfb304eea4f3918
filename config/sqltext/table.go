package sqltext

import (
	"fmt"
	"slices"
	"strings"
)

// Column as a `create table` declares it.
type Column struct {
	Name string
	// Type is the words of the type with its arguments, such as "decimal(10,2)" or "double precision".
	Type string
	Line int
	// NotNull says that it always has a value.
	NotNull bool
}

// Table is what a `create table` declares.
type Table struct {
	Name    string // with its schema, if it has one
	Columns []Column
	Line    int
}

// Error in a statement, with its line.
type Error struct {
	Line    int
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

func fail(line int, format string, values ...any) error {
	return &Error{Line: line, Message: fmt.Sprintf(format, values...)}
}

// Tables reads every `create table` with a list of columns. Temporary tables and `create table … as` are passed over
// unless named is theirs: then the error says that the columns must be declared.
func Tables(sql, named string) ([]Table, error) {
	var tables []Table
	tokens := Tokens(sql)
	for i := 0; i < len(tokens); i++ {
		if !words(tokens[i:], "create", "table") {
			continue
		}
		p := parser{tokens: tokens, next: i + 2}
		if words(tokens[p.next:], "if", "not", "exists") {
			p.next += 3
		}
		table, err := p.table(named)
		if err != nil {
			return nil, err
		}
		if table != nil {
			tables = append(tables, *table)
		}
		i = p.next - 1
	}
	return tables, nil
}

func words(tokens []Token, texts ...string) bool {
	if len(tokens) < len(texts) {
		return false
	}
	for i, text := range texts {
		if tokens[i].Kind != Word || tokens[i].Text != text {
			return false
		}
	}
	return true
}

type parser struct {
	tokens []Token
	next   int
}

func (p *parser) peek() Token {
	if p.next < len(p.tokens) {
		return p.tokens[p.next]
	}
	line := 1
	if len(p.tokens) > 0 {
		line = p.tokens[len(p.tokens)-1].Line
	}
	return Token{Kind: Symbol, Line: line} // the end
}

func (p *parser) take() Token {
	token := p.peek()
	p.next++
	return token
}

func (p *parser) name() (string, int, error) {
	token := p.take()
	if before := p.next - 2; token.Text == ")" && before >= 0 && p.tokens[before].Text == "," {
		return "", 0, fail(p.tokens[before].Line, "a comma too many: nothing follows it in the list")
	}
	if token.Kind != Word && token.Kind != QuotedName {
		return "", 0, fail(token.Line, "%q stands where a name is expected", token.Text)
	}
	return token.Text, token.Line, nil
}

func (p *parser) table(named string) (*Table, error) {
	name, line, err := p.name()
	if err != nil {
		return nil, err
	}
	for p.peek().Text == "." {
		p.take()
		part, _, err := p.name()
		if err != nil {
			return nil, err
		}
		name += "." + part
	}
	if p.peek().Text != "(" {
		if name == named {
			return nil, fail(line, "%s is created without a list of columns: declare them, the lake's copy is made from it", name)
		}
		return nil, nil
	}
	p.take()
	table := &Table{Name: name, Line: line}
	for {
		if first := p.peek(); first.Kind == Word && first.Text == "like" {
			if name == named {
				return nil, fail(first.Line, "\"like\" copies columns from another table: declare them")
			}
			p.skip()
		} else if column, err := p.column(); err != nil {
			return nil, err
		} else if column != nil {
			table.Columns = append(table.Columns, *column)
		}
		switch end := p.take(); end.Text {
		case ",":
		case ")":
			return table, nil
		default:
			return nil, fail(end.Line, "create table %s is not closed: expected \")\"", name)
		}
	}
}

// Words that start a constraint of the table instead of a column.
var constraints = map[string]bool{"constraint": true, "primary": true, "unique": true, "foreign": true}

// column reads up to, not including, the comma or bracket that ends it; nil for a constraint.
func (p *parser) column() (*Column, error) {
	first := p.peek()
	if first.Kind == Word && constraints[first.Text] {
		p.skip()
		return nil, nil
	}
	name, line, err := p.name()
	if err != nil {
		return nil, err
	}
	kind, err := p.columnType(name)
	if err != nil {
		return nil, err
	}
	begin := p.next
	p.skip()
	if err := Attributes(p.tokens[begin:min(p.next, len(p.tokens))], name); err != nil {
		return nil, err
	}
	if err := Encoding(p.tokens[begin:min(p.next, len(p.tokens))], name, kind); err != nil {
		return nil, err
	}
	column := &Column{Name: name, Type: kind, Line: line}
	for i := begin; i < min(p.next, len(p.tokens)); i++ {
		rest := p.tokens[i:]
		column.NotNull = column.NotNull || words(rest, "not", "null") || words(rest, "primary", "key") || words(rest, "identity")
	}
	return column, nil
}

var furtherWords = map[string][]string{
	"national": {"character", "char", "varchar", "varying"}, "binary": {"varying"}, "interval": {"year", "month", "day", "hour", "minute", "second", "to"},
}

// The second words of types that have two.
var secondWords = map[string]string{"double": "precision", "character": "varying"}

func (p *parser) columnType(column string) (string, error) {
	first := p.take()
	if first.Kind != Word || Attribute(first) {
		return "", fail(first.Line, "column %s has no type", column)
	}
	kind := first.Text
	for p.peek().Kind == Word && slices.Contains(furtherWords[kind], p.peek().Text) {
		p.next++ // types that can't be published: only where they end matters
	}
	if next := p.peek(); next.Kind == Word && next.Text == secondWords[kind] {
		kind += " " + p.take().Text
	}
	if p.peek().Text == "(" {
		var arguments strings.Builder
		for {
			token := p.take()
			if token.Text == "" {
				return "", fail(first.Line, "the type of column %s is not closed: expected \")\"", column)
			}
			arguments.WriteString(token.Text)
			if token.Text == ")" {
				break
			}
		}
		kind += arguments.String()
	}
	// timestamp without time zone is timestamp; with time zone is another type
	if words(p.tokens[min(p.next, len(p.tokens)):], "with", "time", "zone") {
		kind += " with time zone"
		p.next += 3
	} else if words(p.tokens[min(p.next, len(p.tokens)):], "without", "time", "zone") {
		p.next += 3
	}
	return kind, nil
}

func (p *parser) skip() {
	for depth := 0; ; p.next++ {
		switch p.peek().Text {
		case "":
			return
		case "(":
			depth++
		case ")":
			if depth == 0 {
				return
			}
			depth--
		case ",":
			if depth == 0 {
				return
			}
		}
	}
}
