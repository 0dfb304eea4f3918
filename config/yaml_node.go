package config

import (
	"go.yaml.in/yaml/v3"
)

// position finds the line of a value by its path of field names and list indexes; of the nearest parent if it is missing.
func position(document *yaml.Node, path ...any) int {
	line := max(root(document).Line, 1)
	for i := range path {
		node, at := step(find(document, path[:i]...), path[i])
		if node == nil {
			return line
		}
		line = at
	}
	return line
}

// find the value; nil if it is missing.
func find(document *yaml.Node, path ...any) *yaml.Node {
	node := root(document)
	for _, name := range path {
		node, _ = step(node, name)
	}
	return node
}

func root(document *yaml.Node) *yaml.Node {
	if document.Kind == yaml.DocumentNode && len(document.Content) > 0 {
		return document.Content[0]
	}
	return document
}

// step to a field or an element, and the line where it begins.
func step(node *yaml.Node, name any) (*yaml.Node, int) {
	if node == nil {
		return nil, 0
	}
	switch name := name.(type) {
	case string:
		for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == name {
				return node.Content[i+1], node.Content[i].Line
			}
		}
	case int:
		if node.Kind == yaml.SequenceNode && name < len(node.Content) {
			return node.Content[name], node.Content[name].Line
		}
	}
	return nil, 0
}
