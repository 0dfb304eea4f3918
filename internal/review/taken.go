package review

import "strings"

// taken finds names that another resource of the account still has when a deployment gives them to a new one: CloudFormation
// makes what is new before it deletes what is gone.
func taken(before, after *Environment) []item {
	type place struct{ stack, id string }
	had := map[string]place{}
	for _, stack := range before.Stacks {
		for _, id := range keys(stack.Template.Resources) {
			if name := stack.ownName(id); name != "" {
				had[name] = place{stack.ID, id}
			}
		}
	}
	var items []item
	for _, stack := range after.Stacks {
		old := before.stack(stack.ID)
		if old != nil && old.Name != stack.Name {
			continue // which is said of the stack
		}
		for _, id := range keys(stack.Template.Resources) {
			name := stack.ownName(id)
			owner, known := had[name]
			if name == "" || !known || owner == (place{stack.ID, id}) || old != nil && old.ownName(id) == name {
				continue
			}
			text := "%s: another logical id, the same name: **the deployment fails**, as CloudFormation makes the new one while the old still has the name; keep its construct's id, or change the name too"
			switch left := before.stack(owner.stack); {
			case owner.stack == stack.ID:
			case after.stack(owner.stack) == nil:
				text = "%s: another stack, the same name: **the deployment fails** until somebody has deleted the stack that it leaves, " + quote(left.neutral(left.Name))
			case left.Template.Resources[owner.id].Kept():
				text = "%s: another stack, the same name: **the deployment fails**, as the old one is kept; move it by `cdk refactor`, or import it"
			default:
				text = "%s: another stack, the same name: **the deployment fails** unless the one that it leaves is deployed first"
			}
			found := danger(0, text, stack.thing(id))
			if _, holds := stateful[stack.Template.Resources[id].Type]; !holds {
				found.section, found.rank, found.text = resourceSection, first, "⚠️ "+found.text
			}
			items = append(items, found)
		}
	}
	return items
}

// renamed words a stack that is another one to CloudFormation.
func renamed(old, stack *Stack) item {
	found := danger(1, "stack %s is called %s instead of %s: a deployment makes a second one and leaves the first as it is",
		quote(stack.ID), quote(old.neutral(stack.Name)), quote(old.neutral(old.Name)))
	names := map[string]bool{}
	for id := range old.Template.Resources {
		names[old.ownName(id)] = true
	}
	for _, id := range keys(stack.Template.Resources) {
		if name := stack.ownName(id); name != "" && names[name] {
			found.text += "; **it fails** where both use a name, such as that of " + stack.thing(id)
			break
		}
	}
	return found
}

// ownName of a resource that its template names, with its kind; empty if CloudFormation makes the name up.
func (s *Stack) ownName(id string) string {
	resource := s.Template.Resources[id]
	_, kind, _ := strings.Cut(strings.TrimPrefix(resource.Type, "AWS::"), "::")
	name := func(of any) string {
		// as it is: what is neutral in two environments or under two prefixes may be two names
		text := view{s, true}.render(of, 0)
		if of == nil || strings.Contains(text, "\x01") {
			return "" // the name of something else
		}
		return resource.Type + "\x00" + text
	}
	for _, input := range []string{"TableInput", "DatabaseInput", "ConnectionInput"} {
		if nested, is := resource.Properties[input].(map[string]any); is && nested["Name"] != nil {
			return name(nested["Name"]) + "\x00" + view{Stack: s}.render(resource.Properties["DatabaseName"], 0)
		}
	}
	for _, property := range nameProperties {
		noun := strings.TrimSuffix(property, "Name")
		if resource.Properties[property] != nil && strings.HasSuffix(kind, noun) && kind != "NamedQuery" || property == "ClusterIdentifier" && kind == "Cluster" {
			if found := name(resource.Properties[property]); found != "" {
				return found
			}
		}
	}
	return ""
}
