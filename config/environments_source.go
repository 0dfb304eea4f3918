package config

import (
	_ "embed"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// Environments are compiled into the program; their text comes along to say in which line a value stands.
//
//go:embed environments.go
var environmentsSource string

const environmentsFile = "config/environments.go"

// lineOf a field such as Retention.Logs, or where the environment begins if it does not stand there.
func (e Environment) lineOf(field string) int {
	if e.file != environmentsFile {
		return e.line
	}
	files := token.NewFileSet()
	source, err := parser.ParseFile(files, environmentsFile, environmentsSource, 0)
	if err != nil {
		return e.line
	}
	line := e.line
	ast.Inspect(source, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok || files.Position(call.Pos()).Line != e.line || len(call.Args) != 1 {
			return true
		}
		value := call.Args[0]
		for name := range strings.SplitSeq(field, ".") {
			literal, ok := value.(*ast.CompositeLit)
			if !ok {
				return false
			}
			value = nil
			for _, element := range literal.Elts {
				if pair, ok := element.(*ast.KeyValueExpr); ok {
					if key, ok := pair.Key.(*ast.Ident); ok && key.Name == name {
						value, line = pair.Value, files.Position(pair.Pos()).Line
					}
				}
			}
			if value == nil {
				return false
			}
		}
		return false
	})
	return line
}

// checkBuilt finds out that the environments were changed since this program was built.
func checkBuilt(root string, faults *Faults) {
	text, err := os.ReadFile(filepath.Join(root, environmentsFile))
	if err == nil && string(text) != environmentsSource {
		faults.add(environmentsFile, 0, "was changed after this program was built, which still has the old environments: build it again with `make build`")
	}
}
