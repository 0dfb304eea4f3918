package target

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/config"
)

func TestEnvironmentLocalOnlyUsesALoopbackEndpoint(t *testing.T) {
	for endpoint, want := range map[string]string{
		"http://127.0.0.1:4571": "127.0.0.1:4571",
		"http://localhost:4571": "localhost:4571",
		"http://[::1]:4571":     "[::1]:4571",
		"http://127.9.9.9":      "127.9.9.9:80",
	} {
		address, err := loopbackAddress(endpoint)
		require.NoError(t, err)
		assert.Equal(t, want, address)
	}
	for _, endpoint := range []string{
		"https://glue.us-east-1.amazonaws.com", "http://10.0.0.1:4571", "http://0.0.0.0:4571", "http://localhost.example.com:4571",
		"http://127.0.0.1.example.com", "http://127.0.0.1@example.com", "http://[2001:db8::1]:80", "", "127.0.0.1:4571", "not a url",
	} {
		_, err := loopbackAddress(endpoint)
		assert.Error(t, err, endpoint)
	}
}

func environment(t *testing.T, name string) config.Environment {
	for _, env := range config.Environments() {
		if env.Name == name {
			return env
		}
	}
	t.Fatalf("no environment %s", name)
	return config.Environment{}
}

func writeLocal(t *testing.T, endpoint string) {
	state := t.TempDir()
	t.Setenv("LAKESHIFT_STATE", state)
	text := fmt.Sprintf(`{"endpoint":%q,"region":"us-east-1","account":"000000000000","access_key_id":"LOCAL","secret_access_key":"none"}`, endpoint)
	require.NoError(t, os.WriteFile(filepath.Join(state, "local.json"), []byte(text), 0o600))
}

func TestTheUsersAWSSettingsDoNotMatterLocally(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	endpoint := "http://" + listener.Addr().String()
	writeLocal(t, endpoint)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "https://example.com", "AWS_ENDPOINT_URL_GLUE": "https://example.com", "AWS_PROFILE": "nobody",
		"AWS_ACCESS_KEY_ID": "AKIAUSER", "AWS_SECRET_ACCESS_KEY": "user", "AWS_REGION": "eu-west-3", "HTTP_PROXY": "http://example.com:3128",
	} {
		t.Setenv(name, value)
	}
	target, err := Connect(context.Background(), t.TempDir(), environment(t, Local))
	require.NoError(t, err)
	glue := target.Glue().Options()
	assert.Equal(t, endpoint, *glue.BaseEndpoint)
	assert.Equal(t, "us-east-1", glue.Region)
	credentials, err := glue.Credentials.Retrieve(context.Background())
	require.NoError(t, err)
	assert.Equal(t, "LOCAL", credentials.AccessKeyID)
	assert.True(t, target.S3().Options().UsePathStyle)
	assert.Equal(t, "elt-local-raw-000000000000-us-east-1", target.RawBucket())
}

func TestAStoppedLocalAWSIsNamed(t *testing.T) {
	t.Setenv("LAKESHIFT_STATE", t.TempDir())
	_, err := Connect(context.Background(), t.TempDir(), environment(t, Local))
	require.ErrorContains(t, err, "lakeshift local up")

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	endpoint := "http://" + listener.Addr().String()
	listener.Close()
	writeLocal(t, endpoint)
	_, err = Connect(context.Background(), t.TempDir(), environment(t, Local))
	require.ErrorContains(t, err, "does not answer")
	require.ErrorContains(t, err, "lakeshift local up")
}

func TestAJobsLogFileIsFoundByItsRun(t *testing.T) {
	state := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(state, "logs", "jobs"), 0o700))
	file := filepath.Join(state, "logs", "jobs", "jr_12.log")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	target := &Target{State: state}
	assert.Equal(t, file, target.LogFile("jr_12"))
	assert.Empty(t, target.LogFile("jr_99"))
	assert.Empty(t, target.LogFile(""))
}
