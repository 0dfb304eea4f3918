package sqltext

import "strings"

// Statement is one statement of a file.
type Statement struct {
	// Text is the statement without the semicolon that ends it and the comments that stand before it.
	Text   string
	Tokens []Token
	Line   int
}

// Statements cuts a file at its semicolons, as the jobs do; what holds comments only is none.
// The error says that a quotation or comment is not closed.
func Statements(sql string) ([]Statement, error) {
	if err := checkClosed(sql); err != nil {
		return nil, err
	}
	var statements []Statement
	tokens := Tokens(sql)
	begin := 0
	for i := 0; i <= len(tokens); i++ {
		if i < len(tokens) && (tokens[i].Text != ";" || tokens[i].Kind != Symbol) {
			continue
		}
		if i > begin {
			own := tokens[begin:i]
			statements = append(statements, Statement{Text: sql[own[0].From:own[len(own)-1].To], Tokens: own, Line: own[0].Line})
		}
		begin = i + 1
	}
	return statements, nil
}

func checkClosed(sql string) error {
	for i := 0; i < len(sql); {
		rest := sql[i:]
		end, open := 1, ""
		switch c := rest[0]; {
		case strings.HasPrefix(rest, "--"):
			end = until(rest, "\n", 0)
		case strings.HasPrefix(rest, "/*"):
			end = comment(rest)
			if end < 4 || strings.Count(rest[:end], "/*") > strings.Count(rest[:end], "*/") {
				open = "/*"
			}
		case c == '\'' || c == '"':
			closed := false
			if end, closed = quoted(rest, c); !closed {
				open = string(c)
			}
		case isLetter(c):
			for end < len(rest) && (isLetter(rest[end]) || isDigit(rest[end]) || rest[end] == '$') {
				end++
			}
		case dollarTag(rest) != "":
			tag := dollarTag(rest)
			if end = through(rest, tag, len(tag)); strings.Count(rest[:end], tag) < 2 {
				open = tag
			}
		}
		if open != "" {
			return fail(1+strings.Count(sql[:i], "\n"), "a quotation or comment that begins with %s is not closed", open)
		}
		i += end
	}
	return nil
}

// Literal is the text that a string token stands for.
func (t Token) Literal() string {
	text := strings.TrimPrefix(t.Text, "'")
	if text == t.Text {
		tag := dollarTag(t.Text)
		return strings.TrimSuffix(strings.TrimPrefix(t.Text, tag), tag)
	}
	return strings.NewReplacer("''", "'", `\\`, `\`, `\'`, "'").Replace(strings.TrimSuffix(text, "'"))
}
