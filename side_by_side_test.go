package main

import (
	"context"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/stacks"
)

func TestAnInterruptedSynthEndsItsPartsAndLeavesNothingBehind(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	folder := t.TempDir()
	busy := &part{folder: folder, process: exec.CommandContext(ctx, "sleep", "60")}
	var err error
	busy.assignment, err = busy.process.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, busy.process.Start())
	interrupt()
	require.ErrorContains(t, finishParts(ctx, []*part{busy}, nil, stacks.Sources{}, t.TempDir()), "interrupted")
	end([]*part{busy})
	assert.False(t, busy.process.ProcessState.Success())
	assert.NoDirExists(t, folder)
}
