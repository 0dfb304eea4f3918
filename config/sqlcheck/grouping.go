package sqlcheck

import (
	"slices"
	"strconv"
	"strings"

	"lakeshift/config/sqltext"
)

// grouped finds columns of a select list that are neither in an aggregate nor in group by. Looked at are columns that stand
// in the list as they are or are calculated with; what stands in a function or in brackets may be anything.
func (k *checker) grouped(items [][]sqltext.Token, group []sqltext.Token, groups bool, in *scope) {
	if in.open || in.merged {
		return
	}
	by, plain, ok := groupKeys(items, group, groups)
	if !ok || !groups && !slices.ContainsFunc(items, func(item []sqltext.Token) bool { return aggregate(item) >= 0 }) {
		return
	}
	var names []string
	line := 0
	for i, item := range items {
		if by[strconv.Itoa(i+1)] {
			continue
		}
		if name, _, _ := itemName(item); name != "" && !isPlainColumn(item) && by[name] {
			continue // grouped by its own name
		}
		value := unnamed(item)
		if !plain && !isPlainColumn(value) {
			continue // the expression that is grouped by may be a part of it
		}
		for _, name := range looseColumns(value, in) {
			if !by[name.Text] {
				if line == 0 {
					line = name.Line
				}
				if !slices.Contains(names, name.Text) {
					names = append(names, name.Text)
				}
			}
		}
	}
	switch {
	case len(names) == 1:
		k.fault(line, "%s is neither grouped by nor in an aggregate: expected it in group by, or for example max(%s)", names[0], names[0])
	case len(names) > 1:
		k.fault(line, "%s are neither grouped by nor in an aggregate: expected them in group by, or for example max(%s)", strings.Join(names, ", "), names[0])
	}
}

// groupKeys are the columns, names and positions that a select groups by. Plain says that there are no others, ok that all is
// understood.
func groupKeys(items [][]sqltext.Token, group []sqltext.Token, groups bool) (by map[string]bool, plain, ok bool) {
	by, plain = map[string]bool{}, true
	if !groups {
		return by, true, true
	}
	for _, key := range split(group, ",") {
		switch {
		case len(key) == 0 || isWord(key[0], "all", "distinct", "rollup", "cube", "grouping"), isSymbol(key[0], "("):
			return nil, false, false
		case len(key) == 1 && key[0].Kind == sqltext.Number:
			by[key[0].Text] = true
			at, _ := strconv.Atoi(key[0].Text)
			if at < 1 || at > len(items) {
				return nil, false, false
			}
			if value := unnamed(items[at-1]); isPlainColumn(value) {
				by[value[len(value)-1].Text] = true
			} else {
				plain = false
			}
		case len(key)%2 == 1 && isPlainColumn(key[max(0, len(key)-3):]) && isName(key[len(key)-1]):
			name := key[len(key)-1].Text
			by[name] = true
			for _, item := range items {
				given, _, _ := itemName(item)
				if given != name {
					continue
				}
				if value := unnamed(item); isPlainColumn(value) {
					by[value[len(value)-1].Text] = true
				} else {
					plain = false
				}
			}
		default:
			plain = false
		}
	}
	return by, plain, true
}

// looseColumns are the columns of this query's tables that an expression names outside of brackets and case.
func looseColumns(tokens []sqltext.Token, in *scope) []sqltext.Token {
	if find(tokens, "over", "case", "interval") >= 0 {
		return nil
	}
	var columns []sqltext.Token
	p := &cursor{tokens: tokens}
	for !p.done() {
		token := p.peek()
		switch {
		case !isName(token):
			p.skip()
		case isSymbol(p.ahead(1), "("), isSymbol(p.ahead(-1), ":"), token.Kind == sqltext.Word && (constants[token.Text] || keywords[token.Text]):
			p.at++
		default:
			at := p.at
			parts := p.name()
			last := p.tokens[p.at-1]
			if isSymbol(p.peek(), "(") || isSymbol(p.peek(), ".") || p.peek().Kind == sqltext.String || in.names[parts[0]] {
				continue
			}
			if at > 0 && (isName(p.tokens[at-1]) && !isWord(p.tokens[at-1], "and", "or", "not", "between", "like", "in") || p.tokens[at-1].Kind == sqltext.String) {
				continue // a word of some operator
			}
			if in.holds(parts) {
				columns = append(columns, last)
			}
		}
	}
	return columns
}

// holds says that a name is certainly a column of one of this query's own tables.
func (s *scope) holds(parts []string) bool {
	column := parts[len(parts)-1]
	for _, from := range s.sources {
		if from.open || !slices.Contains(from.columns, column) {
			continue
		}
		if len(parts) == 1 || from.alias == parts[len(parts)-2] || strings.Join(from.parts, ".") == strings.Join(parts[:len(parts)-1], ".") {
			return true
		}
	}
	return false
}
