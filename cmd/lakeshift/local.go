package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"lakeshift/cmd/lakeshift/internal/target"
)

func (a *app) localCommand() *cobra.Command {
	local := &cobra.Command{
		Use:   "local",
		Short: "Start, stop and look into the local AWS",
		Long: `Start, stop and look into the local AWS: the whole platform on this machine, on 127.0.0.1 only,
with no AWS account. Its state stands in .local/ (LAKESHIFT_STATE names another folder) and its
port is 4571 (LAKESHIFT_PORT names another). Needs Python 3.11 or 3.12.`,
		Example: `  lakeshift local up
  eval "$(lakeshift local env)"
  lakeshift local logs redshift
  lakeshift local down`,
		Args: cobra.NoArgs,
		RunE: needsVerb,
	}
	var all bool
	reset := a.localVerb("reset", "Go back to an empty deployed environment, or to nothing (--all)", 0, func() []string {
		if all {
			return []string{"--all"}
		}
		return nil
	})
	reset.Flags().BoolVar(&all, "all", false, "remove the deployment too: leaves nothing but the downloads")
	var lines int
	logs := a.localVerb("logs [SERVICE]", "Show a service's log, or say which there are", 1, func() []string {
		return []string{"--lines", strconv.Itoa(lines)}
	})
	logs.Flags().IntVar(&lines, "lines", 200, "show the last N lines; 0 shows all")
	local.AddCommand(
		a.localVerb("up", "Install what is missing, start the local AWS and deploy environment local", 0, nil),
		a.localVerb("down", "Stop the local AWS; its state stays for the next up", 0, nil),
		reset,
		a.localVerb("env", "Print the export lines that point aws, cdk and boto3 at the local AWS", 0, nil),
		logs,
		a.localVerb("status", "Say whether the local AWS is running", 0, nil),
	)
	return local
}

func (a *app) localVerb(use, short string, maxArgs int, flags func() []string) *cobra.Command {
	name, _, _ := strings.Cut(use, " ")
	return &cobra.Command{
		Use:     use,
		Short:   short,
		Example: "  lakeshift local " + name,
		Args:    cobra.MaximumNArgs(maxArgs),
		RunE: a.verb(func(_ *cobra.Command, args []string) error {
			if a.env != target.Local {
				return usagef("--env %s: the verbs of 'lakeshift local' are for environment local", a.env)
			}
			if flags != nil {
				args = append(flags(), args...)
			}
			if a.json {
				args = append(args, "--json")
			}
			return runLocal(append([]string{name}, args...))
		}),
	}
}

// runLocal hands over to `python -m local`: on success it does not come back, so that signals and the exit code are Python's own.
func runLocal(args []string) error {
	root, err := target.Root()
	if err != nil {
		return err
	}
	python, err := findPython()
	if err != nil {
		return err
	}
	installer := filepath.Join(root, "local", "install.py")
	if args[0] == "up" {
		install := exec.Command(python, installer)
		install.Dir = root
		// stdout belongs to what was asked for.
		install.Stdin, install.Stdout, install.Stderr = os.Stdin, os.Stderr, os.Stderr
		if err := install.Run(); err != nil {
			return failedProgram("python local/install.py", err)
		}
	}
	if installed, ok := installedPython(python, installer, root); ok {
		python = installed
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	// Python must look for LAKESHIFT_STATE where the other verbs do.
	environment := append(os.Environ(), "LAKESHIFT_STATE="+target.State(root))
	return syscall.Exec(python, append([]string{python, "-m", "local"}, args...), environment)
}

// findPython finds a Python that the project supports; PySpark 3.5 is not made for newer ones.
func findPython() (string, error) {
	var found []string
	for _, name := range []string{os.Getenv("LAKESHIFT_PYTHON"), "python3.12", "python3.11", "python3", "python"} {
		path, err := exec.LookPath(name)
		if name == "" || err != nil {
			continue
		}
		// A version manager's shim may stand on PATH for a Python that is not installed: only running it tells.
		out, err := exec.Command(path, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)").Output()
		version, executable, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
		switch {
		case err != nil:
		case (version == "3.11" || version == "3.12") && executable != "":
			return executable, nil
		default:
			found = append(found, fmt.Sprintf("%s (%s)", version, path))
		}
	}
	if found == nil {
		found = []string{"none"}
	}
	return "", fmt.Errorf("the local AWS needs Python 3.11 or 3.12; found: %s. Install one (for example 'apt-get install python3.11 python3.11-venv') or set LAKESHIFT_PYTHON to its path",
		strings.Join(found, ", "))
}

// installedPython is the Python of the project's own environment, once that is installed.
func installedPython(python, installer, root string) (string, bool) {
	list := exec.Command(python, installer, "--print-paths")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		return "", false
	}
	var paths struct {
		Python string `json:"python"`
	}
	if json.Unmarshal(bytes.TrimSpace(out), &paths) != nil || paths.Python == "" {
		return "", false
	}
	_, err = os.Stat(paths.Python)
	return paths.Python, err == nil
}

// failedProgram passes on the exit code of a program that has told its own story.
func failedProgram(name string, err error) error {
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		if status, ok := failed.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return exitCode(128 + int(status.Signal()))
		}
		return exitCode(failed.ExitCode())
	}
	return fmt.Errorf("%s: %w", name, err)
}
