package sqlcheck

import (
	"strings"

	"lakeshift/config/sqltext"
)

// checkMerge: https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
func checkMerge(tokens []sqltext.Token, fault func(int, string, ...any)) {
	p := &cursor{tokens: tokens}
	line := p.peek().Line
	if !p.accept("merge", "into") {
		fault(line, "merge is not followed by into")
		return
	}
	target := p.name()
	if !p.looks("using") {
		if isName(p.peek()) {
			fault(p.peek().Line, "the target of a merge takes no alias: use its name, %s.<column>", strings.Join(target, "."))
		} else {
			fault(p.peek().Line, "merge into %s is not followed by using", strings.Join(target, "."))
		}
		return
	}
	p.at++
	if isSymbol(p.peek(), "(") {
		fault(p.peek().Line, "the source of a merge is a table, not a query: make a temporary table of it first")
		return
	}
	source := p.name()
	if strings.Join(source, ".") == strings.Join(target, ".") {
		fault(line, "the target of a merge can't be its source")
	}
	p.accept("as")
	if isName(p.peek()) && !p.looks("on") {
		p.at++
	}
	if !p.accept("on") {
		fault(p.peek().Line, "merge … using %s is not followed by on", strings.Join(source, "."))
		return
	}
	parts := whens(p.rest())
	if last := parts[len(parts)-1]; len(parts) == 1 && find(last, "remove") >= 0 {
		return // remove duplicates
	}
	matched, unmatched, understood := 0, 0, true
	for _, part := range parts[1:] {
		when := &cursor{tokens: part}
		switch {
		case when.accept("when", "matched"):
			matched++
		case when.accept("when", "not", "matched"):
			unmatched++
		}
		if !when.accept("then") {
			fault(part[0].Line, "Redshift's merge has no condition in \"when\": expected \"when [not] matched then\"; put the condition into the source")
			understood = false
			continue
		}
		if when.accept("update", "set") {
			for _, assignment := range split(when.rest(), ",") {
				if len(assignment) > 1 && isSymbol(assignment[1], ".") {
					fault(assignment[0].Line, "set names a column of the target without its table: expected %s", assignment[min(2, len(assignment)-1)].Text)
				}
			}
		}
	}
	if understood && (matched != 1 || unmatched != 1) {
		fault(line, "Redshift's merge takes \"when matched\" and \"when not matched\" once each, found %d and %d", matched, unmatched)
	}
}
