package review

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Policies are told as what they let somebody do, subscriptions as who is told.
var toldElsewhere = map[string]bool{
	"AWS::IAM::Policy": true, "AWS::S3::BucketPolicy": true, "AWS::SNS::TopicPolicy": true, "AWS::SQS::QueuePolicy": true,
	"AWS::Lambda::Permission": true, "AWS::EC2::SecurityGroupIngress": true, "AWS::EC2::SecurityGroupEgress": true,
	"AWS::SNS::Subscription": true,
}

// Properties that are told as access, too.
var toldAsAccess = map[string]bool{
	"AssumeRolePolicyDocument": true, "Policies": true, "ManagedPolicyArns": true, "PolicyDocument": true, "KeyPolicy": true,
	"SecurityGroupIngress": true, "SecurityGroupEgress": true,
}

// describe a change in a line; empty if it is told elsewhere.
func describe(before, after *Stack, change Change) string {
	if toldElsewhere[change.Type] || change.Type == "AWS::Lambda::Version" {
		return ""
	}
	switch {
	case change.Sign == "+":
		return "➕ " + after.thing(change.ID)
	case change.Sign == "-" && change.Impact == "orphan":
		return "➖ " + before.thing(change.ID) + " is orphaned, not deleted"
	case change.Sign == "-":
		return "➖ " + before.thing(change.ID)
	}
	old, current := before.Template.Resources[change.ID], after.Template.Resources[change.ID]
	text := "✏️ "
	if change.Replaced() {
		text = "♻️ "
	}
	text += after.thing(change.ID)
	if change.Replaced() {
		text += " " + map[string]string{"replace": "is replaced", "may be replaced": "may be replaced"}[change.Impact]
	}
	var parts []string
	elsewhere := false
	for _, name := range unique(slices.Concat(keys(old.Properties), keys(current.Properties))) {
		was, is := after.values(before, old.Properties[name]), after.values(after, current.Properties[name])
		if said := leafChanges(name, was, is); toldAsAccess[name] {
			elsewhere = elsewhere || len(said) > 0
		} else {
			parts = append(parts, said...)
		}
	}
	for i := range parts {
		// what every table says
		parts[i] = strings.TrimPrefix(strings.TrimPrefix(parts[i], "TableInput."), "StorageDescriptor.")
	}
	if old.DeletionPolicy != current.DeletionPolicy {
		parts = append(parts, fmt.Sprintf("deletion policy %s → %s", quote(or(old.DeletionPolicy, "Delete")), quote(or(current.DeletionPolicy, "Delete"))))
	}
	if len(parts) > 6 {
		parts = append(parts[:5], fmt.Sprintf("and %d more", len(parts)-5))
	}
	switch {
	case len(parts) > 0:
		text += ": " + strings.Join(parts, "; ")
	case elsewhere && !change.Replaced():
		return ""
	case !change.Replaced():
		text += ": only how it refers to others"
	}
	return text
}

// values of a template with names for references, in neutral words.
func (s *Stack) values(of *Stack, value any) any {
	text, err := json.Marshal(view{Stack: of}.plain(value, 0))
	if err != nil {
		return nil
	}
	var plain any
	_ = json.Unmarshal([]byte(of.neutral(string(text))), &plain)
	return plain
}

// leafChanges walks two values as far as they have the same shape.
func leafChanges(path string, was, is any) []string {
	old, current := shown(was), shown(is)
	if old == current {
		return nil
	}
	before, isMap := was.(map[string]any)
	after, too := is.(map[string]any)
	if isMap && too {
		var parts []string
		for _, key := range unique(slices.Concat(keys(before), keys(after))) {
			parts = append(parts, leafChanges(path+"."+key, before[key], after[key])...)
		}
		return parts
	}
	if parts, told := listChanges(path, was, is); told {
		return parts
	}
	switch {
	case was == nil:
		return []string{fmt.Sprintf("%s is now %s", path, quoteShort(current))}
	case is == nil:
		return []string{fmt.Sprintf("%s %s is gone", path, quoteShort(old))}
	case len(old)+len(current) > 160 || strings.Contains(old+current, "\n"):
		return []string{path}
	}
	return []string{fmt.Sprintf("%s %s → %s", path, quote(old), quote(current))}
}

// listChanges tells lists of named things by their names.
func listChanges(path string, was, is any) ([]string, bool) {
	before, after := named(was), named(is)
	if before == nil || after == nil {
		return nil, false
	}
	var parts []string
	for _, name := range unique(slices.Concat(keys(before), keys(after))) {
		old, there := before[name]
		current, still := after[name]
		switch {
		case !there:
			parts = append(parts, fmt.Sprintf("%s + %s", path, quote(name)))
		case !still:
			parts = append(parts, fmt.Sprintf("%s − %s", path, quote(name)))
		default:
			parts = append(parts, leafChanges(path+"."+name, old, current)...)
		}
	}
	if parts == nil {
		parts = []string{path + " in another order"}
	}
	return parts, true
}

// named elements by name; nil if one has none.
func named(value any) map[string]any {
	elements, is := value.([]any)
	if !is || len(elements) == 0 {
		return nil
	}
	found := map[string]any{}
	for _, element := range elements {
		fields, _ := element.(map[string]any)
		name := ""
		for _, field := range []string{"Name", "Key", "ParameterKey", "Id", "Sid"} {
			if text, is := fields[field].(string); is && name == "" {
				name = text
			}
		}
		if name == "" {
			return nil
		}
		found[name] = element
	}
	return found
}

func shown(value any) string {
	if text, is := value.(string); is {
		return text
	}
	return written(value)
}
