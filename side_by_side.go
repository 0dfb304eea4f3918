package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"lakeshift/config"
)

// partOf is set in the environment of an app that synthesizes a share of the environments for another.
const partOf = "LAKESHIFT_SYNTH_PART"

// sideBySide runs this app once for each share of the environments, as many at a time as there are processors, and joins
// what they write into one cloud assembly under out. Environments know nothing of each other, and the CDK uses one
// processor only.
func sideBySide(environments []config.Environment, context, out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	parts := make([]part, min(len(environments), runtime.NumCPU()))
	for i, environment := range environments {
		part := &parts[i%len(parts)]
		part.environments = append(part.environments, environment.Name)
	}
	var running sync.WaitGroup
	for i := range parts {
		part := &parts[i]
		folder, err := os.MkdirTemp(out, ".part-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		part.folder = folder
		running.Go(func() { part.run(context) })
	}
	running.Wait()
	failures := make([]error, len(parts))
	said := map[string]bool{}
	for i, part := range parts {
		failures[i] = part.err
		if text := part.said.String(); part.err == nil && !said[text] {
			said[text] = true // what all parts warn of is said once
			fmt.Fprint(os.Stderr, text)
		}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	return join(parts, environments, out)
}

// part of the assembly: some environments, synthesized in a folder of their own.
type part struct {
	environments []string
	folder       string
	said         bytes.Buffer
	err          error
}

func (p *part) run(context string) {
	names := strings.Join(p.environments, ",")
	settings := map[string]any{}
	if context != "" {
		if p.err = json.Unmarshal([]byte(context), &settings); p.err != nil {
			return
		}
	}
	settings["env"] = names
	text, err := json.Marshal(settings)
	if err != nil {
		p.err = err
		return
	}
	app, err := os.Executable()
	if err != nil {
		p.err = err
		return
	}
	command := exec.Command(app)
	command.Env = append(os.Environ(), "CDK_CONTEXT_JSON="+string(text), "CDK_OUTDIR="+p.folder, partOf+"="+names)
	command.Stdout, command.Stderr = os.Stdout, &p.said
	if err := command.Run(); err != nil {
		p.err = fmt.Errorf("%s: %w\n%s", names, err, strings.TrimSpace(p.said.String()))
	}
}

// manifest of a cloud assembly.
type manifest struct {
	Version   string            `json:"version"`
	Artifacts artifacts         `json:"artifacts"`
	Missing   []json.RawMessage `json:"missing,omitempty"`

	MinimumCLIVersion string `json:"minimumCliVersion,omitempty"`
}

// artifacts by name. The CDK lists them in the order in which they are written: a change travels through the environments in theirs.
type artifacts struct {
	order []string
	named map[string]json.RawMessage
}

func (a *artifacts) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &a.named) }

func (a artifacts) MarshalJSON() ([]byte, error) {
	names := a.order
	for _, name := range slices.Sorted(maps.Keys(a.named)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var text bytes.Buffer
	for i, name := range names {
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&text, "%c%s:%s", "{,"[min(i, 1)], key, a.named[name])
	}
	return append(text.Bytes(), '}'), nil
}

// join moves what the parts wrote to out: a folder for each environment, and assets, which are named after their content.
func join(parts []part, environments []config.Environment, out string) error {
	whole := manifest{Artifacts: artifacts{named: map[string]json.RawMessage{}}}
	for _, environment := range environments {
		whole.Artifacts.order = append(whole.Artifacts.order, "assembly-"+environment.Name)
	}
	for _, part := range parts {
		text, err := os.ReadFile(filepath.Join(part.folder, "manifest.json"))
		if err != nil {
			return err
		}
		var of manifest
		if err := json.Unmarshal(text, &of); err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(part.folder, "manifest.json"), err)
		}
		whole.Version, whole.MinimumCLIVersion, whole.Missing = of.Version, of.MinimumCLIVersion, append(whole.Missing, of.Missing...)
		maps.Copy(whole.Artifacts.named, of.Artifacts.named)
		entries, err := os.ReadDir(part.folder)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			from, to := filepath.Join(part.folder, entry.Name()), filepath.Join(out, entry.Name())
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
	}
	text, err := json.MarshalIndent(whole, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "manifest.json"), text, 0o644)
}
