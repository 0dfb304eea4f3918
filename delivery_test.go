package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/config"
	"lakeshift/internal/cdktest"
	"lakeshift/stacks"
)

// goldenDelivery is the delivery stack of an example, as no environment has one until somebody names a repository.
const goldenDelivery = "testdata/delivery/roles.json"

// synthDelivery of staging, if its stacks were delivered by GitHub.
func synthDelivery(t *testing.T, delivery config.Delivery) map[string]string {
	t.Helper()
	out := t.TempDir()
	require.NoError(t, attempt(func() error {
		app, err := newApp(".", out)
		require.NoError(t, err)
		environment := config.Environments()[2]
		environment.Delivery = delivery
		stage, err := stacks.NewEnvironment(app, environment, nil, deliverySources(t))
		require.NoError(t, err)
		watch(stage.Platform...)
		stage.Synth(nil)
		return finish(out, []config.Environment{environment})
	}))
	return templateFiles(out)
}

// deliverySources of an environment without datasets.
func deliverySources(t *testing.T) stacks.Sources {
	t.Helper()
	built := t.TempDir()
	require.NoError(t, writeFile(filepath.Join(built, "library", "lakeshift_jobs", "__init__.py"), ""))
	sources, err := stacks.Prepare(".", built, nil)
	require.NoError(t, err)
	return sources
}

