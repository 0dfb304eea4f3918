package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lakeshift/config"
)

// ExistsError names files that would be overwritten.
type ExistsError []string

func (e ExistsError) Error() string {
	return fmt.Sprintf("there already: %s", strings.Join(e, ", "))
}

// Write puts the files into the project, all or none: they are tried in a copy of the project's configuration first.
// Unless forced, nothing is overwritten; files of the dataset that stand there beside the new ones are left and answered.
func Write(root, dataset string, files map[string]string, force bool) (left []string, err error) {
	found, err := existing(root, dataset)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 && !force {
		return nil, ExistsError(found)
	}
	for _, file := range found {
		if _, rewritten := files[file]; !rewritten {
			left = append(left, file)
		}
	}
	if err := try(root, files); err != nil {
		return nil, err
	}
	return left, write(root, files)
}

// existing files of the dataset.
func existing(root, dataset string) ([]string, error) {
	var found []string
	contract := "datasets/" + dataset + ".yaml"
	if _, err := os.Lstat(filepath.Join(root, contract)); err == nil {
		found = append(found, contract)
	}
	err := filepath.WalkDir(filepath.Join(root, "sql", dataset), func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !entry.IsDir() {
			file, _ := filepath.Rel(root, path)
			found = append(found, filepath.ToSlash(file))
		}
		return err
	})
	return found, err
}

func write(root string, files map[string]string) error {
	for _, file := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(root, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(files[file]), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// try loads the project as it would be. What was wrong in other datasets before is not this one's fault.
func try(root string, files map[string]string) error {
	before := faults(root)
	copied, err := os.MkdirTemp("", "lakeshift-new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(copied)
	for _, folder := range []string{"datasets", "sql"} {
		source := filepath.Join(root, folder)
		if _, err := os.Stat(source); err != nil {
			continue
		}
		if err := os.CopyFS(filepath.Join(copied, folder), os.DirFS(source)); err != nil {
			return err
		}
	}
	if err := write(copied, files); err != nil {
		return err
	}
	var ours []string
	for _, fault := range faults(copied) {
		if !slices.Contains(before, fault) {
			ours = append(ours, fault)
		}
	}
	if len(ours) > 0 {
		return fmt.Errorf("what would be written is not valid, so nothing was:\n%s", strings.Join(ours, "\n"))
	}
	return nil
}

func faults(root string) []string {
	_, found, err := config.Validate(root)
	if err != nil {
		return []string{err.Error()}
	}
	var texts []string
	for _, fault := range found {
		texts = append(texts, fault.Error())
	}
	return texts
}
