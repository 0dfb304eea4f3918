package stacks

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"lakeshift/config"
	"lakeshift/constructs"
)

type warehouse struct {
	constructs.Warehouse
	stack  awscdk.Stack
	runner constructs.SchemaRunner
}

func newWarehouse(e environment, network constructs.Network, access access) (warehouse, error) {
	stack := e.stack("Warehouse", e.names.Stack("warehouse"), "the warehouse, its users, roles and schemas")
	house := constructs.NewWarehouse(stack, "Warehouse", constructs.WarehouseProps{
		Name:        e.names.Warehouse(),
		Database:    config.Database,
		AdminSecret: e.names.WarehouseAdminSecret(),
		BaseRPUs:    e.BaseRPUs,
		MaxRPUs:     e.MaxRPUs,
		Network:     network,
		Roles:       []awsiam.Role{access.WarehouseLoad, access.WarehousePublish, access.WarehouseLake},
		LogDays:     e.logDays,
		DestroyData: e.DestroyData,
	})
	house.GrantConnect("LoadConnects", access.Load)
	house.GrantConnect("TransformConnects", access.Transform)
	house.GrantConnect("CheckConnects", access.Check)
	administers := house.GrantAdminister("SchemaAdministers", access.Schema)
	connection := house.NewConnection("Connection", e.names.Connection(), network)

	archives := e.sources.Archives
	w := warehouse{Warehouse: house, stack: stack, runner: constructs.NewSchemaRunner(stack, "SchemaRunner", constructs.SchemaRunnerProps{
		Name: e.names.SchemaRunner(), Code: archives.Runner, Digest: archives.Digest[archives.Runner], Role: *access.Schema.RoleArn(),
		LogGroup: e.names.SchemaLogGroup(), LogDays: e.logDays, DestroyData: e.DestroyData,
	})}
	archive, err := e.place(archives.Warehouse)
	if err != nil {
		return w, err
	}
	sql := e.uploads.Upload(stack.Synthesizer(), archive)
	step := constructs.NewSchemaStep(stack, "Schema", w.runner, sql, w.variables(e, access, "warehouse"))
	step.After(house.Ready(), administers, w.runner.Ready())
	output(stack, "Workgroup", house.Name, "Redshift Serverless workgroup")
	output(stack, "Host", house.Host, "Where SQL clients inside the network connect to")
	output(stack, "AdminSecret", house.AdminSecret, "Secret of the administrator, managed by Redshift")
	output(stack, "Connection", *connection.Ref(), "Glue connection for Glue Studio and notebooks")
	return w, nil
}

// variables of a schema step that works on the warehouse.
func (w warehouse) variables(e environment, access access, target string) map[string]string {
	analysts := e.Analysts
	if analysts == nil {
		analysts = []string{}
	}
	return map[string]string{
		"TARGET":         target,
		"WAREHOUSE":      w.Kind,
		"WAREHOUSE_NAME": w.Name,
		"NAMESPACE":      w.Namespace,
		"DATABASE":       w.Database,
		"PLACEHOLDERS":   toJSON(e.placeholders(access)),
		"ANALYSTS":       toJSON(analysts),
	}
}

// toJSON of names and ARNs, which hold nothing that JSON would escape.
func toJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}
