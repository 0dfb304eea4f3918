package constructs_test

import (
	"os"
	"testing"

	"github.com/aws/jsii-runtime-go"

	"lakeshift/internal/kernelcache"
)

// One kernel for all tests, ended once. No test is parallel: jsii is not made for it.
func TestMain(m *testing.M) {
	if err := kernelcache.Fill(); err != nil {
		panic(err)
	}
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}
