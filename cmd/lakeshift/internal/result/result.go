// Package result holds what a query answered, whichever engine answered it, and writes it for people and programs.
package result

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Column is a column of a result; Type is the engine's own name for its type, such as "decimal" or "int4".
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Table is a query's whole answer. A value is nil (NULL), bool, json.Number or string.
// A statement that answers no rows, such as DDL, has no columns.
type Table struct {
	Columns []Column `json:"columns"`
	Rows    [][]any  `json:"rows"`
}

// Value converts an engine's text into the value that JSON shows. Whole numbers keep every digit.
// Decimals stay strings, since a JSON reader would make binary floats of them, and so do NaN and infinity,
// which JSON has no number for.
func Value(typeName, text string) any {
	switch kindOf(typeName) {
	case whole:
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			return json.Number(text)
		}
	case floating:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return Float(f)
		}
	case boolean:
		switch strings.ToLower(text) {
		case "true", "t", "1":
			return true
		case "false", "f", "0":
			return false
		}
	}
	return text
}

// Float is the shortest number that reads back as f, or a string for NaN and infinity.
func Float(f float64) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	written, _ := json.Marshal(f)
	return json.Number(written)
}

type kind int

const (
	other kind = iota
	whole
	floating
	decimal
	boolean
)

// kindOf knows the names that Athena (Trino) and Redshift (PostgreSQL) give their types.
func kindOf(typeName string) kind {
	name, _, _ := strings.Cut(strings.ToLower(typeName), "(")
	switch name {
	case "tinyint", "smallint", "integer", "int", "bigint", "int2", "int4", "int8", "oid":
		return whole
	case "float", "double", "real", "float4", "float8", "double precision":
		return floating
	case "decimal", "numeric":
		return decimal
	case "boolean", "bool":
		return boolean
	}
	return other
}
