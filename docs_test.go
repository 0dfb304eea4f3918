package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"lakeshift/internal/reference"
)

func TestDocsOfTheArchitectureAreDrawnFromTheApp(t *testing.T) {
	blocks, err := reference.Architecture(filepath.Dir(templates["prod/Storage"]))
	require.NoError(t, err)
	reference.Check(t, filepath.Join("docs", "architecture.md"), blocks)
}
