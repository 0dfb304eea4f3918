package review

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
)

type section int

// Sections in the order in which they are read.
const (
	dangerSection section = iota
	accessSection
	datasetSection
	resourceSection
)

// item is one sentence of the report. Within a section, a lower rank comes first.
type item struct {
	section section
	rank    int
	text    string
	// thing is the part of the text that names what it is about: of several that are otherwise alike, one line is made.
	thing string
	// sources says that it was read from contracts and SQL, not from templates.
	sources bool
}

// Finding is an item with the environments that it holds for.
type Finding struct {
	item
	Environments []string
}

// Counts of one environment's resources.
type Counts struct{ Added, Changed, Replaced, Removed int }

// Comparison is everything that differs.
type Comparison struct {
	Environments []string
	Findings     []Finding
	Counts       map[string]Counts
	Edits        []Edit
	// Texts are what `cdk diff` says, by environment and stack.
	Texts map[string]map[string]string
}

// Compare what two commits would deploy.
func Compare(ctx context.Context, base, head *Assembly) (*Comparison, error) {
	c, err := compareTemplates(ctx, base, head)
	if err != nil {
		return nil, err
	}
	if err := c.sources(ctx, base, head); err != nil {
		return nil, err
	}
	c.sort()
	return c, nil
}

func compareTemplates(ctx context.Context, base, head *Assembly) (*Comparison, error) {
	c := &Comparison{Counts: map[string]Counts{}, Texts: map[string]map[string]string{}}
	pairs, err := changedStacks(base, head)
	if err != nil {
		return nil, err
	}
	texts, err := cdkDiff(ctx, head, pairs)
	if err != nil {
		return nil, err
	}
	for _, environment := range head.Environments {
		c.Environments = append(c.Environments, environment.Name)
		old := base.environment(environment.Name)
		if old == nil {
			c.environment(&Environment{Name: environment.Name}, environment, nil, nil)
			c.forget(environment.Name, base.Environments)
			continue
		}
		c.environment(old, environment, pairs, texts)
	}
	for _, environment := range base.Environments {
		if head.environment(environment.Name) == nil {
			c.Environments = append(c.Environments, environment.Name)
			c.environment(environment, &Environment{Name: environment.Name}, nil, nil)
		}
	}
	c.sort()
	return c, nil
}

// forget what a new environment lets somebody do that others let, too: it is made by the same code.
func (c *Comparison) forget(name string, others []*Environment) {
	known := map[string]bool{}
	for _, other := range others {
		for _, found := range slices.Concat(access(&Environment{}, other), exposures(&Environment{}, other)) {
			known[found.text] = true
		}
	}
	c.Findings = slices.DeleteFunc(c.Findings, func(f Finding) bool {
		return f.section == accessSection && len(f.Environments) == 1 && f.Environments[0] == name && known[f.text]
	})
}

func (c *Comparison) sort() {
	slices.SortStableFunc(c.Findings, func(a, b Finding) int {
		if a.section != b.section {
			return int(a.section - b.section)
		}
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return strings.Compare(a.text, b.text)
	})
}

// Dangerous says whether data or a stateful resource is at stake in one of the environments.
func (c *Comparison) Dangerous(environments []string) bool {
	return slices.ContainsFunc(only(c.Findings, environments), func(f Finding) bool { return f.section == dangerSection })
}

// changedStacks are those that both sides have and whose templates differ.
func changedStacks(base, head *Assembly) (map[*Stack]*Stack, error) {
	pairs := map[*Stack]*Stack{}
	for _, environment := range head.Environments {
		for _, stack := range environment.Stacks {
			if before := base.stack(environment.Name, stack.ID); before != nil {
				old, err := os.ReadFile(before.file)
				if err != nil {
					return nil, err
				}
				current, err := os.ReadFile(stack.file)
				if err != nil {
					return nil, err
				}
				if string(old) != string(current) {
					pairs[stack] = before
				}
			}
		}
	}
	return pairs, nil
}

