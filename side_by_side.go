package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"lakeshift/config"
	"lakeshift/stacks"
)

// partOf is set in the environment of an app that synthesizes a share of the environments for another: a file with its part.
const partOf = "LAKESHIFT_SYNTH_PART"

// part of the assembly: some environments, synthesized in a folder of their own from what is checked and packed already.
type part struct {
	Environments []string
	Folder       string
	Sources      stacks.Sources

	said bytes.Buffer
	err  error
}

// sideBySide runs this app once for each share of the environments, as many at a time as there are processors, and joins
// what they write into one cloud assembly under out. Environments know nothing of each other, and the CDK uses one
// processor only.
func sideBySide(environments []config.Environment, sources stacks.Sources, out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	parts := make([]part, min(len(environments), runtime.GOMAXPROCS(0)))
	for i, environment := range environments {
		part := &parts[i%len(parts)]
		part.Environments = append(part.Environments, environment.Name)
	}
	var running sync.WaitGroup
	for i := range parts {
		part := &parts[i]
		folder, err := os.MkdirTemp(out, ".part-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		part.Folder, part.Sources = folder, sources
		running.Go(part.run)
	}
	running.Wait()
	failures := make([]error, len(parts))
	said := map[string]bool{}
	for i := range parts {
		failures[i] = parts[i].err
		if text := parts[i].said.String(); parts[i].err == nil && !said[text] {
			said[text] = true // what all parts warn of is said once
			fmt.Fprint(os.Stderr, text)
		}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	for i := range parts {
		if err := parts[i].move(out); err != nil {
			return err
		}
	}
	return finish(out, environments)
}

func (p *part) run() {
	text, err := json.Marshal(p)
	assignment := p.Folder + ".json"
	app, noApp := os.Executable()
	if p.err = errors.Join(err, noApp, os.WriteFile(assignment, text, 0o644)); p.err != nil {
		return
	}
	defer os.Remove(assignment)
	command := exec.Command(app)
	command.Env = append(os.Environ(), partOf+"="+assignment)
	command.Stdout, command.Stderr = os.Stdout, &p.said
	if err := command.Run(); err != nil {
		p.err = fmt.Errorf("%s: %w\n%s", strings.Join(p.Environments, ", "), err, strings.TrimSpace(p.said.String()))
	}
}

// synthPart is the app of the other process.
func synthPart(assignment string) error {
	text, err := os.ReadFile(assignment)
	if err != nil {
		return fmt.Errorf("%s: %w", partOf, err)
	}
	var part part
	if err := json.Unmarshal(text, &part); err != nil {
		return fmt.Errorf("%s: %w", assignment, err)
	}
	app := startApp(".", part.Folder)
	defer func() { _, _ = app() }()
	environments, err := named(part.Environments)
	if err != nil {
		return err
	}
	loaded, err := config.Load(".")
	if err != nil {
		return err
	}
	return synth(app, environments, loaded.Datasets, part.Sources)
}

// move what was written to out: a folder for each environment, and assets, which are named after their content.
func (p *part) move(out string) error {
	entries, err := os.ReadDir(p.Folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		from, to := filepath.Join(p.Folder, entry.Name()), filepath.Join(out, entry.Name())
		if entry.Name() == "manifest.json" {
			continue
		}
		if _, err := os.Lstat(to); err == nil && strings.HasPrefix(entry.Name(), "asset.") {
			continue
		}
		if err := errors.Join(os.RemoveAll(to), os.Rename(from, to)); err != nil {
			return err
		}
	}
	return nil
}
