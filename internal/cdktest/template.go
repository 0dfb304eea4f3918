// Package cdktest looks at synthesized templates in tests, in Go: the CDK's own assertions panic where they don't match.
package cdktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	_ "lakeshift/internal/kernelenv"
)

// Template of one stack.
type Template struct {
	Metadata  map[string]any
	Resources map[string]Resource
	Outputs   map[string]any
}

// Resource of a template.
type Resource struct {
	Type                string
	Properties          map[string]any
	DependsOn           any
	DeletionPolicy      string
	UpdateReplacePolicy string
	Metadata            map[string]any
}

// Read a template file.
func Read(t testing.TB, path string) Template {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var template Template
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatalf("%s: %s", path, err)
	}
	return template
}

// Synth builds one stack and returns its template. What cdk-nag finds is refused by the CDK like any other mistake,
// and what it refuses, by a panic, fails the test instead of ending all of them.
func Synth(t testing.TB, build func(stack awscdk.Stack)) Template {
	t.Helper()
	folder, flags := t.TempDir(), flags(t)
	if refused := Refusal(func() {
		app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(folder), Context: &flags, AnalyticsReporting: jsii.Bool(false), TreeMetadata: jsii.Bool(false)})
		stack := awscdk.NewStack(app, jsii.String("Test"), &awscdk.StackProps{
			Env: &awscdk.Environment{Account: jsii.String("111111111111"), Region: jsii.String("eu-west-1")},
		})
		stack.Node().SetContext(jsii.String("availability-zones:account=111111111111:region=eu-west-1"), []any{"eu-west-1a", "eu-west-1b", "eu-west-1c"})
		build(stack)
		awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Reports: jsii.Bool(false)}), nil)
		app.Synth(nil)
	}); refused != "" {
		t.Fatalf("the CDK refused: %s", refused)
	}
	return Read(t, filepath.Join(folder, "Test.template.json"))
}

// flags of cdk.json, which tests must share with the app.
func flags(t testing.TB) map[string]any {
	t.Helper()
	folder, err := os.Getwd()
	for ; err == nil; folder = filepath.Dir(folder) {
		text, readErr := os.ReadFile(filepath.Join(folder, "cdk.json"))
		if errors.Is(readErr, fs.ErrNotExist) && folder != filepath.Dir(folder) {
			continue
		}
		var settings struct{ Context map[string]any }
		if err = errors.Join(readErr, json.Unmarshal(text, &settings)); err == nil {
			return settings.Context
		}
	}
	t.Fatalf("cdk.json: %s", err)
	return nil
}

// Refusal runs something that may panic, as jsii does on every error, and returns what was said.
func Refusal(build func()) (said string) {
	defer func() {
		if reason := recover(); reason != nil {
			said = fmt.Sprint(reason)
		}
	}()
	build()
	return ""
}

// Find the resources of a type, by logical id.
func (t Template) Find(kind string) map[string]Resource {
	found := map[string]Resource{}
	for id, resource := range t.Resources {
		if resource.Type == kind {
			found[id] = resource
		}
	}
	return found
}

// Only resource of a type.
func (t Template) Only(tb testing.TB, kind string) Resource {
	tb.Helper()
	found := t.Find(kind)
	if len(found) != 1 {
		tb.Fatalf("%d resources of type %s: expected one", len(found), kind)
	}
	return slices.Collect(maps.Values(found))[0]
}

// Named is the resource of a type whose property has the value.
func (t Template) Named(tb testing.TB, kind, property, value string) Resource {
	tb.Helper()
	for _, resource := range t.Find(kind) {
		if Text(Get(resource.Properties, property)) == value {
			return resource
		}
	}
	tb.Fatalf("no %s has %s %s", kind, property, value)
	return Resource{}
}

// Get a value by its path, such as "Targets.CatalogTargets.0.Tables"; nil if there is none.
func Get(value any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch node := value.(type) {
		case map[string]any:
			value = node[step]
		case []any:
			index := -1
			if _, err := fmt.Sscan(step, &index); err != nil || index < 0 || index >= len(node) {
				return nil
			}
			value = node[index]
		default:
			return nil
		}
	}
	return value
}

// Text of a value as it may look once deployed: references become <name>.
func Text(value any) string {
	switch node := value.(type) {
	case nil:
		return ""
	case string:
		return node
	case []any:
		parts := make([]string, len(node))
		for i, part := range node {
			parts[i] = Text(part)
		}
		return strings.Join(parts, ",")
	case map[string]any:
		if len(node) != 1 {
			break
		}
		for function, argument := range node {
			switch function {
			case "Ref", "Fn::ImportValue":
				return "<" + Text(argument) + ">"
			case "Fn::GetAtt":
				if list, ok := argument.([]any); ok && len(list) == 2 {
					return "<" + Text(list[0]) + "." + Text(list[1]) + ">"
				}
			case "Fn::Join":
				if list, ok := argument.([]any); ok && len(list) == 2 {
					if parts, ok := list[1].([]any); ok {
						texts := make([]string, len(parts))
						for i, part := range parts {
							texts[i] = Text(part)
						}
						return strings.Join(texts, Text(list[0]))
					}
				}
			case "Fn::Sub":
				return Text(argument)
			}
		}
	}
	text, _ := json.Marshal(value)
	return string(text)
}
