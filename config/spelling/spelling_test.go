package spelling

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheNameThatWasMeantIsFound(t *testing.T) {
	fields := []string{"format", "options", "partition_keys", "window_days", "name", "columns"}
	for wrong, meant := range map[string]string{
		"form": "format", "fromat": "format", "formats": "format", "colums": "columns", "Partition-Keys": "partition_keys",
		"naem": "name", "window": "window_days", "owner": "", "fo": "", "compression": "",
	} {
		assert.Equal(t, meant, Meant(wrong, fields), wrong)
	}
	assert.Empty(t, Meant("part", []string{"partitions", "partition_keys"}), "it could be either")
	assert.Empty(t, Nearest("id", []string{"uid_of", "no"}))
	assert.Equal(t, 1, Slips("fromat", "format"))
	assert.Equal(t, 3, Slips("", "abc"))
}
