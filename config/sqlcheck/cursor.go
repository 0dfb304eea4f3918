package sqlcheck

import (
	"slices"

	"lakeshift/config/sqltext"
)

// cursor walks over tokens; a group between brackets counts as one step where it is skipped.
type cursor struct {
	tokens []sqltext.Token
	at     int
}

func (c *cursor) done() bool { return c.at >= len(c.tokens) }

func (c *cursor) peek() sqltext.Token { return c.ahead(0) }

func (c *cursor) ahead(steps int) sqltext.Token {
	if c.at+steps >= 0 && c.at+steps < len(c.tokens) {
		return c.tokens[c.at+steps]
	}
	return sqltext.Token{Kind: sqltext.Symbol, Line: c.line()}
}

func (c *cursor) line() int {
	if len(c.tokens) == 0 {
		return 1
	}
	return c.tokens[min(max(c.at, 0), len(c.tokens)-1)].Line
}

func (c *cursor) rest() []sqltext.Token { return c.tokens[min(c.at, len(c.tokens)):] }

func isWord(token sqltext.Token, texts ...string) bool {
	return token.Kind == sqltext.Word && slices.Contains(texts, token.Text)
}

func isSymbol(token sqltext.Token, text string) bool {
	return token.Kind == sqltext.Symbol && token.Text == text
}

// named says whether the word at the cursor is a name, whatever it may look like: it stands behind a point or `as`.
func (c *cursor) named() bool { return isSymbol(c.ahead(-1), ".") || isWord(c.ahead(-1), "as") }

func isName(token sqltext.Token) bool {
	return token.Kind == sqltext.Word || token.Kind == sqltext.QuotedName
}

// looks at whether these words come next.
func (c *cursor) looks(words ...string) bool {
	for i, word := range words {
		if !isWord(c.ahead(i), word) {
			return false
		}
	}
	return true
}

func (c *cursor) accept(words ...string) bool {
	if !c.looks(words...) {
		return false
	}
	c.at += len(words)
	return true
}

func (c *cursor) symbol(text string) bool {
	if !isSymbol(c.peek(), text) {
		return false
	}
	c.at++
	return true
}

// name reads a.b.c; nothing if no name comes next. A temporary table's may begin with #.
func (c *cursor) name() []string {
	prefix := ""
	if isSymbol(c.peek(), "#") {
		prefix = "#"
		c.at++
	}
	if !isName(c.peek()) {
		return nil
	}
	parts := []string{prefix + c.peek().Text}
	c.at++
	for isSymbol(c.peek(), ".") && isName(c.ahead(1)) {
		parts = append(parts, c.ahead(1).Text)
		c.at += 2
	}
	return parts
}

// group reads what stands between the bracket that comes next and the one that closes it.
func (c *cursor) group() []sqltext.Token {
	begin := c.at + 1
	c.at = closing(c.tokens, c.at)
	return c.tokens[min(begin, c.at):min(c.at-1, len(c.tokens))]
}

// skip a token, or a group.
func (c *cursor) skip() {
	if isSymbol(c.peek(), "(") || isSymbol(c.peek(), "[") {
		c.at = closing(c.tokens, c.at)
		return
	}
	c.at++
}

// closing is behind the bracket that closes the one at begin.
func closing(tokens []sqltext.Token, begin int) int {
	depth := 0
	for i := begin; i < len(tokens); i++ {
		if tokens[i].Kind != sqltext.Symbol {
			continue
		}
		switch tokens[i].Text {
		case "(", "[":
			depth++
		case ")", "]":
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(tokens) + 1
}

// split at a symbol, outside of brackets.
func split(tokens []sqltext.Token, symbol string) [][]sqltext.Token {
	var parts [][]sqltext.Token
	c := &cursor{tokens: tokens}
	begin := 0
	for !c.done() {
		if isSymbol(c.peek(), symbol) {
			parts = append(parts, tokens[begin:c.at])
			begin = c.at + 1
		}
		c.skip()
	}
	return append(parts, tokens[min(begin, len(tokens)):])
}

// find the first of some words, outside of brackets; -1 if there is none.
func find(tokens []sqltext.Token, words ...string) int {
	c := &cursor{tokens: tokens}
	for !c.done() {
		if isWord(c.peek(), words...) {
			return c.at
		}
		c.skip()
	}
	return -1
}