func TestGitHubMayDoItsWorkAndNoMore(t *testing.T) {
	files := synthDelivery(t, config.Delivery{Repository: "example@11/lakeshift@22", CreateProvider: true})
	path := files["staging/Delivery"]
	if *update {
		require.NoError(t, writeFile(goldenDelivery, string(golden(t, path))))
	}
	reviewed, err := os.ReadFile(goldenDelivery)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(reviewed, golden(t, path)), "%s is out of date: run `make golden`, and read the difference before committing it\n%s",
		goldenDelivery, firstDifference(string(reviewed), string(golden(t, path))))

	template := cdktest.Read(t, path)
	provider := template.Only(t, "AWS::IAM::OIDCProvider")
	assert.Equal(t, "https://token.actions.githubusercontent.com", provider.Properties["Url"])
	assert.Equal(t, []any{"sts.amazonaws.com"}, provider.Properties["ClientIdList"])
	assert.Equal(t, "RetainExceptOnCreate", provider.DeletionPolicy)

	assert.Len(t, template.Find("AWS::IAM::Role"), 3)
	for name, environment := range map[string]string{"deploy": "staging", "diff": "staging-diff", "drift": "staging-drift"} {
		role := template.Named(t, "AWS::IAM::Role", "RoleName", "elt-staging-github-"+name)
		statements, _ := cdktest.Get(role.Properties, "AssumeRolePolicyDocument.Statement").([]any)
		require.Len(t, statements, 1, name)
		assert.Equal(t, "sts:AssumeRoleWithWebIdentity", cdktest.Get(statements[0], "Action"), name)
		assert.Equal(t, map[string]any{"StringEquals": map[string]any{
			"token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
			"token.actions.githubusercontent.com:sub": "repo:example@11/lakeshift@22:environment:" + environment,
		}}, cdktest.Get(statements[0], "Condition"), name)
	}

	account, region := "<AWS::AccountId>", "eu-west-1"
	aws := func(service, resource string) string {
		return "arn:aws:" + service + ":" + region + ":" + account + ":" + resource
	}
	bootstrap := func(part string) string {
		return "arn:aws:iam::" + account + ":role/cdk-hnb659fds-" + part + "-role-" + account + "-" + region
	}
	bucket := func(zone, path string) string {
		return "arn:aws:s3:::elt-staging-" + zone + "-" + account + "-" + region + path
	}
	type deed struct{ action, resource string }
	for role, rule := range map[string]struct{ may, mayNot []deed }{
		"Deploy": {
			may: []deed{
				{"sts:AssumeRole", bootstrap("deploy")}, {"sts:AssumeRole", bootstrap("file-publishing")}, {"sts:AssumeRole", bootstrap("lookup")},
				{"glue:StartWorkflowRun", aws("glue", "workflow/elt-staging-sales-pipeline")}, {"glue:GetWorkflowRun", aws("glue", "workflow/elt-staging-sales-pipeline")},
				{"logs:GetLogEvents", aws("logs", "log-group:/aws-glue/jobs/error:log-stream:x")},
				{"athena:StartQueryExecution", aws("athena", "workgroup/elt-staging")}, {"glue:GetTable", aws("glue", "table/elt_staging_raw/sales_lines")},
				{"s3:GetObject", bucket("raw", "/sales/x")}, {"s3:GetObject", bucket("processed", "/curated/x")}, {"s3:PutObject", bucket("athena-results", "/answers/x")},
				{"s3:GetObject", bucket("artifacts", "/runs/sales/latest.json")},
			},
			mayNot: []deed{
				{"sts:AssumeRole", bootstrap("cfn-exec")}, {"sts:AssumeRole", "arn:aws:iam::" + account + ":role/elt-staging-load"},
				{"glue:StartWorkflowRun", aws("glue", "workflow/elt-prod-sales-pipeline")}, {"glue:StartJobRun", aws("glue", "job/elt-staging-sales-load")},
				{"s3:PutObject", bucket("raw", "/sales/x")}, {"s3:DeleteObject", bucket("athena-results", "/answers/x")}, {"s3:GetObject", bucket("processed", "/rejected/x")},
				{"cloudformation:DeleteStack", aws("cloudformation", "stack/elt-staging-storage/1")}, {"athena:StartQueryExecution", aws("athena", "workgroup/elt-prod")},
			},
		},
		"Diff": {
			may: []deed{{"cloudformation:GetTemplate", aws("cloudformation", "stack/elt-staging-storage/1")}},
			mayNot: []deed{
				{"cloudformation:GetTemplate", aws("cloudformation", "stack/elt-prod-storage/1")}, {"cloudformation:UpdateStack", aws("cloudformation", "stack/elt-staging-storage/1")},
				{"sts:AssumeRole", bootstrap("lookup")}, {"s3:GetObject", bucket("raw", "/sales/x")}, {"glue:GetTable", aws("glue", "table/elt_staging_raw/sales")},
			},
		},
		"Drift": {
			may:    []deed{{"cloudformation:DetectStackDrift", aws("cloudformation", "stack/elt-staging-storage/1")}},
			mayNot: []deed{{"cloudformation:DetectStackDrift", aws("cloudformation", "stack/elt-prod-storage/1")}, {"sts:AssumeRole", bootstrap("lookup")}},
		},
	} {
		rights := rightsOf(template, role)
		for _, deed := range rule.may {
			assert.True(t, cdktest.Allowed(rights, deed.action, deed.resource), "%s must be allowed to %s on %s", role, deed.action, deed.resource)
		}
		for _, deed := range rule.mayNot {
			assert.False(t, cdktest.Allowed(rights, deed.action, deed.resource), "%s must not be allowed to %s on %s", role, deed.action, deed.resource)
		}
		for _, right := range rights {
			assert.NotContains(t, right.Action, "*", role)
			assert.NotEqual(t, "*", right.Resource, role)
		}
	}
	drift := template.Named(t, "AWS::IAM::Role", "RoleName", "elt-staging-github-drift")
	assert.Contains(t, cdktest.Text(drift.Properties["ManagedPolicyArns"]), ":iam::aws:policy/ReadOnlyAccess")
	assert.Subset(t, denied(template, "Drift"), []string{"s3:GetObject*", "athena:GetQueryResults", "redshift-data:*", "secretsmanager:GetSecretValue", "kms:Decrypt", "logs:GetLogEvents"})
	for name, role := range template.Find("AWS::IAM::Role") {
		if !strings.HasPrefix(name, "Drift") {
			assert.Nil(t, role.Properties["ManagedPolicyArns"], name)
		}
	}
}

