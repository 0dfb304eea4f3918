package main

import (
	"time"

	"github.com/spf13/cobra"

	"lakeshift/cmd/lakeshift/internal/screen"
	"lakeshift/cmd/lakeshift/internal/target"
	"lakeshift/config"
)

// validation is what `validate --json` says.
type validation struct {
	Valid        bool           `json:"valid"` // nothing is worse than a warning
	Environments int            `json:"environments"`
	Datasets     int            `json:"datasets"`
	Faults       []config.Fault `json:"faults"`
}

func (a *app) validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Find every fault in environments, contracts and SQL, without AWS, Node or Python",
		Long: `Read the environments (config/environments.go), the contracts (datasets) and all SQL (sql), and show
every fault at once: file, line, what was expected and how to mend it. Synth finds the same ones.

Faults are errors, which keep the app from being synthesized, or warnings. Exits with 1 if there
is an error, and with 0 otherwise.`,
		Example: `  lakeshift validate
  lakeshift validate --json | jq -r '.faults[] | select(.severity == "error") | .file'`,
		Args: cobra.NoArgs,
		RunE: a.verb(func(*cobra.Command, []string) error {
			begin := time.Now()
			root, err := target.Root()
			if err != nil {
				return err
			}
			loaded, faults, err := config.Validate(root)
			if err != nil {
				return err
			}
			if a.json {
				err = a.writeJSON(validation{
					Valid: faults.Err() == nil, Environments: len(loaded.Environments), Datasets: len(loaded.Datasets),
					Faults: append([]config.Fault{}, faults...),
				})
			} else {
				a.showFaults(loaded, faults, time.Since(begin))
			}
			if err == nil && faults.Err() != nil {
				err = exitCode(exitFailure)
			}
			return err
		}),
	}
}

func (a *app) showFaults(loaded *config.Config, faults config.Faults, took time.Duration) {
	for _, fault := range faults {
		a.out.Printf("%s\n", fault.Error())
	}
	wrong, warnings := len(faults.Of(config.Error)), len(faults.Of(config.Warning))
	found := a.out.Good("no fault")
	if wrong > 0 {
		found = a.out.Bad(screen.Count(int64(wrong), "error"))
	}
	if warnings > 0 {
		found += ", " + screen.Count(int64(warnings), "warning")
	}
	a.out.Printf("%s in %s and %s (%d ms)\n",
		found, screen.Count(int64(len(loaded.Environments)), "environment"), screen.Count(int64(len(loaded.Datasets)), "dataset"), took.Milliseconds())
}
