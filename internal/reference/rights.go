package reference

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// actor is a role that the app creates, and what it may do with which store: "read", "write", "delete".
type actor struct {
	name, description string
	service           string // who may be it
	may               map[string]map[string]bool
}

// rights of every role with a name, from the policies of all stacks.
func (app *deployed) rights() []*actor {
	var actors []*actor
	byName := map[string]*actor{}
	app.all("AWS::IAM::Role", func(s *stack, _ string, r resource) {
		name, ok := strings.CutPrefix(app.text(s, r.Properties["RoleName"]), app.prefix())
		if !ok {
			return
		}
		byName[name] = &actor{name: name, description: app.text(s, r.Properties["Description"]), may: map[string]map[string]bool{}}
		document, _ := r.Properties["AssumeRolePolicyDocument"].(map[string]any)
		for _, statement := range asList(document["Statement"]) {
			principal, _ := statement.(map[string]any)["Principal"].(map[string]any)
			for _, service := range asList(principal["Service"]) {
				byName[name].service, _, _ = strings.Cut(app.text(s, service), ".")
			}
		}
		actors = append(actors, byName[name])
	})
	app.all("AWS::IAM::Policy", func(s *stack, _ string, r resource) {
		for _, role := range asList(r.Properties["Roles"]) {
			name := strings.TrimPrefix(app.text(s, role), app.prefix())
			if holder := byName[name]; holder != nil {
				document, _ := r.Properties["PolicyDocument"].(map[string]any)
				app.allow(holder, s, document)
			}
		}
	})
	return actors
}

// prefix that the names of the environment begin with, such as elt-prod-.
func (app *deployed) prefix() string {
	first := app.stacks[0]
	return strings.TrimSuffix(first.name, strings.ToLower(first.id))
}

func (app *deployed) allow(holder *actor, s *stack, document map[string]any) {
	for _, item := range asList(document["Statement"]) {
		statement := item.(map[string]any)
		condition := fmt.Sprint(statement["Condition"])
		for _, action := range asList(statement["Action"]) {
			for _, resource := range asList(statement["Resource"]) {
				store, deed := app.deed(app.text(s, action), app.text(s, resource), condition)
				if store == "" {
					continue
				}
				if holder.may[store] == nil {
					holder.may[store] = map[string]bool{}
				}
				holder.may[store][deed] = true
			}
		}
	}
}

var (
	bucketOf    = regexp.MustCompile(`^arn:aws:s3:::(.+?)-<AWS::AccountId>-[a-z0-9-]+/(?:([a-z]+)/)?\*$`)
	tableOf     = regexp.MustCompile(`:table/(\w+)/`)
	namespaceOf = regexp.MustCompile(`cloudwatch:namespace:(\w+)`)
)

// deed says in one word what an action does to which store; most actions, such as listing, say nothing of interest.
func (app *deployed) deed(action, resource, condition string) (store, deed string) {
	service, name, _ := strings.Cut(action, ":")
	switch service {
	case "s3":
		match := bucketOf.FindStringSubmatch(resource)
		if match == nil {
			return "", ""
		}
		zone := strings.TrimPrefix(match[1], app.prefix())
		if strings.HasPrefix(zone, "cdk-") {
			zone = "deployed code"
		}
		// the zones of the processed bucket have names of their own
		if zone = strings.TrimPrefix(zone, "processed"); match[2] != "" {
			zone = strings.TrimPrefix(zone+"/"+match[2], "/")
		}
		switch name {
		case "GetObject", "GetObjectVersion":
			return zone, "read"
		case "PutObject":
			return zone, "write"
		case "DeleteObject":
			return zone, "delete"
		}
	case "glue":
		match := tableOf.FindStringSubmatch(resource)
		if match == nil {
			return "", ""
		}
		database := "catalog: " + match[1][strings.LastIndex(match[1], "_")+1:]
		switch {
		case strings.HasPrefix(name, "Get"), strings.HasPrefix(name, "BatchGet"):
			return database, "read"
		case strings.Contains(name, "Delete"):
			return database, "delete"
		}
		return database, "write"
	case "redshift-data":
		if name == "ExecuteStatement" {
			return "warehouse", "query"
		}
	case "athena":
		if name == "StartQueryExecution" {
			return "Athena", "query"
		}
	case "secretsmanager":
		if name == "GetSecretValue" {
			return "administrator's secret", "read"
		}
	case "cloudwatch":
		if match := namespaceOf.FindStringSubmatch(condition); name == "PutMetricData" && match != nil {
			return "metrics: " + match[1], "write"
		}
	}
	return "", ""
}

