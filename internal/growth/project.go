// Package growth makes projects of many datasets, to see what they cost.
package growth

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lakeshift/config"
)

// Project writes a copy of the project in root to target, with so many datasets in place of its own:
// the first one's contract and SQL again and again, each time under names of its own.
func Project(root, target string, datasets int) error {
	loaded, err := config.Load(root)
	if err != nil {
		return err
	}
	model := loaded.Datasets[0]
	for _, path := range []string{"assets", "sql/warehouse"} {
		if err := os.CopyFS(filepath.Join(target, path), os.DirFS(filepath.Join(root, path))); err != nil {
			return err
		}
	}
	flags, err := os.ReadFile(filepath.Join(root, "cdk.json"))
	if err != nil {
		return err
	}
	if err := write(filepath.Join(target, "cdk.json"), string(flags)); err != nil {
		return err
	}
	for number := range datasets {
		if err := dataset(root, target, model, fmt.Sprintf("_%03d", number+1)); err != nil {
			return err
		}
	}
	return nil
}

// dataset like the model. Whatever is called by the dataset's or the fact's name gets the suffix.
func dataset(root, target string, model config.Dataset, suffix string) error {
	views, err := filepath.Glob(filepath.Join(root, "sql", model.Name, "athena", "views", "*.sql"))
	if err != nil {
		return err
	}
	names := []string{model.Fact.Table, model.Fact.Table + suffix, model.Name, model.Name + suffix}
	for _, view := range views {
		name := strings.TrimSuffix(filepath.Base(view), ".sql")
		names = append(names, name, name+suffix)
	}
	renamed := strings.NewReplacer(names...)

	contract, err := os.ReadFile(filepath.Join(root, "datasets", model.Name+".yaml"))
	if err != nil {
		return err
	}
	if err := write(filepath.Join(target, "datasets", model.Name+suffix+".yaml"), renamed.Replace(string(contract))); err != nil {
		return err
	}
	folder := filepath.Join(root, "sql", model.Name)
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		return write(filepath.Join(target, "sql", model.Name+suffix, renamed.Replace(name)), renamed.Replace(string(text)))
	})
}

func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}
