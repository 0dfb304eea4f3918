package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"lakeshift/config"
	"lakeshift/stacks"
)

// partOf is set in the environment of an app that synthesizes a share of the environments for another: the folder that it
// writes to. What to write it reads from its standard input.
const partOf = "LAKESHIFT_SYNTH_PART"

// part of the assembly: some environments, synthesized in a process and a folder of their own.
type part struct {
	folder       string
	environments []string
	process      *exec.Cmd
	assignment   io.WriteCloser
	said         bytes.Buffer
}

// assignment of a part: what is checked and packed already.
type assignment struct {
	Environments []string
	Sources      stacks.Sources
}

// sideBySide starts this app once for each share of the environments, as many as may run at a time. Environments know nothing
// of each other, and the CDK uses one processor only. They load the CDK until they are told what to do.
// They end at once when ctx does.
func sideBySide(ctx context.Context, environments []config.Environment, out string) (parts []*part, err error) {
	app, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	for range min(len(environments), runtime.GOMAXPROCS(0)) {
		part := &part{process: exec.CommandContext(ctx, app)}
		parts = append(parts, part)
		if part.folder, err = os.MkdirTemp(out, ".part-"); err != nil {
			return parts, err
		}
		// one goroutine and the CDK's process take turns: more threads would only hand over to each other
		part.process.Env = append(os.Environ(), partOf+"="+part.folder, "GOMAXPROCS=1")
		part.process.Stdout, part.process.Stderr = os.Stdout, &part.said
		if part.assignment, err = part.process.StdinPipe(); err != nil {
			return parts, err
		}
		if err := part.process.Start(); err != nil {
			return parts, err
		}
	}
	for i, environment := range environments {
		part := parts[i%len(parts)]
		part.environments = append(part.environments, environment.Name)
	}
	return parts, nil
}

// finishParts hands out the work, waits for all, and joins what they wrote into one cloud assembly under out.
func finishParts(ctx context.Context, parts []*part, environments []config.Environment, sources stacks.Sources, out string) error {
	var failures []error
	for _, part := range parts {
		failures = append(failures, json.NewEncoder(part.assignment).Encode(assignment{part.environments, sources}))
	}
	said := map[string]bool{}
	for _, part := range parts {
		if err := part.process.Wait(); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w\n%s", strings.Join(part.environments, ", "), err, strings.TrimSpace(part.said.String())))
		} else if text := part.said.String(); !said[text] {
			said[text] = true // what all parts warn of is said once
			fmt.Fprint(os.Stderr, text)
		}
	}
	if ctx.Err() != nil {
		return errors.New("interrupted: nothing was written")
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	for _, part := range parts {
		if err := part.move(out); err != nil {
			return err
		}
	}
	return finish(out, environments)
}

// end what is still waiting or at work, and leave nothing behind.
func end(parts []*part) {
	for _, part := range parts {
		if part.process.Process != nil && part.process.ProcessState == nil {
			_ = part.assignment.Close() // without an assignment it ends, and its kernel with it
			_ = part.process.Wait()
		}
		if part.folder != "" {
			_ = os.RemoveAll(part.folder)
		}
	}
}

// synthPart is the app of the other process.
func synthPart(folder string) error {
	app := startApp(".", folder)
	defer func() { _, _ = app() }()
	var work assignment
	if err := json.NewDecoder(os.Stdin).Decode(&work); errors.Is(err, io.EOF) {
		return nil // something was found wanting meanwhile
	} else if err != nil {
		return err
	}
	environments, err := named(work.Environments)
	if err != nil {
		return err
	}
	loaded, err := config.Load(".")
	if err != nil {
		return err
	}
	return synth(app, environments, loaded.Datasets, work.Sources)
}

// move what was written to out: a folder for each environment, and assets, which are named after their content.
func (p *part) move(out string) error {
	entries, err := os.ReadDir(p.folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		from, to := filepath.Join(p.folder, entry.Name()), filepath.Join(out, entry.Name())
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
