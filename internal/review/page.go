package review

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// page collects what fits.
type page struct {
	text  strings.Builder
	used  int
	limit int
	left  []string
}

func (p *page) add(text string) bool {
	if count := utf8.RuneCountInString(text); p.used+count <= p.limit {
		p.text.WriteString(text)
		p.used += count
		return true
	}
	return false
}

// Lines of a list that are shown; the others are folded.
const shownLines = 15

func (p *page) list(title string, findings []Finding, part section, environments []string) {
	var lines, rest []string
	for _, finding := range findings {
		switch line := "- " + line(finding, environments) + "\n"; {
		case finding.section != part:
		case finding.section == accessSection && finding.rank >= within, len(lines) >= shownLines:
			rest = append(rest, line)
		default:
			lines = append(lines, line)
		}
	}
	if len(lines)+len(rest) == 0 {
		return
	}
	p.add(title)
	for i, line := range lines {
		if !p.add(line) {
			p.left = append(p.left, plural(len(lines)-i+len(rest), "line")+" of a list")
			return
		}
	}
	more := "more"
	if len(lines) == 0 {
		more = "of new stacks"
	}
	if len(rest) > 0 && !p.add(folded(fmt.Sprintf("%d %s", len(rest), more), "\n"+strings.Join(rest, ""))) {
		p.left = append(p.left, plural(len(rest), "line")+" of a list")
	}
	p.add("\n")
}

// Lines of a patch that are shown without a click.
const openLines = 12

func (p *page) edits(ctx context.Context, edits []Edit) error {
	if len(edits) > 0 {
		p.add("### SQL, scripts and contracts\n\n")
	}
	for _, edit := range edits {
		patch, err := edit.patch(ctx)
		if err != nil {
			return err
		}
		title := "<code>" + edit.Path + "</code>"
		if patch == "" {
			p.add("- " + title + "\n")
			continue
		}
		added, removed := 0, 0
		for line := range strings.Lines(patch) {
			if strings.HasPrefix(line, "+") {
				added++
			} else if strings.HasPrefix(line, "-") {
				removed++
			}
		}
		switch {
		case edit.Before == "":
			title += " (new)"
		case edit.After == "":
			title += " (removed)"
		}
		title += fmt.Sprintf(" +%d −%d", added, removed)
		block := folded(title, "\n"+fenced("diff", patch))
		if added+removed <= openLines {
			block = strings.Replace(block, "<details>", "<details open>", 1)
		}
		if !p.add(block) {
			p.left = append(p.left, "the text of "+quote(edit.Path))
		}
	}
	return nil
}

// The CDK draws tables as wide as their texts, and so as the environment's name.
var drawing = regexp.MustCompile(`[ ─]+`)

// texts of the CDK, once for environments that say the same.
func (p *page) texts(c *Comparison, environments []string) {
	said, first := map[string][]string{}, map[string]string{}
	var order []string
	for _, environment := range environments {
		text := ""
		for _, stack := range keys(c.Texts[environment]) {
			body := strings.TrimSpace(c.Texts[environment][stack])
			// the first line names the stack, the last counts it
			if _, rest, found := strings.Cut(body, "\n"); found {
				body = rest
			}
			if end := strings.LastIndex(body, "✨"); end >= 0 {
				body = body[:end]
			}
			text += stack + "\n" + strings.TrimSpace(body) + "\n\n"
		}
		if text == "" {
			continue
		}
		like := drawing.ReplaceAllString(text, " ")
		if said[like] == nil {
			order = append(order, like)
			first[like] = text
		}
		said[like] = append(said[like], environment)
	}
	for _, like := range order {
		if !p.add(folded("<code>cdk diff</code> of "+strings.Join(said[like], ", "), "\n"+fenced("text", first[like]))) {
			p.left = append(p.left, "`cdk diff` of "+strings.Join(said[like], ", "))
		}
	}
}

func (p *page) end(full string) string {
	if len(p.left) > 0 {
		const shown = 3
		left := p.left
		if len(left) > shown {
			left = append(slices.Clone(left[:shown]), fmt.Sprintf("%d others", len(p.left)-shown))
		}
		p.text.WriteString("\nNo room here for " + enumerate(left) + ": see " + full + ".\n")
	}
	return p.text.String()
}

func folded(title, body string) string {
	return "<details><summary>" + title + "</summary>\n" + body + "\n</details>\n\n"
}

// fenced text, with a fence that is longer than any in it.
func fenced(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n"
}

var (
	block = regexp.MustCompile(`(?s)<details[^>]*><summary>(.*?)</summary>.*?\n</details>\n\n?`)
	tag   = regexp.MustCompile(`</?(code|b)>`)
)

// Plain is Markdown for a terminal: what a page would fold is left at its title.
func Plain(markdown string) string {
	return tag.ReplaceAllString(block.ReplaceAllString(markdown, "- $1\n"), "`")
}
