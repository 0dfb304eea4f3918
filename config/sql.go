package config

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"lakeshift/config/spelling"
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

// The platform's own SQL, in a folder beside those of the datasets.
const warehouseFolder = "warehouse"

// sqlFile is a file that something executes.
type sqlFile struct {
	name       string // sql/<owner>/<folder>/<base>
	owner      string // a dataset, or warehouse
	folder     string // below the owner; empty for warehouse
	base       string
	unfilled   bool // it holds placeholders that are not known
	statements []sqltext.Statement
}

// readSQL reads all SQL of the project in root, file by file in the order of their names: every file stands in a folder that
// something executes, holds no placeholder that nobody would fill in, and can be cut into statements.
// Folders of which a file can't be read are in unread, as <owner>/<folder>.
func readSQL(root string, owners map[string]bool, faults *Faults) (files []sqlFile, unread map[string]bool, err error) {
	unread = map[string]bool{}
	err = filepath.WalkDir(filepath.Join(root, "sql"), func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && entry == nil {
			return nil // each dataset says what it lacks
		}
		if err == nil && entry.IsDir() && filepath.Ext(path) == ".sql" {
			if name, err := filepath.Rel(root, path); err == nil {
				faults.add(filepath.ToSlash(name), 0, "is a folder: nothing would execute what is in it")
			}
			return filepath.SkipDir
		}
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		file := sqlFile{name: filepath.ToSlash(name), base: entry.Name()}
		var rest string
		file.owner, rest, _ = strings.Cut(strings.TrimPrefix(file.name, "sql/"), "/")
		if slash := strings.LastIndex(rest, "/"); slash >= 0 {
			file.folder = rest[:slash]
		}
		known, expected := sqlFolders[file.folder], file.folder != ""
		if file.owner == warehouseFolder {
			known, expected = sqltext.DeployNames, file.folder == ""
		}
		switch {
		case rest == "":
			faults.add(file.name, 0, "stands where nothing executes it: expected sql/warehouse or a folder of sql/<dataset>")
		case !owners[file.owner]:
			faults.add(file.name, 0, "belongs to no dataset: expected datasets/%s.yaml", file.owner)
		case filepath.Ext(file.name) != ".sql":
			faults.add(file.name, 0, "is no .sql file: nothing would execute it")
		case !expected || known == nil:
			meant := ""
			if near := spelling.Meant(file.folder, slices.Collect(maps.Keys(sqlFolders))); near != "" {
				meant = " (is it " + near + "?)"
			}
			faults.add(file.name, 0, "stands where nothing executes it%s: expected sql/warehouse or, in sql/%s, one of %s", meant, file.owner, folderNames())
		default:
			if text, ok := readFile(path, file.name, faults); ok && file.read(string(text), known, faults) {
				files = append(files, file)
			} else {
				unread[file.owner+"/"+file.folder] = true
			}
		}
		return nil
	})
	return files, unread, err
}

// read cuts the text into statements, its placeholders filled with their own names: so messages can name them.
func (f *sqlFile) read(text string, known []string, faults *Faults) bool {
	if !utf8.ValidString(text) {
		faults.add(f.name, 0, "is not UTF-8: save it in that encoding")
		return false
	}
	if plain, marked := strings.CutPrefix(text, "\ufeff"); marked {
		faults.add(f.name, 1, "begins with a byte order mark (U+FEFF), which goes to the engine as it stands: save it as UTF-8 without one")
		text = plain
	}
	if strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\r") {
		faults.add(f.name, 0, "has lines that end with a carriage return alone, so a comment would never end: save it with line feeds")
		return false
	}
	for _, fault := range sqltext.CheckPlaceholders(text, known) {
		faults.add(f.name, fault.Line, "%s", fault.Message)
		f.unfilled = true
	}
	for _, fault := range sqltext.CheckQuotes(text) {
		faults.add(f.name, fault.Line, "%s", fault.Message)
	}
	text = sqltext.Bare(text)
	if f.folder == "athena/queries" {
		// goes to Athena as it stands, and there a backslash is a letter like any other
		text = strings.ReplaceAll(text, `\`, "/")
	}
	if strings.Contains(text, "${") {
		return false // and reported
	}
	var err error
	f.statements, err = sqltext.Statements(text)
	if at := (*sqltext.Error)(nil); errors.As(err, &at) {
		faults.add(f.name, at.Line, "%s", at.Message)
		return false
	}
	return true
}

// checkSteps finds what a run would lack: without it the facts, or the lake's copy of them, would stay empty.
func checkSteps(dataset Dataset, files []sqlFile, faulty bool, faults *Faults) {
	folder := "sql/" + dataset.Name
	transforms, published := 0, map[string]bool{}
	unknown := faulty && len(dataset.Fact.Columns) == 0 // the contract names no table that is there
	for _, file := range files {
		switch file.folder {
		case "transform":
			transforms++
		case "publish":
			if match := publishFile.FindStringSubmatch(file.base); match != nil {
				published[match[1]] = true
			} else {
				faults.add(file.name, 0, "names no table: expected NN_<table>.sql")
			}
		}
	}
	if dataset.Fact.Table == "" {
		return
	}
	if transforms == 0 {
		faults.add(folder+"/transform", 0, "holds no SQL: expected what brings analytics.%s up to date", dataset.Fact.Table)
		faults.lastFollows(folder + "/transform/")
	}
	if !published[dataset.Fact.Table] && !(unknown && len(published) > 0) {
		faults.add(folder+"/publish", 0, "does not publish %s: expected NN_%s.sql with an UNLOAD", dataset.Fact.Table, dataset.Fact.Table)
		faults.lastFollows(folder + "/publish/")
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
