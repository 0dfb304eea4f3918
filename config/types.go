package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Type is a column's type in the warehouse.
type Type struct {
	// Name is one of smallint, integer, bigint, decimal, double, boolean, date, timestamp, varchar.
	Name string
	// Precision and Scale are a decimal's; Length is a varchar's, in bytes.
	Precision, Scale, Length int
}

// KnownTypes says what a contract may use, for error messages and the JSON Schema.
const KnownTypes = "smallint, integer, bigint, decimal(p,s), double, boolean, date, timestamp or varchar(n)"

var plainTypes = map[string]bool{
	"smallint": true, "integer": true, "bigint": true, "double": true, "boolean": true, "date": true, "timestamp": true,
}

var typePattern = regexp.MustCompile(`^([a-z]+)(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?$`)

// ParseType reads a type as contracts write it. The error says what is expected.
func ParseType(text string) (Type, error) {
	match := typePattern.FindStringSubmatch(text)
	if match == nil {
		return Type{}, fmt.Errorf("%q is unknown: use %s", text, KnownTypes)
	}
	name, first, second := match[1], match[2], match[3]
	switch {
	case plainTypes[name] && first == "":
		return Type{Name: name}, nil
	case name == "varchar" && first != "" && second == "":
		length, err := strconv.Atoi(first)
		if err != nil || length < 1 || length > 65535 {
			return Type{}, fmt.Errorf("%q is too long or empty: varchar holds 1 to 65535 bytes", text)
		}
		return Type{Name: name, Length: length}, nil
	case name == "decimal" && second != "":
		precision, err := strconv.Atoi(first)
		scale, scaleErr := strconv.Atoi(second)
		if err != nil || scaleErr != nil || precision < 1 || precision > 38 || scale > 37 || scale > precision {
			return Type{}, fmt.Errorf("%q does not exist: decimal(p,s) takes p from 1 to 38 and s from 0 to 37, at most p", text)
		}
		return Type{Name: name, Precision: precision, Scale: scale}, nil
	}
	return Type{}, fmt.Errorf("%q is unknown: use %s", text, KnownTypes)
}

// String is the canonical text: lower case, no blanks.
func (t Type) String() string {
	switch t.Name {
	case "decimal":
		return fmt.Sprintf("decimal(%d,%d)", t.Precision, t.Scale)
	case "varchar":
		return fmt.Sprintf("varchar(%d)", t.Length)
	}
	return t.Name
}

// Redshift is the type as DDL writes it.
func (t Type) Redshift() string {
	if t.Name == "double" {
		return "double precision"
	}
	return t.String()
}

// Glue is the type by which the catalog describes a Parquet column that UNLOAD wrote.
func (t Type) Glue() string {
	switch t.Name {
	case "integer":
		return "int"
	case "varchar":
		return "string"
	}
	return t.String()
}

// MarshalText writes the canonical text into JSON.
func (t Type) MarshalText() ([]byte, error) { return []byte(strings.ToLower(t.String())), nil }

// family of types whose values compare with each other.
func (t Type) family() string {
	switch t.Name {
	case "smallint", "integer", "bigint", "decimal", "double":
		return "number"
	case "date", "timestamp":
		return "time"
	}
	return t.Name
}
