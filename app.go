// The CDK app: reads the configuration and writes a template for each stack of each environment.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

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
	if folder := os.Getenv(partOf); folder != "" {
		return synthPart(folder)
	}
	out := os.Getenv("CDK_OUTDIR")
	environments, err := chosen(os.Getenv("CDK_CONTEXT_JSON"))
	if err != nil {
		return err
	}
	several := out != "" && len(environments) > 1 && runtime.GOMAXPROCS(0) > 1
	// the CDK takes a second to load, in which the configuration is checked
	var app func() (awscdk.App, error)
	var parts []*part
	ctx := context.Background()
	if several {
		// only this process knows of the parts' folders: it stays until they are removed
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		if err := attempt(kernelcache.Fill); err != nil {
			return err
		}
		parts, err = sideBySide(ctx, environments, out)
		defer end(parts)
		if err != nil {
			return err
		}
	} else {
		app = startApp(".", out)
		defer func() { _, _ = app() }() // a kernel that is still starting can't be ended
	}
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
	if several {
		return finishParts(ctx, parts, environments, sources, out)
	}
	return synth(app, environments, loaded.Datasets, sources)
}

// startApp begins to load the CDK and returns a function that waits for it.
func startApp(root, out string) func() (awscdk.App, error) {
	app := sync.OnceValues(func() (app awscdk.App, err error) {
		err = attempt(func() (err error) {
			if err := kernelcache.Fill(); err != nil {
				return err
			}
			app, err = newApp(root, out)
			return err
		})
		return app, err
	})
	go func() { _, _ = app() }()
	return app
}

// synth the environments. The app's own Synth would resolve every stack of every environment once more.
func synth(
	start func() (awscdk.App, error), environments []config.Environment, datasets []config.Dataset, sources stacks.Sources,
) error {
	app, err := start()
	if err != nil {
		return err
	}
	return attempt(func() error {
		stages, err := build(app, environments, datasets, sources)
		if err != nil {
			return err
		}
		for _, stage := range stages {
			stage.Synth(nil)
		}
		return finish(*app.Outdir(), environments)
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
func chosen(context string) ([]config.Environment, error) {
	var wanted struct {
		Env string `json:"env"`
	}
	if context != "" {
		if err := json.Unmarshal([]byte(context), &wanted); err != nil {
			return nil, fmt.Errorf("CDK_CONTEXT_JSON: %w", err)
		}
	}
	if wanted.Env == "" {
		return config.Environments(), nil
	}
	return named(strings.Split(wanted.Env, ","))
}

func named(names []string) ([]config.Environment, error) {
	all := config.Config{Environments: config.Environments()}
	var environments []config.Environment
	for _, name := range names {
		environment, err := all.Environment(name)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(environments, func(other config.Environment) bool { return other.Name == name }) {
			return nil, fmt.Errorf("environment %q is named twice", name)
		}
		environments = append(environments, environment)
	}
	return environments, nil
}

// build every environment's stacks, and have cdk-nag look at them.
func build(app awscdk.App, environments []config.Environment, datasets []config.Dataset, sources stacks.Sources) ([]awscdk.Stage, error) {
	var stages []awscdk.Stage
	for _, environment := range environments {
		stage, err := stacks.NewEnvironment(app, environment, datasets, sources)
		if err != nil {
			return nil, err
		}
		stages = append(stages, stage.Stage)
		watch(stage.Platform...)
		if watchEveryDataset {
			watch(stage.Datasets...)
		} else {
			watch(stage.Datasets[:1]...)
		}
	}
	return stages, nil
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
