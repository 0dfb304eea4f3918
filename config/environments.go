package config

import (
	"path/filepath"
	"runtime"
)

// Environment is one deployment of the whole platform. The zero value of every optional field is the safe choice.
type Environment struct {
	// Name of the environment, as --env and ENV= take it.
	Name string
	// NamePrefix starts the name of everything that is deployed; empty is elt-<Name>.
	NamePrefix string
	// Account is the AWS account id; empty means the caller's.
	Account string
	// Region of AWS, such as eu-west-1.
	Region string
	// Zones are named, not looked up: synth works without an account. Redshift Serverless wants three. Once it lies in
	// their subnets, CloudFormation refuses to change them or the CIDR.
	Zones []string
	// CIDR is the address range of the network; each zone gets a /24 of it.
	CIDR string

	// BaseRPUs is the warehouse's base capacity: 4, or 8 to 512 in steps of 8.
	BaseRPUs int
	// MaxRPUs bounds what the warehouse may scale to, and so its bill; 0 sets no bound.
	MaxRPUs int
	// Analysts are database users of people's IAM identities (IAM:<user> or IAMR:<role>) that may read everything. One that
	// is taken out loses that right with the next deployment.
	Analysts []string

	// Schedule overrides every dataset's own schedule; empty keeps it.
	Schedule string
	// ScheduleOff creates the schedules stopped: pipelines run on demand only.
	ScheduleOff bool
	// Workers overrides every dataset's number of load workers; 0 keeps it.
	Workers int
	// WorkerType overrides every dataset's type of load workers; empty keeps it.
	WorkerType string

	// AlertEmail receives alarms, after it has confirmed the subscription.
	AlertEmail string
	// AthenaScanLimitMB ends an Athena query that would scan more; at least 10 (an Athena rule).
	AthenaScanLimitMB int
	// Retention says how long what the pipeline leaves behind is kept.
	Retention Retention
	// FlowLogs records rejected traffic of the network.
	FlowLogs bool

	// DestroyData deletes buckets, warehouse data and logs together with their stacks. Without it they are retained.
	DestroyData bool
	// Protected stacks can't be deleted before termination protection is switched off by hand.
	Protected bool
	// Delivery lets GitHub workflows of one repository deploy the environment; the zero value lets none.
	Delivery Delivery

	// where the value stands, for error messages
	file string
	line int
}

// Retention is in days; 0 keeps for ever. Raw objects, their rejected rows and published tables are kept in any case: the
// daily check and the questions over the lake add up raw, landed and rejected rows of all time.
type Retention struct {
	// RawVersions is how long a replaced or deleted raw object can be brought back.
	RawVersions int
	// RawInfrequent is after how long raw objects move to cheaper storage; 0 never moves them, else at least 30 (an S3 rule).
	RawInfrequent int
	// Staging is how long the Parquet that was copied into the warehouse stays in the staging zone.
	Staging int
	// RunSummaries is how long the artifacts bucket keeps what `status` reads of past runs.
	RunSummaries int
	// AthenaResults is how long answers of Athena stay in their bucket.
	AthenaResults int
	// AccessLogs is how long the log of who read which object is kept.
	AccessLogs int
	// Logs is one of the periods that CloudWatch Logs knows.
	Logs int
}

// Environments returns every environment, in the order in which a change travels through them.
func Environments() []Environment {
	return []Environment{
		define(Environment{
			Name:              "local",
			Account:           "000000000000",
			Region:            "us-east-1",
			Zones:             []string{"us-east-1a", "us-east-1b", "us-east-1c"},
			CIDR:              "10.40.0.0/16",
			BaseRPUs:          4,
			Analysts:          []string{"IAM:operator"},
			ScheduleOff:       true,
			AlertEmail:        "alerts@example.com",
			AthenaScanLimitMB: 1024,
			Retention: Retention{
				RawVersions: 7, Staging: 1, RunSummaries: 30, AthenaResults: 1, AccessLogs: 7, Logs: 7,
			},
			DestroyData: true,
		}),
		define(Environment{
			Name:              "dev",
			Region:            "eu-west-1",
			Zones:             []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"},
			CIDR:              "10.41.0.0/16",
			BaseRPUs:          8,
			MaxRPUs:           16,
			ScheduleOff:       true,
			AlertEmail:        "alerts@example.com",
			AthenaScanLimitMB: 10 * 1024,
			Retention: Retention{
				RawVersions: 14, Staging: 2, RunSummaries: 90, AthenaResults: 7, AccessLogs: 30, Logs: 30,
			},
			FlowLogs:    true,
			DestroyData: true,
		}),
		define(Environment{
			Name:              "staging",
			Region:            "eu-west-1",
			Zones:             []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"},
			CIDR:              "10.42.0.0/16",
			BaseRPUs:          8,
			MaxRPUs:           32,
			AlertEmail:        "alerts@example.com",
			AthenaScanLimitMB: 100 * 1024,
			Retention: Retention{
				RawVersions: 30, Staging: 3, RunSummaries: 180, AthenaResults: 14, AccessLogs: 90, Logs: 90,
			},
			FlowLogs: true,
		}),
		define(Environment{
			Name:              "prod",
			Region:            "eu-west-1",
			Zones:             []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"},
			CIDR:              "10.43.0.0/16",
			BaseRPUs:          32,
			MaxRPUs:           128,
			AlertEmail:        "alerts@example.com",
			AthenaScanLimitMB: 1024 * 1024,
			Retention: Retention{
				RawVersions: 90, RawInfrequent: 90, Staging: 7, RunSummaries: 400, AthenaResults: 30, AccessLogs: 365, Logs: 365,
			},
			FlowLogs:  true,
			Protected: true,
		}),
	}
}

// define notes where the value was written, so that a fault in it can be found.
func define(environment Environment) Environment {
	if _, file, line, ok := runtime.Caller(1); ok {
		environment.file, environment.line = filepath.Join("config", filepath.Base(file)), line
	}
	return environment
}
