package review

import (
	"os"
	"path"
	"slices"
	"strings"

	"lakeshift/config/sqltext"
)

// losing statements, by their first words. What a transform deletes it makes again; what a deployment deletes is gone.
var losing = []struct {
	words    []string
	deployed bool
}{
	{[]string{"drop", "table"}, false},
	{[]string{"drop", "schema"}, false},
	{[]string{"drop", "database"}, false},
	{[]string{"drop", "column"}, false},
	{[]string{"truncate"}, false},
	{[]string{"delete", "from"}, true},
}

// statements finds SQL that is new and takes data away.
func (c *Comparison) statements() error {
	for _, edit := range c.Edits {
		if path.Ext(edit.Path) != ".sql" {
			continue
		}
		before, err := statementsOf(edit.Before)
		if err != nil {
			return err
		}
		after, err := statementsOf(edit.After)
		if err != nil {
			return err
		}
		deployed := strings.HasPrefix(edit.Path, "sql/warehouse/") || strings.Contains(edit.Path, "/schema/")
		for _, statement := range after {
			if slices.Contains(before, statement) {
				continue
			}
			for _, loss := range losing {
				words := strings.Join(loss.words, " ") + " "
				if strings.Contains(" "+statement, " "+words) && (deployed || !loss.deployed) {
					found := danger(1, "%s now says %s", quote(edit.Path), quoteShort(statement))
					found.sources = true
					c.Findings = append(c.Findings, Finding{item: found, Environments: c.Environments})
					break
				}
			}
		}
	}
	return nil
}

func statementsOf(file string) ([]string, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var statements []string
	var words strings.Builder
	for _, token := range append(sqltext.Tokens(string(text)), sqltext.Token{Text: ";"}) {
		if token.Text != ";" {
			words.WriteString(token.Text + " ")
		} else if words.Len() > 0 {
			statements = append(statements, words.String())
			words.Reset()
		}
	}
	return statements, nil
}
