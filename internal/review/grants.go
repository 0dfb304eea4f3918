package review

import (
	"encoding/json"
	"fmt"
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
	reads   = "analyst"
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
			// how the CDK writes that nothing may be sent
			all = slices.DeleteFunc(all, func(g grant) bool { return g.effect == sends && g.principal == "255.255.255.255/32" })
		case "Custom::SchemaStep":
			all = append(all, analysts(resource)...)
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

// analysts that a schema step makes, with what sql/warehouse grants to their role. All steps are told the same ones.
func analysts(step Resource) []grant {
	variables, _ := step.Properties["Variables"].(map[string]any)
	text, _ := variables["ANALYSTS"].(string)
	var names []string
	_ = json.Unmarshal([]byte(text), &names) // another commit's step may be told otherwise
	all := make([]grant, len(names))
	for i, name := range names {
		all[i] = grant{holder: "warehouse", effect: reads, principal: name}
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
