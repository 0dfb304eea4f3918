package stacks

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"lakeshift/constructs"
)

func newQuery(e environment, lake constructs.Lake) awscdk.Stack {
	stack := e.stack("Query", e.names.Stack("query"), "where ad-hoc questions to the lake are asked")
	constructs.NewQueryWorkgroup(stack, "Athena", constructs.QueryWorkgroupProps{
		Name: e.names.AthenaWorkgroup(), Lake: lake, ScanLimitMB: e.AthenaScanLimitMB, DestroyData: e.DestroyData,
	})
	output(stack, "AthenaWorkgroup", e.names.AthenaWorkgroup(), fmt.Sprintf("Ask here; a query may scan %d MB", e.AthenaScanLimitMB))
	return stack
}
