package config

import (
	"encoding/json"
	"reflect"
	"strings"
)

//go:generate go test . -run TestSchemaFileIsCurrent -update

// SchemaFile is where editors find the schema of contracts.
const SchemaFile = "datasets/schema.json"

// JSONSchema of a contract, made from its Go types.
func JSONSchema() []byte {
	schema := schemaOf(reflect.TypeFor[Contract]())
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	schema["title"] = "Dataset contract"
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		panic(err) // maps of strings and lists always marshal
	}
	return append(text, '\n')
}

func schemaOf(kind reflect.Type) map[string]any {
	switch kind.Kind() {
	case reflect.Pointer:
		return schemaOf(kind.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Int:
		return map[string]any{"type": "integer"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(kind.Elem())}
	}
	properties, required := map[string]any{}, []string{}
	for i := range kind.NumField() {
		field := kind.Field(i)
		property := schemaOf(field.Type)
		property["description"] = field.Tag.Get("doc")
		if pattern := field.Tag.Get("pattern"); pattern != "" {
			property["pattern"] = pattern
		}
		if enum := field.Tag.Get("enum"); enum != "" {
			property["enum"] = strings.Split(enum, ",")
		}
		if field.Tag.Get("required") == "true" {
			required = append(required, field.Tag.Get("yaml"))
			if field.Type.Kind() == reflect.Slice {
				property["minItems"] = 1
			}
		}
		properties[field.Tag.Get("yaml")] = property
	}
	schema := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

// fieldsOf names the fields of each type of a contract, for messages about unknown ones.
var fieldsOf = func() map[string][]string {
	fields := map[string][]string{}
	for _, kind := range []reflect.Type{
		reflect.TypeFor[Contract](), reflect.TypeFor[Source](), reflect.TypeFor[Options](), reflect.TypeFor[ColumnSpec](),
		reflect.TypeFor[Published](), reflect.TypeFor[LoadSettings](),
	} {
		for i := range kind.NumField() {
			fields[kind.Name()] = append(fields[kind.Name()], kind.Field(i).Tag.Get("yaml"))
		}
	}
	return fields
}()
