package review

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"lakeshift/config"
	"lakeshift/config/sqltext"
)

// dataset is what a commit says of one: its contract as written, and its facts' columns.
type dataset struct {
	config.Contract
	facts []sqltext.Column
}

// datasets of a work tree by name. What another commit's code understood better is passed over: its own checks ran.
func datasets(root string) (map[string]dataset, error) {
	files, err := filepath.Glob(filepath.Join(root, "datasets", "*.yaml"))
	if err != nil {
		return nil, err
	}
	all := map[string]dataset{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var contract config.Contract
		_ = yaml.Unmarshal(text, &contract)
		if contract.Dataset == "" {
			continue
		}
		facts, err := factColumns(root, contract)
		if err != nil {
			return nil, err
		}
		all[contract.Dataset] = dataset{contract, facts}
	}
	return all, nil
}

func factColumns(root string, contract config.Contract) ([]sqltext.Column, error) {
	files, err := filepath.Glob(filepath.Join(root, "sql", contract.Dataset, "schema", "*.sql"))
	if err != nil {
		return nil, err
	}
	name := "analytics." + contract.Published.Table
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		tables, _ := sqltext.Tables(string(text), name)
		for _, table := range tables {
			if table.Name == name {
				return table.Columns, nil
			}
		}
	}
	return nil, nil
}

// contracts words what changes in the datasets.
func contracts(before, after map[string]dataset) []item {
	var items []item
	for _, name := range keys(after) {
		old, there := before[name]
		if !there {
			items = append(items, item{section: datasetSection, rank: 0, text: newDataset(after[name])})
			continue
		}
		items = append(items, contractChanges(name, old, after[name])...)
	}
	for _, name := range keys(before) {
		if _, there := after[name]; !there {
			items = append(items, danger(1, "dataset %s **leaves the app**: its raw files and warehouse tables stay, and nothing loads, checks or publishes them any more", quote(name)))
		}
	}
	return items
}

func newDataset(d dataset) string {
	return fmt.Sprintf("%s is **new**: %s, %s, key %s, published as %s", quote(d.Dataset), d.Source.Format, plural(len(d.Columns), "column"),
		quote(strings.Join(d.BusinessKey, ", ")), quote(d.Published.Table))
}

func contractChanges(name string, old, current dataset) []item {
	var items []item
	say := func(rank int, format string, values ...any) {
		items = append(items, item{section: datasetSection, rank: rank, text: quote(name) + ": " + fmt.Sprintf(format, values...)})
	}
	warn := func(format string, values ...any) {
		items = append(items, danger(1, "dataset "+quote(name)+": "+format, values...))
	}
	changed := func(what, was, is string) {
		if was != is {
			say(3, "%s %s → %s", what, quote(was), quote(is))
		}
	}

	if was, is := strings.Join(old.BusinessKey, ", "), strings.Join(current.BusinessKey, ", "); was != is {
		warn("the **business key changes** from %s to %s: what counts as one thing changes; unless the fact table gets another name with it, facts of the old key may stay beside the new", quote(was), quote(is))
	}
	landing(old.Columns, current.Columns, say, warn)
	facts(old.facts, current.facts, say, warn)
	if old.Published.Table != current.Published.Table {
		warn("the fact table is another: %s instead of %s, which stays in the warehouse as it is, and leaves the lake", quote(current.Published.Table), quote(old.Published.Table))
	}
	if was, is := strings.Join(old.Published.Partitions, ", "), strings.Join(current.Published.Partitions, ", "); was != is {
		warn("the published table is partitioned by %s instead of %s: what was published before lies under the old partitions", quote(is), quote(was))
	}
	changed("schedule", old.Schedule, current.Schedule)
	changed("freshness", old.Freshness, current.Freshness)
	changed("source format", old.Source.Format, current.Source.Format)
	changed("window (days, 0 is all)", strconv.Itoa(old.Source.WindowDays), strconv.Itoa(current.Source.WindowDays))
	changed("csv options", options(old.Source.Options), options(current.Source.Options))
	changed("load job", load(old.Load), load(current.Load))
	if old.Description != current.Description {
		say(4, "description changed")
	}
	return items
}

