package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"lakeshift/config/sqltext"
)

// The job finds the table that a publish file is for by the file's name.
var publishFile = regexp.MustCompile(`^\d\d_([a-z][a-z0-9_]*)\.sql$`)

// What a folder of sql/<dataset>/ is for decides which placeholders its files may hold.
var sqlFolders = map[string][]string{
	"schema":         sqltext.DeployNames,
	"transform":      sqltext.RunNames,
	"publish":        sqltext.RunNames,
	"check":          sqltext.RunNames,
	"athena/views":   sqltext.DeployNames,
	"athena/queries": sqltext.DeployNames,
	"queries":        sqltext.DeployNames,
}

// checkSQL reads all SQL of the project in root: every file stands in a folder that something executes,
// and holds no placeholder that nobody would fill in.
func checkSQL(root string, config *Config, faults *Faults) error {
	folders := map[string]bool{"warehouse": true}
	for _, dataset := range config.Datasets {
		folders[dataset.Name] = true
	}
	err := filepath.WalkDir(filepath.Join(root, "sql"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		file, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		owner, rest, _ := strings.Cut(strings.TrimPrefix(filepath.ToSlash(file), "sql/"), "/")
		folder := ""
		if slash := strings.LastIndex(rest, "/"); slash >= 0 {
			folder = rest[:slash]
		}
		known, expected := sqlFolders[folder], folder != ""
		if owner == "warehouse" {
			known, expected = sqltext.DeployNames, folder == ""
		}
		switch {
		case !folders[owner]:
			faults.add(file, 0, "belongs to no dataset: expected datasets/%s.yaml", owner)
		case filepath.Ext(file) != ".sql":
			faults.add(file, 0, "is no .sql file: nothing would execute it")
		case !expected || known == nil:
			faults.add(file, 0, "stands where nothing executes it: expected sql/warehouse or, in sql/%s, one of %s", owner, folderNames())
		default:
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, fault := range sqltext.CheckPlaceholders(string(text), known) {
				faults.add(file, fault.Line, "%s", fault.Message)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, dataset := range config.Datasets {
		checkSteps(root, dataset, faults)
	}
	return nil
}

// checkSteps finds what a run would lack: without it the facts, or the lake's copy of them, would stay empty.
func checkSteps(root string, dataset Dataset, faults *Faults) {
	folder := "sql/" + dataset.Name
	if transforms, _ := filepath.Glob(filepath.Join(root, folder, "transform", "*.sql")); len(transforms) == 0 {
		faults.add(folder+"/transform", 0, "holds no SQL: expected what brings analytics.%s up to date", dataset.Fact.Table)
	}
	published := map[string]bool{}
	files, _ := filepath.Glob(filepath.Join(root, folder, "publish", "*.sql"))
	for _, file := range files {
		name := filepath.Base(file)
		if match := publishFile.FindStringSubmatch(name); match != nil {
			published[match[1]] = true
		} else {
			faults.add(folder+"/publish/"+name, 0, "names no table: expected NN_<table>.sql")
		}
	}
	if !published[dataset.Fact.Table] {
		faults.add(folder+"/publish", 0, "does not publish %s: expected NN_%s.sql with an UNLOAD", dataset.Fact.Table, dataset.Fact.Table)
	}
}

func folderNames() string {
	names := make([]string, 0, len(sqlFolders))
	for name := range sqlFolders {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
