package stacks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/jsii-runtime-go"

	"lakeshift/config"
	"lakeshift/config/bundle"
	"lakeshift/config/sqltext"
	"lakeshift/constructs"
)

func newQuery(e environment, lake constructs.Lake, access access, datasets []dataset) error {
	stack := e.stack("Query", e.names.Stack("query"), "ad-hoc questions to the lake")
	workgroup := constructs.NewQueryWorkgroup(stack, "Athena", constructs.QueryWorkgroupProps{
		Name: e.names.AthenaWorkgroup(), Lake: lake, ScanLimitMB: e.AthenaScanLimitMB, DestroyData: e.DestroyData,
	})
	for _, dataset := range datasets {
		stack.AddStackDependency(dataset.stack, jsii.String("a view is made over tables that exist"))
		queries, err := bundle.Queries(e.sources.Root, dataset.Dataset)
		if err != nil {
			return err
		}
		files := make([]string, 0, len(queries))
		for file := range queries {
			files = append(files, file)
		}
		slices.Sort(files)
		for _, file := range files {
			name := config.QueryName(file)
			sql := sqltext.Fill(queries[file], e.placeholders(access))
			workgroup.NamedQuery(config.PascalCase(dataset.Name)+config.PascalCase(name), dataset.Name+"/"+name, firstComment(sql), e.names.CuratedDatabase(), sql)
		}
	}
	step := e.schemaStep(stack, "Views", "athena", e.sources.Folders.AthenaStep, access, map[string]string{
		"TARGET":           "athena",
		"ATHENA_WORKGROUP": e.names.AthenaWorkgroup(),
		"CURATED_DATABASE": e.names.CuratedDatabase(),
		"PLACEHOLDERS":     toJSON(e.placeholders(access)),
	})
	step.After(workgroup.Workgroup)
	output(stack, "AthenaWorkgroup", e.names.AthenaWorkgroup(), fmt.Sprintf("Ask here; a query may scan %d MB", e.AthenaScanLimitMB))
	return nil
}

// firstComment is what a query's file says about itself.
func firstComment(sql string) string {
	line, _, _ := strings.Cut(sql, "\n")
	comment, found := strings.CutPrefix(line, "-- ")
	if !found {
		return ""
	}
	return comment
}
