// Package reference makes what docs/ says about the code from the code: `make docs` writes it, tests hold it true.
package reference

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Update is the environment variable that makes Check write pages instead of comparing them.
const Update = "UPDATE_DOCS"

var block = regexp.MustCompile(`(?s)<!-- made by make docs: ([a-z-]+) -->\n.*?<!-- end -->\n`)

// Check that a page, written by hand but for its blocks, holds these texts in its blocks of these names.
func Check(t testing.TB, page string, blocks map[string]string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	filled, err := fill(string(text), blocks)
	if err != nil {
		t.Fatalf("%s: %s", page, err)
	}
	if os.Getenv(Update) != "" {
		if err := os.WriteFile(page, []byte(filled), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if line, old, current := firstDifference(string(text), filled); line > 0 {
		t.Errorf("%s is out of date: run `make docs` and read the difference; line %d\n-%s\n+%s", filepath.ToSlash(page), line, old, current)
	}
}

// fill puts each text into its block. A block without a text, or a text without a block, is an error.
func fill(page string, blocks map[string]string) (string, error) {
	missing := maps.Clone(blocks)
	var unknown []string
	filled := block.ReplaceAllStringFunc(page, func(found string) string {
		name := block.FindStringSubmatch(found)[1]
		text, ok := blocks[name]
		if !ok {
			unknown = append(unknown, name)
		}
		delete(missing, name)
		return fmt.Sprintf("<!-- made by make docs: %s -->\n\n%s\n\n<!-- end -->\n", name, strings.TrimSpace(text))
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("block %s is unknown: expected one of %s", strings.Join(unknown, ", "), strings.Join(slices.Sorted(maps.Keys(blocks)), ", "))
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("has no block <!-- made by make docs: %s --> … <!-- end -->", strings.Join(slices.Sorted(maps.Keys(missing)), ", "))
	}
	return filled, nil
}

func firstDifference(old, current string) (line int, oldLine, currentLine string) {
	if old == current {
		return 0, "", ""
	}
	oldLines, currentLines := strings.Split(old, "\n"), strings.Split(current, "\n")
	at := func(lines []string, i int) string {
		if i < len(lines) {
			return lines[i]
		}
		return ""
	}
	for i := range max(len(oldLines), len(currentLines)) {
		if at(oldLines, i) != at(currentLines, i) {
			return i + 1, at(oldLines, i), at(currentLines, i)
		}
	}
	return len(oldLines), "", ""
}

// table in Markdown.
func table(header []string, rows [][]string) string {
	var text strings.Builder
	line := func(cells []string) {
		text.WriteString("|")
		for _, cell := range cells {
			if cell == "" {
				text.WriteString(" |")
				continue
			}
			fmt.Fprintf(&text, " %s |", strings.ReplaceAll(cell, "|", `\|`))
		}
		text.WriteString("\n")
	}
	line(header)
	line(slices.Repeat([]string{"---"}, len(header)))
	for _, row := range rows {
		line(row)
	}
	return text.String()
}

var address = regexp.MustCompile(`https?://[^\s)]+`)

// prose keeps Markdown from taking <name> for HTML and [name] for a link, outside of code.
func prose(text string) string {
	parts := strings.Split(text, "`")
	for i := 0; i < len(parts); i += 2 {
		plain := strings.NewReplacer("<", "&lt;", "[", `\[`).Replace(parts[i])
		parts[i] = address.ReplaceAllString(plain, "<$0>")
	}
	return strings.Join(parts, "`")
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}
