package reference

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"

	"lakeshift/config"
)

// Environments describes the Go values of package config, whose source stands in folder, from their types and doc comments.
func Environments(folder string) (map[string]string, error) {
	source, err := readSource(folder)
	if err != nil {
		return nil, err
	}
	meanings, err := source.meanings("", reflect.TypeFor[config.Environment]())
	if err != nil {
		return nil, err
	}
	names, err := source.names()
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"fields": table([]string{"field", "type", "meaning"}, meanings),
		"values": values(),
		"names":  table([]string{"what", "in environment `dev`", "named by"}, names),
	}, nil
}

type source struct {
	fields  map[string]map[string]string // type → field → doc comment
	methods map[string]string            // of Names
	order   []string                     // of these methods
}

func readSource(folder string) (*source, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	files, set := []*ast.File{}, token.NewFileSet()
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	documented, err := doc.NewFromFiles(set, files, "lakeshift/config")
	if err != nil {
		return nil, err
	}
	found := source{fields: map[string]map[string]string{}, methods: map[string]string{}}
	for _, kind := range documented.Types {
		for _, spec := range kind.Decl.Specs {
			if structure, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType); ok {
				found.fields[kind.Name] = fieldComments(structure)
			}
		}
		if kind.Name == "Names" {
			for _, method := range kind.Methods {
				found.methods[method.Name] = sentence(method.Doc)
			}
		}
	}
	// go/doc sorts by name; the source has the order in which a reader needs them
	for _, file := range files {
		for _, declared := range file.Decls {
			if function, ok := declared.(*ast.FuncDecl); ok && function.Recv != nil && found.methods[function.Name.Name] != "" && receiver(function) == "Names" {
				found.order = append(found.order, function.Name.Name)
			}
		}
	}
	return &found, nil
}

func receiver(function *ast.FuncDecl) string {
	name, _ := function.Recv.List[0].Type.(*ast.Ident)
	if name == nil {
		return ""
	}
	return name.Name
}

func fieldComments(structure *ast.StructType) map[string]string {
	comments := map[string]string{}
	for _, field := range structure.Fields.List {
		text := field.Doc.Text()
		if text == "" {
			text = field.Comment.Text()
		}
		for _, name := range field.Names {
			comments[name.Name] = sentence(text)
		}
	}
	return comments
}

func sentence(text string) string { return strings.Join(strings.Fields(text), " ") }

func (s *source) meanings(path string, kind reflect.Type) ([][]string, error) {
	var rows [][]string
	for i := range kind.NumField() {
		field := kind.Field(i)
		if !field.IsExported() {
			continue
		}
		if inner := structIn(field.Type); inner != nil {
			more, err := s.meanings(path+field.Name+".", inner)
			if err != nil {
				return nil, err
			}
			rows = append(rows, more...)
			continue
		}
		meaning := s.fields[kind.Name()][field.Name]
		if meaning == "" {
			return nil, fmt.Errorf("config.%s.%s has no doc comment", kind.Name(), field.Name)
		}
		rows = append(rows, []string{code(path + field.Name), code(field.Type.String()), prose(meaning)})
	}
	return rows, nil
}

// structIn is the type itself, or what it points to, if that is a struct.
func structIn(kind reflect.Type) reflect.Type {
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind.Kind() == reflect.Struct {
		return kind
	}
	return nil
}

// values of every environment, side by side; zero values are left out.
func values() string {
	environments := config.Environments()
	header := []string{"field"}
	var rows [][]string
	for i, environment := range environments {
		header = append(header, environment.Name)
		row := 0
		each("", reflect.ValueOf(environment), func(name, value string) {
			if i == 0 {
				rows = append(rows, []string{code(name)})
			}
			rows[row] = append(rows[row], value)
			row++
		})
	}
	return table(header, rows)
}

func each(path string, value reflect.Value, do func(name, value string)) {
	for i := range value.NumField() {
		field, held := value.Type().Field(i), value.Field(i)
		if !field.IsExported() {
			continue
		}
		if inner := structIn(field.Type); inner != nil {
			if held.Kind() == reflect.Pointer {
				if held.IsNil() {
					held = reflect.Zero(inner)
				} else {
					held = held.Elem()
				}
			}
			each(path+field.Name+".", held, do)
			continue
		}
		do(path+field.Name, shown(held))
	}
}

func shown(value reflect.Value) string {
	switch {
	case value.IsZero():
		return ""
	case value.Kind() == reflect.Bool:
		return "yes"
	case value.Kind() == reflect.Slice:
		parts := make([]string, value.Len())
		for i := range parts {
			parts[i] = fmt.Sprint(value.Index(i))
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(value)
}

// names that outsiders must know, by an example.
func (s *source) names() ([][]string, error) {
	environment := config.Environments()[1]
	names := reflect.ValueOf(environment.Names("<account>"))
	const dataset = "<dataset>"
	arguments := map[string][]string{
		"Stack": {"storage"}, "DatasetStack": {dataset}, "Role": {"load"}, "DatabaseUser": {"load"},
		"Workflow": {dataset}, "Crawler": {dataset}, "Job": {dataset, "load"}, "Rule": {"job-failed"}, "Alarm": {dataset, "stale"},
	}
	var rows [][]string
	for _, name := range s.order {
		method := names.MethodByName(name)
		if !method.IsValid() {
			continue
		}
		var given []reflect.Value
		for _, argument := range arguments[name] {
			given = append(given, reflect.ValueOf(argument))
		}
		if method.Type().NumIn() != len(given) {
			return nil, fmt.Errorf("config.Names.%s takes %d arguments: give it an example here", name, method.Type().NumIn())
		}
		rows = append(rows, []string{prose(s.methods[name]), code(method.Call(given)[0].String()), code("Names." + name)})
	}
	return rows, nil
}
