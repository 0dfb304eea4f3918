package reference

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Architecture draws an environment from what was synthesized of it: the folder of its stage in the cloud assembly.
// Every dataset's stack looks alike; the first one is drawn.
func Architecture(stage string) (map[string]string, error) {
	app, err := readStage(stage)
	if err != nil {
		return nil, err
	}
	rights := app.rights()
	return map[string]string{
		"stacks":         mermaid(app.stackGraph()),
		"stack-contents": app.stackTable(),
		"pipeline":       mermaid(app.pipeline(rights)),
		"data":           mermaid(dataFlow(rights)),
		"rights":         rightsTable(rights),
	}, nil
}

// deployed is one environment as synthesized.
type deployed struct {
	env     string
	stacks  []*stack // in the order in which they build on each other
	exports map[string]export
}

type stack struct {
	id, name, description string
	needs                 []string
	Resources             map[string]resource
	order                 []string // logical ids as the template has them
}

type resource struct {
	Type       string
	Properties map[string]any
}

type export struct {
	stack *stack
	value any
}

func readStage(folder string) (*deployed, error) {
	text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Artifacts map[string]struct {
			Type         string
			DisplayName  string
			Dependencies []string
			Properties   struct{ StackName, TemplateFile string }
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, err
	}
	app := deployed{exports: map[string]export{}}
	ids := map[string]string{}
	for artifact, described := range manifest.Artifacts {
		if described.Type == "aws:cloudformation:stack" {
			// prod/Storage (elt-prod-storage)
			env, id, _ := strings.Cut(strings.Fields(described.DisplayName)[0], "/")
			app.env, ids[artifact] = env, id
		}
	}
	for artifact, id := range ids {
		described := manifest.Artifacts[artifact]
		built, err := app.readTemplate(filepath.Join(folder, described.Properties.TemplateFile))
		if err != nil {
			return nil, err
		}
		built.id, built.name = id, described.Properties.StackName
		for _, needed := range described.Dependencies {
			if id, ok := ids[needed]; ok {
				built.needs = append(built.needs, id)
			}
		}
		app.stacks = append(app.stacks, built)
	}
	if len(app.stacks) == 0 {
		return nil, errors.New(folder + " holds no stacks")
	}
	return &app, app.arrange()
}

func (app *deployed) readTemplate(path string) (*stack, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var template struct {
		Description string
		Resources   map[string]resource
		Outputs     map[string]struct {
			Value  any
			Export struct{ Name string }
		}
	}
	if err := json.Unmarshal(text, &template); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	_, description, _ := strings.Cut(template.Description, ": ")
	built := &stack{description: description, Resources: template.Resources}
	for id := range template.Resources {
		built.order = append(built.order, id)
	}
	// properties of a template keep the order in which the app declared them
	slices.SortFunc(built.order, func(a, b string) int {
		return cmp.Compare(strings.Index(string(text), `"`+a+`": {`), strings.Index(string(text), `"`+b+`": {`))
	})
	for _, output := range template.Outputs {
		if output.Export.Name != "" {
			app.exports[output.Export.Name] = export{built, output.Value}
		}
	}
	return built, nil
}

// arrange puts stacks behind those that they need, and leaves of the datasets' stacks the first.
func (app *deployed) arrange() error {
	slices.SortFunc(app.stacks, func(a, b *stack) int { return strings.Compare(a.id, b.id) })
	first := ""
	app.stacks = slices.DeleteFunc(app.stacks, func(s *stack) bool {
		if !strings.HasPrefix(s.id, "Dataset") {
			return false
		}
		first = cmp.Or(first, s.id)
		return s.id != first
	})
	var arranged []*stack
	placed := map[string]bool{}
	for len(arranged) < len(app.stacks) {
		before := len(arranged)
		for _, s := range app.stacks {
			s.needs = slices.DeleteFunc(s.needs, func(id string) bool { return strings.HasPrefix(id, "Dataset") && id != first })
			if !placed[s.id] && !slices.ContainsFunc(s.needs, func(id string) bool { return !placed[id] }) {
				arranged, placed[s.id] = append(arranged, s), true
			}
		}
		if len(arranged) == before {
			return errors.New("stacks need each other in a circle")
		}
	}
	app.stacks = arranged
	return nil
}

// all resources of a type, in order.
func (app *deployed) all(kind string, do func(s *stack, id string, r resource)) {
	for _, s := range app.stacks {
		for _, id := range s.order {
			if s.Resources[id].Type == kind {
				do(s, id, s.Resources[id])
			}
		}
	}
}

