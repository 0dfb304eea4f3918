package review

import (
	"slices"
	"strings"
)

// forgotten words which tables and materialized views no SQL makes any more: a deployment takes nothing away that it is not
// told to. Those of a dataset that leaves the app are told with it; a view computes what it shows, and goes on doing so.
func forgotten(before, after []statement) []item {
	there, owners := map[string]bool{}, map[string]bool{}
	for _, s := range after {
		owners[s.owner()] = true
		if _, name := s.makes(); name != "" {
			there[name] = true
		}
		if s.begins("drop") {
			for _, name := range s.names() {
				there[name] = true
			}
		}
	}
	var items []item
	for _, s := range before {
		kind, name := s.makes()
		if name == "" || there[name] || !owners[s.owner()] {
			continue
		}
		there[name] = true
		items = append(items, danger(2, "%s %s is made by no SQL any more: it **stays in the warehouse** as it is, out of date; `drop %s if exists %s` in its place takes it away",
			kind, quote(name), kind, name))
	}
	return items
}

// owner is the folder of a dataset's SQL, or of the warehouse's.
func (s statement) owner() string { return strings.Join(strings.SplitN(s.path, "/", 3)[:2], "/") }

// makes is the table or materialized view that a deployment makes by it.
func (s statement) makes() (kind, name string) {
	switch {
	case !s.deployed:
	case s.begins("create", "table"):
		kind = "table"
	case s.begins("create", "materialized", "view"):
		kind = "materialized view"
	}
	if names := s.names(); kind != "" && len(names) > 0 {
		return kind, names[0]
	}
	return "", ""
}

// names that it has in front of its first bracket or `as`, with their schemas.
func (s statement) names() []string {
	var names []string
	for i, word := range s.words {
		if word == "(" || word == "as" {
			break
		}
		if i > 0 && word == "." && i+1 < len(s.words) {
			names = append(names, s.words[i-1]+"."+s.words[i+1])
		}
	}
	return slices.Compact(names)
}
