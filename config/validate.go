package config

import (
	"regexp"
	"strings"
)

var (
	identifier  = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	datasetName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	hours       = regexp.MustCompile(`^([1-9][0-9]{0,2})h$`)
)

var partitionKeys = []string{"year", "month", "day"}

// Limits of the Glue catalog (https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-tables.html)
// and of Redshift (https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_usage.html).
const (
	maxDescriptionBytes = 2048
	maxCommentBytes     = 255
	maxTableColumns     = 1600
)

func (v *validator) contract(c Contract) Dataset {
	dataset := Dataset{Name: c.Dataset, Description: c.Description, Schedule: c.Schedule, Load: c.Load}
	wanted := strings.TrimSuffix(strings.TrimPrefix(v.file, "datasets/"), ".yaml")
	switch {
	case !datasetName.MatchString(wanted):
		v.faults.add(v.file, 0, "the file is called like no dataset: expected up to 40 lower-case letters, digits and underscores, and .yaml")
	case !datasetName.MatchString(c.Dataset):
		v.fault(at("dataset"), "%q is no name: expected up to 40 lower-case letters, digits and underscores", c.Dataset)
	case c.Dataset != wanted:
		v.fault(at("dataset"), "%q does not match the file: expected %q", c.Dataset, wanted)
	case strings.HasSuffix(c.Dataset, "_lines") || strings.HasSuffix(c.Dataset, "_rejected") || strings.HasSuffix(c.Dataset, "_affected_keys"):
		v.fault(at("dataset"), "%q ends like a table that another dataset gets: choose another name", c.Dataset)
	case reserved[c.Dataset]:
		v.fault(at("dataset"), "%q is a reserved word in SQL, and tables get this name: choose another", c.Dataset)
	case c.Dataset == "load_ledger" || c.Dataset == "warehouse":
		v.fault(at("dataset"), "%q is the platform's own: choose another name", c.Dataset)
	}
	// the rest of the contract, and its SQL, stand under the file's name
	c.Dataset, dataset.Name = wanted, wanted
	v.text(c.Description, "description")
	if size := len(c.Description); size > maxDescriptionBytes {
		v.fault(at("description"), "is %d bytes long: the Glue catalog takes %d", size, maxDescriptionBytes)
	}
	dataset.Source = v.source(c.Source)
	dataset.Columns = v.columns(c.Columns)
	v.fields(c.Columns, dataset.Source)
	dataset.BusinessKey = v.businessKey(c.BusinessKey, dataset.Columns)
	dataset.Freshness = v.freshness(c.Freshness, v.schedule(c.Schedule))
	v.whole("max_rejected_rows")
	if dataset.MaxRejected = int64(c.MaxRejected); c.MaxRejected < 0 {
		v.fault(at("max_rejected_rows"), "%d is no number of rows: expected 0 or more", c.MaxRejected)
	}
	if datasetName.MatchString(wanted) {
		dataset.Fact = v.published(c, dataset.BusinessKey)
	} else {
		dataset.Name = "" // what stands in sql is not looked for under such a name
	}
	dataset.Load = v.load(c.Load)
	return dataset
}

// validateTogether finds what two datasets can't share.
func validateTogether(contracts []*validator, datasets []Dataset, faults *Faults) {
	publishers, ids := map[string]string{}, map[string]string{}
	for i, dataset := range datasets {
		v := contracts[i]
		if other, taken := publishers[dataset.Fact.Table]; taken && dataset.Fact.Table != "" {
			v.fault(at("published", "table"), "%q is published by %s too: a table has one dataset", dataset.Fact.Table, other)
		}
		publishers[dataset.Fact.Table] = dataset.Name
		id := PascalCase(dataset.Name)
		if other, taken := ids[id]; taken && other != dataset.Name {
			v.fault(at("dataset"), "%q and %q are both %s in the app: choose a name that differs in more than underscores", dataset.Name, other, id)
		}
		ids[id] = dataset.Name
	}
}
