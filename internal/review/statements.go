package review

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lakeshift/config/sqltext"
)

// statement of a SQL file.
type statement struct {
	path string
	// words are its tokens, without comments and however they are quoted; text is what a person would write.
	words []string
	text  string
	// deployed says that a deployment runs it, not a run.
	deployed bool
}

// same is what two statements have in common that do the same.
func (s statement) same() string {
	when := "run "
	if s.deployed {
		when = "deployment "
	}
	return when + strings.Join(s.words, " ")
}

// statements words what new SQL takes away, and whom it lets do what. A statement that moves to another file is not new.
func statements(before, after []statement) []item {
	had, has := map[string]bool{}, map[string]bool{}
	for _, s := range before {
		had[s.same()] = true
	}
	for _, s := range after {
		has[s.same()] = true
	}
	var items []item
	for _, s := range after {
		if had[s.same()] {
			continue
		}
		said := quote(s.path) + " now says " + shortened(s.text, 200)
		switch {
		case s.loses():
			items = append(items, item{section: dangerSection, rank: 1, text: said})
		case s.opens():
			items = append(items, item{section: accessSection, rank: 0, text: "⚠️ " + said})
		case s.grants():
			items = append(items, item{section: accessSection, rank: 2, text: said})
		}
	}
	for _, s := range before {
		if has[s.same()] || !s.grants() {
			continue
		}
		found := item{section: accessSection, rank: 1, text: quote(s.path) + " no longer says " + shortened(s.text, 200)}
		if s.words[0] != "revoke" {
			found.text += ": what was done already **stays** in the warehouse"
		}
		items = append(items, found)
	}
	items = append(items, forgotten(before, after)...)
	for i := range items {
		items[i].sources = true
	}
	return items
}

// begins says whether the first words are these, each one of several.
func (s statement) begins(with ...string) bool {
	for i, words := range with {
		if i >= len(s.words) || !slices.Contains(strings.Fields(words), s.words[i]) {
			return false
		}
	}
	return true
}

func (s statement) has(words string) bool {
	return strings.Contains(" "+strings.Join(s.words, " ")+" ", " "+words+" ")
}

// loses says whether it takes data away. What a transform deletes it makes again; what a deployment deletes is gone, and what
// the load wrote too, but for the list of keys that each transform empties.
func (s statement) loses() bool {
	switch {
	case s.begins("drop", "table schema database"), s.begins("truncate"):
		return true
	case s.begins("delete"):
		table := s.words[1:]
		if s.begins("delete", "from") { // which may be left out
			table = table[1:]
		}
		landed := len(table) > 0 && table[0] == "raw_data" && !strings.HasSuffix(table[min(2, len(table)-1)], "_affected_keys")
		return s.deployed || landed
	case s.begins("alter", "table"):
		for i, word := range s.words[:len(s.words)-1] {
			next := s.words[i+1]
			switch {
			// `column` may be left out
			case word == "drop" && !slices.Contains([]string{"constraint", "default", "identity", "not", "foreign", "primary", "rls", "masking"}, next):
				return true
			case word == "rename" && next == "to", word == "append" && next == "from", word == "set" && next == "schema":
				return true
			}
		}
	}
	return false
}

// grants says whether it is about who may do what.
func (s statement) grants() bool {
	return s.begins("grant revoke") || s.begins("alter", "default", "privileges") || s.begins("create alter drop attach detach", "user role group datashare rls masking") ||
		s.begins("create", "external", "schema") || s.has("owner to") || s.has("row level security") || s.has("security definer")
}

// opens says whether it lets everybody in, or somebody do everything.
func (s statement) opens() bool {
	grants := s.begins("grant") || s.begins("alter", "default", "privileges") && s.has("grant")
	return grants && (s.has("to public") || s.has(", public") || s.has("grant all") || s.has("with grant option") || s.has("with admin option") || s.has("sys :")) ||
		s.begins("create alter", "user") && s.has("createuser") || s.has("security definer") || s.has("row level security off")
}

// statementsOf all SQL files of a work tree.
func statementsOf(root string) ([]statement, error) {
	var all []statement
	err := filepath.WalkDir(filepath.Join(root, "sql"), func(file string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() || filepath.Ext(file) != ".sql" {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		all = append(all, statementsIn(filepath.ToSlash(name), string(text))...)
		return err
	})
	return all, err
}

func statementsIn(path, sql string) []statement {
	var all []statement
	deployed := strings.HasPrefix(path, "sql/warehouse/") || strings.Contains(path, "/schema/")
	current := statement{path: path, deployed: deployed}
	last := sqltext.Token{}
	for _, token := range append(sqltext.Tokens(sql), sqltext.Token{Text: ";", Kind: sqltext.Symbol}) {
		if token.Kind == sqltext.Symbol && token.Text == ";" {
			if len(current.words) > 0 {
				all = append(all, current)
			}
			current = statement{path: path, deployed: deployed}
			continue
		}
		if len(current.words) > 0 && token.From > last.To && token.Text != "." && last.Text != "." {
			current.text += " "
		}
		current.words = append(current.words, token.Text)
		current.text += sql[token.From:token.To]
		last = token
	}
	return all
}
