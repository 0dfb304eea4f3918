package review

import (
	"fmt"
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
		if wide(group) && group[0].effect != "Deny" {
			line, rank = "⚠️ "+line, 0
		} else if len(old) > 0 {
			rank = 1
		}
		items = append(items, item{section: accessSection, rank: rank, text: line})
	}
	for _, group := range grouped(removed) {
		rank := 3
		if group[0].effect == "Deny" {
			rank = 1
		}
		items = append(items, item{section: accessSection, rank: rank, text: sentence(before, group, verb(group[0].effect, false))})
	}
	return items
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

// wide: a whole service, everything, everybody, everywhere.
func wide(group []grant) bool {
	for _, g := range group {
		if strings.HasSuffix(g.action, ":*") || strings.HasPrefix(g.action, "*") || strings.HasPrefix(g.resource, "*") && g.condition == "" ||
			g.principal == "*" || strings.HasPrefix(g.principal, "all but ") || g.principal == "0.0.0.0/0" && g.effect == lets || g.principal == "::/0" && g.effect == lets {
			return true
		}
	}
	return false
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

func verb(effect string, added bool) string {
	switch effect {
	case "Allow":
		return map[bool]string{true: "may now", false: "may no longer"}[added]
	case "Deny":
		return map[bool]string{true: "is now denied", false: "is no longer denied"}[added]
	case managed:
		return map[bool]string{true: "now has the managed policy", false: "no longer has the managed policy"}[added]
	case lets:
		return map[bool]string{true: "now lets in", false: "no longer lets in"}[added]
	}
	return map[bool]string{true: "may now send", false: "may no longer send"}[added]
}

func sentence(environment *Environment, group []grant, verb string) string {
	g := group[0]
	who := quote(environment.unmark(g.holder))
	if g.principal != "" && g.effect != lets && g.effect != sends {
		who = quote(environment.unmark(g.principal))
		if g.principal == "*" {
			who = "**everybody**"
		}
		if g.resource == "" {
			return fmt.Sprintf("%s %s take on role %s", who, verb, quote(environment.unmark(g.holder)))
		}
	}
	return fmt.Sprintf("%s %s %s", who, verb, deeds(environment, group))
}

// deeds are the actions, what they are on and under which condition.
func deeds(environment *Environment, group []grant) string {
	var actions, resources []string
	for _, g := range group {
		actions = append(actions, quote(environment.unmark(g.action)))
		resource := g.resource
		if resource == "*" && g.principal != "" {
			resource = g.holder // in the policy of a key or a bucket it stands for just that
		}
		if resource != "" {
			resources = append(resources, quote(environment.unmark(resource)))
		}
	}
	text := strings.Join(unique(actions), ", ")
	g := group[0]
	switch {
	case g.effect == lets && g.principal != "":
		text += " from " + quote(environment.unmark(g.principal))
	case g.effect == sends && g.principal != "":
		text += " to " + quote(environment.unmark(g.principal))
	case len(resources) > 0:
		text += " on " + strings.Join(unique(resources), ", ")
	}
	if g.condition != "" {
		text += " if " + quoteShort(environment.unmark(g.condition))
	}
	return text
}
