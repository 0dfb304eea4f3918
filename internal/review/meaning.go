package review

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"lakeshift/config/sqltext"
)

// withoutComments is SQL as its words, one blank between two.
func withoutComments(sql string) string {
	var words strings.Builder
	for _, token := range sqltext.Tokens(sql) {
		if token.Kind == sqltext.QuotedName {
			fmt.Fprintf(&words, "%q ", token.Text)
		} else {
			words.WriteString(token.Text + " ")
		}
	}
	return words.String()
}

//go:embed meaning.py
var pythonMeaning string

// meanings of files by path: two files with one meaning do the same, whatever their comments and blanks.
// A file that can't be read as what it seems to be means its bytes.
func meanings(ctx context.Context, files map[string][]byte) (map[string]string, error) {
	means := map[string]string{}
	scripts := map[string]string{}
	for name, text := range files {
		means[name] = string(text)
		switch path.Ext(name) {
		case ".py":
			scripts[name] = string(text)
		case ".sql":
			means[name] = withoutComments(string(text))
		case ".json", ".yaml", ".yml":
			var value any
			if yaml.Unmarshal(text, &value) == nil {
				if plain, err := json.Marshal(value); err == nil {
					means[name] = string(plain)
				}
			}
		}
	}
	if len(scripts) == 0 {
		return means, nil
	}
	input, err := json.Marshal(scripts)
	if err != nil {
		return nil, err
	}
	python, err := findPython(ctx)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, python, "-c", pythonMeaning)
	command.Stdin = bytes.NewReader(input)
	var faults bytes.Buffer
	command.Stderr = &faults
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s could not read the scripts: %w\n%s", python, err, faults.String())
	}
	var parsed map[string]string
	if err := json.Unmarshal(output, &parsed); err != nil {
		return nil, fmt.Errorf("%s could not read the scripts: %w", python, err)
	}
	for name, meaning := range parsed {
		means[name] = meaning
	}
	return means, nil
}

// findPython that knows the syntax of the project's scripts. A name on PATH may be that of a shim for nothing.
func findPython(ctx context.Context) (string, error) {
	for _, name := range []string{"python3", "python3.12", "python3.11"} {
		if exec.CommandContext(ctx, name, "-c", "import sys; sys.exit(sys.version_info < (3, 11))").Run() == nil {
			return name, nil
		}
	}
	return "", errors.New("no Python 3.11 or newer on PATH: scripts are compared without their comments, which takes one")
}
