package config

// queryNames finds sample queries that a workgroup, or the app, would know by one name.
type queryNames struct{ files, ids map[string]string }

// https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateNamedQuery.html
const maxQueryName = 128

func (q queryNames) check(dataset Dataset, files []sqlFile, faults *Faults) {
	for _, file := range files {
		if file.folder != "athena/queries" {
			continue
		}
		name := dataset.Name + "/" + QueryName(file.base)
		id := PascalCase(dataset.Name) + PascalCase(QueryName(file.base))
		if len(name) > maxQueryName {
			faults.add(file.name, 0, "is called %s: Athena takes names of up to %d letters", name, maxQueryName)
		}
		if other, twice := q.files[name]; twice {
			faults.add(file.name, 0, "is called %s, as %s is: files of this folder differ in more than their number", name, other)
		} else if other, twice := q.ids[id]; twice {
			faults.add(file.name, 0, "is %s in the app, as %s is: choose another name", id, other)
		}
		q.files[name], q.ids[id] = file.name, file.name
	}
}
