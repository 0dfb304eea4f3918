package review

import (
	"strings"
)

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
	case reads:
		return map[bool]string{
			true:  "may now read everything in the warehouse, as an analyst",
			false: "is no longer an analyst: the deployment takes the role from it; the user stays in the warehouse, with what was granted to it by hand",
		}[added]
	}
	return map[bool]string{true: "may now send", false: "may no longer send"}[added]
}

// who may do it, as a sentence begins.
func who(environment *Environment, g grant) string {
	switch {
	case g.principal == "" || g.effect == lets || g.effect == sends:
		return quote(environment.unmark(g.holder))
	case g.principal == "*":
		return "**everybody**"
	}
	return quote(environment.unmark(g.principal))
}

func sentence(environment *Environment, group []grant, verb string) string {
	g := group[0]
	begin := who(environment, g) + " " + verb
	switch {
	case g.effect == reads:
		return begin
	case g.principal != "" && g.effect != lets && g.effect != sends && g.resource == "":
		return begin + " take on role " + quote(environment.unmark(g.holder)) + condition(environment, g)
	}
	return begin + " " + deeds(environment, group)
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
	return text + condition(environment, g)
}

func condition(environment *Environment, g grant) string {
	if g.condition == "" {
		return ""
	}
	return " if " + shortened(environment.unmark(g.condition), 300)
}
