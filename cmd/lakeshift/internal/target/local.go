package target

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// localAWS is what the running local AWS writes into local.json.
type localAWS struct {
	Endpoint        string `json:"endpoint"`
	Region          string `json:"region"`
	Account         string `json:"account"`
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
}

const startIt = "start it with 'lakeshift local up'"

// readLocal reads local.json, and refuses an endpoint that is not on this machine.
func readLocal(state string) (localAWS, error) {
	var local localAWS
	file := filepath.Join(state, "local.json")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return local, fmt.Errorf("the local AWS is not running (no %s): %s", file, startIt)
	}
	if err != nil {
		return local, err
	}
	if err := json.Unmarshal(text, &local); err != nil {
		return local, fmt.Errorf("%s: %w; 'lakeshift local down' and 'up' write it anew", file, err)
	}
	address, err := loopbackAddress(local.Endpoint)
	if err != nil {
		return local, fmt.Errorf("%s: endpoint %w", file, err)
	}
	connection, err := net.DialTimeout("tcp", address, 2*time.Second)
	if err != nil {
		return local, fmt.Errorf("the local AWS does not answer at %s: %s", local.Endpoint, startIt)
	}
	return local, connection.Close()
}

// loopbackAddress answers host:port of an endpoint on this machine. Environment local must never reach a real AWS,
// whatever a stale or edited file says.
func loopbackAddress(endpoint string) (string, error) {
	parsed, err := url.Parse(endpoint)
	if err != nil || parsed.Hostname() == "" {
		return "", fmt.Errorf("%q is no URL: expected http://127.0.0.1:PORT", endpoint)
	}
	ip := net.ParseIP(parsed.Hostname())
	if parsed.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", fmt.Errorf("%q is not on this machine: environment local only uses a loopback address such as http://127.0.0.1:4571", endpoint)
	}
	port := parsed.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[parsed.Scheme]
	}
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(parsed.Hostname(), port), nil
}

// config is built by hand: the user's own AWS variables, files, profiles and proxies must not matter.
func (l localAWS) config() aws.Config {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	return aws.Config{
		Region:       l.Region,
		BaseEndpoint: &l.Endpoint,
		Credentials:  aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider(l.AccessKeyID, l.SecretAccessKey, "")),
		HTTPClient: &http.Client{
			Transport: transport,
			// A redirect could lead off this machine.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}
