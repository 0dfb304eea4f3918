package stacks

import "github.com/aws/jsii-runtime-go"

// newViews comes last: a view may look at the tables of every dataset.
func newViews(e environment, access access) {
	stack := e.stack("Views", e.names.Stack("views"), "views for ad-hoc questions")
	for _, dataset := range e.made.Datasets {
		stack.AddStackDependency(dataset, jsii.String("a view is made over tables that exist"))
	}
	e.schemaStep(stack, "Views", "athena", e.sources.Archives.AthenaStep, access, map[string]string{
		"TARGET":           "athena",
		"ATHENA_WORKGROUP": e.names.AthenaWorkgroup(),
		"CURATED_DATABASE": e.names.CuratedDatabase(),
		"PLACEHOLDERS":     toJSON(e.placeholders(access)),
	})
}
