package reference

import (
	"reflect"
	"strings"

	"lakeshift/config"
	"lakeshift/config/sqltext"
)

// Contract describes datasets/<name>.yaml, from its Go types.
func Contract() map[string]string {
	return map[string]string{
		"fields":       table([]string{"field", "type", "required", "meaning"}, fields("", reflect.TypeFor[config.Contract]())),
		"types":        types(),
		"landing":      columns(config.LandingColumns()),
		"rejected":     columns(config.RejectedColumns()),
		"placeholders": placeholders(),
	}
}

func fields(path string, kind reflect.Type) [][]string {
	var rows [][]string
	for i := range kind.NumField() {
		field := kind.Field(i)
		name, required := path+field.Tag.Get("yaml"), ""
		if field.Tag.Get("required") == "true" {
			required = "yes"
		}
		meaning := field.Tag.Get("doc")
		if values := field.Tag.Get("enum"); values != "" {
			meaning += " One of " + code(strings.ReplaceAll(values, ",", "`, `")) + "."
		}
		what, inner := yamlType(field.Type)
		rows = append(rows, []string{code(name), what, required, prose(meaning)})
		if inner != nil {
			rows = append(rows, fields(name+strings.Repeat("[]", strings.Count(what, "list"))+".", inner)...)
		}
	}
	return rows
}

// yamlType names a type as a writer of YAML knows it; inner is the type of a mapping's fields.
func yamlType(kind reflect.Type) (name string, inner reflect.Type) {
	switch kind.Kind() {
	case reflect.Pointer:
		return yamlType(kind.Elem())
	case reflect.String:
		return "text", nil
	case reflect.Bool:
		return "true or false", nil
	case reflect.Int:
		return "number", nil
	case reflect.Slice:
		of, inner := yamlType(kind.Elem())
		return "list of " + of + "s", inner
	}
	return "mapping", kind
}

// types that a contract may use, as the warehouse and the lake know them.
func types() string {
	var rows [][]string
	for _, text := range []string{
		"smallint", "integer", "bigint", "decimal(12,2)", "double", "boolean", "date", "timestamp", "varchar(50)",
	} {
		known, err := config.ParseType(text)
		if err != nil {
			panic(err) // a name in the list above is wrong
		}
		rows = append(rows, []string{code(text), code(known.Redshift()), code(known.Glue())})
	}
	return table([]string{"contract", "warehouse", "published Parquet, in the catalog"}, rows)
}

func columns(columns []config.Column) string {
	var rows [][]string
	for _, column := range columns {
		rows = append(rows, []string{code(column.Name), code(column.Type.Redshift()), prose(column.Description)})
	}
	return table([]string{"column", "type", "meaning"}, rows)
}

func placeholders() string {
	var order []string
	where := map[string][2]string{}
	for i, names := range [][]string{sqltext.DeployNames, sqltext.RunNames} {
		for _, name := range names {
			if _, seen := where[name]; !seen {
				order = append(order, name)
			}
			marks := where[name]
			marks[i] = "yes"
			where[name] = marks
		}
	}
	var rows [][]string
	for _, name := range order {
		rows = append(rows, []string{code("${" + name + "}"), where[name][0], where[name][1]})
	}
	return table([]string{"placeholder", "at deploy", "in a run"}, rows)
}
