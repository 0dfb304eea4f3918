package cdktest

import (
	"path"
	"strings"
)

// Right to do something with something.
type Right struct {
	Action, Resource string
	// Condition as JSON, empty if there is none.
	Condition string
}

// RightsOf the role with the logical id (its beginning is enough), from every policy of the template that is attached to it.
func (t Template) RightsOf(role string) []Right {
	var rights []Right
	for _, policy := range t.Find("AWS::IAM::Policy") {
		attached := false
		roles, _ := policy.Properties["Roles"].([]any)
		for _, name := range roles {
			attached = attached || strings.Contains(Text(name), role)
		}
		if attached {
			rights = append(rights, Rights(policy.Properties["PolicyDocument"])...)
		}
	}
	return rights
}

// Rights that a policy document allows.
func Rights(document any) []Right {
	var rights []Right
	statements, _ := Get(document, "Statement").([]any)
	for _, statement := range statements {
		if Text(Get(statement, "Effect")) != "Allow" {
			continue
		}
		condition := Text(Get(statement, "Condition"))
		for _, action := range list(Get(statement, "Action")) {
			for _, resource := range list(Get(statement, "Resource")) {
				rights = append(rights, Right{Text(action), Text(resource), condition})
			}
		}
	}
	return rights
}

func list(value any) []any {
	if many, ok := value.([]any); ok {
		return many
	}
	if value == nil {
		return nil
	}
	return []any{value}
}

// Allowed tells whether some right covers the action on the resource.
func Allowed(rights []Right, action, resource string) bool {
	for _, right := range rights {
		if matches(right.Action, action) && matches(right.Resource, resource) {
			return true
		}
	}
	return false
}

// matches knows * and ?, which stand for slashes too.
func matches(pattern, text string) bool {
	flat := func(s string) string { return strings.NewReplacer("/", "|", "[", "(", "]", ")", `\`, "|").Replace(s) }
	ok, err := path.Match(flat(pattern), flat(text))
	return err == nil && ok
}
