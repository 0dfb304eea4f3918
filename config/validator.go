package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

type validator struct {
	file      string
	root      string
	document  *yaml.Node
	faults    *Faults
	undecoded map[int]bool // lines already reported
}

// fault reports a value, unless decoding it failed already.
func (v *validator) fault(path []any, format string, values ...any) {
	line := position(v.document, path...)
	if v.undecoded[line] {
		return
	}
	message := fmt.Sprintf(format, values...)
	if _, expected, ok := strings.Cut(message, ": "); ok && (strings.HasPrefix(message, `"" `) || strings.HasPrefix(message, "[] ")) && missing(find(v.document, path...)) {
		message = "is missing: " + expected
	}
	v.faults.add(v.file, line, "%s %s", pathText(path), message)
}

func missing(node *yaml.Node) bool { return node == nil || node.ShortTag() == "!!null" }

// whole finds numbers with a fraction, which the YAML library would cut off.
func (v *validator) whole(path ...any) {
	if node := find(v.document, path...); node != nil && node.ShortTag() == "!!float" {
		v.fault(path, "%s is no whole number", node.Value)
	}
}

func (v *validator) warn(path []any, format string, values ...any) {
	v.faults.warn(v.file, position(v.document, path...), "%s %s", pathText(path), fmt.Sprintf(format, values...))
}

func pathText(path []any) string {
	var text strings.Builder
	for i, step := range path {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&text, "[%d]", step)
		default:
			if i > 0 {
				text.WriteByte('.')
			}
			fmt.Fprint(&text, step)
		}
	}
	return text.String()
}

func at(path ...any) []any { return path }

func (v *validator) text(value string, path ...any) {
	if strings.TrimSpace(value) == "" {
		v.fault(path, "is missing: expected text")
	}
}
