package sqlcheck

import (
	"maps"
	"slices"

	"lakeshift/config/sqltext"
)

// Session checks statements in their order; a temporary table that one makes the later ones may read.
type Session struct {
	catalog *Catalog
}

// NewSession begins one.
func NewSession(catalog *Catalog) *Session { return &Session{catalog: catalog.session()} }

// Columns checks that the tables and columns that a statement names are there.
func (s *Session) Columns(statement sqltext.Statement) []Finding {
	k := &checker{catalog: s.catalog, lambdas: hasLambda(statement.Tokens)}
	k.statement(&cursor{tokens: statement.Tokens})
	s.learn(statement)
	return k.findings
}

// learn what the statement makes, for those behind it.
func (s *Session) learn(statement sqltext.Statement) {
	p := &cursor{tokens: statement.Tokens}
	if p.looks("select") || p.looks("with") {
		if relation, ok := selectedInto(p); ok {
			s.catalog.relations[relation.Name] = &relation
		}
		return
	}
	if !p.accept("create") {
		return
	}
	if relation, ok := created(p); ok && (relation.Temporary || s.catalog.relation(relation.Name) == nil) {
		relation.through = s.catalog
		relation.columns()
		s.catalog.relations[relation.Name] = &relation
	}
}

func hasLambda(tokens []sqltext.Token) bool {
	for i := 1; i < len(tokens); i++ {
		if isSymbol(tokens[i-1], "-") && isSymbol(tokens[i], ">") && tokens[i-1].To == tokens[i].From {
			return true
		}
	}
	return false
}

func (k *checker) statement(p *cursor) {
	switch {
	case p.looks("with"):
		k.with(p)
	case p.looks("select"), isSymbol(p.peek(), "("):
		k.single = k.query(p.rest(), nil).single
	case p.accept("insert", "into"):
		k.insert(p)
	case p.accept("update"):
		k.update(p, nil)
	case p.accept("delete"):
		k.delete(p, nil)
	case p.accept("merge", "into"):
		k.merge(p)
	case p.accept("create"):
		k.create(p)
	case p.accept("unload"):
		k.unload(p)
	case p.accept("copy"):
		if relation := k.named(p); relation != nil && isSymbol(p.peek(), "(") {
			k.listed(p.group(), relation)
		}
	case p.accept("lock"):
		p.accept("table")
		for ok := true; ok; ok = p.symbol(",") {
			k.named(p)
		}
	case p.accept("truncate"):
		p.accept("table")
		k.named(p)
	case p.accept("refresh", "materialized", "view"), p.accept("alter", "table"):
		k.named(p)
	case p.accept("comment", "on", "table"), p.accept("comment", "on", "view"):
		k.named(p)
	case p.accept("comment", "on", "column"):
		k.commented(p)
	case p.looks("grant"), p.looks("revoke"):
		k.grant(p)
	case p.accept("explain"):
		p.accept("verbose")
		k.statement(p)
	}
}

// with may stand in front of select, update and delete.
func (k *checker) with(p *cursor) {
	verb := find(p.rest(), "select", "update", "delete", "insert", "merge")
	if verb < 0 || isWord(p.ahead(verb), "select") {
		k.single = k.query(p.rest(), nil).single
		return
	}
	in := &scope{ctes: map[string]source{}}
	head := &cursor{tokens: p.tokens[:p.at+verb], at: p.at + 1}
	k.commonTables(head, in)
	p.at += verb
	switch {
	case p.accept("update"):
		k.update(p, in)
	case p.accept("delete"):
		k.delete(p, in)
	}
}

// named reads a table's name that must be there.
func (k *checker) named(p *cursor) *Relation {
	line := p.peek().Line
	if parts := p.name(); len(parts) > 0 {
		return k.exists(parts, line)
	}
	return nil
}

// target reads the table that a statement changes, as a source of its expressions.
func (k *checker) target(p *cursor, alias bool) (*Relation, source) {
	line := p.peek().Line
	parts := p.name()
	if len(parts) == 0 {
		return nil, source{open: true}
	}
	relation := k.exists(parts, line)
	from := source{alias: parts[len(parts)-1], parts: parts, open: true}
	if relation != nil {
		columns, known := relation.columns()
		from.columns, from.open, from.shapes = columns, !known, relation.shapes()
	}
	if alias {
		p.accept("as")
		if isName(p.peek()) && !isWord(p.peek(), "set", "using", "where", "from", "on") {
			from.alias = p.peek().Text
			p.at++
		}
	}
	return relation, from
}

