package sqlcheck

import (
	"slices"
	"strings"

	"lakeshift/config/sqltext"
)

// Field is what a table's declaration says of a column.
type Field struct {
	Shape    Shape
	NotNull  bool
	Filled   bool // by a default, where an insert leaves it out
	Identity bool // it numbers itself: an insert must leave it out
}

// value is what stands in a select list, or is written into a column.
type value struct {
	line   int
	null   bool   // the word itself
	unset  bool   // the word default
	shape  Shape  // of a column that is handed on as it is
	origin string // the table's column that it comes from
	column string // it is called so
}

// declaredFields reads the columns of a create table.
func declaredFields(list []sqltext.Token) map[string]Field {
	fields := map[string]Field{}
	for _, part := range split(list, ",") {
		p := &cursor{tokens: part}
		if isWord(p.peek(), "like", "primary", "foreign", "constraint", "unique") {
			continue
		}
		name := p.name()
		if len(name) != 1 || p.done() {
			continue
		}
		field := Field{Shape: readType(p).shape()}
		for ; !p.done(); p.skip() {
			switch {
			case p.looks("not", "null"), p.looks("primary", "key"):
				field.NotNull = true
			case p.looks("generated", "by", "default"):
				field.Filled = true
				p.at += 4 // … as identity: it takes what it is given
			case p.looks("identity"):
				field.Identity, field.Filled = true, true
			case p.looks("default"):
				field.Filled = true
			}
		}
		fields[name[0]] = field
	}
	for _, part := range split(list, ",") {
		p := &cursor{tokens: part}
		if p.accept("constraint") {
			p.name()
		}
		if !p.accept("primary", "key") || !isSymbol(p.peek(), "(") {
			continue
		}
		for _, name := range p.group() {
			if field, declared := fields[name.Text]; declared && isName(name) {
				field.NotNull = true
				fields[name.Text] = field
			}
		}
	}
	return fields
}

// shapesOf a result's columns by their names, or by those that are listed for them.
func shapesOf(got result, listed []string) map[string]value {
	names := got.columns
	if len(listed) > 0 {
		names = listed
	}
	if got.union || got.count < 0 || len(names) != len(got.values) {
		return nil
	}
	shapes := map[string]value{}
	for i, name := range names {
		shapes[name] = got.values[i]
	}
	return shapes
}

// shapes of a relation's columns.
func (r *Relation) shapes() map[string]value {
	if r.given != nil {
		return r.given
	}
	shapes := map[string]value{}
	for name, field := range r.Fields {
		shapes[name] = value{shape: field.Shape, origin: r.Name + "." + name}
	}
	return shapes
}

// valueOf an expression.
func (k *checker) valueOf(tokens []sqltext.Token, in *scope) value {
	if len(tokens) == 0 {
		return value{}
	}
	v := value{line: tokens[0].Line}
	p := &cursor{tokens: tokens}
	switch {
	case len(tokens) == 1 && p.looks("default"):
		v.unset = true
	case p.looks("null") && (len(tokens) == 1 || isSymbol(p.ahead(1), ":")),
		p.looks("cast") && isSymbol(p.ahead(1), "(") && isWord(p.ahead(2), "null") && isWord(p.ahead(3), "as"):
		v.null = true
	case len(tokens) == 1 && isName(tokens[0]) && !(tokens[0].Kind == sqltext.Word && constants[tokens[0].Text]):
		v.column = tokens[0].Text
		for _, from := range in.sources {
			if known, ok := from.shapes[tokens[0].Text]; ok {
				v.shape, v.origin = known.shape, known.origin
				break
			}
		}
	default:
		parts := p.name()
		if len(parts) < 2 || !p.done() {
			break
		}
		v.column = parts[len(parts)-1]
		for _, from := range in.sources {
			if known, ok := from.shapes[parts[len(parts)-1]]; ok && from.alias == parts[len(parts)-2] {
				v.shape, v.origin = known.shape, known.origin
				break
			}
		}
	}
	return v
}

// written checks what is put into a column.
func (k *checker) written(relation *Relation, column string, v value, line int) {
	if relation == nil {
		return
	}
	field := relation.Fields[column]
	switch {
	case field.Identity && !v.unset:
		k.fault(line, "column %s of %s numbers itself (identity): leave it out", column, relation.Name)
	case field.NotNull && v.null:
		k.fault(line, "null is written into column %s of %s, which is not null", column, relation.Name)
	}
	if happens := field.Shape.narrower(v.shape); happens != "" && v.origin != "" {
		k.warn(line, "column %s of %s is %s, and %s, which fills it, is %s: %s", column, relation.Name, field.Shape, v.origin, v.shape, happens)
	}
}

// filled checks what an insert puts into its columns, and what it leaves out. Columns are those that it lists, or nil.
func (k *checker) filled(relation *Relation, listed []sqltext.Token, values []value, line int) {
	if relation == nil {
		return
	}
	columns, known := relation.columns()
	if !known {
		return
	}
	if listed != nil {
		columns = nil
		for _, part := range split(listed, ",") {
			if len(part) != 1 {
				return
			}
			columns = append(columns, part[0].Text)
		}
	}
	for _, name := range columns {
		if listed == nil && relation.Fields[name].Identity {
			return // it depends on the engine whether the first value is its
		}
	}
	k.swapped(columns, values, line)
	for i, v := range values {
		if i < len(columns) {
			k.written(relation, columns[i], v, max(v.line, line))
		}
	}
	if listed != nil {
		k.leftOut(relation, columns, line)
	}
}

// swapped finds columns that an insert fills from each other's names: the order of one list is not that of the other.
func (k *checker) swapped(columns []string, values []value, line int) {
	from := map[string]bool{}
	for _, v := range values {
		from[v.column] = true
	}
	for i, v := range values {
		if i < len(columns) && v.column != "" && v.column != columns[i] && slices.Contains(columns, v.column) && from[columns[i]] {
			k.warn(max(v.line, line), "column %s is filled from %s, although both lists have both: is their order the same?", columns[i], v.column)
			return
		}
	}
}

// leftOut finds columns that an insert would leave without a value.
func (k *checker) leftOut(relation *Relation, columns []string, line int) {
	var missing []string
	for _, name := range relation.Columns {
		if field := relation.Fields[name]; field.NotNull && !field.Filled && !slices.Contains(columns, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		k.fault(line, "the insert gives no value to %s of %s: not null, and without a default", strings.Join(missing, ", "), relation.Name)
	}
}

// valuesOf a list.
func (k *checker) valuesOf(list []sqltext.Token, in *scope) []value {
	var values []value
	for _, part := range split(list, ",") {
		values = append(values, k.valueOf(part, in))
	}
	return values
}
