package reference

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// pipeline of the first dataset: triggers, steps, and who is told what about them.
func (app *deployed) pipeline(actors []*actor) []string {
	lines := []string{"flowchart LR"}
	steps := map[string]string{} // role of a step by the step's name, to know whose metrics an alarm watches
	var nodes, edges []string
	step := func(kind, label string) func(*stack, string, resource) {
		return func(s *stack, _ string, r resource) {
			name := app.text(s, r.Properties["Name"])
			role := strings.TrimPrefix(app.role(s, r.Properties["Role"]), app.prefix())
			short := name[strings.LastIndex(name, "-")+1:]
			said := label
			if kind == "job" {
				said = app.jobLabel(s, r)
			}
			nodes = append(nodes, fmt.Sprintf("    %s[\"<b>%s</b><br/>%s<br/>as %s\"]", node(name), short, said, role))
			steps[name] = role
		}
	}
	app.all("AWS::Glue::Crawler", step("crawler", "crawler"))
	app.all("AWS::Glue::Job", step("job", ""))
	app.all("AWS::Glue::Trigger", func(s *stack, _ string, r resource) {
		var targets []string
		for _, action := range asList(r.Properties["Actions"]) {
			targets = append(targets, node(app.stepName(s, action)))
		}
		predicate, _ := r.Properties["Predicate"].(map[string]any)
		for _, target := range targets {
			if schedule := app.text(s, r.Properties["Schedule"]); schedule != "" {
				edges = append(edges, fmt.Sprintf("  schedule([\"%s<br/>or lakeshift run\"]) --> %s", schedule, target))
			}
			for _, condition := range asList(predicate["Conditions"]) {
				details := condition.(map[string]any)
				state := app.text(s, details["State"]) + app.text(s, details["CrawlState"])
				edges = append(edges, fmt.Sprintf("  %s -->|%s| %s", node(app.stepName(s, condition)), state, target))
			}
		}
	})
	app.all("AWS::Glue::Workflow", func(s *stack, _ string, r resource) {
		lines = append(lines, fmt.Sprintf("  subgraph workflow [\"%s, at most %v run at a time\"]", app.text(s, r.Properties["Name"]), r.Properties["MaxConcurrentRuns"]))
	})
	lines = append(append(lines, nodes...), "  end")
	return append(append(lines, edges...), app.alerts(actors, steps)...)
}

// watches tells whether an alarm is about the pipeline with these steps, or about another dataset's.
func (app *deployed) watches(s *stack, alarm resource, steps []string) bool {
	return slices.ContainsFunc(asList(alarm.Properties["Dimensions"]), func(item any) bool {
		dimension, _ := item.(map[string]any)
		value := app.text(s, dimension["Value"])
		switch app.text(s, dimension["Name"]) {
		case "JobName":
			return slices.Contains(steps, value)
		case "Dataset":
			return slices.ContainsFunc(steps, func(step string) bool { return strings.HasPrefix(step, app.prefix()+value+"-") })
		}
		return false
	})
}

// role by its name, wherever the property holds its ARN.
func (app *deployed) role(s *stack, value any) string {
	arn := app.text(s, value)
	return arn[strings.LastIndex(arn, "/")+1:]
}

func (app *deployed) stepName(s *stack, value any) string {
	details, _ := value.(map[string]any)
	return app.text(s, details["JobName"]) + app.text(s, details["CrawlerName"])
}

func (app *deployed) jobLabel(s *stack, r resource) string {
	command, _ := r.Properties["Command"].(map[string]any)
	size := fmt.Sprintf("%v × %s", r.Properties["NumberOfWorkers"], app.text(s, r.Properties["WorkerType"]))
	kind := "Spark, Glue " + app.text(s, r.Properties["GlueVersion"])
	if app.text(s, command["Name"]) == "pythonshell" {
		kind, size = "Python shell "+app.text(s, command["PythonVersion"]), fmt.Sprintf("%v DPU", r.Properties["MaxCapacity"])
	}
	return fmt.Sprintf("%s<br/>%s, at most %v min", kind, size, r.Properties["Timeout"])
}

// alerts follow from event rules (a step failed) and alarms (a metric says so) to the topic and who subscribed to it.
func (app *deployed) alerts(actors []*actor, steps map[string]string) []string {
	var lines []string
	app.all("AWS::SNS::Topic", func(s *stack, id string, r resource) {
		lines = append(lines, fmt.Sprintf("  topic{{\"topic %s\"}}", app.text(s, r.Properties["TopicName"])))
	})
	app.all("AWS::Events::Rule", func(s *stack, id string, r resource) {
		pattern, _ := r.Properties["EventPattern"].(map[string]any)
		detail, _ := pattern["detail"].(map[string]any)
		var states []string
		for _, state := range asList(detail["state"]) {
			states = append(states, strings.ToUpper(app.text(s, state)))
		}
		lines = append(lines, fmt.Sprintf("  workflow -->|%s| %s[\"event rule<br/>%s\"] --> topic",
			strings.Join(states, ", "), node(id), app.text(s, r.Properties["Name"])))
	})
	app.all("AWS::CloudWatch::Alarm", func(s *stack, id string, r resource) {
		if !app.watches(s, r, slices.Collect(maps.Keys(steps))) {
			return
		}
		namespace := app.text(s, r.Properties["Namespace"])
		for _, watched := range slices.Sorted(maps.Keys(steps)) {
			for _, one := range actors {
				if one.name == steps[watched] && one.may["metrics: "+namespace] != nil {
					lines = append(lines, fmt.Sprintf("  %s -->|%s| %s[\"alarm<br/>%s\"] --> topic",
						node(watched), app.text(s, r.Properties["MetricName"]), node(id), app.text(s, r.Properties["AlarmName"])))
				}
			}
		}
	})
	app.all("AWS::SNS::Subscription", func(s *stack, id string, r resource) {
		lines = append(lines, fmt.Sprintf("  topic --> %s([\"%s: %s\"])", node(id), app.text(s, r.Properties["Protocol"]), app.text(s, r.Properties["Endpoint"])))
	})
	return lines
}
