package review

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// nameProperties hold what a resource is called in the account.
var nameProperties = []string{
	"BucketName", "RoleName", "FunctionName", "LogGroupName", "TopicName", "QueueName", "WorkgroupName", "NamespaceName", "AlarmName",
	"ClusterIdentifier", "DatabaseName", "GroupName", "Name",
}

// view of a stack's values as a person would write them: names instead of references. A marked one holds places instead of names, so that a renamed thing is still the same thing.
type view struct {
	*Stack
	marked bool
}

func (s view) render(value any, depth int) string {
	if depth > 8 {
		return "…"
	}
	switch value := value.(type) {
	case string:
		return value
	case map[string]any:
		if len(value) == 1 {
			for function, argument := range value {
				if text, ok := s.intrinsic(function, argument, depth+1); ok {
					return text
				}
			}
		}
	case nil:
		return ""
	}
	return written(s.plain(value, depth+1))
}

// written as JSON, with marks and brackets as they are.
func written(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // of what was read from JSON
	return strings.NewReplacer(`\u0001`, "\x01", `\u0002`, "\x02", `\u0003`, "\x03").Replace(strings.TrimSuffix(text.String(), "\n"))
}

// plain replaces the references inside a value by what they are called.
func (s view) plain(value any, depth int) any {
	switch value := value.(type) {
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			list[i] = s.plain(element, depth+1)
		}
		return list
	case map[string]any:
		if len(value) == 1 {
			for function, argument := range value {
				if text, ok := s.intrinsic(function, argument, depth+1); ok {
					return text
				}
			}
		}
		copied := map[string]any{}
		for key, element := range value {
			copied[key] = s.plain(element, depth+1)
		}
		return copied
	}
	return value
}

func (s view) intrinsic(function string, argument any, depth int) (string, bool) {
	list, _ := argument.([]any)
	switch function {
	case "Ref":
		id, _ := argument.(string)
		return s.referred(id, depth), true
	case "Fn::GetAtt":
		if len(list) == 2 {
			id, _ := list[0].(string)
			attribute, _ := list[1].(string)
			if attribute == "Arn" || attribute == "GroupId" {
				return s.referred(id, depth), true
			}
			return s.referred(id, depth) + "." + attribute, true
		}
	case "Fn::Join":
		if len(list) == 2 {
			parts, _ := list[1].([]any)
			texts := make([]string, len(parts))
			for i, part := range parts {
				texts[i] = s.render(part, depth)
			}
			separator, _ := list[0].(string)
			return strings.Join(texts, separator), true
		}
	case "Fn::Sub":
		if text, is := argument.(string); is {
			return text, true
		}
	case "Fn::ImportValue":
		name, _ := argument.(string)
		for _, other := range s.env.Stacks {
			for _, output := range other.Template.Outputs {
				if output.Export.Name == name {
					return view{other, s.marked}.render(output.Value, depth), true
				}
			}
		}
		return name, true
	}
	return "", false
}

func (s view) referred(id string, depth int) string {
	if name, is := strings.CutPrefix(id, "AWS::"); is {
		if placeholder, known := placeholders[name]; known {
			return placeholder
		}
		return name
	}
	if _, there := s.Template.Resources[id]; !there {
		return id
	}
	if s.marked {
		return "\x01" + s.ID + "\x02" + id + "\x03"
	}
	return s.called(id, depth)
}

// called is the name of a resource: its own if it has one, else its path in the app.
func (s view) called(id string, depth int) string {
	resource := s.Template.Resources[id]
	for _, input := range []string{"TableInput", "DatabaseInput", "ConnectionInput"} {
		if nested, is := resource.Properties[input].(map[string]any); is && nested["Name"] != nil {
			return s.render(nested["Name"], depth+1)
		}
	}
	for _, property := range nameProperties {
		if property == "DatabaseName" && strings.HasPrefix(resource.Type, "AWS::Glue::T") {
			continue
		}
		if name := resource.Properties[property]; name != nil {
			return s.render(name, depth+1)
		}
	}
	if path := s.paths[id]; path != "" {
		return s.ID + "/" + path
	}
	return s.ID + "/" + id
}

