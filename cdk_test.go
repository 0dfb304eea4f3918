package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/config"
	"lakeshift/internal/cdktest"
	"lakeshift/internal/kernelcache"
	"lakeshift/stacks"
)

var update = flag.Bool("update", false, "rewrite the golden templates")

// Templates of every stack of every environment, by "env/stack", synthesized once for all tests.
var templates map[string]string

func TestMain(m *testing.M) {
	if os.Getenv(asApp) != "" {
		main()
		return
	}
	flag.Parse()
	watchEveryDataset = true
	folder, err := os.MkdirTemp("", "lakeshift-test-")
	if err == nil {
		err = kernelcache.Fill()
	}
	if err == nil {
		templates, err = synthProject(".", folder)
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	closeQuietly()
	os.RemoveAll(folder)
	os.Exit(code)
}

// synthProject in root, of all or the named environments, into folder.
func synthProject(root, folder string, only ...string) (map[string]string, error) {
	loaded, err := config.Load(root)
	if err != nil {
		return nil, err
	}
	environments := loaded.Environments
	if len(only) > 0 {
		environments = slices.DeleteFunc(environments, func(e config.Environment) bool { return !slices.Contains(only, e.Name) })
	}
	built, out := filepath.Join(folder, "build"), filepath.Join(folder, "out")
	// its content is the concern of those who make it; templates show its hash only, and goldens not even that
	if err := writeFile(filepath.Join(built, "library", "lakeshift_jobs", "__init__.py"), ""); err != nil {
		return nil, err
	}
	sources, err := stacks.Prepare(root, built, loaded.Datasets)
	if err != nil {
		return nil, err
	}
	err = synth(startApp(root, out), environments, loaded.Datasets, sources)
	return templateFiles(out), err
}

// templateFiles by "env/stack", such as prod/Storage.
func templateFiles(out string) map[string]string {
	files := map[string]string{}
	paths, _ := filepath.Glob(filepath.Join(out, "assembly-*", "*.template.json"))
	for _, path := range paths {
		env := strings.TrimPrefix(filepath.Base(filepath.Dir(path)), "assembly-")
		stack := regexp.MustCompile(`^` + env + `(\w+)[0-9A-F]{8}\.template\.json$`).FindStringSubmatch(filepath.Base(path))
		files[env+"/"+stack[1]] = path
	}
	return files
}

func writeFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

var hashes = regexp.MustCompile(`[0-9a-f]{32,}`)

// golden text of a template: what changes with every edit of a script or a library is masked.
func golden(t *testing.T, path string) []byte {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, text, "", " "))
	return append(hashes.ReplaceAll(pretty.Bytes(), []byte("HASH")), '\n')
}

func goldenPath(stack string) string {
	return filepath.Join("testdata", "golden", strings.ToLower(stack)+".json")
}

func TestTemplatesAreThoseReviewed(t *testing.T) {
	wanted := map[string]bool{}
	for stack, path := range templates {
		file := goldenPath(stack)
		wanted[file] = true
		if *update {
			require.NoError(t, writeFile(file, string(golden(t, path))))
		}
		reviewed, err := os.ReadFile(file)
		if assert.NoError(t, err, "run `make golden` and read the difference") && !bytes.Equal(reviewed, golden(t, path)) {
			t.Errorf("%s is not what %s synthesizes: run `make golden`, and read the difference before committing it\n%s",
				file, stack, firstDifference(string(reviewed), string(golden(t, path))))
		}
	}
	kept, _ := filepath.Glob(filepath.Join("testdata", "golden", "*", "*.json"))
	for _, file := range kept {
		if !wanted[file] && *update {
			require.NoError(t, os.Remove(file))
		} else {
			assert.True(t, wanted[file], "%s belongs to no stack: run `make golden`", file)
		}
	}
}