// denied actions, on everything, of the role's own policy.
func denied(template cdktest.Template, role string) []string {
	var actions []string
	for id, policy := range template.Find("AWS::IAM::Policy") {
		statements, _ := cdktest.Get(policy.Properties, "PolicyDocument.Statement").([]any)
		for _, statement := range statements {
			if !strings.HasPrefix(id, role) || cdktest.Get(statement, "Effect") != "Deny" || cdktest.Get(statement, "Resource") != "*" {
				continue
			}
			list, _ := cdktest.Get(statement, "Action").([]any)
			for _, action := range list {
				actions = append(actions, cdktest.Text(action))
			}
		}
	}
	return actions
}

// A role's session ends in mid-deployment, or in the middle of a smoke test, if the job outlasts it.
func TestTheDeployRoleLastsAsLongAsTheJobThatTakesItOn(t *testing.T) {
	workflow, err := os.ReadFile(".github/workflows/deploy-environment.yml")
	require.NoError(t, err)
	number := func(field string) int {
		match := regexp.MustCompile(field + `: (\d+)`).FindSubmatch(workflow)
		require.NotNil(t, match, field)
		value, err := strconv.Atoi(string(match[1]))
		require.NoError(t, err)
		return value
	}
	role := cdktest.Read(t, goldenDelivery).Named(t, "AWS::IAM::Role", "RoleName", "elt-staging-github-deploy")
	assert.Equal(t, number("timeout-minutes")*60, number("role-duration-seconds"))
	assert.EqualValues(t, number("role-duration-seconds"), role.Properties["MaxSessionDuration"])
}

func TestAnAccountsProviderIsFoundByItsARN(t *testing.T) {
	files := synthDelivery(t, config.Delivery{Repository: "example/lakeshift"})
	template := cdktest.Read(t, files["staging/Delivery"])
	assert.Empty(t, template.Find("AWS::IAM::OIDCProvider"))
	role := template.Named(t, "AWS::IAM::Role", "RoleName", "elt-staging-github-deploy")
	statement := cdktest.Get(role.Properties, "AssumeRolePolicyDocument.Statement.0")
	assert.Equal(t, "arn:aws:iam::<AWS::AccountId>:oidc-provider/token.actions.githubusercontent.com", cdktest.Text(cdktest.Get(statement, "Principal.Federated")))
	assert.Contains(t, cdktest.Get(statement, "Condition.StringEquals"), "token.actions.githubusercontent.com:sub")
	assert.Contains(t, cdktest.Text(cdktest.Get(statement, "Condition")), `"repo:example/lakeshift:environment:staging"`)
}

func TestNoEnvironmentIsDeliveredUnlessConfigured(t *testing.T) {
	for stack := range templates {
		assert.NotContains(t, stack, "/Delivery")
	}
}

func TestEveryStackIsKnownByName(t *testing.T) {
	loaded, err := config.Load(".")
	require.NoError(t, err)
	for _, environment := range loaded.Environments {
		var names []string
		for stack, path := range templates {
			if strings.HasPrefix(stack, environment.Name+"/") {
				names = append(names, stackName(t, path))
			}
		}
		assert.ElementsMatch(t, environment.Stacks(loaded.Datasets), names)
	}
	delivered := loaded.Environments[1]
	delivered.Delivery.Repository = "example/lakeshift"
	assert.True(t, slices.Contains(delivered.Stacks(nil), "elt-dev-delivery"))
}

// stackName that a template is deployed under.
func stackName(t *testing.T, template string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(template), "manifest.json"))
	require.NoError(t, err)
	var manifest struct {
		Artifacts map[string]struct{ Properties struct{ StackName string } }
	}
	require.NoError(t, json.Unmarshal(text, &manifest))
	return manifest.Artifacts[strings.TrimSuffix(filepath.Base(template), ".template.json")].Properties.StackName
}