func (c *Comparison) environment(base, head *Environment, pairs map[*Stack]*Stack, texts map[*Stack]string) {
	var counts Counts
	c.Texts[head.Name] = map[string]string{}
	if len(base.Stacks) == 0 {
		c.add(head.Name, item{section: resourceSection, rank: first, text: fmt.Sprintf("➕ environment %s is **new**: %s; what stands under access is what it has and others have not", quote(head.Name), plural(len(head.Stacks), "stack"))})
	}
	for _, stack := range head.Stacks {
		before, changed := pairs[stack]
		switch old := base.stack(stack.ID); {
		case old == nil:
			counts.Added += len(stack.Template.Resources)
			if len(base.Stacks) == 0 {
				continue // said in one
			}
			c.add(head.Name, item{section: resourceSection, text: fmt.Sprintf("➕ stack %s is **new**: %s", quote(stack.ID), plural(len(stack.Template.Resources), "resource"))})
		case old.Name != stack.Name:
			counts.Added += len(stack.Template.Resources)
			c.add(head.Name, renamed(old, stack))
		case moved(old, stack):
			counts.Added += len(stack.Template.Resources)
			c.add(head.Name, danger(1, "%s moves from %s to %s: a deployment makes a second one there, empty, and leaves the first as it is", "stack "+quote(stack.ID), old.place(), stack.place()))
		case changed:
			changes := Changes(texts[stack])
			for _, change := range changes {
				counts.count(change)
				if text := describe(before, stack, change); text != "" {
					c.add(head.Name, item{section: resourceSection, rank: rankOf(change, text), text: text, thing: thingOf(before, stack, change)})
				}
			}
			for _, found := range dangers(before, stack, changes) {
				c.add(head.Name, found)
			}
			c.Texts[head.Name][stack.ID] = stack.neutral(texts[stack])
		case old.Protected && !stack.Protected:
			c.add(head.Name, unprotected(stack))
		}
	}
	for _, stack := range base.Stacks {
		if head.stack(stack.ID) == nil {
			counts.Removed += len(stack.Template.Resources)
			c.add(head.Name, lost(stack))
		}
	}
	for _, found := range slices.Concat(access(base, head), exposures(base, head), alerts(base, head), taken(base, head)) {
		c.add(head.Name, found)
	}
	c.Counts[head.Name] = counts
}

// moved says whether a stack's account or region is another; an account that nobody named may be the same.
func moved(old, stack *Stack) bool {
	known := func(account string) bool { return account != "" && account != "unknown-account" }
	return old.region != stack.region || known(old.account) && known(stack.account) && old.account != stack.account
}

func (c *Counts) count(change Change) {
	switch {
	case change.Sign == "+":
		c.Added++
	case change.Sign == "-":
		c.Removed++
	case change.Replaced():
		c.Replaced++
	default:
		c.Changed++
	}
}

func (c *Comparison) sources(ctx context.Context, base, head *Assembly) error {
	before, err := datasets(base.Sources)
	if err != nil {
		return err
	}
	after, err := datasets(head.Sources)
	if err != nil {
		return err
	}
	for _, found := range contracts(before, after) {
		found.sources = true
		c.Findings = append(c.Findings, Finding{item: found, Environments: c.Environments})
	}
	said, err := statementsOf(base.Sources)
	if err != nil {
		return err
	}
	says, err := statementsOf(head.Sources)
	if err != nil {
		return err
	}
	for _, found := range statements(said, says) {
		c.Findings = append(c.Findings, Finding{item: found, Environments: c.Environments})
	}
	c.Edits, err = edits(ctx, base, head)
	return err
}

// add an item for an environment, to the finding that says the same of another one if there is such.
func (c *Comparison) add(environment string, found item) {
	for i := range c.Findings {
		if c.Findings[i].item == found {
			if !slices.Contains(c.Findings[i].Environments, environment) {
				c.Findings[i].Environments = append(c.Findings[i].Environments, environment)
			}
			return
		}
	}
	c.Findings = append(c.Findings, Finding{item: found, Environments: []string{environment}})
}

func rankOf(change Change, text string) int {
	switch {
	case change.Sign == "~" && strings.Contains(text, "AlarmActions"): // who is woken
		return first
	case change.Sign == "-":
		return 0
	case change.Replaced():
		return 1
	case change.Sign == "~":
		return 2
	}
	return 3
}

func thingOf(before, after *Stack, change Change) string {
	if change.Sign == "-" {
		return before.thing(change.ID)
	}
	return after.thing(change.ID)
}
