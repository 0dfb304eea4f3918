package target

import (
	"fmt"
	"os"
	"path/filepath"
)

// Root finds the project's folder: the working directory or a folder above it, or else one above the executable,
// so that bin/lakeshift works from anywhere.
func Root() (string, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	starts := []string{cwd}
	if executable, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(executable); err == nil {
			starts = append(starts, filepath.Dir(real))
		}
	}
	for _, start := range starts {
		for folder := start; ; folder = filepath.Dir(folder) {
			if isRoot(folder) {
				return folder, nil
			}
			if folder == filepath.Dir(folder) {
				break
			}
		}
	}
	return "", fmt.Errorf("no Lakeshift project here: expected cdk.json and datasets/ in %s or a folder above it; change into the project's folder", cwd)
}

func isRoot(folder string) bool {
	file, err := os.Stat(filepath.Join(folder, "cdk.json"))
	if err != nil || !file.Mode().IsRegular() {
		return false
	}
	datasets, err := os.Stat(filepath.Join(folder, "datasets"))
	return err == nil && datasets.IsDir()
}

// State is the local AWS's folder: LAKESHIFT_STATE, by default .local in the project.
func State(root string) string {
	state := os.Getenv("LAKESHIFT_STATE")
	if state == "" {
		state = ".local"
	}
	if !filepath.IsAbs(state) {
		state = filepath.Join(root, state)
	}
	return state
}
