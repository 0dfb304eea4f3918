package sqlcheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// exists reports a relation that is certainly not there.
func (k *checker) exists(parts []string, line int) *Relation {
	relation, certain := k.catalog.find(parts)
	if relation != nil {
		return relation
	}
	name := strings.Join(parts, ".")
	switch {
	case k.catalog.Dialect == Redshift && len(parts) == 2 && !k.catalog.schemas[parts[0]] && !systemSchema(parts[0]):
		k.fault(line, "%s: schema %s is made by no file%s", name, parts[0], nearest(parts[0], slices.Collect(maps.Keys(k.catalog.schemas))))
	case !certain:
	case len(parts) > 1 || k.catalog.Search != "":
		k.fault(line, "%s is made by no file%s: declare it, or mend the name", name, nearest(name, k.catalog.names()))
	default:
		var known []string
		for _, other := range k.catalog.names() {
			known = append(known, other, other[strings.LastIndex(other, ".")+1:])
		}
		k.fault(line, "%s is no temporary table that was made before, nor a common table expression%s: expected a schema in front of any other table", name, nearest(name, known))
	}
	return nil
}

// nearest suggests the name that was probably meant.
func nearest(name string, known []string) string {
	best, distance := "", 3
	for _, other := range slices.Sorted(slices.Values(known)) {
		if d := edits(name, other); d < distance && (d < 2 || len(name) > 7) && other != name {
			best, distance = other, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (is it %s?)", best)
}

// edits between two words.
func edits(a, b string) int {
	if len(a)-len(b) > 3 || len(b)-len(a) > 3 {
		return 9
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
