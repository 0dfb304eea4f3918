package config

import (
	"regexp"
	"strings"
)

// Database is the warehouse database that everything lives in.
const Database = "analytics"

// MetricNamespace holds what the check job publishes, with the dimensions Environment and Dataset.
const MetricNamespace = "Lakeshift"

// Names is the one place that names what an outsider must know. Two environments never share a name.
type Names struct {
	Environment string
	// Start of every name; empty for elt-<environment>.
	Start string
	// Account and Region make bucket names unique in the world; Account may be a CloudFormation token.
	Account string
	Region  string
}

// Names of the environment in the given account.
func (e Environment) Names(account string) Names {
	return Names{Environment: e.Name, Start: e.NamePrefix, Account: account, Region: e.Region}
}

// Prefix starts every name: elt-<env>, unless the environment says otherwise.
func (n Names) Prefix() string {
	if n.Start != "" {
		return n.Start
	}
	return "elt-" + n.Environment
}

// Stack is a CloudFormation stack's name.
func (n Names) Stack(part string) string { return n.Prefix() + "-" + part }

// DatasetStack is the name of a dataset's stack; stack names know no underscore.
func (n Names) DatasetStack(dataset string) string {
	return n.Stack("dataset-" + strings.ReplaceAll(dataset, "_", "-"))
}

// Stacks are the names of every stack of the environment, in the order in which they build on each other.
func (e Environment) Stacks(datasets []Dataset) []string {
	names := e.Names("")
	parts := []string{"storage", "network", "catalog", "access", "warehouse", "query", "monitoring"}
	var stacks []string
	for _, part := range parts {
		stacks = append(stacks, names.Stack(part))
	}
	for _, dataset := range datasets {
		stacks = append(stacks, names.DatasetStack(dataset.Name))
	}
	stacks = append(stacks, names.Stack("views"))
	if e.Delivery.Enabled() {
		stacks = append(stacks, names.Stack("delivery"))
	}
	return stacks
}

func (n Names) bucket(zone string) string {
	return strings.Join([]string{n.Prefix(), zone, n.Account, n.Region}, "-")
}

// RawBucket holds what arrived, as it arrived.
func (n Names) RawBucket() string { return n.bucket("raw") }

// ProcessedBucket holds the zones staging/, curated/ and rejected/.
func (n Names) ProcessedBucket() string { return n.bucket("processed") }

// ArtifactsBucket holds run summaries.
func (n Names) ArtifactsBucket() string { return n.bucket("artifacts") }

// AthenaResultsBucket holds what Athena answered.
func (n Names) AthenaResultsBucket() string { return n.bucket("athena-results") }

// AccessLogsBucket holds who read what in the other buckets.
func (n Names) AccessLogsBucket() string { return n.bucket("access-logs") }

// CuratedURI is where published tables lie, without a trailing slash.
func (n Names) CuratedURI() string { return "s3://" + n.ProcessedBucket() + "/curated" }

func (n Names) glueDatabase(zone string) string {
	return strings.ReplaceAll(n.Prefix(), "-", "_") + "_" + zone
}

// RawDatabase is the Glue database of raw and rejected tables.
func (n Names) RawDatabase() string { return n.glueDatabase("raw") }

// CuratedDatabase is the Glue database of published tables and Athena views.
func (n Names) CuratedDatabase() string { return n.glueDatabase("curated") }

// Role names an IAM role: crawler, load, transform, check, schema, warehouse-load, warehouse-publish or warehouse-lake.
func (n Names) Role(actor string) string { return n.Prefix() + "-" + actor }

// DatabaseUser is how the warehouse knows a job that logs in through the Data API as its IAM role.
func (n Names) DatabaseUser(actor string) string { return "IAMR:" + n.Role(actor) }

// Warehouse names the namespace and the workgroup.
func (n Names) Warehouse() string { return n.Prefix() }

// WarehouseAdminSecret is the name that Redshift gives the secret it manages: redshift!<namespace>-<administrator>.
func (n Names) WarehouseAdminSecret() string { return "redshift!" + n.Warehouse() + "-admin" }

// Connection is the Glue connection to the warehouse.
func (n Names) Connection() string { return n.Prefix() + "-warehouse" }

// AthenaWorkgroup enforces where answers go and how much a query may scan.
func (n Names) AthenaWorkgroup() string { return n.Prefix() }

// Topic is where alarms go.
func (n Names) Topic() string { return n.Prefix() + "-alerts" }

// SchemaRunner is the function that applies SQL.
func (n Names) SchemaRunner() string { return n.Prefix() + "-schema" }

// SchemaLogGroup holds what schema steps did.
func (n Names) SchemaLogGroup() string { return "/" + n.Prefix() + "/schema" }

func (n Names) dataset(dataset, part string) string { return n.Prefix() + "-" + dataset + "-" + part }

// Workflow is a dataset's pipeline.
func (n Names) Workflow(dataset string) string { return n.dataset(dataset, "pipeline") }

// Crawler finds a dataset's new partitions.
func (n Names) Crawler(dataset string) string { return n.dataset(dataset, "crawl") }

// Job names a step (load, transform or check) and the trigger that starts it; `schedule` starts the crawler.
func (n Names) Job(dataset, step string) string { return n.dataset(dataset, step) }

// Rule names an EventBridge rule.
func (n Names) Rule(event string) string { return n.Prefix() + "-" + event }

// Alarm names a CloudWatch alarm of a dataset.
func (n Names) Alarm(dataset, fact string) string { return n.dataset(dataset, fact) }

// QueryName is what a sample query's file is called in the workgroup: files are numbered for their order, names need no number.
func QueryName(file string) string {
	return fileOrder.ReplaceAllString(strings.TrimSuffix(file, ".sql"), "")
}

var fileOrder = regexp.MustCompile(`^\d+_`)

// PascalCase turns web_orders into WebOrders, the app's name for it.
func PascalCase(name string) string {
	var id strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if word != "" {
			id.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return id.String()
}