func firstDifference(reviewed, synthesized string) string {
	old, new := strings.Split(reviewed, "\n"), strings.Split(synthesized, "\n")
	for i := range min(len(old), len(new)) {
		if old[i] != new[i] {
			return fmt.Sprintf("line %d\n-%s\n+%s", i+1, old[i], new[i])
		}
	}
	return "one is longer than the other"
}

func TestSynthIsTheSameEveryTime(t *testing.T) {
	again, err := synthProject(".", t.TempDir(), "local", "prod")
	require.NoError(t, err)
	for stack, path := range again {
		first, err := os.ReadFile(templates[stack])
		require.NoError(t, err)
		second, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, string(first), string(second), stack)
	}
}

func read(t *testing.T, stack string) cdktest.Template {
	require.Contains(t, templates, stack)
	return cdktest.Read(t, templates[stack])
}

func TestEveryEnvironmentHasTheSameStacks(t *testing.T) {
	stacks := []string{"Access", "Catalog", "Monitoring", "Network", "Query", "Storage", "Views", "Warehouse"}
	loaded, err := config.Load(".")
	require.NoError(t, err)
	for _, dataset := range loaded.Datasets {
		stacks = append(stacks, "Dataset"+config.PascalCase(dataset.Name))
	}
	for _, environment := range config.Environments() {
		for _, stack := range stacks {
			assert.Contains(t, templates, environment.Name+"/"+stack)
		}
	}
	assert.Len(t, templates, len(stacks)*len(config.Environments()))
}

func TestEveryEnvironmentHoldsEveryResourceThatWasPromised(t *testing.T) {
	promised := []string{
		"AWS::S3::Bucket", "AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::VPCEndpoint", "AWS::EC2::SecurityGroup", "AWS::Glue::Database",
		"AWS::Glue::Table", "AWS::Glue::Crawler", "AWS::Glue::Job", "AWS::Glue::Workflow", "AWS::Glue::Trigger", "AWS::Glue::Connection",
		"AWS::IAM::Role", "AWS::RedshiftServerless::Namespace", "AWS::RedshiftServerless::Workgroup", "AWS::Athena::WorkGroup",
		"AWS::Athena::NamedQuery", "AWS::SNS::Topic", "AWS::SNS::Subscription", "AWS::KMS::Key", "AWS::CloudWatch::Alarm", "AWS::Events::Rule",
		"AWS::Lambda::Function", "Custom::SchemaStep", "AWS::Logs::LogGroup",
	}
	for _, environment := range config.Environments() {
		found := map[string]bool{}
		for stack := range templates {
			if strings.HasPrefix(stack, environment.Name+"/") {
				template := read(t, stack)
				assert.Less(t, len(template.Resources), 450, "%s nears CloudFormation's limit of 500 resources", stack)
				for _, resource := range template.Resources {
					found[resource.Type] = true
				}
			}
		}
		for _, kind := range promised {
			assert.True(t, found[kind], "%s has no %s", environment.Name, kind)
		}
	}
}

func TestTemplatesHoldNoAccountUnlessConfigured(t *testing.T) {
	account := regexp.MustCompile(`[:"-]\d{12}[:"-]`)
	for stack, path := range templates {
		if env, _, _ := strings.Cut(stack, "/"); env != "local" {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Empty(t, account.FindString(string(text)), stack)
		}
	}
}

func TestDataOutlivesStagingAndProd(t *testing.T) {
	keeps := map[string]string{"local": "Delete", "dev": "Delete", "staging": "RetainExceptOnCreate", "prod": "RetainExceptOnCreate"}
	for env, policy := range keeps {
		for _, bucket := range read(t, env+"/Storage").Find("AWS::S3::Bucket") {
			assert.Equal(t, policy, bucket.DeletionPolicy, env)
		}
		assert.Equal(t, policy, read(t, env+"/Warehouse").Only(t, "AWS::RedshiftServerless::Namespace").DeletionPolicy, env)
	}
}

