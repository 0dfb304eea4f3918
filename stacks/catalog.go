package stacks

import "lakeshift/constructs"

func newCatalog(e environment) constructs.Catalog {
	stack := e.stack("Catalog", e.names.Stack("catalog"), "the lake's databases in the Glue catalog")
	return constructs.NewCatalog(stack, "Catalog", e.names.RawDatabase(), e.names.CuratedDatabase())
}
