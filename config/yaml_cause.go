package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	tabIndent  = regexp.MustCompile(`^ *\t`)
	conflict   = regexp.MustCompile(`^(<<<<<<<|=======|>>>>>>>)`)
	template   = regexp.MustCompile(`\{%|\{\{|\}\}`)
	yamlField  = regexp.MustCompile(`^\s*(?:- )?\s*([^\s:#'"{}\[\],]+):(?:\s+(.*))?$`)
	noBlank    = regexp.MustCompile(`^\s*(?:- )?\s*([a-z_]+):([^\s:].*)$`)
	trailing   = regexp.MustCompile(`\s#.*$`)
	bareComma  = regexp.MustCompile(`:\s*,\s*[,}]`)
	plainStart = regexp.MustCompile("^[@`%*&]")
)

// yamlCause says where and why a text is no YAML. The library names the line where it stumbled, often one too early, and speaks
// of tokens; so the usual mistakes are looked for first.
func yamlCause(text string, err error) (line int, cause string) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, written := range lines {
		if cause := lineCause(written); cause != "" {
			return i + 1, cause
		}
	}
	if line, cause := indentCause(lines); cause != "" {
		return line, cause
	}
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if match := lineOf.FindStringSubmatch(err.Error()); match != nil {
		line, _ = strconv.Atoi(match[1])
		message = match[2]
	}
	if line > 0 && line <= len(lines) && strings.Contains(message, "could not find expected ':'") {
		return line, fmt.Sprintf("%q is no field: expected a name, a colon, a blank and the value", strings.TrimSpace(lines[line-1]))
	}
	return line, message + "; expected fields that begin in the same column, brackets and quotes that are closed"
}

func lineCause(line string) string {
	if tabIndent.MatchString(line) {
		return "a tab stands at the beginning of the line, expected blanks"
	}
	if conflict.MatchString(line) {
		return "a merge was left half done: choose one of the two versions"
	}
	if strings.HasPrefix(strings.TrimSpace(line), "#") {
		return ""
	}
	if template.MatchString(line) {
		return "a contract is no template, and nothing fills in {{ }} or {% %}"
	}
	line = trailing.ReplaceAllString(line, "")
	match := yamlField.FindStringSubmatch(line)
	if match == nil {
		if match := noBlank.FindStringSubmatch(line); match != nil {
			return "after a field's colon stands a blank: expected " + match[1] + ": " + match[2]
		}
		return bracketCause(line)
	}
	value := strings.TrimSpace(match[2])
	switch {
	case value == "":
		return ""
	case value[0] == '\'' || value[0] == '"':
		if strings.Count(strings.ReplaceAll(value, `\"`, ""), value[:1])%2 == 1 {
			return "a quote is not closed; inside of single quotes a quote is written twice"
		}
		if value[0] == '"' && strings.Contains(value, `\`) {
			return `between double quotes a backslash begins an escape: expected single quotes`
		}
		return ""
	case plainStart.MatchString(value):
		return "a value can't begin with " + value[:1] + " without quotes"
	case value[0] == '{' || value[0] == '[':
		return bracketCause(value)
	case strings.Contains(value, ": ") || strings.HasSuffix(value, ":"):
		return "a text with a colon and a blank needs quotes: expected " + match[1] + ": '" + strings.ReplaceAll(value, "'", "''") + "'"
	case strings.HasPrefix(value, "- "):
		return "a list begins in a line of its own, or stands in brackets: [a, b]"
	}
	return ""
}

// indentCause finds a line that begins where none of the lines it could belong to begins.
func indentCause(lines []string) (line int, cause string) {
	columns, complete := []int{0}, false
	for i, written := range lines {
		text := strings.TrimLeft(written, " ")
		if text == "" || text[0] == '#' || !yamlField.MatchString(written) && !strings.HasPrefix(text, "- ") {
			continue
		}
		column := len(written) - len(text)
		last := columns[len(columns)-1]
		if column > last && complete {
			return i + 1, "it begins further to the right than the line above, which has its value already: expected both in one column"
		}
		for column < columns[len(columns)-1] {
			columns = columns[:len(columns)-1]
		}
		if above := columns[len(columns)-1]; column < last && column != above {
			return i + 1, fmt.Sprintf("it begins in column %d: expected column %d or %d, where lines above begin", column+1, above+1, last+1)
		}
		if column > columns[len(columns)-1] {
			columns = append(columns, column)
		}
		complete = !strings.HasSuffix(strings.TrimSpace(trailing.ReplaceAllString(text, "")), ":") &&
			(!strings.HasPrefix(text, "- ") || strings.ContainsAny(text[2:3], "{["))
	}
	return 0, ""
}

// bracketCause looks at what should be closed in its line. Longer lists are possible, so only the wrong order is certain;
// but it is asked only where something is wrong.
func bracketCause(text string) string {
	if strings.Contains(text, `"\"`) && strings.Count(text, `"`)%2 == 1 {
		return `between double quotes a backslash begins an escape: expected '\'`
	}
	if bareComma.MatchString(text) {
		return "a comma that is a value needs quotes"
	}
	open, quote := []rune{}, rune(0)
	for _, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '{' || c == '[':
			open = append(open, c)
		case c == '}' || c == ']':
			if len(open) == 0 || (open[len(open)-1] == '{') != (c == '}') {
				return "a " + string(c) + " closes nothing"
			}
			open = open[:len(open)-1]
		}
	}
	switch {
	case quote != 0:
		return "a quote is not closed"
	case len(open) > 0:
		return "a " + string(open[len(open)-1]) + " is not closed"
	}
	return ""
}
