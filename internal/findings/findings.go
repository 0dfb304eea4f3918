// Package findings reads what was found wrong with constructs while they were synthesized.
package findings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// In a cloud assembly: the errors that were noted on constructs, cdk-nag's among them; nil if there are none.
// The CDK's command line reads them for the stacks that it was asked for; the bare binary would end with 0.
func In(assembly string) error {
	found := map[string]bool{}
	err := filepath.WalkDir(assembly, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".metadata.json") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var metadata map[string][]struct {
			Type string
			Data any
		}
		if err := json.Unmarshal(text, &metadata); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for construct, entries := range metadata {
			for _, entry := range entries {
				if entry.Type == "aws:cdk:error" {
					found[fmt.Sprintf("%s: %v", construct, entry.Data)] = true
				}
			}
		}
		return nil
	})
	errs := []error{err}
	for _, finding := range slices.Sorted(maps.Keys(found)) {
		errs = append(errs, errors.New(finding))
	}
	return errors.Join(errs...)
}
