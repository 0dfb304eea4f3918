package doctor

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDoctorAsksForWhatTheInstallerAsksFor(t *testing.T) {
	var text string
	for _, name := range []string{"install.py", "machine.py"} {
		part, err := os.ReadFile("../../../../local/" + name)
		require.NoError(t, err)
		text += string(part)
	}
	for _, want := range []string{
		fmt.Sprintf("\nGO = (%d, %d)\n", oldestGo.major, oldestGo.minor),
		fmt.Sprintf("\nNODE = (%d, %d)\n", oldestNode.major, oldestNode.minor),
		fmt.Sprintf("\nDISK_GB = %d", diskGB),
		fmt.Sprintf("(%d, %d) <= sys.version_info[:2] <= (%d, %d)", oldestPython.major, oldestPython.minor, newestPython.major, newestPython.minor),
		"not installed yet: ",
	} {
		assert.Contains(t, text, want)
	}
}

func TestVersionsAreComparedAsNumbers(t *testing.T) {
	assert.True(t, version{1, 9}.before(version{1, 26}))
	assert.True(t, version{3, 26}.before(version{20, 0}))
	assert.False(t, version{1, 26}.before(version{1, 26}))
}
