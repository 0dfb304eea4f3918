package reference

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func page(name string) string { return filepath.Join("..", "..", "docs", "reference", name) }

func TestDocsContractIsThatOfTheTypes(t *testing.T) { Check(t, page("contract.md"), Contract()) }

func TestDocsEnvironmentsAreThoseOfTheValues(t *testing.T) {
	blocks, err := Environments(filepath.Join("..", "..", "config"))
	require.NoError(t, err)
	Check(t, page("environments.md"), blocks)
}

func TestAPageKeepsWhatIsWrittenByHand(t *testing.T) {
	const before = "# Title\n\n<!-- made by make docs: one -->\nold\n<!-- end -->\n\nby hand\n"
	filled, err := fill(before, map[string]string{"one": "new\n"})
	require.NoError(t, err)
	assert.Equal(t, "# Title\n\n<!-- made by make docs: one -->\n\nnew\n\n<!-- end -->\n\nby hand\n", filled)
	again, err := fill(filled, map[string]string{"one": "new\n"})
	require.NoError(t, err)
	assert.Equal(t, filled, again)
	line, old, current := firstDifference(before, filled)
	assert.Equal(t, []any{4, "old", ""}, []any{line, old, current})
}

func TestBlocksAndTextsMustMatch(t *testing.T) {
	_, err := fill("<!-- made by make docs: one -->\n<!-- end -->\n", map[string]string{"two": ""})
	require.ErrorContains(t, err, "block one is unknown: expected one of two")
	_, err = fill("nothing", map[string]string{"two": ""})
	require.ErrorContains(t, err, "has no block <!-- made by make docs: two -->")
}
