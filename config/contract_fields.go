package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"lakeshift/config/spelling"
)

// What is left of decimal(p,s) between braces, when its comma has cut it in two.
var halfType = regexp.MustCompile(`^\d+\)$`)

// fieldFinder reports fields that a contract does not have. Where it is plain what was meant, it puts that in place, so
// that nothing follows from the slip.
type fieldFinder struct {
	file   string
	faults *Faults
}

func (f fieldFinder) check(node *yaml.Node, kind reflect.Type) {
	if node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch {
	case node == nil:
	case kind.Kind() == reflect.Slice && node.Kind == yaml.SequenceNode:
		f.empty(node)
		for _, element := range node.Content {
			f.check(element, kind.Elem())
		}
	case kind.Kind() == reflect.Struct && node.Kind == yaml.MappingNode:
		f.fields(node, kind)
	case kind == reflect.TypeFor[bool]() || kind == reflect.TypeFor[*bool]():
		// the YAML library takes a quoted "yes" or "off" for a truth value, which the contract's schema does not
		if node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && node.Decode(new(bool)) == nil {
			f.faults.add(f.file, node.Line, "value %q is a text: expected true or false, without quotes", node.Value)
		}
	}
}

// empty entries of a list would be left out, and the others counted wrong.
func (f fieldFinder) empty(list *yaml.Node) {
	list.Content = slices.DeleteFunc(list.Content, func(element *yaml.Node) bool {
		if element.ShortTag() != "!!null" {
			return false
		}
		f.faults.add(f.file, element.Line, "an entry of the list is empty: leave it out, or fill it in")
		return true
	})
}

func (f fieldFinder) fields(node *yaml.Node, kind reflect.Type) {
	known := fieldsOf[kind.Name()]
	f.outdented(node, kind)
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Kind != yaml.ScalarNode {
			f.faults.add(f.file, node.Content[i].Line, "a field has brackets for its name: expected %s; nothing fills in {{ }}", strings.Join(known, ", "))
			node.Content = slices.Delete(node.Content, i, i+2)
			i -= 2
		} else if key := node.Content[i]; key.Value != "<<" && !slices.Contains(known, key.Value) {
			f.unknown(node, key, known)
		}
	}
	for i := range kind.NumField() {
		f.check(find(node, kind.Field(i).Tag.Get("yaml")), kind.Field(i).Type)
	}
}

func (f fieldFinder) unknown(node, key *yaml.Node, known []string) {
	if halfType.MatchString(key.Value) {
		f.faults.add(f.file, key.Line, "field %q is unknown: between braces a value with a comma needs quotes, expected type: \"decimal(p,s)\"", key.Value)
		return
	}
	missing := slices.DeleteFunc(slices.Clone(known), func(name string) bool { return find(node, name) != nil })
	meant := spelling.Meant(key.Value, missing)
	if meant == "" {
		f.faults.add(f.file, key.Line, "field %q is unknown: expected %s", key.Value, strings.Join(known, ", "))
		return
	}
	f.faults.add(f.file, key.Line, "field %q is unknown (is it %s?)", key.Value, meant)
	key.Value = meant
}

// outdented finds fields that belong into a mapping beside them, and moves them there.
func (f fieldFinder) outdented(node *yaml.Node, kind reflect.Type) {
	for i := range kind.NumField() {
		field := kind.Field(i)
		name := field.Tag.Get("yaml")
		if field.Type.Kind() != reflect.Struct {
			continue
		}
		into := find(node, name)
		if into == nil || into.Kind != yaml.MappingNode && into.ShortTag() != "!!null" {
			continue
		}
		moved := yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: into.Line, Column: into.Column}
		if into.Kind == yaml.MappingNode {
			moved.Content = into.Content
		}
		var names []string
		line := 0
		for at := 0; at+1 < len(node.Content); at += 2 {
			key := node.Content[at]
			if slices.Contains(fieldsOf[kind.Name()], key.Value) || !slices.Contains(fieldsOf[field.Type.Name()], key.Value) || find(into, key.Value) != nil {
				continue
			}
			moved.Content = append(moved.Content, key, node.Content[at+1])
			names = append(names, key.Value)
			if line == 0 {
				line = key.Line
			}
			node.Content = slices.Delete(node.Content, at, at+2)
			at -= 2
		}
		if len(names) > 0 {
			*into = moved
			f.faults.add(f.file, line, "%s to %s: expected more blanks before it", belong(names), name)
		}
	}
}

func belong(names []string) string {
	if len(names) == 1 {
		return fmt.Sprintf("field %s belongs", names[0])
	}
	return fmt.Sprintf("fields %s belong", strings.Join(names, ", "))
}
