package review

import (
	"fmt"
	"strings"
)

// first is the rank of what is read before all other resources.
const first = -1

// alerts words who is told of failures from now on, and what nobody is told of any more.
func alerts(before, after *Environment) []item {
	var items []item
	say := func(text, thing string) {
		items = append(items, item{section: resourceSection, rank: first, text: text, thing: thing})
	}
	told, tells := subscribers(before, after), subscribers(after, after)
	for s := range tells {
		if !told[s] {
			text := fmt.Sprintf("🔔 %s now tells %s (%s)", quote(s.topic), quote(s.endpoint), s.protocol)
			if strings.HasPrefix(s.protocol, "email") {
				text += ", who must confirm it first"
			}
			say(text, "")
		}
	}
	for s := range told {
		if !tells[s] {
			say(fmt.Sprintf("🔕 %s no longer tells %s (%s)", quote(s.topic), quote(s.endpoint), s.protocol), "")
		}
	}
	for _, stack := range after.Stacks {
		old := before.stack(stack.ID)
		if old == nil {
			continue
		}
		there := map[string]bool{}
		for id := range stack.Template.Resources {
			there[stack.thing(id)] = true
		}
		for _, id := range keys(old.Template.Resources) {
			was, is := old.Template.Resources[id], stack.Template.Resources[id]
			switch {
			case !wakes(was):
			case is.Type == was.Type && !wakes(is):
				say("🔕 "+stack.thing(id)+" is switched off", stack.thing(id))
			case is.Type != was.Type && !there[old.thing(id)]:
				say("🔕 "+old.thing(id)+" is gone: nobody is told of what it rang for", old.thing(id))
			}
		}
	}
	return items
}

// subscriber of a topic.
type subscriber struct{ topic, endpoint, protocol string }

// subscribers of an environment. A stack that is no longer in the app goes on as it is.
func subscribers(environment, app *Environment) map[subscriber]bool {
	found := map[subscriber]bool{}
	for _, stack := range environment.Stacks {
		if app.stack(stack.ID) == nil {
			continue
		}
		for _, resource := range stack.Template.Resources {
			if resource.Type == "AWS::SNS::Subscription" {
				value := func(property string) string { return environment.unmark(stack.mark(resource.Properties[property])) }
				found[subscriber{value("TopicArn"), value("Endpoint"), value("Protocol")}] = true
			}
		}
	}
	return found
}

// wakes says whether an alarm or a rule does anything.
func wakes(resource Resource) bool {
	switch resource.Type {
	case "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm":
		return resource.Properties["ActionsEnabled"] != false && len(list(resource.Properties["AlarmActions"])) > 0
	case "AWS::Events::Rule":
		return resource.Properties["State"] != "DISABLED" && len(list(resource.Properties["Targets"])) > 0
	}
	return false
}
