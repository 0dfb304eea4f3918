package review

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// What is made from contracts, and told in words.
var madeFromContracts = map[string]bool{"contract.json": true, "landing.sql": true}

// generated leaves out what only follows from a contract that is shown itself.
func generated(all []Edit) []Edit {
	contract := slices.ContainsFunc(all, func(e Edit) bool {
		return strings.HasPrefix(e.Path, "datasets/") || strings.Contains(e.Path, "/schema/")
	})
	return slices.DeleteFunc(all, func(e Edit) bool { return contract && madeFromContracts[path.Base(e.Path)] })
}

// moves puts one edit in place of two where a file only has another name.
func moves(all []Edit) []Edit {
	var gone []string
	for i, edit := range all {
		if edit.Before != "" || edit.After == "" {
			continue
		}
		text, err := os.ReadFile(edit.After)
		for _, old := range all {
			if err != nil || old.After != "" || old.Before == "" || slices.Contains(gone, old.Path) {
				continue
			}
			if before, err := os.ReadFile(old.Before); err == nil && bytes.Equal(before, text) {
				gone = append(gone, old.Path)
				all[i] = Edit{Path: old.Path + " → " + edit.Path}
				break
			}
		}
	}
	return slices.DeleteFunc(all, func(e Edit) bool { return slices.Contains(gone, e.Path) })
}

// The folder that says which version of a package lies beside it.
var distribution = regexp.MustCompile(`(.*/)?vendor/([^/]+)-([^/-]+)\.dist-info/METADATA$`)

// packages puts one edit for a bought-in package in place of its many files.
func packages(pair upload, edits []Edit) []Edit {
	var kept []Edit
	versions := map[string][2]string{}
	for _, edit := range edits {
		if match := distribution.FindStringSubmatch(edit.Path); match != nil {
			version := versions[match[2]]
			if edit.Before != "" {
				version[0] = match[3]
			}
			if edit.After != "" {
				version[1] = match[3]
			}
			versions[match[2]] = version
		} else if !strings.Contains(edit.Path, "/vendor/") {
			kept = append(kept, edit)
		}
	}
	for name, version := range versions {
		kept = append(kept, Edit{Path: strings.TrimSpace(fmt.Sprintf("%s (%s → %s)", name, or(version[0], "none"), or(version[1], "none")))})
	}
	return kept
}
