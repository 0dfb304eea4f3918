package review

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// side of a made-up app: one environment per case, with one stack.
type side struct {
	resources string
	protected bool
	assets    map[string]string // text by hash
}

func madeUp(t *testing.T, sides map[string]side) *Assembly {
	t.Helper()
	folder := t.TempDir()
	write := func(name string, value any) {
		text, is := value.(string)
		if !is {
			encoded, err := json.Marshal(value)
			require.NoError(t, err)
			text = string(encoded)
		}
		file := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	type object = map[string]any
	top := object{}
	for name, side := range sides {
		below := "assembly-" + name
		top[below] = object{"type": "cdk:cloud-assembly", "properties": object{"directoryName": below, "displayName": name}}
		write(below+"/manifest.json", object{"version": "48.0.0", "artifacts": object{name + "House": object{
			"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/eu-west-1", "displayName": name + "/House",
			"properties": object{"templateFile": "House.template.json", "stackName": "elt-" + name + "-house", "terminationProtection": side.protected},
		}}})
		write(below+"/House.template.json", `{"Resources": {`+side.resources+`}}`)
		files := object{}
		for hash, text := range side.assets {
			files[hash] = object{"displayName": "House/Code", "source": object{"path": hash + ".py", "packaging": "file"}, "destinations": object{}}
			write(below+"/"+hash+".py", text)
		}
		write(below+"/"+name+"House.assets.json", object{"version": "48.0.0", "files": files})
	}
	write("manifest.json", object{"version": "48.0.0", "artifacts": top})
	assembly, err := Read(folder, t.TempDir())
	require.NoError(t, err)
	return assembly
}

func resource(id, kind, properties string, more ...string) string {
	return fmt.Sprintf(`%q: {"Type": %q, "Properties": {%s}%s}`, id, kind, properties, strings.Join(append([]string{""}, more...), ", "))
}

const (
	retained = `"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"`
	deleted  = `"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"`
	other    = `"Other": {"Type": "AWS::SNS::Topic"}`
)

func bucket(properties string, more ...string) string {
	return resource("Raw", "AWS::S3::Bucket", properties, more...)
}

func expiring(after string) string {
	return bucket(`"LifecycleConfiguration": {"Rules": [{"Id": "expire", "Status": "Enabled"` + after + `}]}`)
}

func policy(statements string) string {
	return resource("Role", "AWS::IAM::Role", `"RoleName": "elt-load"`) + ", " +
		resource("Policy", "AWS::IAM::Policy", `"PolicyName": "p", "Roles": [{"Ref": "Role"}], "PolicyDocument": {"Statement": [`+statements+`]}`)
}

func clause(effect, action, resource, more string) string {
	return fmt.Sprintf(`{"Effect": %q, "Action": %s, "Resource": %q%s}`, effect, action, resource, more)
}

func bucketPolicy(name string) string {
	return resource("Policy"+name, "AWS::S3::BucketPolicy", `"Bucket": "`+name+`", "PolicyDocument": {"Statement": [`+
		clause("Allow", `"s3:GetObject"`, name+"/*", `, "Principal": {"AWS": "arn:aws:iam::1:role/x"}`)+`]}`)
}

func trust(principal string) string {
	return resource("Role", "AWS::IAM::Role", `"RoleName": "elt-load", "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": `+principal+`}]}`)
}

func group(rule string) string {
	return resource("Group", "AWS::EC2::SecurityGroup", `"GroupName": "house", "GroupDescription": "g", "SecurityGroupIngress": [`+rule+`]`)
}

func key(principal string) string {
	return resource("Key", "AWS::KMS::Key", `"KeyPolicy": {"Statement": [`+
		clause("Allow", `"kms:Decrypt"`, "*", `, "Principal": {"AWS": ["arn:aws:iam::1:root"`+principal+`]}`)+`]}`)
}

func keptName(id string) string {
	return resource(id, "AWS::S3::Bucket", `"BucketName": "data"`, deleted)
}

func reading(id string) string {
	return `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::GetAtt": ["` + id + `", "Arn"]}}`
}

func logs(days string) string {
	return resource("Log", "AWS::Logs::LogGroup", `"LogGroupName": "/x"`+days)
}

// What the CDK finds, worded: all cases go through its command line in one run.
func TestWhatAChangeMeans(t *testing.T) {
	hash, another := strings.Repeat("0a", 32), strings.Repeat("1b", 32)
	function := func(hash string) string {
		return resource("Function", "AWS::Lambda::Function", `"Code": {"S3Key": "`+hash+`.zip"}`)
	}
	version := func(digits string) string {
		id := "FunctionCurrentVersion0123ABCD" + strings.Repeat(digits, 16)
		return resource(id, "AWS::Lambda::Version", "") + "," + resource("Trigger", "Custom::Trigger", `"HandlerArn": {"Ref": "`+id+`"}`)
	}
	cases := []struct {
		name          string
		before, after side
		// want are all findings, with their section, as far as a case is about their words.
		want []string
	}{
		{"bucket-removed", side{resources: bucket("", deleted) + "," + other}, side{resources: other},
			[]string{"danger: S3 bucket `House/Raw` is **deleted**, with objects", "resource: ➖ S3 bucket `House/Raw`"}},
		{"bucket-removed-by-default", side{resources: bucket("") + "," + other}, side{resources: other},
			[]string{"danger: S3 bucket `House/Raw` is **deleted**, with objects", "resource: ➖ S3 bucket `House/Raw`"}},
		{"bucket-orphaned", side{resources: bucket("", retained) + "," + other}, side{resources: other},
			[]string{"danger: S3 bucket `House/Raw` is **orphaned**: it stays", "resource: ➖ S3 bucket `House/Raw` is orphaned, not deleted"}},
		{"topic-removed", side{resources: other + "," + logs("")}, side{resources: logs("")},
			[]string{"resource: ➖ SNS topic `House/Other`"}},
		{"bucket-renamed", side{resources: bucket(`"BucketName": "a"`, deleted)}, side{resources: bucket(`"BucketName": "b"`, deleted)},
			[]string{"danger: S3 bucket `a` is **replaced** (BucketName changes): the old one is deleted, with objects", "resource: ♻️ S3 bucket `b` is replaced: BucketName `a` → `b`"}},
		{"bucket-added", side{resources: other}, side{resources: other + "," + bucket(`"BucketName": "a"`)}, []string{"resource: ➕ S3 bucket `a`"}},
		{"namespace-replaced", side{resources: resource("N", "AWS::RedshiftServerless::Namespace", `"NamespaceName": "a"`)},
			side{resources: resource("N", "AWS::RedshiftServerless::Namespace", `"NamespaceName": "b"`)},
			[]string{"danger: Redshift Serverless namespace `a` is **replaced**", "resource: ♻️"}},
		{"workgroup-replaced", side{resources: resource("W", "AWS::RedshiftServerless::Workgroup", `"WorkgroupName": "a"`)},
			side{resources: resource("W", "AWS::RedshiftServerless::Workgroup", `"WorkgroupName": "b"`)},
			[]string{"danger: Redshift Serverless workgroup `a` is **replaced**", "resource: ♻️"}},
		{"namespace-replaced-under-its-name", side{resources: resource("N", "AWS::RedshiftServerless::Namespace", `"NamespaceName": "a"`, retained)},
			side{resources: resource("N", "AWS::RedshiftServerless::Namespace", `"NamespaceName": "a", "Tags": [{"Key": "k", "Value": "v"}]`, retained)},
			[]string{"danger: Redshift Serverless namespace `a` is **replaced** (Tags changes) by a new, empty one: the old one is orphaned, kept with what it holds, and nothing reads it any more; while the name stays the same, the deployment **fails** instead", "resource: ♻️"}},
		{"workgroup-resized", side{resources: resource("W", "AWS::RedshiftServerless::Workgroup", `"WorkgroupName": "a", "BaseCapacity": 8`)},
			side{resources: resource("W", "AWS::RedshiftServerless::Workgroup", `"WorkgroupName": "a", "BaseCapacity": 32`)},
			[]string{"resource: ✏️ Redshift Serverless workgroup `a`: BaseCapacity `8` → `32`"}},
		{"database-removed", side{resources: other + "," + resource("D", "AWS::Glue::Database", `"DatabaseInput": {"Name": "raw"}`)}, side{resources: other},
			[]string{"danger: Glue database `raw` is **deleted**", "resource: ➖"}},
		{"table-removed", side{resources: other + "," + resource("T", "AWS::Glue::Table", `"DatabaseName": "raw", "TableInput": {"Name": "sales"}`)}, side{resources: other},
			[]string{"danger: Glue table `sales` is **deleted**, with partitions", "resource: ➖"}},
		{"table-moved", side{resources: resource("T", "AWS::Glue::Table", `"DatabaseName": "raw", "TableInput": {"Name": "sales"}`)},
			side{resources: resource("T", "AWS::Glue::Table", `"DatabaseName": "new", "TableInput": {"Name": "sales"}`)},
			[]string{"danger: Glue table `sales` is **replaced** (DatabaseName changes)", "resource: ♻️"}},
		{"key-removed", side{resources: other + "," + resource("K", "AWS::KMS::Key", "", deleted)}, side{resources: other},
			[]string{"danger: KMS key `House/K` is **deleted**, with whatever it encrypted", "resource: ➖"}},
		{"key-off", side{resources: resource("K", "AWS::KMS::Key", `"Enabled": true`)}, side{resources: resource("K", "AWS::KMS::Key", `"Enabled": false`)},
			[]string{"danger: KMS key `House/K` is switched off", "resource: ✏️"}},
		{"logs-kept-shorter", side{resources: logs(`, "RetentionInDays": 30`)}, side{resources: logs(`, "RetentionInDays": 7`)},
			[]string{"danger: CloudWatch log group `/x` keeps logs for 7 days instead of 30 days", "resource: ✏️"}},
		{"logs-no-longer-for-ever", side{resources: logs("")}, side{resources: logs(`, "RetentionInDays": 7`)},
			[]string{"danger: CloudWatch log group `/x` keeps logs for 7 days instead of for ever", "resource: ✏️"}},
		{"logs-kept-longer", side{resources: logs(`, "RetentionInDays": 7`)}, side{resources: logs(`, "RetentionInDays": 30`)}, []string{"resource: ✏️"}},
		{"objects-expire-sooner", side{resources: expiring(`, "ExpirationInDays": 30, "Prefix": "runs/"`)}, side{resources: expiring(`, "ExpirationInDays": 1, "Prefix": "runs/"`)},
			[]string{"danger: S3 bucket `House/Raw` keeps objects under `runs/` for 1 day instead of 30 days", "resource: ✏️"}},
		{"objects-begin-to-expire", side{resources: bucket("")}, side{resources: expiring(`, "ExpirationInDays": 30`)},
			[]string{"danger: S3 bucket `House/Raw` keeps objects for 30 days instead of for ever", "resource: ✏️"}},
		{"versions-expire-sooner", side{resources: expiring(`, "NoncurrentVersionExpiration": {"NoncurrentDays": 90}`)}, side{resources: expiring(`, "NoncurrentVersionExpiration": {"NoncurrentDays": 14}`)},
			[]string{"danger: S3 bucket `House/Raw` keeps replaced and deleted objects for 14 days instead of 90 days", "resource: ✏️"}},
		{"objects-of-a-prefix-kept-longer", side{resources: expiring(`, "ExpirationInDays": 30`)}, side{resources: expiring(`, "ExpirationInDays": 30}, {"Id": "runs", "Status": "Enabled", "Prefix": "runs/", "ExpirationInDays": 40`)}, []string{"resource: ✏️"}},
		{"snapshots-kept-shorter", side{resources: resource("C", "AWS::Redshift::Cluster", `"AutomatedSnapshotRetentionPeriod": 7`)}, side{resources: resource("C", "AWS::Redshift::Cluster", `"AutomatedSnapshotRetentionPeriod": 0`)},
			[]string{"danger: Redshift cluster `House/C`: AutomatedSnapshotRetentionPeriod is 0 instead of 7", "resource: ✏️"}},
		{"objects-kept-longer", side{resources: expiring(`, "ExpirationInDays": 30`)}, side{resources: expiring(`, "ExpirationInDays": 60`)}, []string{"resource: ✏️"}},
		{"versioning-off", side{resources: bucket(`"VersioningConfiguration": {"Status": "Enabled"}`)}, side{resources: bucket(`"VersioningConfiguration": {"Status": "Suspended"}`)},
			[]string{"danger: S3 bucket `House/Raw` keeps no versions any more", "resource: ✏️"}},
		{"data-no-longer-retained", side{resources: bucket("", retained)}, side{resources: bucket("", deleted)},
			[]string{"danger: S3 bucket `House/Raw` is no longer retained: deleting its stack will delete it, with objects", "resource: ✏️ S3 bucket `House/Raw`: deletion policy `Retain` → `Delete`"}},
		{"data-retained", side{resources: bucket("", deleted)}, side{resources: bucket("", retained)}, []string{"resource: ✏️"}},
		{"protection-off", side{resources: other, protected: true}, side{resources: other}, []string{"danger: stack `House` loses its termination protection"}},
		{"protection-on", side{resources: other}, side{resources: other, protected: true}, nil},

		{"grant-added", side{resources: policy(clause("Allow", `"s3:GetObject"`, "a/*", ""))}, side{resources: policy(clause("Allow", `["s3:GetObject", "s3:DeleteObject"]`, "a/*", ""))},
			[]string{"access: `elt-load` may now `s3:DeleteObject` on `a/*`"}},
		{"grant-removed", side{resources: policy(clause("Allow", `["s3:GetObject", "s3:DeleteObject"]`, "a/*", ""))}, side{resources: policy(clause("Allow", `"s3:GetObject"`, "a/*", ""))},
			[]string{"access: `elt-load` may no longer `s3:DeleteObject` on `a/*`"}},
		{"grant-wider", side{resources: policy(clause("Allow", `"s3:GetObject"`, "a/b/*", ""))}, side{resources: policy(clause("Allow", `"s3:GetObject"`, "a/*", ""))},
			[]string{"access: `elt-load` may now `s3:GetObject` on `a/*`; **wider** than before: `s3:GetObject` on `a/b/*`"}},
		{"grant-of-a-service", side{resources: policy(clause("Allow", `"s3:GetObject"`, "a/*", ""))}, side{resources: policy(clause("Allow", `"s3:*"`, "a/*", ""))},
			[]string{"access: ⚠️ `elt-load` may now `s3:*` on `a/*`; **wider** than before: `s3:GetObject` on `a/*`"}},
		{"grant-on-everything", side{resources: policy(clause("Allow", `"s3:GetObject"`, "a/*", ""))}, side{resources: policy(clause("Allow", `"s3:GetObject"`, "*", ""))},
			[]string{"access: ⚠️ `elt-load` may now `s3:GetObject` on `*`; **wider**"}},
		{"condition-dropped", side{resources: policy(clause("Allow", `"s3:GetObject"`, "a/*", `, "Condition": {"Bool": {"aws:SecureTransport": "true"}}`))}, side{resources: policy(clause("Allow", `"s3:GetObject"`, "a/*", ""))},
			[]string{"access: `elt-load` may now `s3:GetObject` on `a/*`; **wider** than before: `s3:GetObject` on `a/*` if `{\"Bool\":{\"aws:SecureTransport\":\"true\"}}`"}},
		{"denial-dropped", side{resources: policy(clause("Allow", `"s3:Get*"`, "a/*", "") + "," + clause("Deny", `"s3:PutObject"`, "a/*", ""))}, side{resources: policy(clause("Allow", `"s3:Get*"`, "a/*", ""))},
			[]string{"access: ⚠️ `elt-load` is no longer denied `s3:PutObject` on `a/*`"}},
		{"all-but-an-action", side{resources: policy(clause("Allow", `"s3:Get*"`, "a/*", ""))}, side{resources: policy(clause("Allow", `"s3:Get*"`, "a/*", "") + `, {"Effect": "Allow", "NotAction": "iam:*", "Resource": "b"}`)},
			[]string{"access: ⚠️ `elt-load` may now `* but iam:*` on `b`"}},
		{"two-policies-say-the-same-of-somebody", side{resources: bucketPolicy("a") + "," + other}, side{resources: bucketPolicy("a") + "," + bucketPolicy("b") + "," + bucketPolicy("c")},
			[]string{"access: `arn:aws:iam::1:role/x` may now `s3:GetObject` on `b/*`, `c/*`", "resource: ➖"}},
		{"key-shared", side{resources: key("")}, side{resources: key(`, "arn:aws:iam::222222222222:root"`)},
			[]string{"access: ⚠️ `arn:aws:iam::222222222222:root` may now `kms:Decrypt` on `House/Key`"}},
		{"condition-names-a-thing", side{resources: keptName("Raw") + "," + policy(clause("Allow", `"s3:GetObject"`, "a/*", ""))},
			side{resources: keptName("Raw") + "," + policy(clause("Allow", `"s3:GetObject"`, "a/*", "")+","+clause("Allow", `"s3:PutObject"`, "a/*", `, "Condition": {"ArnLike": {"aws:SourceArn": {"Ref": "Raw"}, "a": "<b>"}}`))},
			[]string{"access: `elt-load` may now `s3:PutObject` on `a/*` if `{\"ArnLike\":{\"a\":\"<b>\",\"aws:SourceArn\":\"data\"}}`"}},
		{"thing-with-another-id", side{resources: keptName("Raw") + "," + policy(reading("Raw"))}, side{resources: keptName("Zone") + "," + policy(reading("Zone"))},
			[]string{"danger: S3 bucket `data`: another logical id, the same name: **the deployment fails**", "danger: S3 bucket `data` is **deleted**", "resource: ➕ S3 bucket `data`", "resource: ➖ S3 bucket `data`"}},
		{"statements-written-otherwise", side{resources: policy(clause("Allow", `["s3:GetObject", "s3:PutObject"]`, "a/*", ""))},
			side{resources: policy(clause("Allow", `"s3:PutObject"`, "a/*", "") + "," + clause("Allow", `"s3:GetObject"`, "a/*", ""))}, nil},
		{"trust-widened", side{resources: trust(`{"Service": "glue.amazonaws.com"}`)}, side{resources: trust(`{"Service": ["glue.amazonaws.com"], "AWS": "*"}`)},
			[]string{"access: ⚠️ **everybody** may now take on role `elt-load`"}},
		{"managed-policy", side{resources: trust(`{"Service": "glue.amazonaws.com"}`)}, side{resources: strings.Replace(trust(`{"Service": "glue.amazonaws.com"}`), `"RoleName"`, `"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"], "RoleName"`, 1)},
			[]string{"access: ⚠️ `elt-load` now has the managed policy `arn:aws:iam::aws:policy/AdministratorAccess`"}},
		{"group-opened", side{resources: group(`{"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439, "CidrIp": "10.0.0.0/16"}`)}, side{resources: group(`{"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439, "CidrIp": "0.0.0.0/0"}`)},
			[]string{"access: ⚠️ `house` now lets in `tcp port 5439` from `0.0.0.0/0`", "access: `house` no longer lets in `tcp port 5439` from `10.0.0.0/16`"}},

		{"code-only", side{resources: function(hash), assets: map[string]string{hash: "a = 1"}}, side{resources: function(another), assets: map[string]string{another: "a = 1  # one"}}, nil},
		{"version-only", side{resources: version("0a")}, side{resources: version("1b")}, nil},
		{"nag-only", side{resources: `"Other": {"Type": "AWS::SNS::Topic", "Metadata": {"cdk_nag": {"a": 1}}}`}, side{resources: other}, nil},
		{"query-comment", side{resources: resource("Q", "AWS::Athena::NamedQuery", `"Description": "old", "QueryString": "-- old\nselect 1"`)},
			side{resources: resource("Q", "AWS::Athena::NamedQuery", `"Description": "new", "QueryString": "-- new\nselect   1"`)}, nil},
		{"query", side{resources: resource("Q", "AWS::Athena::NamedQuery", `"Name": "q", "Database": "d", "QueryString": "select 1"`)},
			side{resources: resource("Q", "AWS::Athena::NamedQuery", `"Name": "q", "Database": "d", "QueryString": "select 2"`)}, []string{"resource: ♻️ Athena named query `q` is replaced: QueryString `select 1` → `select 2`"}},
	}
	befores, afters := map[string]side{}, map[string]side{}
	for _, test := range cases {
		befores[test.name], afters[test.name] = test.before, test.after
	}
	c, err := Compare(context.Background(), madeUp(t, befores), madeUp(t, afters))
	require.NoError(t, err)
	assert.Empty(t, c.Edits)
	names := map[section]string{dangerSection: "danger", accessSection: "access", resourceSection: "resource"}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			var found []string
			for _, finding := range c.Findings {
				if slices.Contains(finding.Environments, test.name) {
					found = append(found, names[finding.section]+": "+finding.text)
				}
			}
			if !assert.Len(t, found, len(test.want), strings.Join(found, "\n")) {
				return
			}
			for i, want := range slices.Sorted(slices.Values(test.want)) {
				assert.Contains(t, slices.Sorted(slices.Values(found))[i], want)
			}
		})
	}
}

