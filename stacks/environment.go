// Package stacks wires constructs into stacks, one file per stack. It turns configuration into props and builds nothing itself.
package stacks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	cdk "github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"lakeshift/config"
	"lakeshift/config/bundle"
	"lakeshift/constructs"
)

// Sources are the folders that deployed code and SQL come from.
type Sources struct {
	// Root of the project.
	Root string
	// Library is what `make library` made.
	Library string
	// Archives of contracts and SQL.
	Archives bundle.Archives
}

// Prepare writes what is deployed of checked datasets under build.
func Prepare(root, build string, datasets []config.Dataset) (Sources, error) {
	sources := Sources{Root: root, Library: filepath.Join(build, "library")}
	if _, err := os.Stat(filepath.Join(sources.Library, "lakeshift_jobs")); err != nil {
		return sources, fmt.Errorf("%s/lakeshift_jobs is missing: run `make library` first", sources.Library)
	}
	archives, err := bundle.Write(root, build, datasets)
	sources.Archives = archives
	return sources, err
}

// Stage is an environment's stacks: those of the platform, and one for each dataset.
type Stage struct {
	awscdk.Stage
	Platform, Datasets []awscdk.Stack
}

// environment is what every stack of one environment needs.
type environment struct {
	config.Environment
	stage   awscdk.Stage
	made    *Stage
	names   config.Names
	logDays awslogs.RetentionDays
	sources Sources
	uploads *constructs.Uploads
	// partition of AWS, as in an ARN: aws, aws-cn …
	partition string
	// folder of the environment's part of the cloud assembly
	folder string
}

// NewEnvironment adds a stage with every stack of the environment, in the order in which they build on each other.
func NewEnvironment(app cdk.Construct, env config.Environment, datasets []config.Dataset, sources Sources) (Stage, error) {
	place := &awscdk.Environment{Region: jsii.String(env.Region)}
	account := *awscdk.Aws_ACCOUNT_ID()
	if env.Account != "" {
		place.Account, account = jsii.String(env.Account), env.Account
	}
	stage := awscdk.NewStage(app, jsii.String(env.Name), &awscdk.StageProps{Env: place})
	if env.Account != "" {
		// the CDK would look the zones up in the account; they are named here, and synth works without one
		zones := make([]any, len(env.Zones))
		for i, zone := range env.Zones {
			zones[i] = zone
		}
		stage.Node().SetContext(jsii.String(fmt.Sprintf("availability-zones:account=%s:region=%s", env.Account, env.Region)), zones)
	}
	tags := awscdk.Tags_Of(stage)
	tags.Add(jsii.String("project"), jsii.String("lakeshift"), nil)
	tags.Add(jsii.String("environment"), jsii.String(env.Name), nil)

	e := environment{
		Environment: env, stage: stage, made: &Stage{Stage: stage}, names: env.Names(account), logDays: logDays[env.Retention.Logs], sources: sources,
		uploads: &constructs.Uploads{}, folder: *stage.Outdir(),
	}
	storage := newStorage(e)
	e.partition = *e.made.Platform[0].Partition()
	network := newNetwork(e)
	catalog := newCatalog(e)
	access := newAccess(e, storage, catalog)
	warehouse, err := newWarehouse(e, network, access)
	if err != nil {
		return Stage{}, err
	}
	// datasets come after all of these; each would take a message for each of them
	for _, before := range []awscdk.Stack{newQuery(e, storage), newMonitoring(e)} {
		warehouse.stack.AddStackDependency(before, jsii.String("what comes after the warehouse finds workgroup and topic"))
	}
	shared := shared{
		access: access, house: warehouse,
		code: constructs.NewStepCode(warehouse.stack, e.uploads, filepath.Join(sources.Root, "assets", "glue"), sources.Library),
		refs: constructs.NewPipelineRefs(pipelineID, rawTableID),
	}
	for _, contract := range datasets {
		if err := newDataset(e, contract, shared); err != nil {
			return Stage{}, err
		}
	}
	if err := newViews(e, access, warehouse.runner); err != nil {
		return Stage{}, err
	}
	newDelivery(e)
	return *e.made, nil
}

