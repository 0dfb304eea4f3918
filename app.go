// The CDK app: reads the configuration and writes a template for each stack of each environment.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"lakeshift/config"
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
	return attempt(func() error {
		app, err := newApp(".", "")
		if err != nil {
			return err
		}
		environments, err := chosen(app, loaded)
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
	props := &awscdk.AppProps{Context: &settings.Context, AnalyticsReporting: jsii.Bool(false)}
	if folder != "" {
		props.Outdir = jsii.String(folder)
	}
	return awscdk.NewApp(props), nil
}

// chosen environments: all, or those of `-c env=dev,prod`, which synthesizes faster.
func chosen(app awscdk.App, loaded *config.Config) ([]config.Environment, error) {
	names, _ := app.Node().TryGetContext(jsii.String("env")).(string)
	if names == "" {
		return loaded.Environments, nil
	}
	var environments []config.Environment
	for name := range strings.SplitSeq(names, ",") {
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
		watch(stage)
	}
	return nil
}

// watch has cdk-nag look at a stage; an aspect of the app would not reach into its stages.
func watch(stage awscdk.Stage) {
	awscdk.Aspects_Of(stage).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Reports: jsii.Bool(false)}), nil)
}