func options(o config.Options) string {
	text := func(value *string) string {
		if value == nil {
			return "default"
		}
		return *value
	}
	header := "default"
	if o.Header != nil {
		header = strconv.FormatBool(*o.Header)
	}
	return fmt.Sprintf("delimiter %s, quote %s, escape %s, header %s", text(o.Delimiter), text(o.Quote), text(o.Escape), header)
}

func load(l config.LoadSettings) string {
	parts := []string{}
	if l.Workers != 0 {
		parts = append(parts, strconv.Itoa(l.Workers)+" workers")
	}
	if l.WorkerType != "" {
		parts = append(parts, l.WorkerType)
	}
	if l.TimeoutMinutes != 0 {
		parts = append(parts, strconv.Itoa(l.TimeoutMinutes)+" minutes")
	}
	if len(parts) == 0 {
		return "defaults"
	}
	return strings.Join(parts, ", ")
}

func landing(old, current []config.ColumnSpec, say func(int, string, ...any), warn func(string, ...any)) {
	was, is := map[string]config.ColumnSpec{}, map[string]config.ColumnSpec{}
	var kept, order, redescribed []string
	for _, column := range old {
		was[column.Name] = column
	}
	for _, column := range current {
		is[column.Name] = column
		if _, there := was[column.Name]; there {
			order = append(order, column.Name)
		}
	}
	for _, column := range old {
		now, there := is[column.Name]
		if !there {
			warn("column %s is **dropped** from the contract: it is loaded no more; what was loaded stays in the landing table, where new rows have nothing", quote(column.Name))
			continue
		}
		kept = append(kept, column.Name)
		retyped("column "+quote(column.Name), squeeze(column.Type), squeeze(now.Type), say)
		if column.Required != now.Required {
			say(2, "column %s %s", quote(column.Name), map[bool]string{true: "is now required: a row without it is rejected", false: "may now be empty"}[now.Required])
		}
		if column.Description != now.Description {
			redescribed = append(redescribed, quote(column.Name))
		}
	}
	for _, column := range current {
		if _, there := was[column.Name]; !there {
			say(1, "column %s %s is **added**%s", quote(column.Name), quote(squeeze(column.Type)), map[bool]string{true: ", required", false: ""}[column.Required])
		}
	}
	if !slices.Equal(kept, order) {
		say(2, "columns change their order, which counts where files have no header")
	}
	if len(redescribed) > 0 {
		say(4, "another description of %s", enumerate(redescribed))
	}
}

func facts(old, current []sqltext.Column, say func(int, string, ...any), warn func(string, ...any)) {
	was, is := map[string]string{}, map[string]string{}
	for _, column := range old {
		was[column.Name] = column.Type
	}
	for _, column := range current {
		is[column.Name] = column.Type
	}
	for _, column := range old {
		if kind, there := is[column.Name]; there {
			retyped("fact column "+quote(column.Name), column.Type, kind, say)
		} else {
			warn("fact column %s is **dropped**: it is published no more; the warehouse keeps the column, and the next run empties it", quote(column.Name))
		}
	}
	for _, column := range current {
		if _, there := was[column.Name]; !there {
			say(1, "fact column %s %s is **added**", quote(column.Name), quote(column.Type))
		}
	}
}

// retyped says what the schema step will do: it widens varchars, and refuses whatever could lose data.
func retyped(column, was, is string, say func(int, string, ...any)) {
	switch {
	case was == is:
	case length(was) > 0 && length(is) > length(was):
		say(1, "%s widens from %s to %s", column, quote(was), quote(is))
	default:
		say(0, "⚠️ %s becomes %s instead of %s: **a deployment refuses this** where the table exists; give the column another name", column, quote(is), quote(was))
	}
}

func length(kind string) int {
	inner, is := strings.CutPrefix(kind, "varchar(")
	if !is {
		return 0
	}
	count, _ := strconv.Atoi(strings.TrimSuffix(inner, ")"))
	return count
}

func squeeze(text string) string { return strings.ReplaceAll(text, " ", "") }
