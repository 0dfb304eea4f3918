// Package sqlcheck finds in SQL what an engine would refuse, as far as it can be told without one: columns and tables that
// are not there, and forms of statements that can't run where they stand. What it does not understand it lets pass.
package sqlcheck

import (
	"maps"
	"slices"
	"strings"

	"lakeshift/config/sqltext"
)

// Dialect of SQL.
type Dialect int

// The dialects.
const (
	Redshift Dialect = iota
	Athena
)

// Finding is a fault at a line of a file.
type Finding struct {
	Line    int
	Warning bool
	Message string
}

// Catalog holds the relations that SQL may name.
type Catalog struct {
	Dialect Dialect
	// Search is the schema of names without one; empty where only temporary tables have such names.
	Search string
	// Closed schemas hold nothing but what is declared; other schemas may hold anything.
	closed    map[string]bool
	schemas   map[string]bool
	roles     map[string]bool
	functions map[string]bool // that SQL creates
	relations map[string]*Relation
	below     *Catalog // of which this is a session
	unread    bool     // there may be more
	resolving int
}

// NewCatalog returns one without relations.
func NewCatalog(dialect Dialect, search string) *Catalog {
	return &Catalog{Dialect: dialect, Search: search, closed: map[string]bool{}, schemas: map[string]bool{}, roles: map[string]bool{}, functions: map[string]bool{}, relations: map[string]*Relation{}}
}

// Close says that all relations of a schema are declared.
func (c *Catalog) Close(schema string) {
	c.AddSchema(schema)
	c.closed[schema] = true
}

// Has says that a relation is declared.
func (c *Catalog) Has(name string) bool { return c.relation(name) != nil }

// Unread says that files can't be read which may make relations, so that none is certain not to be there.
func (c *Catalog) Unread() { c.unread = true }

// AddSchema declares a schema that may hold anything.
func (c *Catalog) AddSchema(schema string) { c.schemas[schema] = true }

// Schema is what a statement creates, if that is one; database is the lake's that an external schema shows, "?" if it is another kind.
func Schema(statement sqltext.Statement) (name, database string) {
	p := &cursor{tokens: statement.Tokens}
	if !p.accept("create") {
		return "", ""
	}
	external := p.accept("external")
	if !p.accept("schema") {
		return "", ""
	}
	p.accept("if", "not", "exists")
	p.accept("authorization")
	name = strings.Join(p.name(), ".")
	if external {
		database = "?"
		if p.accept("from", "data", "catalog") && p.accept("database") && p.peek().Kind == sqltext.String {
			database = p.peek().Literal()
		}
	}
	return name, database
}

// Add declares a relation; a second declaration of a name may differ from the first, so that its columns are no longer known.
func (c *Catalog) Add(relation Relation) {
	relation.through = c
	if first, twice := c.relations[relation.Name]; twice && (first.query != nil || relation.query != nil || !slices.Equal(first.Columns, relation.Columns)) {
		relation.Open = true
	}
	c.relations[relation.Name] = &relation
}

// Declare adds what a statement creates, and opens what it alters.
func (c *Catalog) Declare(statement sqltext.Statement) {
	p := &cursor{tokens: statement.Tokens}
	switch {
	case p.accept("create", "role"):
		for _, name := range p.name() {
			c.roles[name] = true
		}
	case p.accept("create"):
		c.learnFunction(*p)
		if relation, ok := created(p); ok {
			c.Add(relation)
		}
	case p.looks("select"), p.looks("with"):
		if relation, ok := selectedInto(p); ok && !relation.Temporary {
			c.Add(relation)
		}
	case p.accept("alter", "table"):
		name := strings.Join(p.name(), ".")
		if p.accept("rename", "to") {
			to := p.name()
			if schema, _, qualified := strings.Cut(name, "."); qualified && len(to) == 1 {
				to = []string{schema, to[0]}
			}
			c.Add(Relation{Name: strings.Join(to, "."), Open: true})
			return
		}
		if p.looks("add") || p.looks("rename") || p.looks("drop") {
			if relation, known := c.relations[name]; known {
				relation.Open = true
			}
		}
	}
}

// learnFunction notes the name of one that a statement creates.
func (c *Catalog) learnFunction(p cursor) {
	p.accept("or", "replace")
	p.accept("external")
	if p.accept("function") {
		if name := p.name(); len(name) > 0 {
			c.functions[name[len(name)-1]] = true
		}
	}
}

// callable says that SQL of the project makes a function of this name.
func (c *Catalog) callable(name string) bool { return c.functions[name] }

// session returns a catalog that can learn a session's temporary tables as well.
func (c *Catalog) session() *Catalog {
	above := *c
	above.below, above.relations = c, map[string]*Relation{}
	return &above
}

func (c *Catalog) relation(name string) *Relation {
	for ; c != nil; c = c.below {
		if relation := c.relations[name]; relation != nil {
			return relation
		}
	}
	return nil
}

// names of all relations.
func (c *Catalog) names() []string {
	var names []string
	for ; c != nil; c = c.below {
		names = slices.AppendSeq(names, maps.Keys(c.relations))
	}
	return names
}

// find a relation by the parts of its name. known says that it is certain whether it exists.
func (c *Catalog) find(parts []string) (relation *Relation, known bool) {
	if len(parts) == 1 && c.Search != "" {
		parts = []string{c.Search, parts[0]}
	}
	if len(parts) > 2 {
		return nil, false
	}
	if relation := c.relation(strings.Join(parts, ".")); relation != nil {
		return relation, true
	}
	if len(parts) == 1 {
		return nil, !systemTable(parts[0]) && !c.unread
	}
	return nil, c.closed[parts[0]] && !c.unread
}

// Tables and views of the system are found without a schema.
func systemTable(name string) bool {
	for _, prefix := range []string{"pg_", "svv_", "svl_", "svcs_", "stl_", "stv_", "stcs_", "sys_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// Schemas that Redshift has without being told.
func systemSchema(name string) bool {
	return strings.HasPrefix(name, "pg_") || slices.Contains([]string{"public", "information_schema", "sys", "catalog_history"}, name)
}
