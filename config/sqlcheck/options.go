package sqlcheck

import "lakeshift/config/sqltext"

// options checks what stands between the name of a table or view and its query, or its end:
// https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html, …/r_CREATE_TABLE_AS.html,
// …/materialized-view-create-sql-command.html
func (k *checker) options(p *cursor) {
	p.accept("or", "replace")
	for p.accept("local") || p.accept("temp") || p.accept("temporary") {
	}
	kind := "table"
	if p.accept("materialized", "view") {
		kind = "materialized view"
	} else if p.accept("view") {
		kind = "view"
	} else if !p.accept("table") {
		return
	}
	p.accept("if", "not", "exists")
	name, line := p.name(), p.peek().Line
	listed := isSymbol(p.peek(), "(")
	var columns []sqltext.Token
	if listed {
		columns = p.group()
	}
	style, key := "", find(columns, "distkey") >= 0
	for !p.done() && !p.looks("as") {
		switch next := p.peek(); {
		case kind == "view":
			k.standsBefore(next, kind)
			return
		case p.accept("backup", "yes"), p.accept("backup", "no"), p.accept("encode", "auto"), p.accept("sortkey", "auto"),
			p.accept("auto", "refresh", "yes"), p.accept("auto", "refresh", "no"):
		case p.accept("diststyle"):
			style = p.peek().Text
			if !isWord(p.peek(), "auto", "even", "key", "all") {
				k.fault(next.Line, "diststyle is auto, even, key or all")
				return
			}
			p.at++
		case p.accept("distkey"):
			key = true
			if list := k.bracketed(p, next); len(split(list, ",")) > 1 {
				k.fault(next.Line, "a table has one distkey")
			}
		case p.accept("compound", "sortkey"), p.accept("interleaved", "sortkey"), p.accept("sortkey"):
			k.bracketed(p, next)
		default:
			k.standsBefore(next, kind)
			return
		}
	}
	switch {
	case style == "key" && !key:
		k.fault(line, "diststyle key without a distkey")
	case style != "key" && style != "" && key:
		k.fault(line, "diststyle %s and a distkey contradict each other: leave one of them out", style)
	case p.done() && !listed && len(name) > 0, p.done() && kind != "table":
		k.fault(line, "create %s is not followed by as and a query", kind)
	}
}

// bracketed is a list of columns that must stand between brackets.
func (k *checker) bracketed(p *cursor, word sqltext.Token) []sqltext.Token {
	if !isSymbol(p.peek(), "(") {
		k.fault(word.Line, "%s takes its columns between brackets", word.Text)
		p.at = len(p.tokens)
		return nil
	}
	return p.group()
}

func (k *checker) standsBefore(token sqltext.Token, kind string) {
	switch {
	case isWord(token, "select", "with"):
		k.fault(token.Line, "create %s: as is missing before %s", kind, token.Text)
	case kind == "view":
		k.fault(token.Line, "create view: %s stands where as and a query are expected", token.Text)
	case kind == "table":
		k.fault(token.Line, "create table takes no %s here: expected backup, diststyle, distkey (…), sortkey (…), encode auto, or as and a query", token.Text)
	default:
		k.fault(token.Line, "create materialized view takes no %s here: expected backup, diststyle, distkey (…), sortkey (…), auto refresh yes or no, as and a query", token.Text)
	}
}
