package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEnvironmentsAreValid(t *testing.T) {
	var faults Faults
	validateEnvironments(Environments(), &faults)
	require.NoError(t, faults.Err())
}

func TestEachMistakeInAnEnvironmentIsNamed(t *testing.T) {
	for _, mistake := range []struct {
		name  string
		spoil func(e *Environment)
		fault string
	}{
		{"name", func(e *Environment) { e.Name = "Production!" }, `environment "Production!": Name Production!: expected up to 12`},
		{"name of another", func(e *Environment) { e.Name = "dev" }, "expected a name that no other environment has"},
		{"prefix", func(e *Environment) { e.NamePrefix = "Elt_" }, "NamePrefix Elt_: expected 3 to 16 lower-case letters"},
		{"prefix of another", func(e *Environment) { e.NamePrefix = "elt-dev" }, "NamePrefix elt-dev: expected a prefix that no other environment has"},
		{"account", func(e *Environment) { e.Account = "12345" }, "Account 12345: expected 12 digits"},
		{"region", func(e *Environment) { e.Region = "Ireland" }, "Region Ireland: expected a region"},
		{"two zones", func(e *Environment) { e.Zones = e.Zones[:2] }, "expected three zones"},
		{"zone elsewhere", func(e *Environment) { e.Zones = []string{"eu-west-1a", "eu-west-1b", "us-east-1a"} }, "Zones us-east-1a: expected a zone of eu-west-1"},
		{"range", func(e *Environment) { e.CIDR = "8.8.0.0/16" }, "CIDR 8.8.0.0/16: expected a private range"},
		{"capacity", func(e *Environment) { e.BaseRPUs = 12 }, "BaseRPUs 12: expected 4, or 8 to 512 in steps of 8"},
		{"bound below base", func(e *Environment) { e.MaxRPUs = 8 }, "MaxRPUs 8: expected 0, or at least BaseRPUs"},
		{"analyst", func(e *Environment) { e.Analysts = []string{"Ann"} }, "Analysts Ann: expected IAM:<user>"},
		{"schedule", func(e *Environment) { e.Schedule = "daily" }, "Schedule daily: expected cron("},
		{"workers", func(e *Environment) { e.Workers = 1 }, "Workers 1: expected 0, or 2 to 299"},
		{"worker type", func(e *Environment) { e.WorkerType = "big" }, "WorkerType big: expected nothing, or G.1X"},
		{"mail", func(e *Environment) { e.AlertEmail = "ops" }, "AlertEmail ops: expected an e-mail address"},
		{"scan limit", func(e *Environment) { e.AthenaScanLimitMB = 5 }, "AthenaScanLimitMB 5: expected at least 10"},
		{"retention", func(e *Environment) { e.Retention.Staging = -1 }, "Retention.Staging -1: expected 0"},
		{"storage class too early", func(e *Environment) { e.Retention.RawInfrequent = 7 }, "Retention.RawInfrequent 7: expected 0 or at least 30"},
		{"log period", func(e *Environment) { e.Retention.Logs = 100 }, "Retention.Logs 100: expected a period that CloudWatch Logs knows"},
		{"data of a protected environment", func(e *Environment) { e.DestroyData = true }, "DestroyData true: expected false, as the environment is protected"},
	} {
		t.Run(mistake.name, func(t *testing.T) {
			environments := Environments()
			mistake.spoil(&environments[3])
			var faults Faults
			validateEnvironments(environments, &faults)
			require.ErrorContains(t, faults.Err(), mistake.fault)
			assert.Regexp(t, `^config/environments\.go:\d+: `, faults.Err().Error())
		})
	}
}

func TestNamesOfTwoEnvironmentsNeverMeet(t *testing.T) {
	seen := map[string]string{}
	for _, e := range Environments() {
		names := e.Names("123456789012")
		for _, name := range []string{
			names.RawBucket(), names.ProcessedBucket(), names.ArtifactsBucket(), names.AthenaResultsBucket(), names.AccessLogsBucket(),
			names.RawDatabase(), names.CuratedDatabase(), names.Warehouse() + "/warehouse", names.AthenaWorkgroup() + "/athena", names.Topic(),
			names.Workflow("sales"), names.Job("sales", "load"), names.Crawler("sales"), names.Role("load"), names.DatasetStack("sales"),
		} {
			assert.NotContains(t, seen, name)
			assert.LessOrEqual(t, len(name), 63, name)
			seen[name] = e.Name
		}
	}
}

func TestNamesAreThoseThatOutsidersKnow(t *testing.T) {
	names := Environment{Name: "dev", Region: "eu-west-1"}.Names("123456789012")
	assert.Equal(t, "elt-dev-athena-results-123456789012-eu-west-1", names.AthenaResultsBucket())
	assert.Equal(t, "elt_dev_raw", names.RawDatabase())
	assert.Equal(t, "IAMR:elt-dev-load", names.DatabaseUser("load"))
	assert.Equal(t, "redshift!elt-dev-admin", names.WarehouseAdminSecret())
	assert.Equal(t, "elt-dev-dataset-web-orders", names.DatasetStack("web_orders"))
	assert.Equal(t, "elt-dev-sales-pipeline", names.Workflow("sales"))
	assert.Equal(t, "s3://elt-dev-processed-123456789012-eu-west-1/curated", names.CuratedURI())
}

func TestAnEnvironmentMayHaveAPrefixOfItsOwn(t *testing.T) {
	names := Environment{Name: "dev", NamePrefix: "shop", Region: "eu-west-1"}.Names("123456789012")
	assert.Equal(t, "shop-raw-123456789012-eu-west-1", names.RawBucket())
	assert.Equal(t, "shop_raw", names.RawDatabase())
	assert.Equal(t, "shop-sales-load", names.Job("sales", "load"))
	assert.Equal(t, "IAMR:shop-load", names.DatabaseUser("load"))
}
