package main

import (
	"strings"

	"github.com/spf13/cobra"

	"lakeshift/cmd/lakeshift/internal/doctor"
	"lakeshift/cmd/lakeshift/internal/target"
	"lakeshift/config"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Look at this machine, the project and an environment, and say what to do",
		Long: `Look at what the platform needs, and say for each thing that is not as it should be what to do:

machine       Go, Node.js, npm and Python for building and deploying; disk, memory and port for the local AWS
project       environments, contracts and SQL, as 'lakeshift validate' does
environment   credentials and their account, CDK bootstrap, stacks, and the account's quotas

Exits with 1 if something keeps the platform from working. Nothing is changed.`,
		Example: `  lakeshift doctor
  lakeshift doctor --env dev
  lakeshift doctor --env prod --json | jq '.[] | select(.state != "ok")'`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: a.verb(func(command *cobra.Command, _ []string) error {
			root, err := target.Root()
			if err != nil {
				return err
			}
			ctx := command.Context()
			findings := doctor.Machine(ctx, root, target.State(root))
			findings = append(findings, doctor.Project(ctx, root)...)
			findings = append(findings, a.examine(command, root)...)
			if a.json {
				err = a.writeJSON(findings)
			} else {
				a.showFindings(findings)
			}
			if err != nil {
				return err
			}
			for _, finding := range findings {
				if finding.State == doctor.Failure {
					return exitCode(exitFailure)
				}
			}
			return nil
		}),
	}
}

// examine looks at the environment that --env names.
func (a *app) examine(command *cobra.Command, root string) []doctor.Finding {
	t, err := a.connect(command, root)
	if err != nil {
		finding := doctor.Finding{Subject: "environment", Name: "credentials", State: doctor.Failure, Found: explain(err)}
		if a.env == target.Local {
			// not needed before somebody wants it
			finding.Name, finding.State, finding.Remedy = "local AWS", doctor.Warning, "lakeshift local up"
		}
		return []doctor.Finding{finding}
	}
	environment, err := a.environment()
	if err != nil {
		return []doctor.Finding{{Subject: "environment", Name: "configuration", State: doctor.Failure, Found: err.Error()}}
	}
	who := doctor.Finding{Subject: "environment", Name: "credentials", State: doctor.OK, Found: "account " + t.Account + ", region " + t.Region}
	if t.IsLocal() {
		who.Name, who.Found = "local AWS", "running"
	}
	var datasets []config.Dataset
	if loaded, err := config.Load(root); err == nil {
		datasets = loaded.Datasets
	}
	return append([]doctor.Finding{who}, doctor.Environment(command.Context(), t, environment, datasets)...)
}

func (a *app) showFindings(findings []doctor.Finding) {
	subject, width := "", 0
	for _, finding := range findings {
		width = max(width, len(finding.Name))
	}
	for _, finding := range findings {
		if finding.Subject != subject {
			subject = finding.Subject
			title := map[string]string{"machine": "This machine", "project": "The project", "environment": "Environment " + a.env}[subject]
			a.out.Printf("%s\n", a.out.Bold(title))
		}
		mark := map[doctor.State]string{
			doctor.OK: a.out.Good("✓"), doctor.Warning: a.out.Busy("!"), doctor.Failure: a.out.Bad("✗"), doctor.Unknown: a.out.Dim("?"),
		}[finding.State]
		a.out.Printf("  %s %s%s  %s\n", mark, finding.Name, strings.Repeat(" ", width-len(finding.Name)), finding.Found)
		if finding.Remedy != "" {
			a.out.Printf("      %s\n", finding.Remedy)
		}
	}
}
