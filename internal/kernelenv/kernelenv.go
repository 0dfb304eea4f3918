// Package kernelenv sets the environment that the CDK's kernel is started with. The kernel starts while packages are
// initialized, before main; Go initializes a package that needs only "os" before those that need more, as the CDK does.
package kernelenv

import "os"

func init() {
	for name, value := range map[string]string{
		// The CDK's own validation takes longer than all the rest; cfn-lint and cdk-nag look at the same templates.
		"CDK_VALIDATION": "false",
		// Traces would show the CDK's JavaScript, never our Go.
		"CDK_DISABLE_STACK_TRACE": "1",
	} {
		if os.Getenv(name) == "" {
			os.Setenv(name, value)
		}
	}
}
