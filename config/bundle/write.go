package bundle

import (
	"archive/zip"
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
	"sync"

	"lakeshift/config"
)

// Archives of a dataset's SQL that are deployed. `queries` beside them is for people and stays here.
var deployed = []string{"schema", "transform", "publish", "check", "athena/views", "athena/queries"}

// Archives of what Write has written, ready to become assets. An archive is one file to stage and upload, a folder dozens.
type Archives struct {
	// Bundle of each dataset, for its jobs.
	Bundle map[string]string
	// Runner is the code that applies SQL during a deployment: that of DatasetSchema of each dataset, Warehouse and Views.
	Runner           string
	DatasetSchema    map[string]string
	Warehouse, Views string
	// Digest of each archive's content, by path.
	Digest map[string]string
}

// Write makes the archives under target from the project in root. Those that are right already are left alone.
func Write(root, target string, datasets []config.Dataset) (Archives, error) {
	archives := Archives{
		Bundle:        map[string]string{},
		DatasetSchema: map[string]string{},
		Digest:        map[string]string{},
		Runner:        filepath.Join(target, "schema", "runner.zip"),
		Warehouse:     filepath.Join(target, "schema", "warehouse.zip"),
		Views:         filepath.Join(target, "schema", "views.zip"),
	}
	runner, err := files(root, "assets/schema_step", ".py")
	if err != nil {
		return archives, err
	}
	if _, there := runner["index.py"]; !there {
		return archives, errors.New("assets/schema_step/index.py is missing: a deployment can't apply SQL without it")
	}
	warehouse, err := files(root, "sql/warehouse", ".sql")
	if err != nil {
		return archives, err
	}
	views := map[string][]byte{}
	packed := make([]pack, len(datasets))
	var packing sync.WaitGroup
	for i, dataset := range datasets {
		packing.Go(func() { packed[i] = packDataset(root, target, dataset) })
	}
	packing.Wait()
	for i, dataset := range datasets {
		pack := packed[i]
		if pack.err != nil {
			return archives, pack.err
		}
		archives.Bundle[dataset.Name], archives.DatasetSchema[dataset.Name] = pack.bundle, pack.schema
		maps.Copy(archives.Digest, pack.digest)
		maps.Copy(views, pack.views)
	}
	for path, files := range map[string]map[string][]byte{archives.Runner: runner, archives.Warehouse: warehouse, archives.Views: views} {
		if archives.Digest[path], err = write(path, files); err != nil {
			return archives, err
		}
	}
	return archives, nil
}

// pack is what is made for one dataset: its archives, their digests, and its share of the views.
type pack struct {
	bundle, schema string
	digest         map[string]string
	views          map[string][]byte
	err            error
}

func packDataset(root, target string, dataset config.Dataset) pack {
	made := pack{
		bundle: filepath.Join(target, "bundles", dataset.Name+".zip"), schema: filepath.Join(target, "schema", "datasets", dataset.Name+".zip"),
		digest: map[string]string{}, views: map[string][]byte{},
	}
	bundle, err := datasetFiles(root, dataset)
	if err != nil {
		made.err = err
		return made
	}
	// a change of what only runs use must not apply the schema again
	applied := map[string][]byte{}
	for name, text := range bundle {
		if !strings.HasPrefix(name, "sql/") || strings.HasPrefix(name, "sql/schema/") {
			applied[name] = text
		}
		if view, is := strings.CutPrefix(name, "sql/athena/views/"); is {
			made.views[dataset.Name+"/"+view] = text
		}
	}
	var notBundle, notSchema error
	made.digest[made.bundle], notBundle = write(made.bundle, bundle)
	made.digest[made.schema], notSchema = write(made.schema, applied)
	made.err = errors.Join(notBundle, notSchema)
	return made
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

// write an archive that holds exactly these files. The digest is of what they are.
func write(path string, wanted map[string][]byte) (digest string, err error) {
	sum := sha256.New()
	var text bytes.Buffer
	archive := zip.NewWriter(&text)
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		fmt.Fprintf(sum, "%s\n%d\n", name, len(wanted[name]))
		sum.Write(wanted[name])
		// no time: the same files make the same archive
		header := &zip.FileHeader{Name: name, Method: zip.Deflate}
		header.SetMode(0o644)
		file, err := archive.CreateHeader(header)
		if err != nil {
			return "", fmt.Errorf("write %s: %w", path, err)
		}
		if _, err := file.Write(wanted[name]); err != nil {
			return "", fmt.Errorf("write %s: %w", path, err)
		}
	}
	if err := archive.Close(); err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	digest = hex.EncodeToString(sum.Sum(nil))
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, text.Bytes()) {
		return digest, nil
	}
	return digest, writeAtOnce(path, text.Bytes())
}

// writeAtOnce has two synths at a time not tread on each other.
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
