package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// change of the sample project, and the faults that it brings.
type change struct {
	file     string
	old, new []string // nothing old: the file is new
	faults   []string
}

// readCases reads a file of testdata: "@" names a file of the project, "-" and "+" are its old and new lines, "=" are the faults
// that must be found, all of them, in their order.
func readCases(t *testing.T, path string) (head []string, changes []change) {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
		mark, rest := line, ""
		if len(line) > 1 {
			mark, rest = line[:1], strings.TrimPrefix(line[1:], " ")
		}
		if mark == "@" {
			changes = append(changes, change{file: rest})
			continue
		}
		if len(changes) == 0 {
			head = append(head, line)
			continue
		}
		last := &changes[len(changes)-1]
		switch mark {
		case "-":
			last.old = append(last.old, rest)
		case "+":
			last.new = append(last.new, rest)
		case "=":
			last.faults = append(last.faults, rest)
		case "", "#":
		default:
			t.Fatalf("%s: %q begins with none of @ - + = #", path, line)
		}
	}
	return head, changes
}

// sampleProject is sales, and a second dataset as a user would add it.
func sampleProject(t *testing.T) string {
	root := t.TempDir()
	for from, to := range map[string]string{
		"../datasets": "datasets", "../sql": "sql", "../tests/e2e/deployed/second_dataset/sql": "sql/inventory",
	} {
		require.NoError(t, os.CopyFS(filepath.Join(root, to), os.DirFS(from)))
	}
	contract, err := os.ReadFile("../tests/e2e/deployed/second_dataset/inventory.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(root, "datasets/inventory.yaml"), contract, 0o644))
	return root
}

func faultsOf(t *testing.T, root string) []string {
	_, faults, err := Validate(root)
	require.NoError(t, err)
	texts := make([]string, len(faults))
	for i, fault := range faults {
		texts[i] = fault.Error()
	}
	return texts
}

// make a change, look for what it brings, undo it.
func (c change) faultsIn(t *testing.T, root string, before []string) []string {
	path := filepath.Join(root, c.file)
	there, err := os.ReadFile(path)
	text := strings.Join(c.new, "\n") + "\n"
	if len(c.old) > 0 {
		require.NoError(t, err)
		old := strings.Join(c.old, "\n")
		require.Contains(t, string(there), old)
		text = strings.ReplaceAll(string(there), old, strings.Join(c.new, "\n"))
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	defer func() {
		if there == nil {
			require.NoError(t, os.Remove(path))
			return
		}
		require.NoError(t, os.WriteFile(path, there, 0o644))
	}()
	return slices.DeleteFunc(faultsOf(t, root), func(fault string) bool { return slices.Contains(before, fault) })
}

func TestEachFaultIsFoundAndWhatIsSoundIsLeftAlone(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		head, changes := readCases(t, file)
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			runCases(t, file, head, changes)
		})
	}
}

func runCases(t *testing.T, file string, head []string, changes []change) {
	root := sampleProject(t)
	before := faultsOf(t, root)
	require.Equal(t, []string{"sql/sales/schema/30_monthly_regional_sales.sql:17: warning: " +
		"count(distinct …): each refresh makes this materialized view anew, from all rows; without it Redshift would bring it up to date from what changed"}, before)
	sound := strings.HasPrefix(filepath.Base(file), "sound")
	for i, c := range changes {
		found := c.faultsIn(t, root, before)
		if *update && !sound {
			changes[i].faults = found
		}
		assert.Equal(t, sound, len(changes[i].faults) == 0, "case %d: wrong cases name faults, sound ones none", i+1)
		assert.Equal(t, strings.Join(changes[i].faults, "\n"), strings.Join(found, "\n"), "case %d: %s\n%s", i+1, c.file, strings.Join(c.new, "\n"))
	}
	if *update {
		writeCases(t, file, head, changes)
	}
}

func writeCases(t *testing.T, path string, head []string, changes []change) {
	var text strings.Builder
	for _, line := range head {
		fmt.Fprintln(&text, line)
	}
	for i, c := range changes {
		if i > 0 {
			fmt.Fprintln(&text)
		}
		fmt.Fprintln(&text, "@ "+c.file)
		for _, lines := range []struct {
			mark  string
			lines []string
		}{{"-", c.old}, {"+", c.new}, {"=", c.faults}} {
			for _, line := range lines.lines {
				fmt.Fprintln(&text, strings.TrimRight(lines.mark+" "+line, " "))
			}
		}
	}
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o644))
}