func stores(actors []*actor) []string {
	found := map[string]bool{}
	for _, one := range actors {
		for store := range one.may {
			found[store] = true
		}
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		if a, b := rank(a), rank(b); a != b {
			return a - b
		}
		return strings.Compare(a, b)
	})
}

// rank of a store: along the way of the data, then the rest.
func rank(store string) int {
	way := []string{"raw", "staging", "rejected", "warehouse", "curated", "Athena", "artifacts/runs"}
	if i := slices.Index(way, store); i >= 0 {
		return i
	}
	return len(way)
}

func rightsTable(actors []*actor) string {
	header := []string{"store"}
	for _, one := range actors {
		header = append(header, code(one.name))
	}
	var rows [][]string
	for _, store := range stores(actors) {
		row := []string{store}
		for _, one := range actors {
			row = append(row, strings.Join(deeds(one.may[store]), ", "))
		}
		rows = append(rows, row)
	}
	return table(header, rows)
}

func deeds(allowed map[string]bool) []string {
	var said []string
	for _, deed := range []string{"read", "write", "delete", "query"} {
		if allowed[deed] {
			said = append(said, deed)
		}
	}
	return said
}

// dataFlow shows who reads and writes the zones and the warehouse. Arrows point the way that data takes.
func dataFlow(actors []*actor) []string {
	lines := []string{"flowchart LR"}
	groups := []struct{ service, title string }{{"glue", "Glue"}, {"redshift-serverless", "Redshift's own roles"}, {"redshift", "Redshift's own roles"}, {"lambda", "at deploy"}}
	shown := map[string]bool{}
	for _, group := range groups {
		var nodes []string
		for _, one := range actors {
			if one.service == group.service {
				nodes = append(nodes, fmt.Sprintf("    %s[\"%s\"]", node(one.name), one.name))
			}
		}
		if nodes != nil {
			lines = append(lines, fmt.Sprintf("  subgraph %s [\"%s\"]", node("group_"+group.service), group.title))
			lines = append(append(lines, nodes...), "  end")
		}
	}
	var arrows []string
	for _, store := range stores(actors) {
		if rank(store) == rank("") {
			continue
		}
		for _, one := range actors {
			if len(one.may[store]) == 0 {
				continue
			}
			if !shown[store] {
				shown[store] = true
				lines = append(lines, fmt.Sprintf("  %s[(\"%s\")]", node("store_"+store), store))
			}
			arrows = append(arrows, edges(node(one.name), node("store_"+store), one.may[store])...)
		}
	}
	for _, one := range actors {
		if !strings.HasPrefix(one.service, "redshift") {
			continue
		}
		// the warehouse is who uses them
		if slices.ContainsFunc(stores(actors), func(store string) bool { return one.may[store]["write"] }) {
			arrows = append(arrows, fmt.Sprintf("  store_warehouse --> %s", node(one.name)))
		} else {
			arrows = append(arrows, fmt.Sprintf("  %s --> store_warehouse", node(one.name)))
		}
	}
	return append(lines, arrows...)
}

// edges between an actor and a store.
func edges(actor, store string, may map[string]bool) []string {
	var drawn []string
	switch {
	case may["query"]:
		drawn = append(drawn, fmt.Sprintf("  %s -->|SQL| %s", actor, store))
	case may["read"] && may["write"]:
		drawn = append(drawn, fmt.Sprintf("  %s <--> %s", actor, store))
	case may["read"]:
		drawn = append(drawn, fmt.Sprintf("  %s --> %s", store, actor))
	case may["write"]:
		drawn = append(drawn, fmt.Sprintf("  %s --> %s", actor, store))
	}
	if may["delete"] {
		drawn = append(drawn, fmt.Sprintf("  %s -.->|deletes| %s", actor, store))
	}
	return drawn
}
