package main

import (
	"io"
	"path/filepath"
	"testing"

	"lakeshift/cmd/lakeshift/internal/screen"
	"lakeshift/internal/reference"
)

func TestDocsOfTheCommandLineAreThoseOfTheCommands(t *testing.T) {
	a := &app{out: screen.New(io.Discard), err: screen.New(io.Discard)}
	reference.Check(t, filepath.Join("..", "..", "docs", "reference", "cli.md"), reference.CLI(a.command()))
}
