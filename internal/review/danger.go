package review

import (
	"fmt"
	"slices"
	"strings"
)

// stateful types hold something that a deployment can't make again. Glue tables and databases know the partitions.
var stateful = map[string]string{
	"AWS::S3::Bucket":                    "objects",
	"AWS::RedshiftServerless::Namespace": "warehouse data",
	"AWS::RedshiftServerless::Workgroup": "",
	"AWS::Redshift::Cluster":             "warehouse data",
	"AWS::Glue::Database":                "tables and partitions in the catalog",
	"AWS::Glue::Table":                   "partitions in the catalog",
	"AWS::KMS::Key":                      "whatever it encrypted",
	"AWS::Logs::LogGroup":                "logs",
	"AWS::SecretsManager::Secret":        "the secret",
	"AWS::DynamoDB::Table":               "items",
	"AWS::RDS::DBInstance":               "data",
	"AWS::RDS::DBCluster":                "data",
	"AWS::EFS::FileSystem":               "files",
	"AWS::SQS::Queue":                    "messages",
}

// dangers words what a deployment of the changed stack would take away.
func dangers(before, after *Stack, changes []Change) []item {
	var items []item
	for _, change := range changes {
		if _, holds := stateful[change.Type]; !holds {
			continue
		}
		switch {
		case change.Sign == "-":
			items = append(items, gone(before, change.ID, change.Impact == "orphan", ""))
		case change.Replaced():
			items = append(items, replacement(before, after, change))
		}
	}
	for _, id := range keys(before.Template.Resources) {
		old := before.Template.Resources[id]
		current, there := after.Template.Resources[id]
		if _, holds := stateful[old.Type]; !there || !holds || current.Type != old.Type {
			continue
		}
		items = append(items, weakened(before, id, old, current)...)
	}
	if before.Protected && !after.Protected {
		items = append(items, unprotected(after))
	}
	return items
}

func unprotected(stack *Stack) item {
	return danger(3, "%s loses its termination protection", "stack "+quote(stack.ID))
}

// danger in a sentence, whose first value names what is at stake.
func danger(rank int, format string, values ...any) item {
	found := item{section: dangerSection, rank: rank, text: fmt.Sprintf(format, values...)}
	if len(values) > 0 && strings.HasPrefix(format, "%s ") {
		found.thing = fmt.Sprint(values[0])
	}
	return found
}

// gone is a stateful resource that leaves its stack.
func gone(stack *Stack, id string, orphaned bool, when string) item {
	thing := stack.thing(id)
	if orphaned {
		return danger(1, "%s is **orphaned**%s: it stays in the account with what it holds, and nothing manages it any more", thing, when)
	}
	return danger(0, "%s is **deleted**%s%s", thing, with(stack.Template.Resources[id].Type), when)
}

func with(resourceType string) string {
	if holds := stateful[resourceType]; holds != "" {
		return ", with " + holds
	}
	return ""
}

func replacement(stack, after *Stack, change Change) item {
	resource := stack.Template.Resources[change.ID]
	verb := "is **replaced**"
	if change.Impact == "may be replaced" {
		verb = "**may be replaced**"
	}
	if len(change.Forcing) > 0 {
		verb += " (" + strings.Join(change.Forcing, ", ") + " changes)"
	}
	fails := ""
	if given := givenName(resource); given != "" && given == givenName(after.Template.Resources[change.ID]) {
		fails = "; while the name stays the same, the deployment **fails** instead"
	}
	if resource.KeptWhenReplaced() {
		return danger(1, "%s %s by a new, empty one: the old one is orphaned, kept with what it holds, and nothing reads it any more%s", stack.thing(change.ID), verb, fails)
	}
	return danger(0, "%s %s: the old one is deleted%s%s", stack.thing(change.ID), verb, with(change.Type), fails)
}

// givenName of a resource as its template has it; empty if CloudFormation makes one up.
func givenName(resource Resource) string {
	for _, property := range nameProperties {
		if name := resource.Properties[property]; name != nil {
			return shown(name)
		}
	}
	return ""
}

// lost words a stack that is no longer in the app. A deployment does not touch it; whoever then deletes it should know.
func lost(stack *Stack) item {
	left := danger(0, "stack %s **leaves the app**: a deployment leaves it running as it is, until somebody deletes it (%s)",
		quote(stack.ID), plural(len(stack.Template.Resources), "resource"))
	var goes, stays []string
	for _, id := range keys(stack.Template.Resources) {
		resource := stack.Template.Resources[id]
		if _, holds := stateful[resource.Type]; !holds {
			continue
		}
		if resource.Kept() {
			stays = append(stays, stack.thing(id))
		} else {
			goes = append(goes, stack.thing(id))
		}
	}
	slices.Sort(goes)
	slices.Sort(stays)
	if len(goes) > 0 {
		left.text += "; deleting it **deletes** " + enumerate(goes)
	}
	if len(stays) > 0 {
		left.text += "; **orphaned**, not deleted: " + enumerate(stays)
	}
	return left
}
