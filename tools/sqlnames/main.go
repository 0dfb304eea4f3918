// Sqlnames prints the part of sqlfluff's configuration that says which ${name} placeholders SQL may hold, so that
// the linter knows the very list that deployments and runs fill in. Any other ${name} stays, and is a parse error.
package main

import (
	"fmt"
	"slices"
	"strings"

	"lakeshift/config/sqltext"
)

func main() {
	names := slices.Concat(sqltext.DeployNames, sqltext.RunNames)
	slices.Sort(names)
	names = slices.Compact(names)
	fmt.Println("[sqlfluff:templater:placeholder]")
	fmt.Printf("param_regex = \\$\\{(?P<param_name>%s)\\}\n", strings.Join(names, "|"))
	for _, name := range names {
		fmt.Printf("%s = %s\n", name, like(name))
	}
}

// like is something of the placeholder's form: whether quotes are needed depends on it.
func like(name string) string {
	if strings.HasSuffix(name, "_user") {
		return "IAMR:" + name
	}
	return name
}