// text of a value as it will be once deployed; what only AWS knows is written stack.resource.
func (app *deployed) text(s *stack, value any) string {
	switch node := value.(type) {
	case nil:
		return ""
	case string:
		return node
	case []any:
		parts := make([]string, len(node))
		for i, part := range node {
			parts[i] = app.text(s, part)
		}
		return strings.Join(parts, "")
	case map[string]any:
		for function, argument := range node {
			list, _ := argument.([]any)
			switch function {
			case "Fn::ImportValue":
				exported := app.exports[app.text(s, argument)]
				return app.text(exported.stack, exported.value)
			case "Ref":
				return app.reference(s, app.text(s, argument))
			case "Fn::GetAtt":
				return app.attribute(s, app.text(s, list[0]), app.text(s, list[1]))
			case "Fn::Join":
				parts, _ := list[1].([]any)
				texts := make([]string, len(parts))
				for i, part := range parts {
					texts[i] = app.text(s, part)
				}
				return strings.Join(texts, app.text(s, list[0]))
			case "Fn::Sub":
				return app.text(s, argument)
			}
		}
	}
	return fmt.Sprint(value)
}

func (app *deployed) reference(s *stack, id string) string {
	r, ok := s.Resources[id]
	if !ok {
		return "<" + id + ">"
	}
	// what Ref gives is the name, for all that is given one here
	for _, property := range []string{"BucketName", "RoleName", "Name", "NamespaceName"} {
		if name := app.text(s, r.Properties[property]); name != "" {
			return name
		}
	}
	if r.Type == "AWS::Glue::Database" {
		if input, ok := r.Properties["DatabaseInput"].(map[string]any); ok {
			return app.text(s, input["Name"])
		}
	}
	return s.id + "." + id
}

func (app *deployed) attribute(s *stack, id, name string) string {
	if r := s.Resources[id]; r.Type == "AWS::S3::Bucket" && name == "Arn" {
		return "arn:aws:s3:::" + app.reference(s, id)
	}
	return app.reference(s, id)
}

func mermaid(lines []string) string { return "```mermaid\n" + strings.Join(lines, "\n") + "\n```" }

var notWord = regexp.MustCompile(`\W+`)

func node(name string) string { return notWord.ReplaceAllString(name, "_") }

func asList(value any) []any {
	switch node := value.(type) {
	case nil:
		return nil
	case []any:
		return node
	}
	return []any{value}
}

// --- stacks ---------------------------------------------------------------------------------------

// stackGraph leaves out a need that another need implies.
func (app *deployed) stackGraph() []string {
	needs := map[string][]string{}
	for _, s := range app.stacks {
		needs[s.id] = s.needs
	}
	var reaches func(from, to string) bool
	reaches = func(from, to string) bool {
		return slices.ContainsFunc(needs[from], func(id string) bool { return id == to || reaches(id, to) })
	}
	lines := []string{"flowchart LR"}
	for _, s := range app.stacks {
		lines = append(lines, fmt.Sprintf("  %s[\"<b>%s</b><br/>%s\"]", s.id, stackTitle(s), s.description))
	}
	for _, s := range app.stacks {
		for _, needed := range slices.Sorted(slices.Values(s.needs)) {
			if !slices.ContainsFunc(s.needs, func(other string) bool { return other != needed && reaches(other, needed) }) {
				lines = append(lines, fmt.Sprintf("  %s --> %s", needed, s.id))
			}
		}
	}
	return lines
}

func stackTitle(s *stack) string {
	if strings.HasPrefix(s.id, "Dataset") {
		return s.id + ", one per dataset"
	}
	return s.id
}

func (app *deployed) stackTable() string {
	var rows [][]string
	for _, s := range app.stacks {
		counts, order := map[string]int{}, []string{}
		for _, id := range s.order {
			kind := readable(s.Resources[id].Type)
			if counts[kind] == 0 {
				order = append(order, kind)
			}
			counts[kind]++
		}
		slices.Sort(order)
		contents := make([]string, len(order))
		for i, kind := range order {
			contents[i] = kind
			if counts[kind] > 1 {
				contents[i] = fmt.Sprintf("%d × %s", counts[kind], kind)
			}
		}
		rows = append(rows, []string{code(s.name), strings.Join(contents, ", ")})
	}
	return table([]string{"stack", "resources"}, rows)
}

func readable(kind string) string {
	return strings.ReplaceAll(strings.TrimPrefix(kind, "AWS::"), "::", " ")
}
