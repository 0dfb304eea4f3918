package config

import (
	"os"
	"strings"
	"testing"
	"time"

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
		{"short prefix", func(e *Environment) { e.NamePrefix = "ab" }, "NamePrefix ab: expected 3 to 16 lower-case letters"},
		{"prefix of S3's", func(e *Environment) { e.NamePrefix = "sthree-lake" }, "NamePrefix sthree-lake: expected another beginning than sthree-"},
		{"prefix that begins like another", func(e *Environment) { e.NamePrefix = "elt-dev-two" }, "expected one that does not begin like elt-dev of environment dev"},
		{"hyphen last", func(e *Environment) { e.Name = "prod-" }, "Name prod-: expected up to 12"},
		{"account", func(e *Environment) { e.Account = "12345" }, "Account 12345: expected 12 digits"},
		{"region", func(e *Environment) { e.Region = "Ireland" }, "Region Ireland: expected a region"},
		{"no region", func(e *Environment) { e.Region = "" }, "Region : expected a region such as eu-west-1"},
		{"one zone thrice", func(e *Environment) { e.Zones = []string{"eu-west-1a", "eu-west-1a", "eu-west-1b"} }, "Zones eu-west-1a: expected three different zones"},
		{"local zone", func(e *Environment) { e.Zones[2] = "eu-west-1-lax-1a" }, "Zones eu-west-1-lax-1a: expected a zone of eu-west-1, such as eu-west-1a"},
		{"numbered zone", func(e *Environment) { e.Zones[2] = "eu-west-11" }, "Zones eu-west-11: expected a zone"},
		{"small range", func(e *Environment) { e.CIDR = "10.43.0.0/24" }, "CIDR 10.43.0.0/24: expected /16 (the widest that AWS gives) to /22"},
		{"wide range", func(e *Environment) { e.CIDR = "10.0.0.0/8" }, "CIDR 10.0.0.0/8: expected /16"},
		{"middle of a range", func(e *Environment) { e.CIDR = "10.43.1.0/16" }, "CIDR 10.43.1.0/16: expected the first address of the range: 10.43.0.0/16"},
		{"six's range", func(e *Environment) { e.CIDR = "fd00::/16" }, "CIDR fd00::/16: expected a private range"},
		{"two zones", func(e *Environment) { e.Zones = e.Zones[:2] }, "expected three zones"},
		{"zone elsewhere", func(e *Environment) { e.Zones = []string{"eu-west-1a", "eu-west-1b", "us-east-1a"} }, "Zones us-east-1a: expected a zone of eu-west-1"},
		{"range", func(e *Environment) { e.CIDR = "8.8.0.0/16" }, "CIDR 8.8.0.0/16: expected a private range"},
		{"capacity", func(e *Environment) { e.BaseRPUs = 12 }, "BaseRPUs 12: expected 4, or 8 to 512 in steps of 8"},
		{"bound below base", func(e *Environment) { e.MaxRPUs = 8 }, "MaxRPUs 8: expected 0, or at least BaseRPUs"},
		{"odd bound", func(e *Environment) { e.MaxRPUs = 100 }, "MaxRPUs 100: expected 0, or at least BaseRPUs in steps of 8"},
		{"much capacity", func(e *Environment) { e.BaseRPUs, e.MaxRPUs = 520, 0 }, "BaseRPUs 520: expected 4, or 8 to 512"},
		{"analyst twice", func(e *Environment) { e.Analysts = []string{"IAM:ann", "IAM:ann"} }, "Analysts IAM:ann: expected each one once"},
		{"schedule of the past", func(e *Environment) { e.Schedule = "cron(0 6 * * ? 2020)" }, "never comes"},
		{"two mails", func(e *Environment) { e.AlertEmail = "a@example.com, b@example.com" }, "expected an e-mail address"},
		{"named mail", func(e *Environment) { e.AlertEmail = "Ops <ops@example.com>" }, "expected an e-mail address"},
		{"mail without a dot", func(e *Environment) { e.AlertEmail = "ops@example" }, "expected an e-mail address"},
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

func TestAFaultStandsInTheLineOfItsField(t *testing.T) {
	source, err := os.ReadFile("environments.go")
	require.NoError(t, err)
	lines := strings.Split(string(source), "\n")
	for _, e := range Environments() {
		for field, text := range map[string]string{"Name": `Name: `, "CIDR": "CIDR: ", "Retention.Logs": " Logs: ", "AlertEmail": "AlertEmail: "} {
			assert.Contains(t, lines[e.lineOf(field)-1], text, "%s of %s", field, e.Name)
		}
		assert.Contains(t, lines[e.lineOf("Name")-1], `"`+e.Name+`"`)
		assert.Contains(t, lines[e.lineOf("NamePrefix")-1], "define(", "what is not there stands where the environment begins")
	}
}

func TestUnusualEnvironmentsAreSound(t *testing.T) {
	for name, change := range map[string]func(e *Environment){
		"own account":    func(e *Environment) { e.Account = "123456789012" },
		"narrow network": func(e *Environment) { e.CIDR = "192.168.4.0/22" },
		"far region": func(e *Environment) {
			e.Region, e.Zones = "us-gov-west-1", []string{"us-gov-west-1a", "us-gov-west-1b", "us-gov-west-1c"}
		},
		"other zones": func(e *Environment) { e.Zones = []string{"eu-west-1f", "eu-west-1b", "eu-west-1z"} },
		"smallest":    func(e *Environment) { e.BaseRPUs, e.MaxRPUs = 4, 8 },
		"largest":     func(e *Environment) { e.BaseRPUs, e.MaxRPUs = 1024, 2048 },
		"for ever":    func(e *Environment) { e.Retention = Retention{} },
		"long":        func(e *Environment) { e.Retention.Logs, e.Retention.RawInfrequent = 3653, 30 },
		"people": func(e *Environment) {
			e.Analysts = []string{"IAM:ann", "IAMR:analysts", "IAMR:aws-reserved.sso_read=1+2"}
		},
		"hourly":                         func(e *Environment) { e.Schedule = "cron(0 * * * ? *)" },
		"mail":                           func(e *Environment) { e.AlertEmail = "data+alerts@mail.example.co" },
		"prefix":                         func(e *Environment) { e.NamePrefix = "abc" },
		"short name":                     func(e *Environment) { e.Name = "p" },
		"same prefix in another account": func(e *Environment) { e.Account, e.NamePrefix = "123456789012", "elt-dev-two" },
	} {
		environments := Environments()
		change(&environments[3])
		var faults Faults
		validateEnvironments(environments, &faults)
		assert.Empty(t, faults, name)
	}
}

func TestAnEnvironmentsScheduleIsHeldAgainstEachFreshness(t *testing.T) {
	environments := Environments()
	environments[3].Schedule = "cron(0 6 ? * MON-FRI *)"
	datasets := []Dataset{{Name: "orders", Freshness: 26 * time.Hour}, {Name: "returns", Freshness: 80 * time.Hour}}
	var faults Faults
	validateSchedules(environments, datasets, &faults)
	require.Len(t, faults, 1)
	assert.Contains(t, faults[0].Error(), "freshness 26h of dataset orders is shorter than the schedule's longest pause (72h from Fri 06:00)")
	environments[3].ScheduleOff = true
	faults = nil
	validateSchedules(environments, datasets, &faults)
	assert.Empty(t, faults, "nobody is told where runs start on demand")
}

func TestARegionThatIsNotKnownIsDoubted(t *testing.T) {
	environments := Environments()
	environments[3].Region, environments[3].Zones = "eu-west-9", []string{"eu-west-9a", "eu-west-9b", "eu-west-9c"}
	var faults Faults
	validateEnvironments(environments, &faults)
	require.NoError(t, faults.Err())
	require.Len(t, faults.Of(Warning), 1)
	assert.Contains(t, faults[0].Error(), "warning: environment \"prod\": Region eu-west-9: is none that is known here")
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html and the like: 63 is the least of the limits
// of buckets, roles (64), workgroups (64), Athena's workgroups (128), stacks (128) and what the local Redshift takes.
func TestTheLongestNamesAreWithinTheLimits(t *testing.T) {
	const dataset = "a_dataset_whose_name_has_forty_letters__"
	require.Len(t, dataset, 40)
	require.Regexp(t, datasetName, dataset)
	for _, e := range []Environment{{Name: "twelve-chars"}, {Name: "x", NamePrefix: "sixteen-letters1"}} {
		require.Regexp(t, environmentName, e.Name)
		require.Regexp(t, namePrefix, e.Names("").Prefix())
		for _, e.Region = range regions {
			names := e.Names("123456789012")
			for _, name := range []string{
				names.RawBucket(), names.ProcessedBucket(), names.ArtifactsBucket(), names.AthenaResultsBucket(), names.AccessLogsBucket(),
				names.Role("warehouse-publish"), names.Warehouse(), names.AthenaWorkgroup(), names.RawDatabase(), names.CuratedDatabase(),
				names.Connection(), names.Topic(), names.DatabaseUser("warehouse-publish"),
				strings.TrimPrefix(Dataset{Name: dataset}.AffectedTable(), "raw_data."),
			} {
				assert.LessOrEqual(t, len(name), 63, name)
			}
			assert.LessOrEqual(t, len(names.DatasetStack(dataset)), 128)
			assert.LessOrEqual(t, len(names.Workflow(dataset)), 255)
			assert.LessOrEqual(t, len(names.Alarm(dataset, "check-failed")), 255)
		}
	}
}

func TestOfAWrongRegionsZonesNothingIsSaid(t *testing.T) {
	environments := Environments()
	environments[3].Region = "eu-west1"
	var faults Faults
	validateEnvironments(environments, &faults)
	require.Len(t, faults, 1)
	assert.Contains(t, faults[0].Error(), "Region eu-west1: expected a region such as eu-west-1")
}
