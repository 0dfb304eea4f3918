package review

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// grant is one thing that somebody may do: as small as it gets, so that grants compare however statements are written.
// All texts are marked (see view).
type grant struct {
	// holder is who the policy belongs to: a role, or the resource that it guards.
	holder, effect, action, resource, principal, condition string
}

// Effects beside Allow and Deny.
const (
	managed = "managed policy"
	lets    = "ingress"
	sends   = "egress"
)

// grants that a stack holds.
func (s *Stack) grants() []grant {
	var all []grant
	for _, id := range keys(s.Template.Resources) {
		resource := s.Template.Resources[id]
		self := view{s, true}.referred(id, 0)
		switch resource.Type {
		case "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy":
			for _, holder := range slices.Concat(list(resource.Properties["Roles"]), list(resource.Properties["Users"]), list(resource.Properties["Groups"])) {
				all = append(all, s.statements(s.mark(holder), resource.Properties["PolicyDocument"])...)
			}
		case "AWS::IAM::Role":
			for _, arn := range list(resource.Properties["ManagedPolicyArns"]) {
				all = append(all, grant{holder: self, effect: managed, action: s.mark(arn)})
			}
			all = append(all, s.documents(self, resource.Properties)...)
		case "AWS::Lambda::Permission":
			all = append(all, grant{
				holder: s.mark(resource.Properties["FunctionName"]), effect: "Allow", action: s.mark(resource.Properties["Action"]),
				resource: s.mark(resource.Properties["FunctionName"]), principal: s.mark(resource.Properties["Principal"]),
				condition: s.mark(resource.Properties["SourceArn"]),
			})
		case "AWS::EC2::SecurityGroup":
			for _, rule := range list(resource.Properties["SecurityGroupIngress"]) {
				all = append(all, s.rule(self, lets, rule))
			}
			for _, rule := range list(resource.Properties["SecurityGroupEgress"]) {
				all = append(all, s.rule(self, sends, rule))
			}
		case "AWS::EC2::SecurityGroupIngress":
			all = append(all, s.rule(s.mark(resource.Properties["GroupId"]), lets, resource.Properties))
		case "AWS::EC2::SecurityGroupEgress":
			all = append(all, s.rule(s.mark(resource.Properties["GroupId"]), sends, resource.Properties))
		default:
			all = append(all, s.documents(self, resource.Properties)...)
		}
	}
	return all
}

func (s *Stack) mark(value any) string { return s.neutral(view{s, true}.render(value, 0)) }

// documents finds every policy below a value: bucket policies, key policies, trust, whatever the property is called.
func (s *Stack) documents(holder string, value any) []grant {
	var all []grant
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			all = append(all, s.documents(holder, element)...)
		}
	case map[string]any:
		for _, statement := range list(value["Statement"]) {
			if fields, is := statement.(map[string]any); is && fields["Effect"] != nil {
				return s.statements(holder, value)
			}
		}
		for _, key := range keys(value) {
			all = append(all, s.documents(holder, value[key])...)
		}
	}
	return all
}

func (s *Stack) statements(holder string, document any) []grant {
	var all []grant
	fields, _ := document.(map[string]any)
	for _, value := range list(fields["Statement"]) {
		statement, _ := value.(map[string]any)
		effect, _ := statement["Effect"].(string)
		condition := ""
		if statement["Condition"] != nil {
			condition = s.mark(statement["Condition"])
		}
		for _, action := range s.either(statement, "Action") {
			for _, resource := range s.either(statement, "Resource") {
				for _, principal := range s.principals(statement) {
					all = append(all, grant{holder, effect, action, resource, principal, condition})
				}
			}
		}
	}
	return all
}

// either a field or its negation, which means everything but.
func (s *Stack) either(statement map[string]any, field string) []string {
	var texts []string
	for _, value := range list(statement[field]) {
		texts = append(texts, s.mark(value))
	}
	var not []string
	for _, value := range list(statement["Not"+field]) {
		not = append(not, s.mark(value))
	}
	if len(not) > 0 {
		texts = append(texts, "* but "+strings.Join(not, ", "))
	}
	if texts == nil {
		return []string{""}
	}
	return texts
}

func (s *Stack) principals(statement map[string]any) []string {
	var texts []string
	for prefix, field := range map[string]string{"": "Principal", "all but ": "NotPrincipal"} {
		switch value := statement[field].(type) {
		case string:
			texts = append(texts, prefix+value)
		case map[string]any:
			for _, kind := range keys(value) {
				for _, principal := range list(value[kind]) {
					texts = append(texts, prefix+s.mark(principal))
				}
			}
		}
	}
	if texts == nil {
		return []string{""}
	}
	return texts
}

func (s *Stack) rule(group, effect string, rule any) grant {
	fields, _ := rule.(map[string]any)
	protocol := s.mark(fields["IpProtocol"])
	ports := ""
	switch from, to := fields["FromPort"], fields["ToPort"]; {
	case protocol == "-1":
		protocol = "all traffic"
	case from == nil:
	case fmt.Sprint(from) == fmt.Sprint(to):
		ports = fmt.Sprintf(" port %v", from)
	default:
		ports = fmt.Sprintf(" ports %v to %v", from, to)
	}
	peer := ""
	for _, field := range []string{"CidrIp", "CidrIpv6", "SourceSecurityGroupId", "DestinationSecurityGroupId", "SourcePrefixListId", "DestinationPrefixListId"} {
		if fields[field] != nil {
			peer = s.mark(fields[field])
		}
	}
	return grant{holder: group, effect: effect, action: protocol + ports, principal: peer}
}

func list(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	}
	return []any{value}
}

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
	var added, removed []grant
	for g := range has {
		if !had[g] {
			added = append(added, g)
		}
	}
	replaced := map[grant][]grant{}
	for g := range had {
		if has[g] {
			continue
		}
		covering := func(a grant) bool { return a.covers(g) }
		if i := slices.IndexFunc(added, covering); i >= 0 {
			replaced[added[i]] = append(replaced[added[i]], g)
		} else if !slices.ContainsFunc(keysOf(has), covering) {
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

// within is the rank of what a new stack's things may do: it is read after what the others may.
const within = 5

// holderStack is the stack that the holder of a grant stands in; empty if a name from outside is all there is.
func holderStack(g grant) string {
	if match := mark.FindStringSubmatch(g.holder); match != nil {
		return match[1]
	}
	return ""
}

func keysOf(set map[grant]bool) []grant {
	all := make([]grant, 0, len(set))
	for g := range set {
		all = append(all, g)
	}
	return all
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
		if g.resource != "" {
			resources = append(resources, quote(environment.unmark(g.resource)))
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
