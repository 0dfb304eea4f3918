package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsNoFileIsAFaultLikeAnyOther(t *testing.T) {
	root := project(t, map[string]string{"datasets/orders.yaml": orders, "sql/orders/schema/10_fact_orders.sql": ordersDDL})
	require.NoError(t, os.Mkdir(filepath.Join(root, "datasets/folder.yaml"), 0o755))
	require.NoError(t, os.Symlink("loop.yaml", filepath.Join(root, "datasets/loop.yaml")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(root, "sql/orders/schema/20_gone.sql")))
	require.NoError(t, os.Mkdir(filepath.Join(root, "sql/orders/schema/30_folder.sql"), 0o755))
	require.NoError(t, os.Symlink(".", filepath.Join(root, "sql/orders/schema/self")))
	found := faultsOf(t, root)
	for _, fault := range []string{
		"datasets/folder.yaml: can't be read: it is a folder",
		"datasets/loop.yaml: can't be read: too many levels of symbolic links",
		"sql/orders/schema/20_gone.sql: can't be read: no such file or directory",
		"sql/orders/schema/30_folder.sql: is a folder: nothing would execute what is in it",
		"sql/orders/schema/self: is no .sql file: nothing would execute it",
	} {
		assert.Contains(t, found, fault)
	}
}
