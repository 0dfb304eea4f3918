// Package kernelcache has the CDK's kernel unpack its packages once, before several kernels run beside each other.
//
// A kernel that finds the cache of packages empty unpacks the CDK there, which takes seconds; another one that starts meanwhile
// waits for a moment only, then fails with EEXIST. On a new machine that would be every app that is run side by side.
package kernelcache

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
	// the lock that the go command itself uses, for every system that it runs on
	"github.com/rogpeppe/go-internal/lockedfile"

	"lakeshift/internal/kernelenv"
)

// Fill unpacks this program's CDK unless that was done before, by any program; others that want to wait for it.
// It starts the kernel only if there is something to unpack.
func Fill() error {
	root := os.Getenv(kernelenv.CacheRoot)
	if root == "" {
		return nil // then nobody shares it
	}
	mark := filepath.Join(root, ".unpacked-"+versions())
	if there(mark) {
		return nil
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(root, ".unpacking")).Lock()
	if err != nil {
		return err
	}
	defer unlock()
	if there(mark) {
		return nil
	}
	// whatever is asked of a package first loads it
	awscdk.Aws_ACCOUNT_ID()
	cdknag.NewAwsSolutionsChecks(nil)
	return os.WriteFile(mark, nil, 0o644)
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// versions of all modules in this program: another CDK is unpacked beside this one.
func versions() string {
	sum := sha256.New()
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			fmt.Fprintln(sum, module.Path, module.Version)
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil))[:16]
}