func TestProdStacksCantBeDeletedByMistake(t *testing.T) {
	for stack, path := range templates {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(path), "manifest.json"))
		require.NoError(t, err)
		var manifest struct {
			Artifacts map[string]struct{ Properties map[string]any }
		}
		require.NoError(t, json.Unmarshal(text, &manifest))
		artifact := manifest.Artifacts[strings.TrimSuffix(filepath.Base(path), ".template.json")]
		protected, _ := artifact.Properties["terminationProtection"].(bool)
		assert.Equal(t, strings.HasPrefix(stack, "prod/"), protected, stack)
	}
}

func TestEverySuppressionHasAReason(t *testing.T) {
	count := 0
	reasons := func(place string, metadata any) {
		rules, _ := cdktest.Get(metadata, "cdk_nag.rules_to_suppress").([]any)
		for _, rule := range rules {
			count++
			assert.Greater(t, len(cdktest.Text(cdktest.Get(rule, "reason"))), 20, "%s %s", place, cdktest.Text(cdktest.Get(rule, "id")))
		}
	}
	for stack := range templates {
		template := read(t, stack)
		reasons(stack, template.Metadata)
		for id, resource := range template.Resources {
			reasons(stack+"/"+id, resource.Metadata)
		}
	}
	assert.NotZero(t, count)
}

// Guards the tests above: a finding must be an error of the synth.
func TestAFindingFailsTheSynth(t *testing.T) {
	out := t.TempDir()
	app, err := newApp(".", out)
	require.NoError(t, err)
	stage := awscdk.NewStage(app, jsii.String("local"), nil)
	stack := awscdk.NewStack(stage, jsii.String("Bad"), nil)
	awssqs.NewQueue(stack, jsii.String("Queue"), nil)
	watch(stack)
	stage.Synth(nil)
	require.ErrorContains(t, finish(out, []config.Environment{{Name: "local"}}), "/local/Bad/Queue/Resource: AwsSolutions-SQS4")
	assert.NoFileExists(t, filepath.Join(out, "manifest.json"), "nobody can deploy it")
}

func TestResourcesAreTaggedWithTheirEnvironmentAndDataset(t *testing.T) {
	job := read(t, "prod/DatasetSales").Named(t, "AWS::Glue::Job", "Name", "elt-prod-sales-load")
	assert.Equal(t, map[string]any{"project": "lakeshift", "environment": "prod", "dataset": "sales"}, job.Properties["Tags"])
	for _, bucket := range read(t, "dev/Storage").Find("AWS::S3::Bucket") {
		assert.Contains(t, bucket.Properties["Tags"], map[string]any{"Key": "environment", "Value": "dev"})
	}
}

func TestNothingIsScheduledInLocalAndDev(t *testing.T) {
	for env, schedule := range map[string]string{"local": "cron(0 0 1 1 ? 2199)", "dev": "cron(0 0 1 1 ? 2199)", "staging": "cron(0 6 * * ? *)", "prod": "cron(0 6 * * ? *)"} {
		trigger := read(t, env+"/DatasetSales").Named(t, "AWS::Glue::Trigger", "Name", "elt-"+env+"-sales-schedule")
		assert.Equal(t, schedule, trigger.Properties["Schedule"])
	}
}