// listed checks a list of column names and returns how many there are.
func (k *checker) listed(tokens []sqltext.Token, relation *Relation) int {
	names := split(tokens, ",")
	if relation == nil {
		return len(names)
	}
	columns, known := relation.columns()
	seen := map[string]bool{}
	for _, name := range names {
		if len(name) != 1 || !isName(name[0]) {
			continue
		}
		if known && !slices.Contains(columns, name[0].Text) {
			k.fault(name[0].Line, "%s has no column %s%s", relation.Name, name[0].Text, remedy(name[0].Text, columns))
		}
		if seen[name[0].Text] {
			k.fault(name[0].Line, "column %s stands there twice", name[0].Text)
		}
		seen[name[0].Text] = true
	}
	return len(names)
}

// commented is the column that a comment is about.
func (k *checker) commented(p *cursor) {
	line, parts := p.peek().Line, p.name()
	if len(parts) < 2 {
		return
	}
	column := parts[len(parts)-1]
	if relation := k.exists(parts[:len(parts)-1], line); relation != nil {
		if columns, known := relation.columns(); known && !slices.Contains(columns, column) {
			k.fault(line, "%s has no column %s%s", relation.Name, column, remedy(column, columns))
		}
	}
}

// Options of an unload that Parquet has no use for: https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html
var textOptions = []string{"header", "delimiter", "fixedwidth", "addquotes", "escape", "gzip", "bzip2", "zstd"}

// unload checks the query in its literal.
func (k *checker) unload(p *cursor) {
	if !isSymbol(p.peek(), "(") {
		return
	}
	inside := p.group()
	if len(inside) == 0 || inside[0].Kind != sqltext.String {
		return
	}
	if at := find(p.rest(), textOptions...); at >= 0 && find(p.rest(), "parquet") >= 0 {
		k.fault(p.ahead(at).Line, "unload as parquet takes no %s", p.ahead(at).Text)
	}
	if len(inside) > 1 {
		k.fault(inside[1].Line, "the query of an unload is one literal, and it ends here: double each quote inside of it, or put it between $$ and $$")
		return
	}
	before := k.offset
	k.offset += inside[0].Line - 1
	query := sqltext.Tokens(inside[0].Literal())
	if broken := Broken(sqltext.Statement{Tokens: query, Line: 1}); len(query) > 0 && len(broken) > 0 {
		for _, finding := range broken {
			k.fault(finding.Line, "%s", finding.Message)
		}
		k.offset = before
		return
	}
	k.twice(k.query(query, nil), 1)
	if limit := find(query, "limit"); limit >= 0 {
		k.fault(query[limit].Line, "unload takes no limit in its outermost select: put the query with the limit into brackets, select … from (…)")
	}
	k.offset = before
}

// grant checks the tables that rights are given to.
func (k *checker) grant(p *cursor) {
	for i := range p.tokens {
		to := &cursor{tokens: p.tokens, at: i}
		if !(to.accept("to", "role") || to.accept("from", "role")) || isSymbol(to.ahead(1), ":") || !isName(to.peek()) {
			continue // sys:operator and its like are the system's
		}
		if name := to.peek().Text; len(k.catalog.roles) > 0 && !k.catalog.roles[name] {
			k.fault(to.peek().Line, "role %s is made by no file%s: expected create role %s in sql/warehouse", name, nearest(name, slices.Collect(maps.Keys(k.catalog.roles))), name)
		}
	}
	on := find(p.tokens, "on")
	if on < 0 {
		return
	}
	p.at = on + 1
	if isWord(p.peek(), "all", "schema", "database", "function", "procedure", "language", "external", "model", "datashare", "column", "scope") ||
		!isName(p.peek()) || isWord(p.tokens[min(1, len(p.tokens)-1)], "assumerole", "usage", "create", "execute", "role", "temp", "temporary") {
		return
	}
	p.accept("table")
	for ok := true; ok; ok = p.symbol(",") {
		k.named(p)
	}
}
