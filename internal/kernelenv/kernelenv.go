// Package kernelenv sets the environment that the CDK's kernel is started with. The kernel starts while packages are
// initialized, before main; Go initializes a package that needs only "os" before those that need more, as the CDK does.
package kernelenv

import "os"

// CacheRoot is the variable that says where kernels unpack the CDK.
const CacheRoot = "JSII_RUNTIME_PACKAGE_CACHE_ROOT"

func init() {
	for name, value := range map[string]string{
		// The CDK's own validation takes longer than all the rest; cfn-lint and cdk-nag look at the same templates.
		"CDK_VALIDATION": "false",
		// Traces would show the CDK's JavaScript, never our Go.
		"CDK_DISABLE_STACK_TRACE": "1",
		// The CDK takes one for every resource all the same. The heap is what jsii asks for; more room for what is new is less to clean up.
		"NODE_OPTIONS": "--stack-trace-limit=0 --max-old-space-size=4069 --max-semi-space-size=64",
		// The kernel unpacks the CDK once. Everything that the project installs lies in one folder.
		CacheRoot: cache("/jsii"),
	} {
		if os.Getenv(name) == "" && value != "" {
			_ = os.Setenv(name, value) // fails on an empty name only
		}
	}
}

// cache is a folder below the one that local/install.py takes; empty if nobody says where that is.
func cache(below string) string {
	if folder := os.Getenv("LAKESHIFT_CACHE"); folder != "" {
		return folder + below
	}
	if base := os.Getenv("XDG_CACHE_HOME"); base != "" {
		return base + "/lakeshift" + below
	}
	if home := os.Getenv("HOME"); home != "" {
		return home + "/.cache/lakeshift" + below
	}
	return ""
}
