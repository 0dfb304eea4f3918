// The CDK app: reads the configuration and writes a template for each stack of each environment.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"lakeshift/config"
	"lakeshift/internal/kernelcache"
	_ "lakeshift/internal/kernelenv"
	"lakeshift/stacks"
)

func main() {
	err := run()
	closeQuietly()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// closeQuietly ends the CDK's kernel. Two goroutines of jsii wait for it; the loser says on stderr that the child is gone.
func closeQuietly() {
	stderr := os.Stderr
	if nowhere, err := os.Open(os.DevNull); err == nil {
		os.Stderr = nowhere
	}
	jsii.Close()
	os.Stderr = stderr
}

func run() error {
	loaded, faults, err := config.Validate(".")
	if err != nil {
		return err
	}
	if err := faults.Err(); err != nil {
		return fmt.Errorf("the configuration has faults:\n%w", err)
	}
	sources, err := stacks.Prepare(".", "build", loaded.Datasets)
	if err != nil {
		return err
	}
	if err := attempt(kernelcache.Fill); err != nil {
		return err
	}
	context := os.Getenv("CDK_CONTEXT_JSON")
	environments, err := chosen(context, loaded)
	if err != nil {
		return err
	}
	if out := os.Getenv("CDK_OUTDIR"); out != "" && os.Getenv(partOf) == "" && len(environments) > 1 && runtime.NumCPU() > 1 {
		return sideBySide(environments, context, out)
	}
	return attempt(func() error {
		app, err := newApp(".", "")
		if err != nil {
			return err
		}
		if err := build(app, environments, loaded.Datasets, sources); err != nil {
			return err
		}
		app.Synth(nil)
		return nil
	})
}

// attempt turns a refusal of the CDK, which jsii tells by a panic, into an error like any other.
// Findings of cdk-nag are refusals too; the CDK lists them on stderr.
func attempt(build func() error) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("the CDK refused: %v", reason)
		}
	}()
	return build()
}

// newApp takes the feature flags from cdk.json itself, so that templates are the same without the CDK's command line.
// An empty folder leaves the choice of where to write to that command line.
func newApp(root, folder string) (awscdk.App, error) {
	text, err := os.ReadFile(filepath.Join(root, "cdk.json"))
	if err != nil {
		return nil, err
	}
	var settings struct{ Context map[string]any }
	if err := json.Unmarshal(text, &settings); err != nil {
		return nil, fmt.Errorf("cdk.json: %w", err)
	}
	props := &awscdk.AppProps{
		Context: &settings.Context, AnalyticsReporting: jsii.Bool(false),
		// nothing reads the tree, and it grows with every construct
		TreeMetadata: jsii.Bool(false),
	}
	if folder != "" {
		props.Outdir = jsii.String(folder)
	}
	return awscdk.NewApp(props), nil
}

// chosen environments: all, or those of `-c env=dev,prod`, which the CDK's command line hands over as JSON.
func chosen(context string, loaded *config.Config) ([]config.Environment, error) {
	var wanted struct {
		Env string `json:"env"`
	}
	if context != "" {
		if err := json.Unmarshal([]byte(context), &wanted); err != nil {
			return nil, fmt.Errorf("CDK_CONTEXT_JSON: %w", err)
		}
	}
	if wanted.Env == "" {
		return loaded.Environments, nil
	}
	var environments []config.Environment
	for name := range strings.SplitSeq(wanted.Env, ",") {
		environment, err := loaded.Environment(name)
		if err != nil {
			return nil, err
		}
		environments = append(environments, environment)
	}
	return environments, nil
}

// build every environment's stacks, and have cdk-nag look at them.
func build(app awscdk.App, environments []config.Environment, datasets []config.Dataset, sources stacks.Sources) error {
	for _, environment := range environments {
		stage, err := stacks.NewEnvironment(app, environment, datasets, sources)
		if err != nil {
			return err
		}
		watch(stage.Platform...)
		if watchEveryDataset {
			watch(stage.Datasets...)
		} else {
			watch(stage.Datasets[:1]...)
		}
	}
	return nil
}

// One code makes every dataset's stack, of contracts that grant nothing: cdk-nag, which takes as long as all the rest,
// looks at the first. Tests have it look at all of them.
var watchEveryDataset = false

// watch has cdk-nag look at stacks; an aspect of the app would not reach into its stages.
func watch(stacks ...awscdk.Stack) {
	pack := cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Reports: jsii.Bool(false)})
	for _, stack := range stacks {
		awscdk.Aspects_Of(stack).Add(pack, nil)
	}
}
