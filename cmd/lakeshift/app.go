package main

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"lakeshift/cmd/lakeshift/internal/screen"
	"lakeshift/cmd/lakeshift/internal/target"
	"lakeshift/config"
)

// app is what all verbs share: where to write, and the flags that each of them takes.
type app struct {
	out, err *screen.Screen
	env      string
	json     bool
	began    bool // a verb's own code has begun: from here on errors are failures, not usage
}

func (a *app) command() *cobra.Command {
	cobra.EnableCommandSorting = false // in the order in which a newcomer needs them
	root := &cobra.Command{
		Use:   "lakeshift",
		Short: "Operate the Lakeshift data platform, on AWS or on this machine",
		Long: `Operate the Lakeshift data platform: put files into the lake, run a dataset's pipeline,
see whether everything is accounted for, and query both engines.

Every verb works the same against the local AWS (--env local, the default) and against a
deployed environment (--env dev, with your usual AWS credentials).`,
		Example: `  lakeshift local up
  lakeshift upload sales orders.csv --date 2025-01-15
  lakeshift run sales
  lakeshift query --engine athena 'select region, count(*) from fact_orders group by region'
  lakeshift status --env prod --json`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs, // needsVerb says which verbs there are, cobra would not
		RunE:          needsVerb,
		PersistentPreRunE: func(command *cobra.Command, _ []string) error {
			if !command.Flags().Changed("env") {
				return nil // validate finds what is wrong with environments, so it can't ask for one
			}
			_, err := a.environment()
			return err
		},
	}
	root.SetVersionTemplate("lakeshift {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.StringVar(&a.env, "env", target.Local, "environment: "+strings.Join(environmentNames(), ", "))
	flags.BoolVar(&a.json, "json", false, "write JSON, for programs")
	_ = root.RegisterFlagCompletionFunc("env", cobra.FixedCompletions(environmentNames(), cobra.ShellCompDirectiveNoFileComp))
	root.AddCommand(a.localCommand(), a.newCommand(), a.validateCommand(), a.doctorCommand(), a.uploadCommand(), a.runCommand(), a.statusCommand(), a.queryCommand(), a.smokeCommand(), a.driftCommand())
	return root
}

// needsVerb is what a command does that only groups others.
func needsVerb(command *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s knows no verb %q: use %s", command.CommandPath(), args[0], verbsOf(command))
	}
	return usagef("say what to do: %s %s", command.CommandPath(), verbsOf(command))
}

func verbsOf(command *cobra.Command) string {
	var verbs []string
	for _, child := range command.Commands() {
		if child.IsAvailableCommand() && child.Name() != "help" && child.Name() != "completion" {
			verbs = append(verbs, child.Name())
		}
	}
	return strings.Join(verbs, " | ")
}

// verb wraps a verb's code, so that what fails in it counts as a failure and what fails before it as wrong usage.
func (a *app) verb(do func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		a.began = true
		return do(command, args)
	}
}

// environment is the one that --env names.
func (a *app) environment() (config.Environment, error) {
	environment, err := (&config.Config{Environments: config.Environments()}).Environment(a.env)
	if err != nil {
		return environment, usageError{fmt.Errorf("--env: %w (config/environments.go)", err)}
	}
	return environment, nil
}

func environmentNames() []string {
	var names []string
	for _, environment := range config.Environments() {
		names = append(names, environment.Name)
	}
	return names
}

// connect goes to the environment that --env names.
func (a *app) connect(command *cobra.Command, root string) (*target.Target, error) {
	environment, err := a.environment()
	if err != nil {
		return nil, err
	}
	return target.Connect(command.Context(), root, environment)
}

// project reads the project's folder and its checked configuration.
func project() (root string, _ *config.Config, err error) {
	root, err = target.Root()
	if err != nil {
		return "", nil, err
	}
	loaded, err := config.Load(root)
	if err != nil {
		return "", nil, fmt.Errorf("the project's configuration is wrong:\n%w", err)
	}
	return root, loaded, nil
}

// datasetNamed picks a dataset; an unknown one is a wrong argument.
func datasetNamed(c *config.Config, name string) (config.Dataset, error) {
	dataset, err := c.Dataset(name)
	if err != nil {
		return dataset, usageError{fmt.Errorf("%w (datasets/*.yaml)", err)}
	}
	return dataset, nil
}

// datasetsNamed picks several; without a name, all.
func datasetsNamed(c *config.Config, names []string) ([]config.Dataset, error) {
	if len(names) == 0 {
		return c.Datasets, nil
	}
	var datasets []config.Dataset
	for _, name := range names {
		dataset, err := datasetNamed(c, name)
		if err != nil {
			return nil, err
		}
		datasets = append(datasets, dataset)
	}
	return datasets, nil
}

// completeDataset offers the datasets for a verb's first argument, and files behind it if the verb takes files.
func completeDataset(command *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		if strings.Contains(command.Use, "FILE") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	_, loaded, err := project()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, dataset := range loaded.Datasets {
		names = append(names, dataset.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// writeJSON writes one value on one line of stdout.
func (a *app) writeJSON(value any) error {
	encoder := json.NewEncoder(a.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "development build"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
			return fmt.Sprintf("revision %s, %s", setting.Value[:12], info.GoVersion)
		}
	}
	return "development build, " + info.GoVersion
}
