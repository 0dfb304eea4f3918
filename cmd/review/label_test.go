package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALabelHoldsForTheCommitItWasPutOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "event.json")
	const on = `"pull_request": {"labels": [{"name": "bug"}, {"name": "allow-destructive"}]}`
	for _, test := range []struct {
		name, event, by string
		stale           bool
	}{
		{"put on now", `{"action": "labeled", "label": {"name": "allow-destructive"}, ` + on + `}`, "the label `allow-destructive`, for this commit", false},
		{"pushed since", `{"action": "synchronize", ` + on + `}`, "", true},
		{"opened again", `{"action": "reopened", ` + on + `}`, "", true},
		{"another label", `{"action": "labeled", "label": {"name": "bug"}, ` + on + `}`, "", true},
		{"taken off", `{"action": "unlabeled", "label": {"name": "allow-destructive"}, "pull_request": {"labels": []}}`, "", false},
		{"no label", `{"action": "opened", "pull_request": {"labels": [{"name": "allow-destructive-not"}]}}`, "", false},
	} {
		require.NoError(t, os.WriteFile(file, []byte(test.event), 0o644))
		by, stale, err := settings{event: file}.allowance()
		require.NoError(t, err)
		assert.Equal(t, test.by, by, test.name)
		assert.Equal(t, test.stale, stale, test.name)
	}
	require.NoError(t, os.WriteFile(file, []byte("labeled"), 0o644))
	_, _, err := settings{event: file}.allowance()
	require.ErrorContains(t, err, "expected an event of GitHub")

	by, _, err := settings{allowed: true}.allowance()
	require.NoError(t, err)
	assert.Equal(t, "`ALLOW_DESTRUCTIVE=1`", by)
	by, _, err = settings{}.allowance()
	require.NoError(t, err)
	assert.Empty(t, by)
}
