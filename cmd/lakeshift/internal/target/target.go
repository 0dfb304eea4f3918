// Package target connects to a deployed environment: the local AWS or a real one.
package target

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"lakeshift/cmd/lakeshift/internal/engine"
	"lakeshift/cmd/lakeshift/internal/pipeline"
	"lakeshift/config"
)

// Local is the name of the environment that runs on this machine.
const Local = "local"

// Target is a deployed environment: its names and a way to reach it.
type Target struct {
	config.Names
	State string // the local AWS's folder; empty for a real AWS
	aws   aws.Config
}

// Connect finds out where environment env of the project in folder root is, and with what credentials to go there.
// For environment local both come from the running local AWS alone; for any other from the AWS SDK's usual places.
func Connect(ctx context.Context, root string, env config.Environment) (*Target, error) {
	if env.Name == Local {
		state := State(root)
		local, err := readLocal(state)
		if err != nil {
			return nil, err
		}
		return &Target{Names: env.Names(local.Account), State: state, aws: local.config()}, nil
	}
	settings, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(env.Region), awsconfig.WithLogger(logging.Nop{}))
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	if _, err := settings.Credentials.Retrieve(ctx); err != nil {
		return nil, fmt.Errorf("no AWS credentials for environment %s: set AWS_PROFILE, or log in with 'aws sso login' (%w)", env.Name, err)
	}
	caller, err := sts.NewFromConfig(settings).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("asking AWS whose credentials these are: %w", err)
	}
	account := aws.ToString(caller.Account)
	if env.Account != "" && env.Account != account {
		return nil, fmt.Errorf("environment %s is in account %s, but your credentials are for account %s: choose another AWS_PROFILE", env.Name, env.Account, account)
	}
	return &Target{Names: env.Names(account), aws: settings}, nil
}

// IsLocal says that the environment runs on this machine.
func (t *Target) IsLocal() bool { return t.State != "" }

// pick answers how often to ask: nobody pays for requests to the local AWS, and nothing throttles them.
func (t *Target) pick(local, real time.Duration) time.Duration {
	if t.IsLocal() {
		return local
	}
	return real
}

// S3 is a client for the zones' buckets.
func (t *Target) S3() *s3.Client {
	return s3.NewFromConfig(t.aws, func(o *s3.Options) {
		// The local AWS has one address for all buckets.
		o.UsePathStyle = t.aws.BaseEndpoint != nil
	})
}

// Glue is a client for catalog and workflows.
func (t *Target) Glue() *glue.Client { return glue.NewFromConfig(t.aws) }

// Logs is a client for the jobs' logs.
func (t *Target) Logs() *cloudwatchlogs.Client { return cloudwatchlogs.NewFromConfig(t.aws) }

// CloudFormation is a client for the stacks.
func (t *Target) CloudFormation() *cloudformation.Client { return cloudformation.NewFromConfig(t.aws) }

// Quotas is a client for the account's quotas.
func (t *Target) Quotas() *servicequotas.Client { return servicequotas.NewFromConfig(t.aws) }

// DriftPoll is how often to ask whether a drift detection, of a few minutes at the most, has come to its end.
func (t *Target) DriftPoll() time.Duration { return t.pick(100*time.Millisecond, 5*time.Second) }

// Athena queries the lake; tables without a database are the published ones.
func (t *Target) Athena() engine.Athena {
	return engine.Athena{
		Client:    athena.NewFromConfig(t.aws),
		Workgroup: t.AthenaWorkgroup(),
		Database:  t.CuratedDatabase(),
		Poll:      t.pick(50*time.Millisecond, 250*time.Millisecond),
	}
}

// Redshift queries the warehouse.
func (t *Target) Redshift() engine.Redshift {
	return engine.Redshift{
		Client:    redshiftdata.NewFromConfig(t.aws),
		Warehouse: engine.Warehouse{Kind: engine.Workgroup, Name: t.Warehouse(), Database: config.Database},
		Poll:      t.pick(50*time.Millisecond, 250*time.Millisecond),
	}
}

// Pipeline is the workflow of a dataset.
func (t *Target) Pipeline(dataset string) pipeline.Workflow {
	return pipeline.Workflow{
		Glue:   t.Glue(),
		Name:   t.Workflow(dataset),
		Prefix: t.Job(dataset, ""),
		Every:  t.pick(300*time.Millisecond, 5*time.Second),
	}
}

// LogFile is the file in which the local AWS keeps a job run's log, or "" if there is none.
func (t *Target) LogFile(runID string) string {
	if !t.IsLocal() || runID == "" {
		return ""
	}
	found := ""
	_ = filepath.WalkDir(filepath.Join(t.State, "logs"), func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.Contains(entry.Name(), runID) {
			found = path
			return filepath.SkipAll
		}
		return nil
	})
	return found
}