func TestNamesOfAnEnvironmentAreToldByMostOfItsStacks(t *testing.T) {
	environment := &Environment{Name: "prod"}
	for id, name := range map[string]string{"Storage": "elt-prod-storage", "DatasetSales": "elt-prod-dataset-sales", "Odd": "elt-prodigious"} {
		environment.Stacks = append(environment.Stacks, &Stack{ID: id, Name: name, env: environment})
	}
	assert.Equal(t, "elt-prod", environment.prefix())
	assert.Equal(t, "elt-<env>-raw", environment.stack("Odd").neutral("elt-prod-raw"))
	assert.Equal(t, "elt-dev", (&Environment{Name: "dev"}).prefix())
}

func TestAStackThatIsMadeElsewhereLeavesTheFirstBehind(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Stack)
		want   string
	}{
		{"region", func(s *Stack) { s.region = "eu-central-1" }, "moves from `eu-west-1` to `eu-central-1`: a deployment makes a second one there"},
		{"account", func(s *Stack) { s.account = "1" }, ""}, // it may be the same
		{"name", func(s *Stack) { s.Name = "shop-house" }, "is called `shop-house` instead of `elt-<env>-house`: a deployment makes a second one"},
	} {
		base, head := madeUp(t, map[string]side{"prod": {resources: other}}), madeUp(t, map[string]side{"prod": {resources: other}})
		test.change(head.Environments[0].Stacks[0])
		c := &Comparison{Texts: map[string]map[string]string{}, Counts: map[string]Counts{}}
		c.environment(base.Environments[0], head.Environments[0], nil, nil)
		assert.Equal(t, test.want != "", c.Dangerous([]string{"prod"}), test.name)
		if test.want != "" {
			assert.Contains(t, c.Findings[0].text, test.want)
		}
	}
}
