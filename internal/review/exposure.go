package review

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// exposures words what lies open, or less well locked up, than before by its own properties; grants say the rest.
func exposures(before, after *Environment) []item {
	var items []item
	say := func(rank int, thing, format string, values ...any) {
		found := item{section: accessSection, rank: rank, text: thing + " " + fmt.Sprintf(format, values...), thing: thing}
		if rank == 0 {
			found.text = "⚠️ " + found.text
		}
		items = append(items, found)
	}
	for _, stack := range after.Stacks {
		old := before.stack(stack.ID)
		if old == nil {
			old = &Stack{ID: stack.ID, env: before}
		}
		for _, id := range keys(stack.Template.Resources) {
			was, is := old.Template.Resources[id], stack.Template.Resources[id]
			exposed(old, stack, was, is, func(format string, values ...any) { say(0, stack.thing(id), format, values...) })
			if was.Type != is.Type {
				continue
			}
			unlocked(old, stack, was, is, func(format string, values ...any) { say(0, stack.thing(id), format, values...) })
			for _, property := range []string{"LoggingConfiguration", "LogExports"} {
				if len(leaves(is.Properties[property])) < len(leaves(was.Properties[property])) {
					say(1, stack.thing(id), "records less of who uses it (%s)", property)
				}
			}
			if is.Properties["PubliclyAccessible"] != true && was.Properties["PubliclyAccessible"] == true {
				say(3, stack.thing(id), "can no longer be reached from the internet (PubliclyAccessible)")
			}
		}
		for _, id := range keys(old.Template.Resources) {
			if _, stays := stack.Template.Resources[id]; stays {
				continue
			}
			switch old.Template.Resources[id].Type {
			case "Custom::VpcRestrictDefaultSG":
				say(0, "the default security group of "+quote(old.name(id)), "lets its members reach each other and everything else again")
			case "AWS::EC2::FlowLog":
				say(1, old.thing(id), "is gone: the network's traffic is recorded no more")
			}
		}
	}
	return items
}

// What makes a way out of the network, or into it.
var ways = []string{
	"AWS::EC2::InternetGateway", "AWS::EC2::EgressOnlyInternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::VPCPeeringConnection",
	"AWS::EC2::TransitGatewayAttachment", "AWS::EC2::VPNGateway", "AWS::EC2::ClientVpnEndpoint",
}

var publicACLs = []string{"PublicRead", "PublicReadWrite", "AuthenticatedRead"}

// exposed is what others reach, and did not before; was is empty if the thing is new.
func exposed(before, after *Stack, was, is Resource, say func(string, ...any)) {
	if is.Properties["PubliclyAccessible"] == true && was.Properties["PubliclyAccessible"] != true {
		say("can now be **reached from the internet** (PubliclyAccessible)")
	}
	if acl, _ := is.Properties["AccessControl"].(string); slices.Contains(publicACLs, acl) && was.Properties["AccessControl"] != acl {
		say("may now be read by **everybody** (AccessControl %s)", quote(acl))
	}
	if open := unblocked(was, is); len(open) > 0 {
		say("no longer blocks public access (%s)", strings.Join(open, ", "))
	}
	if was.Type == "" && slices.Contains(ways, is.Type) {
		say("is **new**: the network gets a way out, or in")
	}
	if was.Type == is.Type {
		for _, property := range []string{"SecurityGroupIds", "VpcSecurityGroupIds"} {
			known := leaves(before.values(before, was.Properties[property]))
			for _, group := range leaves(after.values(after, is.Properties[property])) {
				if !slices.Contains(known, group) {
					say("now lets in what another security group admits (%s)", property)
					break
				}
			}
		}
	}
}

// unblocked are the switches of a bucket's public access block that are off. S3 blocks all access to a new bucket that says nothing.
func unblocked(was, is Resource) []string {
	if is.Type != "AWS::S3::Bucket" {
		return nil
	}
	before, blocked := was.Properties["PublicAccessBlockConfiguration"].(map[string]any)
	after, blocks := is.Properties["PublicAccessBlockConfiguration"].(map[string]any)
	var open []string
	for _, name := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
		was := was.Type == "" && blocks || blocked && before[name] == true
		if was && after[name] != true {
			open = append(open, name)
		}
	}
	return open
}

// What a thing is locked with: encryption, and what makes others use it.
var (
	locks    = regexp.MustCompile(`(?i)encrypt|kms(master)?key|ssealgorithm|securityconfiguration|keyrotation|permissionsboundary|enforceworkgroup`)
	policies = regexp.MustCompile(`Polic(y|ies|yDocument)$`)
)

// unlocked is what was encrypted or bounded, and is so no longer.
func unlocked(before, after *Stack, was, is Resource, say func(string, ...any)) {
	old, current := map[string]string{}, map[string]string{}
	locked("", false, before.values(before, was.Properties), old)
	locked("", false, after.values(after, is.Properties), current)
	var gone []string
	for _, path := range keys(old) {
		now, still := current[path]
		switch {
		case !still && old[path] != "AES256": // which is what S3 does by itself
			gone = append(gone, fmt.Sprintf("%s %s is gone", path, quoteShort(old[path])))
		case still && byKey(old[path]) && !byKey(now):
			gone = append(gone, fmt.Sprintf("%s %s → %s", path, quote(old[path]), quote(now)))
		}
	}
	if len(gone) > 0 {
		say("is **less well locked**: %s", strings.Join(gone, ", "))
	}
	if ssl(was) == "true" && ssl(is) != "true" {
		say("now takes connections that are **not encrypted** (require_ssl)")
	}
}

// byKey says whether the name of an encryption is one with a key of KMS.
func byKey(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "aws:kms") || strings.HasSuffix(name, "sse_kms") || strings.HasSuffix(name, "sse-kms")
}

// locked collects the locks below a value by their paths, without policies, whose conditions speak of encryption too.
func locked(path string, within bool, value any, into map[string]string) {
	switch value := value.(type) {
	case nil:
	case []any:
		for _, element := range value {
			locked(path, within, element, into)
		}
	case map[string]any:
		for _, key := range keys(value) {
			if !policies.MatchString(key) {
				locked(strings.TrimPrefix(path+"."+key, "."), within || locks.MatchString(key), value[key], into)
			}
		}
	default:
		if text := shown(value); within && text != "false" && text != "" && text != "DISABLED" {
			into[path] = text
		}
	}
}

func ssl(resource Resource) string {
	for _, value := range list(resource.Properties["ConfigParameters"]) {
		if parameter, _ := value.(map[string]any); parameter["ParameterKey"] == "require_ssl" {
			return fmt.Sprint(parameter["ParameterValue"])
		}
	}
	return ""
}
