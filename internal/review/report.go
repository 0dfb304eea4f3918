package review

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Limit of a comment on GitHub, in characters.
const Limit = 65536

// Report is the comparison as Markdown.
type Report struct {
	// Against names the base, as the reader knows it.
	Against string
	// Notes stand at the end: what the report does not cover.
	Notes []string
	// Allowed says by what the dangers were accepted; empty if they were not.
	Allowed string
	// Running holds, by environment, what a deployment would change in what runs there now.
	Running map[string]Running
	// Full is where what a comment has no room for is found.
	Full string
}

// Markdown for these environments, most dangerous first. What does not fit into limit characters is left out from
// the end, and said; 0 sets no limit.
func (r Report) Markdown(ctx context.Context, c *Comparison, environments []string, limit int) (string, error) {
	p := page{limit: limit - 300}
	if limit == 0 {
		p.limit = 1 << 30
	}
	findings := merged(only(c.Findings, environments))
	p.add("## What this change deploys\n\n" + r.summary(c, findings, environments) + "\n")
	titles := map[section]string{
		accessSection: "### Access: who may do what, and what lies open\n\n", datasetSection: "### Datasets\n\n", resourceSection: "### Resources\n\n",
	}
	for part := accessSection; part <= resourceSection; part++ {
		// who may do what comes first; the loudest block stands right below it
		if part == datasetSection {
			r.dangers(&p, findings, environments)
		}
		p.list(titles[part], findings, part, environments)
	}
	if err := p.edits(ctx, c.Edits); err != nil {
		return "", err
	}
	if len(r.Running) > 0 {
		p.add("### What runs\n\n")
	}
	for _, environment := range environments {
		if running, asked := r.Running[environment]; asked {
			p.add(running.markdown(environment, r.Against))
		}
	}
	p.texts(c, environments)
	if len(r.Notes) > 0 {
		p.add("\n" + strings.Join(r.Notes, "\n") + "\n")
	}
	return p.end(r.Full), nil
}

// only those findings that hold for one of the environments.
func only(findings []Finding, environments []string) []Finding {
	var found []Finding
	for _, finding := range findings {
		var of []string
		for _, environment := range environments {
			if slices.Contains(finding.Environments, environment) {
				of = append(of, environment)
			}
		}
		if len(of) > 0 {
			found = append(found, Finding{finding.item, of})
		}
	}
	return found
}

// merged puts findings together that say the same of different things.
func merged(findings []Finding) []Finding {
	type sentence struct {
		section             section
		rank                int
		before, after, envs string
	}
	things := map[sentence][]string{}
	key := func(f Finding) (sentence, bool) {
		before, after, found := strings.Cut(f.text, f.thing)
		return sentence{f.section, f.rank, before, after, strings.Join(f.Environments, ",")}, found && f.thing != ""
	}
	for _, finding := range findings {
		if alike, is := key(finding); is {
			things[alike] = append(things[alike], finding.thing)
		}
	}
	var all []Finding
	for _, finding := range findings {
		alike, is := key(finding)
		switch group := things[alike]; {
		case !is || len(group) == 1:
		case len(group) == 0:
			continue // said already
		default:
			of := enumerate(kindOnce(group))
			if finding.section != resourceSection || finding.rank == first {
				of = "each of " + of
			} else if len(group) > listed+1 {
				of = strings.Join(kindOnce(group)[:listed], ", ") + fmt.Sprintf(" and %d others", len(group)-listed)
			}
			finding.text = alike.before + of + alike.after
			things[alike] = nil
		}
		all = append(all, finding)
	}
	return all
}

// kindOnce leaves out what a thing is where the one before it is the same.
func kindOnce(things []string) []string {
	short, last := make([]string, len(things)), ""
	for i, thing := range things {
		kind, _, _ := strings.Cut(thing, "`")
		short[i] = thing
		if i > 0 && kind == last {
			short[i] = strings.TrimPrefix(thing, kind)
		}
		last = kind
	}
	return short
}

// Things that one line lists; of what is in danger or lies open, all are named.
const listed = 6

func (r Report) summary(c *Comparison, findings []Finding, environments []string) string {
	if len(findings) == 0 && len(c.Edits) == 0 {
		return "Nothing: no resource, no permission, no SQL and no script differs from " + quote(r.Against) + ".\n"
	}
	dangers := 0
	for _, finding := range findings {
		if finding.section == dangerSection {
			dangers++
		}
	}
	text := ""
	if dangers > 0 {
		text = fmt.Sprintf("**🛑 Data or stateful resources are at stake: %s.** ", plural(dangers, "finding"))
		if r.Allowed != "" {
			text += "Allowed by " + r.Allowed + ". "
		}
	}
	text += "Compared with " + quote(r.Against) + ".\n"
	return text + table(c, environments)
}

// table of counts, with one row for environments that have the same.
func table(c *Comparison, environments []string) string {
	rows := map[Counts][]string{}
	var order []Counts
	for _, environment := range environments {
		counts := c.Counts[environment]
		if rows[counts] == nil {
			order = append(order, counts)
		}
		rows[counts] = append(rows[counts], environment)
	}
	if len(order) == 1 && order[0] == (Counts{}) {
		return ""
	}
	text := "\n| resources | added | changed | replaced | removed |\n|---|---:|---:|---:|---:|\n"
	for _, counts := range order {
		text += fmt.Sprintf("| %s | %d | %d | %d | %d |\n", strings.Join(rows[counts], ", "), counts.Added, counts.Changed, counts.Replaced, counts.Removed)
	}
	return text
}

func (r Report) dangers(p *page, findings []Finding, environments []string) {
	text := ""
	for _, finding := range findings {
		if finding.section == dangerSection {
			text += "> - " + line(finding, environments) + "\n"
		}
	}
	if text != "" {
		p.add("> [!CAUTION]\n> **What this deletes, replaces or forgets**\n>\n" + text + "\n")
	}
}

// line of a finding, with its environments where they are not all.
func line(finding Finding, environments []string) string {
	if len(finding.Environments) == len(environments) {
		return finding.text
	}
	return "**" + strings.Join(finding.Environments, ", ") + "**: " + finding.text
}