func TestEachActorMayDoItsWorkAndNoMore(t *testing.T) {
	access := read(t, "local/Access")
	on := func(export string) string {
		for _, right := range slices.Concat(access.RightsOf("Load"), access.RightsOf("Check"), access.RightsOf("Transform")) {
			if strings.Contains(right.Resource, export) && !strings.Contains(right.Resource, "/") {
				return right.Resource
			}
		}
		t.Fatalf("nobody may do anything with %s", export)
		return ""
	}
	raw, processed, artifacts, results := on("LakeRaw"), on("LakeProcessed"), on("LakeArtifacts"), on("LakeAthenaResults")
	rawTable, curatedTable := "", ""
	for _, right := range slices.Concat(access.RightsOf("Load"), access.RightsOf("Transform")) {
		if strings.Contains(right.Resource, ":table/") && strings.Contains(right.Resource, "CatalogRaw") {
			rawTable = strings.TrimSuffix(right.Resource, "*") + "sales"
		}
		if strings.Contains(right.Resource, ":table/") && strings.Contains(right.Resource, "CatalogCurated") {
			curatedTable = strings.TrimSuffix(right.Resource, "*") + "fact_orders"
		}
	}
	assets := "arn:aws:s3:::cdk-hnb659fds-assets-000000000000-us-east-1/script.py"
	athena := "arn:aws:athena:us-east-1:000000000000:workgroup/elt-local"

	type deed struct{ action, resource string }
	for role, rule := range map[string]struct{ may, mayNot []deed }{
		"Crawler": {
			may:    []deed{{"s3:GetObject", raw + "/sales/x"}, {"s3:ListBucket", raw}, {"glue:BatchCreatePartition", rawTable}, {"glue:UpdateTable", rawTable}},
			mayNot: []deed{{"s3:PutObject", raw + "/x"}, {"s3:GetObject", processed + "/curated/x"}, {"glue:DeleteTable", rawTable}, {"glue:CreateTable", rawTable}, {"glue:UpdateTable", curatedTable}},
		},
		"Load": {
			may: []deed{
				{"s3:GetObjectVersion", raw + "/sales/x"}, {"s3:ListBucket", raw}, {"s3:PutObject", processed + "/staging/sales/x"},
				{"s3:DeleteObject", processed + "/staging/sales/x"}, {"s3:PutObject", processed + "/rejected/sales/x"}, {"s3:GetObject", assets},
				{"s3:ListBucketMultipartUploads", processed}, {"s3:AbortMultipartUpload", processed + "/staging/sales/x"},
				{"glue:CreatePartition", rawTable}, {"glue:GetTable", rawTable}, {"cloudwatch:PutMetricData", "*"},
			},
			mayNot: []deed{
				{"s3:PutObject", raw + "/sales/x"}, {"s3:DeleteObject", raw + "/sales/x"}, {"s3:DeleteObjectVersion", raw + "/sales/x"}, {"s3:PutObject", processed + "/curated/x"},
				{"s3:DeleteObject", processed + "/rejected/x"}, {"s3:PutObject", assets}, {"glue:UpdateTable", rawTable}, {"glue:CreatePartition", curatedTable}, {"athena:StartQueryExecution", athena},
			},
		},
		"Transform": {
			may:    []deed{{"s3:ListBucket", processed}, {"s3:DeleteObject", processed + "/curated/x"}, {"glue:UpdatePartition", curatedTable}, {"glue:BatchDeletePartition", curatedTable}, {"s3:GetObject", assets}},
			mayNot: []deed{{"s3:GetObject", raw + "/x"}, {"s3:PutObject", processed + "/curated/x"}, {"s3:DeleteObject", processed + "/staging/x"}, {"glue:DeletePartition", rawTable}, {"glue:DeleteTable", curatedTable}},
		},
		"Check": {
			may:    []deed{{"s3:GetObject", raw + "/x"}, {"s3:GetObject", processed + "/curated/x"}, {"s3:PutObject", artifacts + "/runs/sales/latest.json"}, {"s3:PutObject", results + "/answers/x"}, {"athena:StartQueryExecution", athena}, {"cloudwatch:PutMetricData", "*"}},
			mayNot: []deed{{"s3:PutObject", raw + "/x"}, {"s3:DeleteObject", processed + "/curated/x"}, {"s3:DeleteObject", artifacts + "/runs/x"}, {"athena:StartQueryExecution", athena + "2"}, {"glue:UpdatePartition", curatedTable}},
		},
		"Schema": {
			may:    []deed{{"athena:StartQueryExecution", athena}, {"glue:CreateTable", curatedTable}, {"s3:GetObject", assets}, {"logs:PutLogEvents", "arn:aws:logs:us-east-1:000000000000:log-group:/elt-local/schema:log-stream:x"}},
			mayNot: []deed{{"glue:CreateTable", rawTable}, {"s3:PutObject", assets}, {"s3:GetObject", raw + "/x"}, {"s3:DeleteObject", raw + "/x"}, {"logs:PutLogEvents", "arn:aws:logs:us-east-1:000000000000:log-group:/elt-prod/schema:x"}},
		},
		"WarehouseLoad":    {may: []deed{{"s3:GetObject", processed + "/staging/x"}}, mayNot: []deed{{"s3:GetObject", raw + "/x"}, {"s3:PutObject", processed + "/staging/x"}}},
		"WarehousePublish": {may: []deed{{"s3:PutObject", processed + "/curated/x"}, {"s3:GetObject", processed + "/curated/x"}, {"s3:ListBucket", processed}}, mayNot: []deed{{"s3:GetObject", processed + "/staging/x"}, {"s3:PutObject", processed + "/staging/x"}, {"s3:DeleteObject", processed + "/curated/x"}}},
		"WarehouseLake":    {may: []deed{{"s3:GetObject", raw + "/x"}, {"s3:GetObject", processed + "/rejected/x"}, {"glue:GetPartitions", rawTable}}, mayNot: []deed{{"s3:PutObject", raw + "/x"}, {"glue:CreatePartition", rawTable}, {"glue:GetTable", curatedTable}}},
	} {
		rights := rightsOf(access, role)
		for _, deed := range rule.may {
			assert.True(t, cdktest.Allowed(rights, deed.action, deed.resource), "%s must be allowed to %s on %s", role, deed.action, deed.resource)
		}
		for _, deed := range rule.mayNot {
			assert.False(t, cdktest.Allowed(rights, deed.action, deed.resource), "%s must not be allowed to %s on %s", role, deed.action, deed.resource)
		}
		for _, right := range rights {
			assert.NotContains(t, right.Action, "*", role)
			if right.Resource == "*" {
				assert.Contains(t, right.Condition, "cloudwatch:namespace", "%s: %s on everything", role, right.Action)
			}
		}
	}
}

