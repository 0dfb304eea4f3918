package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"lakeshift/config"
	"lakeshift/constructs"
)

// access holds a role for each actor. The right to log in to the warehouse comes with the warehouse.
type access struct {
	Crawler, Load, Transform, Check, Schema        awsiam.Role
	WarehouseLoad, WarehousePublish, WarehouseLake awsiam.Role

	// What datasets know them by, as plain text: each reference to another stack would be looked up and exported for every
	// dataset. They depend on the warehouse's stack, which comes after this one.
	arns struct{ crawler, load, transform, check, schema, copy, publish, lake string }
}

// Both names are needed: provisioned clusters use the first, serverless workgroups both.
var redshift = []string{"redshift.amazonaws.com", "redshift-serverless.amazonaws.com"}

func newAccess(e environment, lake constructs.Lake, catalog constructs.Catalog) access {
	stack := e.stack("Access", e.names.Stack("access"), "a role for each actor")
	role := func(id, actor, description string, services ...string) awsiam.Role {
		return constructs.NewRole(stack, id, e.names.Role(actor), description, services...)
	}
	a := access{
		Crawler:          role("Crawler", "crawler", "Adds partitions of the raw zone to the catalog", "glue.amazonaws.com"),
		Load:             role("Load", "load", "Reads raw objects, writes staging, loads the landing tables", "glue.amazonaws.com"),
		Transform:        role("Transform", "transform", "Owns the facts and publishes them", "glue.amazonaws.com"),
		Check:            role("Check", "check", "Reads everything, reports what does not hold", "glue.amazonaws.com"),
		Schema:           role("Schema", "schema", "Applies SQL during a deployment", "lambda.amazonaws.com"),
		WarehouseLoad:    role("WarehouseLoad", "warehouse-load", "COPY from the staging zone", redshift...),
		WarehousePublish: role("WarehousePublish", "warehouse-publish", "UNLOAD to the curated zone", redshift...),
		WarehouseLake:    role("WarehouseLake", "warehouse-lake", "External schema over the raw and rejected zones", redshift...),
	}

	lake.GrantReadRaw(a.Crawler)
	catalog.GrantCrawl(a.Crawler, catalog.Raw)

	lake.GrantReadRaw(a.Load)
	lake.GrantStage(a.Load)
	catalog.GrantRead(a.Load, catalog.Raw)
	catalog.GrantAddPartitions(a.Load, catalog.Raw)
	constructs.GrantMetrics(a.Load, "Glue")

	lake.GrantRetire(a.Transform)
	catalog.GrantRead(a.Transform, catalog.Curated)
	catalog.GrantSwitchPartitions(a.Transform, catalog.Curated)

	lake.GrantReadRaw(a.Check)
	lake.GrantReadCurated(a.Check)
	lake.GrantReadRejected(a.Check)
	lake.GrantReport(a.Check)
	lake.GrantAnswers(a.Check)
	catalog.GrantRead(a.Check, catalog.Raw)
	catalog.GrantRead(a.Check, catalog.Curated)
	constructs.GrantAthena(a.Check, e.names.AthenaWorkgroup())
	constructs.GrantMetrics(a.Check, config.MetricNamespace)

	for _, actor := range []awsiam.Role{a.Load, a.Transform, a.Check, a.Schema} {
		constructs.GrantReadAssets(actor)
	}
	for _, actor := range []awsiam.Role{a.Crawler, a.Load, a.Transform, a.Check} {
		constructs.GrantGlueLogs(actor)
	}

	lake.GrantAnswers(a.Schema)
	catalog.GrantRead(a.Schema, catalog.Raw)
	catalog.GrantRead(a.Schema, catalog.Curated)
	catalog.GrantDefineViews(a.Schema, catalog.Curated)
	constructs.GrantAthena(a.Schema, e.names.AthenaWorkgroup())
	constructs.GrantLogs(a.Schema, e.names.SchemaLogGroup())

	lake.GrantReadStaged(a.WarehouseLoad)
	lake.GrantPublish(a.WarehousePublish)
	lake.GrantReadRaw(a.WarehouseLake)
	lake.GrantReadRejected(a.WarehouseLake)
	catalog.GrantRead(a.WarehouseLake, catalog.Raw)

	for _, role := range []awsiam.Role{a.Crawler, a.Load, a.Transform, a.Check, a.Schema, a.WarehouseLoad, a.WarehousePublish, a.WarehouseLake} {
		constructs.AcceptPatterns(role)
	}
	arn := func(actor string) string {
		return "arn:" + e.partition + ":iam::" + e.names.Account + ":role/" + e.names.Role(actor)
	}
	a.arns.crawler, a.arns.load, a.arns.transform, a.arns.check, a.arns.schema = arn("crawler"), arn("load"), arn("transform"), arn("check"), arn("schema")
	a.arns.copy, a.arns.publish, a.arns.lake = arn("warehouse-load"), arn("warehouse-publish"), arn("warehouse-lake")
	return a
}
