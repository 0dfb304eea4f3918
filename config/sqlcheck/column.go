package sqlcheck

import (
	"slices"
	"strings"

	"lakeshift/config/sqltext"
)

// qualified checks alias.column, table.column and schema.table.column.
func (k *checker) qualified(parts []string, line int, in *scope) {
	column := parts[len(parts)-1]
	anything := false
	for s := in; s != nil; s = s.parent {
		for _, from := range s.sources {
			if from.alias == parts[0] {
				if !from.has(parts[1]) && !k.isColumn(parts[0], in) {
					k.fault(line, "%s.%s: %s has no column %s%s", parts[0], parts[1], from.describe(), parts[1], remedy(parts[1], from.columns))
				}
				return
			}
			if len(parts) > 2 && len(from.parts) > 1 && from.alias == parts[1] && from.parts[len(from.parts)-2] == parts[0] && from.parts[len(from.parts)-1] == parts[1] {
				if !from.has(column) && len(parts) == 3 {
					k.fault(line, "%s: there is no such column%s", strings.Join(parts, "."), remedy(column, from.columns))
				}
				return
			}
			anything = anything || from.open || from.has(parts[0])
		}
		anything = anything || s.open || s.names[parts[0]]
	}
	if anything || k.lambdas {
		return // a field of a column, or who knows
	}
	// without the column, so that each one behind the same name is the same fault
	table := strings.Join(parts[:len(parts)-1], ".")
	if in.aliased(parts) {
		k.fault(line, "%s has another name here: expected its alias in front of the column, one of %s", table, strings.Join(in.aliases(), ", "))
		return
	}
	k.fault(line, "no table of this query is called %s: expected one of %s", table, strings.Join(in.aliases(), ", "))
}

// aliased says that the name is that of a table which the query calls otherwise.
func (s *scope) aliased(parts []string) bool {
	for ; s != nil; s = s.parent {
		for _, from := range s.sources {
			if len(from.parts) > 0 && from.parts[len(from.parts)-1] == parts[max(0, len(parts)-2)] {
				return true
			}
		}
	}
	return false
}

func (s *scope) aliases() []string {
	var names []string
	for ; s != nil; s = s.parent {
		for _, from := range s.sources {
			names = append(names, from.alias)
		}
	}
	if len(names) == 0 {
		return []string{"none"}
	}
	return names
}

func (k *checker) isColumn(name string, in *scope) bool {
	for s := in; s != nil; s = s.parent {
		for _, from := range s.sources {
			if from.has(name) {
				return true
			}
		}
	}
	return false
}

// unqualified checks a column without its table's name.
func (k *checker) unqualified(token sqltext.Token, in *scope) {
	if k.lambdas || token.Kind == sqltext.Word && hiddenColumns[token.Text] {
		return
	}
	var tables, columns []string
	for s := in; s != nil; s = s.parent {
		if s.open || s.names[token.Text] {
			return
		}
		k.ambiguous(token, s)
		for _, from := range s.sources {
			if from.has(token.Text) || from.alias == token.Text {
				return
			}
			tables, columns = append(tables, from.describe()), append(columns, from.columns...)
		}
	}
	if len(tables) == 0 {
		k.fault(token.Line, "%s is no column: the query reads no table", token.Text)
		return
	}
	if token.Kind == sqltext.QuotedName && nearest(token.Text, columns) == "" {
		k.fault(token.Line, "\"%s\" is no column of %s: a text stands between single quotes, '%s'", token.Text, strings.Join(tables, ", "), token.Text)
		return
	}
	k.fault(token.Line, "%s is no column of %s%s", token.Text, strings.Join(tables, ", "), remedy(token.Text, columns))
}

// ambiguous reports a name that two tables of a query have.
func (k *checker) ambiguous(token sqltext.Token, in *scope) {
	if in.merged || in.loose {
		return
	}
	var tables []string
	for _, from := range in.sources {
		if slices.Contains(from.columns, token.Text) {
			tables = append(tables, from.alias)
		}
	}
	if len(tables) > 1 && !slices.Contains(tables, "") {
		k.fault(token.Line, "%s is ambiguous: %s have it, put the table that is meant in front", token.Text, strings.Join(tables, " and "))
	}
}

// remedy names the column that was probably meant, or all there are.
func remedy(name string, columns []string) string {
	if guess := nearest(name, columns); guess != "" {
		return guess
	}
	if len(columns) > 30 {
		columns = append(columns[:30:30], "…")
	}
	return ": expected one of " + strings.Join(columns, ", ")
}