// rightsOf the role with exactly this construct id: Load is not WarehouseLoad.
func rightsOf(template cdktest.Template, role string) []cdktest.Right {
	var rights []cdktest.Right
	for id, policy := range template.Find("AWS::IAM::Policy") {
		if strings.HasPrefix(id, role+"DefaultPolicy") {
			rights = append(rights, cdktest.Rights(policy.Properties["PolicyDocument"])...)
		}
	}
	return rights
}

func TestWhoMayTakeOnARole(t *testing.T) {
	trusted := map[string]string{
		"crawler": "glue.amazonaws.com", "load": "glue.amazonaws.com", "transform": "glue.amazonaws.com", "check": "glue.amazonaws.com", "schema": "lambda.amazonaws.com",
		"warehouse-load":    "redshift-serverless.amazonaws.com,redshift.amazonaws.com",
		"warehouse-publish": "redshift-serverless.amazonaws.com,redshift.amazonaws.com",
		"warehouse-lake":    "redshift-serverless.amazonaws.com,redshift.amazonaws.com",
	}
	access := read(t, "prod/Access")
	assert.Len(t, access.Find("AWS::IAM::Role"), len(trusted))
	for role, services := range trusted {
		var found []string
		document := access.Named(t, "AWS::IAM::Role", "RoleName", "elt-prod-"+role).Properties["AssumeRolePolicyDocument"]
		statements, _ := cdktest.Get(document, "Statement").([]any)
		for _, statement := range statements {
			found = append(found, cdktest.Text(cdktest.Get(statement, "Principal.Service")))
		}
		assert.Equal(t, services, strings.Join(found, ","), role)
	}
}

