package config

import "fmt"

// ColumnNameFault says why a contract's column can't have this name; empty if it can.
func ColumnNameFault(name string) string {
	reason, taken := takenColumns[name]
	switch {
	case !identifier.MatchString(name) || len(name) > 63:
		return fmt.Sprintf("%q is no name: expected up to 63 lower-case letters, digits and underscores", name)
	case taken:
		return fmt.Sprintf("%q is taken: %s", name, reason)
	case reserved[name]:
		return fmt.Sprintf("%q is a reserved word in SQL: choose another", name)
	}
	return ""
}
