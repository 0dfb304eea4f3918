package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"

	"lakeshift/cmd/lakeshift/internal/screen"
)

func TestEveryVerbHasAnExampleOfItself(t *testing.T) {
	a := &app{out: screen.New(&strings.Builder{}), err: screen.New(&strings.Builder{})}
	var visit func(*cobra.Command)
	visit = func(command *cobra.Command) {
		assert.NotEmpty(t, command.Short, command.CommandPath())
		assert.Contains(t, command.Example, "  "+command.CommandPath(), command.CommandPath())
		assert.NotContains(t, command.Short, ". ", "one sentence: %s", command.CommandPath())
		for _, child := range command.Commands() {
			visit(child)
		}
	}
	visit(a.command())
}
