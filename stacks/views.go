package stacks

import (
	"github.com/aws/jsii-runtime-go"

	"lakeshift/constructs"
)

// newViews comes last: a view may look at the tables of every dataset.
func newViews(e environment, access access, runner constructs.SchemaRunner) error {
	stack := e.stack("Views", e.names.Stack("views"), "views for ad-hoc questions")
	for _, dataset := range e.made.Datasets {
		stack.AddStackDependency(dataset, jsii.String("a view is made over tables that exist"))
	}
	archive, err := e.place(e.sources.Archives.Views)
	if err != nil {
		return err
	}
	constructs.NewSchemaStep(stack, "Views", runner, e.uploads.Upload(stack.Synthesizer(), archive), map[string]string{
		"TARGET":           "athena",
		"ATHENA_WORKGROUP": e.names.AthenaWorkgroup(),
		"CURATED_DATABASE": e.names.CuratedDatabase(),
		"PLACEHOLDERS":     toJSON(e.placeholders(access)),
	})
	return nil
}
