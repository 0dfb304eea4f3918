package constructs_test

import (
	"os"
	"testing"

	"github.com/aws/jsii-runtime-go"
)

// One kernel for all tests, ended once. No test is parallel: jsii is not made for it.
func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}