var mark = regexp.MustCompile("\x01([^\x02]*)\x02([^\x03]*)\x03")

// unmark puts names for places.
func (e *Environment) unmark(text string) string {
	return mark.ReplaceAllStringFunc(text, func(found string) string {
		match := mark.FindStringSubmatch(found)
		if stack := e.stack(match[1]); stack != nil {
			return stack.name(match[2])
		}
		return match[1] + "/" + match[2]
	})
}

func (s *Stack) name(id string) string { return s.neutral(view{Stack: s}.called(id, 0)) }

// place is where the stack is deployed.
func (s *Stack) place() string {
	if s.account == "" || s.account == "unknown-account" {
		return quote(s.region)
	}
	return quote(s.account + "/" + s.region)
}

// thing is a resource in words: its kind and its name.
func (s *Stack) thing(id string) string {
	return kindOf(s.Template.Resources[id].Type) + " " + quote(s.name(id))
}

var (
	capital  = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	services = map[string]string{"RedshiftServerless": "Redshift Serverless", "Logs": "CloudWatch", "Events": "EventBridge", "EC2": ""}
)

// kindOf turns AWS::S3::Bucket into S3 bucket.
func kindOf(resourceType string) string {
	parts := strings.Split(strings.TrimPrefix(resourceType, "AWS::"), "::")
	if len(parts) != 2 {
		return resourceType
	}
	service, known := services[parts[0]]
	if !known {
		service = parts[0]
	}
	kind := parts[1]
	if kind != strings.ToUpper(kind) {
		kind = strings.ToLower(capital.ReplaceAllString(kind, "$1 $2"))
	}
	return strings.TrimSpace(service + " " + kind)
}

// neutral puts placeholders for an environment's own words (its name, account and region), so that environments which
// change alike read alike.
func (s *Stack) neutral(text string) string {
	pairs := []string{"arn:aws:s3:::", ""}
	for _, name := range []string{"AccountId", "Region", "Partition"} {
		pairs = append(pairs, "${AWS::"+name+"}", placeholders[name])
	}
	if s.account != "unknown-account" && s.account != "" {
		pairs = append(pairs, s.account, placeholders["AccountId"])
	}
	if s.region != "unknown-region" && s.region != "" {
		pairs = append(pairs, s.region, placeholders["Region"])
	}
	prefix := s.env.prefix()
	pairs = append(pairs, prefix, "elt-<env>", strings.ReplaceAll(prefix, "-", "_"), "elt_<env>")
	return strings.NewReplacer(pairs...).Replace(text)
}

var placeholders = map[string]string{"AccountId": "<account>", "Region": "<region>", "Partition": "aws"}

// prefix that names of the environment start with: what most of its stacks have in front of their id. One stack that is
// called otherwise changes the words for none of the others.
func (e *Environment) prefix() string {
	counts := map[string]int{}
	for _, stack := range e.Stacks {
		words := capital.ReplaceAllString(stack.ID, "$1-$2")
		if prefix, ends := strings.CutSuffix(stack.Name, "-"+strings.ToLower(words)); ends && prefix != "" {
			counts[prefix]++
		}
	}
	most := "elt-" + e.Name
	for _, prefix := range keys(counts) {
		if counts[prefix] > counts[most] {
			most = prefix
		}
	}
	return most
}

// quote as code, whatever the text holds.
func quote(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if strings.Contains(text, "`") {
		return "`` " + text + " ``"
	}
	return "`" + text + "`"
}

// quoteShort leaves out the middle of a long text.
func quoteShort(text string) string { return shortened(text, 90) }

// shortened to a number of characters and quoted.
func shortened(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most*2/3]) + " … " + string(runes[len(runes)-most/4:])
	}
	return quote(text)
}

func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func plural(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", count, noun)
}

func unique(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}
