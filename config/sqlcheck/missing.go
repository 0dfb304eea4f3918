package sqlcheck

import (
	"maps"
	"slices"
	"strings"

	"lakeshift/config/spelling"
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
func nearest(name string, known []string) string { return spelling.Describe(name, known) }
