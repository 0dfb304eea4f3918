package review

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// access words what changes in who may do what, between two sides of one environment.
func access(before, after *Environment) []item {
	had, has := map[grant]bool{}, map[grant]bool{}
	for _, stack := range before.Stacks {
		// a stack that leaves the app goes with its roles; that is said elsewhere
		if after.stack(stack.ID) != nil {
			for _, g := range stack.grants() {
				had[g] = true
			}
		}
	}
	for _, stack := range after.Stacks {
		for _, g := range stack.grants() {
			has[g] = true
		}
	}
	// what reads alike on both sides is nothing to tell: a construct's id changes and its thing keeps its name
	told, tells := before.named(had), after.named(has)
	var added, removed []grant
	for g := range has {
		if !had[g] && !told[after.unmarked(g)] {
			added = append(added, g)
		}
	}
	all := slices.Collect(maps.Keys(has))
	replaced := map[grant][]grant{}
	for g := range had {
		if has[g] || tells[before.unmarked(g)] {
			continue
		}
		covering := func(a grant) bool { return a.covers(g) }
		if i := slices.IndexFunc(added, covering); i >= 0 {
			replaced[added[i]] = append(replaced[added[i]], g)
		} else if !slices.ContainsFunc(all, covering) {
			removed = append(removed, g)
		}
	}
	var items []item
	for _, group := range grouped(added) {
		var old []grant
		for _, g := range group {
			old = append(old, replaced[g]...)
		}
		line := sentence(after, group, verb(group[0].effect, true))
		if len(old) > 0 {
			line += "; **wider** than before: " + deeds(before, old)
		}
		rank := 2
		if stack := holderStack(group[0]); after.stack(stack) != nil && before.stack(stack) == nil {
			rank = within
		}
		if opens(group) {
			line, rank = "⚠️ "+line, 0
		} else if len(old) > 0 {
			rank = 1
		}
		items = append(items, item{section: accessSection, rank: rank, text: line, thing: who(after, group[0])})
	}
	for _, role := range departed(before, after, &removed) {
		items = append(items, item{section: accessSection, rank: 3, text: role + " is gone, and may do nothing any more", thing: role})
	}
	for _, group := range grouped(removed) {
		rank, line := 3, sentence(before, group, verb(group[0].effect, false))
		switch group[0].effect {
		case "Deny": // a lock that is gone
			rank, line = 0, "⚠️ "+line
		case reads: // what stays, though it looks as if it went, is read with what is wider
			rank = 1
		}
		items = append(items, item{section: accessSection, rank: rank, text: line, thing: who(before, group[0])})
	}
	return items
}

// departed are the roles that a stack no longer has, and that keep no name. What they might do is taken out of what was removed.
func departed(before, after *Environment, removed *[]grant) []string {
	var roles []string
	*removed = slices.DeleteFunc(*removed, func(g grant) bool {
		match := mark.FindStringSubmatch(g.holder)
		if match == nil || match[0] != g.holder {
			return false
		}
		old, current := before.stack(match[1]), after.stack(match[1])
		if current == nil || old.Template.Resources[match[2]].Type != "AWS::IAM::Role" || current.Template.Resources[match[2]].Type != "" {
			return false
		}
		roles = append(roles, old.thing(match[2]))
		return true
	})
	return unique(roles)
}

// named are the grants with names for places.
func (e *Environment) named(grants map[grant]bool) map[grant]bool {
	all := make(map[grant]bool, len(grants))
	for g := range grants {
		all[e.unmarked(g)] = true
	}
	return all
}

func (e *Environment) unmarked(g grant) grant {
	if g.principal != "" && g.resource != "" && g.resource != "*" {
		g.holder = "" // whose policy says it, no sentence names
	}
	return grant{e.unmark(g.holder), g.effect, e.unmark(g.action), e.unmark(g.resource), e.unmark(g.principal), e.unmark(g.condition)}
}

// within is the rank of what a new stack's things may do: it is read after what the others may.
const within = 5

// holderStack is the stack that the holder of a grant stands in; empty if a name from outside is all there is.
func holderStack(g grant) string {
	if match := mark.FindStringSubmatch(g.holder); match != nil {
		return match[1]
	}
	return ""
}

func (g grant) covers(other grant) bool {
	return g.holder == other.holder && g.effect == other.effect && g.effect == "Allow" && g.principal == other.principal &&
		(g.condition == other.condition || g.condition == "") && matches(g.action, other.action) && matches(g.resource, other.resource)
}

func matches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(text)
}

// grouped puts grants together that one sentence can say: first the actions on one resource, then the resources of
// the same actions. Whose policy says it matters only where the sentence names nobody else.
func grouped(grants []grant) [][]grant {
	subject := func(g grant) grant {
		if g.principal != "" && g.resource != "" {
			g.holder = ""
		}
		return g
	}
	actions := map[grant][]string{}
	onResource := func(g grant) grant {
		g = subject(g)
		g.action = ""
		return g
	}
	slices.SortFunc(grants, func(a, b grant) int {
		return strings.Compare(strings.Join([]string{a.holder, a.effect, a.principal, a.condition, a.resource, a.action}, "\x00"),
			strings.Join([]string{b.holder, b.effect, b.principal, b.condition, b.resource, b.action}, "\x00"))
	})
	for _, g := range grants {
		actions[onResource(g)] = append(actions[onResource(g)], g.action)
	}
	groups := map[grant][]grant{}
	var order []grant
	for _, g := range grants {
		alike := onResource(g)
		alike.resource, alike.action = "", strings.Join(actions[onResource(g)], "\x00")
		if groups[alike] == nil {
			order = append(order, alike)
		}
		groups[alike] = append(groups[alike], g)
	}
	all := make([][]grant, len(order))
	for i, alike := range order {
		all[i] = groups[alike]
	}
	return all
}
