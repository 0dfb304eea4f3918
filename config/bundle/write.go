package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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

// Folders of a dataset's SQL that are deployed. `queries` beside them is for people and stays here.
var deployed = []string{"schema", "transform", "publish", "check", "athena/views", "athena/queries"}

// Folders of what Write has written, ready to become assets.
type Folders struct {
	// Bundle of each dataset, for its jobs.
	Bundle map[string]string
	// DatasetStep of each dataset, WarehouseStep and AthenaStep are the code of schema steps, each with its SQL.
	DatasetStep   map[string]string
	WarehouseStep string
	AthenaStep    string
	// Digest of each folder's content, by folder.
	Digest map[string]string
}

// Write makes the folders under target from the project in root. Files that are right already are left alone.
func Write(root, target string, datasets []config.Dataset) (Folders, error) {
	folders := Folders{
		Bundle:        map[string]string{},
		DatasetStep:   map[string]string{},
		Digest:        map[string]string{},
		WarehouseStep: filepath.Join(target, "schema_step", "warehouse"),
		AthenaStep:    filepath.Join(target, "schema_step", "athena"),
	}
	step, err := files(root, "assets/schema_step", ".py")
	if err != nil {
		return folders, err
	}
	if _, there := step["index.py"]; !there {
		return folders, errors.New("assets/schema_step/index.py is missing: a deployment can't apply SQL without it")
	}
	warehouse, err := files(root, "sql/warehouse", ".sql")
	if err != nil {
		return folders, err
	}
	athena := map[string][]byte{}
	for _, dataset := range datasets {
		bundle, err := datasetFiles(root, dataset)
		if err != nil {
			return folders, err
		}
		folders.Bundle[dataset.Name] = filepath.Join(target, "bundles", dataset.Name)
		folders.DatasetStep[dataset.Name] = filepath.Join(target, "schema_step", "datasets", dataset.Name)
		if err := folders.write(folders.Bundle[dataset.Name], bundle); err != nil {
			return folders, err
		}
		// a change of what only runs use must not apply the schema again
		applied := map[string][]byte{}
		for name, text := range bundle {
			if !strings.HasPrefix(name, "sql/") || strings.HasPrefix(name, "sql/schema/") {
				applied[name] = text
			}
			if view, is := strings.CutPrefix(name, "sql/athena/views/"); is {
				athena[dataset.Name+"/"+view] = text
			}
		}
		if err := folders.write(folders.DatasetStep[dataset.Name], with(step, "payload/bundle", applied)); err != nil {
			return folders, err
		}
	}
	return folders, errors.Join(
		folders.write(folders.WarehouseStep, with(step, "payload/warehouse", warehouse)),
		folders.write(folders.AthenaStep, with(step, "payload/athena", athena)),
	)
}

// Queries are the dataset's sample queries by name, as written.
func Queries(root string, dataset config.Dataset) (map[string]string, error) {
	found, err := files(root, filepath.Join("sql", dataset.Name, "athena", "queries"), ".sql")
	queries := map[string]string{}
	for name, text := range found {
		queries[strings.TrimSuffix(name, ".sql")] = string(text)
	}
	return queries, err
}

func datasetFiles(root string, dataset config.Dataset) (map[string][]byte, error) {
	contract, err := ContractJSON(dataset)
	if err != nil {
		return nil, err
	}
	bundle := map[string][]byte{"contract.json": contract, "landing.sql": []byte(LandingDDL(dataset))}
	for _, folder := range deployed {
		found, err := files(root, filepath.Join("sql", dataset.Name, folder), ".sql")
		if err != nil {
			return nil, err
		}
		for name, text := range found {
			bundle["sql/"+folder+"/"+name] = text
		}
	}
	return bundle, nil
}

// files of one folder, not of those below, by name; none if the folder is missing.
func files(root, folder, suffix string) (map[string][]byte, error) {
	found := map[string][]byte{}
	entries, err := os.ReadDir(filepath.Join(root, folder))
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	for _, entry := range entries {
		if entry.IsDir() || filepath.Ext(entry.Name()) != suffix {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		found[entry.Name()] = text
	}
	return found, err
}

func with(step map[string][]byte, folder string, payload map[string][]byte) map[string][]byte {
	all := map[string][]byte{}
	for name, text := range step {
		all[name] = text
	}
	for name, text := range payload {
		all[folder+"/"+name] = text
	}
	return all
}

func (f Folders) write(folder string, wanted map[string][]byte) error {
	digest := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		fmt.Fprintf(digest, "%s\n%d\n", name, len(wanted[name]))
		digest.Write(wanted[name])
	}
	f.Digest[folder] = hex.EncodeToString(digest.Sum(nil))
	return sync(folder, wanted)
}

// sync makes the folder hold exactly these files. It writes what differs only, each file at once,
// so that two synths at a time don't tread on each other.
func sync(folder string, wanted map[string][]byte) error {
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if _, keep := wanted[filepath.ToSlash(name)]; !keep {
			return os.Remove(path)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("clean %s: %w", folder, err)
	}
	names := make([]string, 0, len(wanted))
	for name := range wanted {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, wanted[name]) {
			continue
		}
		if err := writeAtOnce(path, wanted[name]); err != nil {
			return err
		}
	}
	return nil
}

func writeAtOnce(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(text)
	if err := errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
