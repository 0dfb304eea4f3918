package sqlcheck

import (
	"strings"

	"lakeshift/config/sqltext"
)

// Relation is a table or view.
type Relation struct {
	Name    string // with its schema
	Columns []string
	// Open relations may have columns that are not known here.
	Open bool
	// Lake says that the files lie in S3: engines add columns such as "$path".
	Lake bool
	// Temporary tables live in one session.
	Temporary bool
	// Fields say more of some columns.
	Fields map[string]Field

	query   []sqltext.Token // not yet resolved
	given   map[string]value
	through *Catalog
}

// columns of a relation, made from its query when they are first asked for.
func (r *Relation) columns() (names []string, known bool) {
	if r.query != nil && r.through != nil {
		query := r.query
		r.query, r.Open = nil, true // a view that names itself
		if r.through.resolving++; r.through.resolving < 50 {
			found := checker{catalog: r.through, mute: true}
			result := found.query(query, nil)
			r.given = shapesOf(result, r.Columns)
			if len(r.Columns) == 0 {
				r.Columns = result.columns
				r.Open = result.open
			} else {
				r.Open = false
			}
		}
		r.through.resolving--
	}
	return r.Columns, !r.Open
}

// created reads what follows `create`, if it makes a table or view.
func created(p *cursor) (Relation, bool) {
	p.accept("or", "replace")
	local := p.accept("local")
	temporary := p.accept("temp") || p.accept("temporary") || local
	external := p.accept("external")
	view := p.accept("materialized", "view") || p.accept("view")
	if !view && !p.accept("table") {
		return Relation{}, false
	}
	p.accept("if", "not", "exists")
	parts := p.name()
	if len(parts) == 0 {
		return Relation{}, false
	}
	relation := Relation{Name: strings.Join(parts, "."), Temporary: temporary || strings.HasPrefix(parts[0], "#"), Lake: external}
	if p.peek().Text == "(" && p.peek().Kind == sqltext.Symbol {
		list := p.group()
		relation.Columns, relation.Open = declared(list)
		relation.Fields = declaredFields(list)
	}
	// attributes stand between the name and the query
	for !p.done() && !p.looks("as") {
		p.skip()
	}
	if p.accept("as") {
		relation.query = p.rest()
	} else if len(relation.Columns) == 0 {
		relation.Open = true
	}
	return relation, true
}

// selectedInto is the table that `select … into` makes.
func selectedInto(p *cursor) (Relation, bool) {
	into := find(p.tokens, "into")
	if from := find(p.tokens, "from"); into < 0 || from >= 0 && from < into || find(p.tokens, "insert", "merge") >= 0 {
		return Relation{}, false
	}
	p.at = into + 1
	temporary := p.accept("temp") || p.accept("temporary")
	p.accept("table")
	name := strings.Join(p.name(), ".")
	return Relation{Name: name, Open: true, Temporary: temporary || strings.HasPrefix(name, "#")}, name != ""
}

// declared column names of a list; open if it copies those of another table.
func declared(tokens []sqltext.Token) (names []string, open bool) {
	for _, part := range split(tokens, ",") {
		p := &cursor{tokens: part}
		switch {
		case p.looks("like"):
			open = true
		case p.looks("primary", "key"), p.looks("foreign", "key"), p.looks("constraint"), p.looks("unique") && len(part) > 1 && part[1].Text == "(":
		default:
			if name := p.name(); len(name) == 1 {
				names = append(names, name[0])
			}
		}
	}
	return names, open
}