// stack of the environment; protected ones must be unprotected by hand before they can be deleted.
func (e environment) stack(id, name, description string) awscdk.Stack {
	stack := e.newStack(id, name, description)
	e.made.Platform = append(e.made.Platform, stack)
	return stack
}

func (e environment) newStack(id, name, description string) awscdk.Stack {
	return awscdk.NewStack(e.stage, jsii.String(id), &awscdk.StackProps{
		StackName:             jsii.String(name),
		Description:           jsii.String("Lakeshift " + e.Name + ": " + description),
		TerminationProtection: jsii.Bool(e.Protected),
	})
}

// place an archive of ours in the cloud assembly. The CDK would take three messages to copy it.
func (e environment) place(archive string) (constructs.Asset, error) {
	digest, extension := e.sources.Archives.Digest[archive], filepath.Ext(archive)
	name := "asset." + digest + extension
	asset := constructs.Asset{Hash: digest, FileName: "../" + name, DisplayName: strings.TrimSuffix(filepath.Base(archive), extension)}
	there := filepath.Join(e.folder, asset.FileName)
	if err := os.Link(archive, there); err == nil || errors.Is(err, fs.ErrExist) {
		return asset, nil
	}
	// another disk
	text, err := os.ReadFile(archive)
	if err != nil {
		return asset, err
	}
	return asset, os.WriteFile(there, text, 0o644)
}

// placeholders of SQL that a deployment applies.
func (e environment) placeholders(access access) map[string]string {
	return map[string]string{
		"environment":      e.Name,
		"region":           e.Region,
		"database":         config.Database,
		"raw_database":     e.names.RawDatabase(),
		"curated_database": e.names.CuratedDatabase(),
		"load_user":        e.names.DatabaseUser("load"),
		"transform_user":   e.names.DatabaseUser("transform"),
		"check_user":       e.names.DatabaseUser("check"),
		"copy_role_arn":    access.arns.copy,
		"publish_role_arn": access.arns.publish,
		"lake_role_arn":    access.arns.lake,
	}
}

func output(stack awscdk.Stack, id, value, description string) {
	awscdk.NewCfnOutput(stack, jsii.String(id), &awscdk.CfnOutputProps{Value: jsii.String(value), Description: jsii.String(description)})
}

// The CDK names periods, CloudWatch Logs counts days.
var logDays = map[int]awslogs.RetentionDays{
	0: awslogs.RetentionDays_INFINITE, 1: awslogs.RetentionDays_ONE_DAY, 3: awslogs.RetentionDays_THREE_DAYS, 5: awslogs.RetentionDays_FIVE_DAYS,
	7: awslogs.RetentionDays_ONE_WEEK, 14: awslogs.RetentionDays_TWO_WEEKS, 30: awslogs.RetentionDays_ONE_MONTH,
	60: awslogs.RetentionDays_TWO_MONTHS, 90: awslogs.RetentionDays_THREE_MONTHS, 120: awslogs.RetentionDays_FOUR_MONTHS,
	150: awslogs.RetentionDays_FIVE_MONTHS, 180: awslogs.RetentionDays_SIX_MONTHS, 365: awslogs.RetentionDays_ONE_YEAR,
	400: awslogs.RetentionDays_THIRTEEN_MONTHS, 545: awslogs.RetentionDays_EIGHTEEN_MONTHS, 731: awslogs.RetentionDays_TWO_YEARS,
	1096: awslogs.RetentionDays_THREE_YEARS, 1827: awslogs.RetentionDays_FIVE_YEARS, 2192: awslogs.RetentionDays_SIX_YEARS,
	2557: awslogs.RetentionDays_SEVEN_YEARS, 2922: awslogs.RetentionDays_EIGHT_YEARS, 3288: awslogs.RetentionDays_NINE_YEARS,
	3653: awslogs.RetentionDays_TEN_YEARS,
}
