package sqltext

import (
	"regexp"
	"slices"
	"strings"
)

// DeployNames may stand as ${name} in SQL that a deployment applies; RunNames in SQL that a run executes.
var (
	DeployNames = []string{
		"environment", "region", "database", "raw_database", "curated_database", "load_user", "transform_user", "check_user",
		"copy_role_arn", "publish_role_arn", "lake_role_arn",
	}
	RunNames = []string{
		"environment", "region", "dataset", "run_id", "attempt_id", "raw_database", "curated_database", "curated_uri", "publish_role_arn",
	}
)

var (
	placeholder    = regexp.MustCompile(`^\$\{([^{}$\s]*)\}`)
	anyPlaceholder = regexp.MustCompile(`\$\{([^{}$\s]*)\}`)
)

// CheckPlaceholders finds names that are not known and placeholders that are not closed, in comments too:
// the text is filled in before anything looks at it as SQL.
func CheckPlaceholders(sql string, known []string) []*Error {
	var faults []*Error
	for i := strings.Index(sql, "${"); i >= 0; {
		line := 1 + strings.Count(sql[:i], "\n")
		if match := placeholder.FindStringSubmatch(sql[i:]); match == nil {
			faults = append(faults, &Error{line, "\"${\" is not closed: expected ${name}"})
		} else if !slices.Contains(known, match[1]) {
			faults = append(faults, &Error{line, "${" + match[1] + "} is unknown: use one of " + strings.Join(known, ", ")})
		}
		next := strings.Index(sql[i+2:], "${")
		if next < 0 {
			break
		}
		i += 2 + next
	}
	return faults
}

// Placeholders that are filled with text which is no name.
var texts = []string{"region", "run_id", "attempt_id", "curated_uri", "publish_role_arn", "copy_role_arn", "lake_role_arn"}

// CheckQuotes finds placeholders that stand for a text, outside of quotes.
func CheckQuotes(sql string) []*Error {
	var faults []*Error
	tokens := Tokens(sql)
	for i := 0; i+3 < len(tokens); i++ {
		name := tokens[i+2]
		if tokens[i].Text == "$" && tokens[i+1].Text == "{" && tokens[i+3].Text == "}" && name.Kind == Word && slices.Contains(texts, name.Text) {
			faults = append(faults, &Error{name.Line, "${" + name.Text + "} is filled with a text: expected '${" + name.Text + "}'"})
		}
	}
	return faults
}

// Bare puts each placeholder's own name in its place, so that the text can be read as SQL.
func Bare(sql string) string { return anyPlaceholder.ReplaceAllString(sql, "$1") }

// Fill puts values for placeholders; names without a value stay as they are.
func Fill(sql string, values map[string]string) string {
	pairs := make([]string, 0, 2*len(values))
	for name, value := range values {
		pairs = append(pairs, "${"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(sql)
}
