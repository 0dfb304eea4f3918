// Package sqltext reads as much of SQL as synth must understand: words, the columns of a declared table, placeholders.
package sqltext

import "strings"

// Token is one lexical element.
type Token struct {
	// Text of a word or quoted name is in lower case, as Redshift folds both; a quoted name comes without its quotes.
	Text string
	Kind Kind
	Line int
	// From and To are where it stands in the text, in bytes.
	From, To int
}

// Kind of a token.
type Kind int

// The kinds.
const (
	Word Kind = iota
	QuotedName
	String
	Number
	Symbol
)

// Tokens splits SQL, leaving out blanks and comments. It never fails: an open quote or comment ends with the text.
func Tokens(sql string) []Token {
	var tokens []Token
	line := 1
	for i := 0; i < len(sql); {
		rest := sql[i:]
		end, kind, text := 0, Symbol, ""
		switch c := rest[0]; {
		case c == '\n' || c == ' ' || c == '\t' || c == '\r':
			end = 1
		case strings.HasPrefix(rest, "--"):
			end = until(rest, "\n", 0)
		case strings.HasPrefix(rest, "/*"):
			end = comment(rest)
		case dollarTag(rest) != "":
			tag := dollarTag(rest)
			end = through(rest, tag, len(tag))
			kind, text = String, rest[:end]
		case c == '\'':
			end, _ = quoted(rest, '\'')
			kind, text = String, rest[:end]
		case c == '"':
			end, _ = quoted(rest, '"')
			kind, text = QuotedName, strings.ToLower(strings.ReplaceAll(strings.Trim(rest[:end], `"`), `""`, `"`))
		case isLetter(c):
			for end < len(rest) && (isLetter(rest[end]) || isDigit(rest[end]) || rest[end] == '$') {
				end++
			}
			kind, text = Word, strings.ToLower(rest[:end])
		case isDigit(c):
			for end < len(rest) && (isDigit(rest[end]) || rest[end] == '.') {
				end++
			}
			kind, text = Number, rest[:end]
		default:
			end, text = 1, rest[:1]
		}
		if text != "" {
			tokens = append(tokens, Token{Text: text, Kind: kind, Line: line, From: i, To: i + end})
		}
		line += strings.Count(rest[:end], "\n")
		i += end
	}
	return tokens
}

func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func until(text, mark string, from int) int {
	if found := strings.Index(text[from:], mark); found >= 0 {
		return from + found
	}
	return len(text)
}

func through(text, mark string, from int) int {
	return min(until(text, mark, from)+len(mark), len(text))
}

// comment finds the end of a block comment; they nest.
func comment(text string) int {
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// quoted finds the end of a quotation: a doubled quote stands for one, and in a literal a backslash takes a quote's
// meaning away (in Redshift; the jobs cut files into statements in the same way, whatever the engine).
func quoted(text string, quote byte) (end int, closed bool) {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '\'':
			i++
		case text[i] != quote:
		case i+1 < len(text) && text[i+1] == quote:
			i++
		default:
			return i + 1, true
		}
	}
	return len(text), false
}

// dollarTag is the $$ or $name$ that text begins with.
func dollarTag(text string) string {
	if text[0] != '$' {
		return ""
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '$':
			return text[:i+1]
		case !isLetter(c) && (i == 1 || !isDigit(c)):
			return ""
		}
	}
	return ""
}