func TestASecondDatasetNeedsNoCode(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{"datasets", "sql", "assets/glue", "assets/schema_step"} {
		require.NoError(t, os.CopyFS(filepath.Join(root, folder), os.DirFS(folder)))
	}
	require.NoError(t, os.CopyFS(filepath.Join(root, "sql/web_returns"), os.DirFS("testdata/second_dataset/sql")))
	contract, err := os.ReadFile("testdata/second_dataset/web_returns.yaml")
	require.NoError(t, err)
	require.NoError(t, writeFile(filepath.Join(root, "datasets/web_returns.yaml"), string(contract)))
	flags, err := os.ReadFile("cdk.json")
	require.NoError(t, err)
	require.NoError(t, writeFile(filepath.Join(root, "cdk.json"), string(flags)))

	files, err := synthProject(root, t.TempDir(), "local")
	require.NoError(t, err)
	require.Contains(t, files, "local/DatasetWebReturns")
	added, sales := cdktest.Read(t, files["local/DatasetWebReturns"]), read(t, "local/DatasetSales")
	kinds := func(template cdktest.Template) []string {
		var kinds []string
		for _, resource := range template.Resources {
			// sample queries are as many as there are files
			if resource.Type != "AWS::Athena::NamedQuery" {
				kinds = append(kinds, resource.Type)
			}
		}
		slices.Sort(kinds)
		return kinds
	}
	assert.Equal(t, kinds(sales), kinds(added))
	raw := added.Named(t, "AWS::Glue::Table", "TableInput.Name", "web_returns").Properties
	assert.Equal(t, "org.openx.data.jsonserde.JsonSerDe", cdktest.Get(raw, "TableInput.StorageDescriptor.SerdeInfo.SerializationLibrary"))
	published := added.Named(t, "AWS::Glue::Table", "TableInput.Name", "returns").Properties
	assert.Equal(t, []any{map[string]any{"Name": "shop", "Type": "string"}}, cdktest.Get(published, "TableInput.PartitionKeys"))
	assert.EqualValues(t, 48, added.Named(t, "AWS::CloudWatch::Alarm", "AlarmName", "elt-local-web_returns-stale").Properties["EvaluationPeriods"])
	for stack := range maps.Keys(files) {
		if stack != "local/DatasetWebReturns" && stack != "local/Views" {
			assert.Equal(t, withoutOutputs(t, templates[stack]), withoutOutputs(t, files[stack]), "%s must not change for a new dataset", stack)
		}
	}
}

func withoutOutputs(t *testing.T, path string) map[string]cdktest.Resource {
	return cdktest.Read(t, path).Resources
}

func TestNoGoCodeKnowsADataset(t *testing.T) {
	loaded, err := config.Load(".")
	require.NoError(t, err)
	for _, folder := range []string{"config", "stacks", "constructs", "internal"} {
		require.NoError(t, filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, dataset := range loaded.Datasets {
				assert.NotRegexp(t, `\b`+dataset.Name+`\b`, string(text), path)
				assert.NotContains(t, string(text), dataset.Fact.Table, path)
			}
			return err
		}))
	}
}

func TestTheCommandLinesConfigurationKnowsNothingOfTheCDK(t *testing.T) {
	require.NoError(t, filepath.WalkDir("config", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.NotRegexp(t, `"github.com/(aws|cdklabs)/`, string(text), "%s: it must start in milliseconds", path)
		}
		return err
	}))
}

func TestEnvironmentsCanBeChosen(t *testing.T) {
	choose := func(names string) ([]config.Environment, error) {
		return chosen(`{"env":"` + names + `"}`)
	}
	all, err := choose("")
	require.NoError(t, err)
	assert.Len(t, all, 4)
	two, err := choose("dev,prod")
	require.NoError(t, err)
	assert.Equal(t, []string{"dev", "prod"}, []string{two[0].Name, two[1].Name})
	_, err = choose("production")
	require.ErrorContains(t, err, "use local, dev, staging, prod")
	_, err = choose("dev,prod,dev")
	require.ErrorContains(t, err, `"dev" is named twice`)
}

func TestAMissingLibraryIsSaid(t *testing.T) {
	loaded, err := config.Load(".")
	require.NoError(t, err)
	_, err = stacks.Prepare(".", t.TempDir(), loaded.Datasets)
	require.ErrorContains(t, err, "run `make library` first")
}
