package engine

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/cmd/lakeshift/internal/fakeaws"
)

func fake(t *testing.T, query string) (folder string, _ aws.Config) {
	folder = t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "queries"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "queries", "q.json"), []byte(query), 0o600))
	server := fakeaws.Start(folder)
	t.Cleanup(server.Close)
	return folder, aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	}
}

func requests(t *testing.T, folder string) string {
	text, err := os.ReadFile(filepath.Join(folder, "requests.txt"))
	require.NoError(t, err)
	return string(text)
}

func TestAWarehouseIsAWorkgroupOrACluster(t *testing.T) {
	workgroup := Warehouse{Kind: Workgroup, Name: "elt-dev", Database: "analytics"}.statement("select 1")
	assert.Equal(t, "elt-dev", *workgroup.WorkgroupName)
	assert.Nil(t, workgroup.ClusterIdentifier)
	cluster := Warehouse{Kind: Cluster, Name: "elt-dev", Database: "analytics"}.statement("select 1")
	assert.Equal(t, "elt-dev", *cluster.ClusterIdentifier)
	assert.Nil(t, cluster.WorkgroupName)
	assert.Equal(t, "analytics", *cluster.Database)
}

func TestWhoGivesUpCancelsTheStatement(t *testing.T) {
	const forever = `{"match": "select", "forever": true}`
	for name, query := range map[string]func(context.Context, aws.Config) error{
		"StopQueryExecution": func(ctx context.Context, c aws.Config) error {
			_, err := Athena{Client: athena.NewFromConfig(c), Poll: time.Millisecond}.Query(ctx, "select 1")
			return err
		},
		"CancelStatement": func(ctx context.Context, c aws.Config) error {
			_, err := Redshift{Client: redshiftdata.NewFromConfig(c), Poll: time.Millisecond}.Query(ctx, "select 1")
			return err
		},
	} {
		folder, config := fake(t, forever)
		ctx, stop := context.WithTimeout(context.Background(), 100*time.Millisecond)
		assert.ErrorIs(t, query(ctx, config), context.DeadlineExceeded)
		stop()
		assert.Contains(t, requests(t, folder), name)
	}
}

func TestAnEnginesRefusalIsItsOwnMessage(t *testing.T) {
	_, config := fake(t, `{"match": "select", "error": "column \"x\" does not exist"}`)
	_, err := Redshift{Client: redshiftdata.NewFromConfig(config), Poll: time.Millisecond}.Query(context.Background(), "select x")
	var refused *Refused
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, `column "x" does not exist`, refused.Message)
	assert.Equal(t, "execution-1", refused.ID)
}
