package review

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func workgroup(properties string) string {
	return resource("W", "AWS::RedshiftServerless::Workgroup", `"WorkgroupName": "house"`+properties)
}

func blocked(flags ...string) string {
	text := `"BucketName": "data", "PublicAccessBlockConfiguration": {`
	for i, name := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
		text += map[bool]string{true: ", "}[i > 0] + `"` + name + `": ` + map[bool]string{true: "true", false: "false"}[slices.Contains(flags, name)]
	}
	return bucket(text + "}")
}

func encrypted(with string) string {
	return bucket(`"BucketName": "data", "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": ` + with + `}]}`)
}

func ingress(from string) string {
	return group(`{"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439, ` + from + `}`)
}

func egress(to string) string {
	return resource("Group", "AWS::EC2::SecurityGroup", `"GroupName": "house", "SecurityGroupEgress": [{"IpProtocol": "-1", `+to+`}]`)
}

func analystsAre(names string) string {
	return resource("Run", "Custom::SchemaStep", `"Variables": {"ANALYSTS": "[`+names+`]"}`) + "," +
		resource("Other", "Custom::SchemaStep", `"Variables": {"ANALYSTS": "[`+names+`]"}`)
}

func trusted(principal, more string) string {
	return resource("Role", "AWS::IAM::Role", `"RoleName": "elt-load", "AssumeRolePolicyDocument": {"Statement": [`+
		`{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}, `+
		`{"Effect": "Allow", "Principal": `+principal+more+`}]}`)
}

// What stands under access, in order; all of it is read out of templates alone.
func TestWhatLiesOpenStandsUnderAccess(t *testing.T) {
	const all = "BlockPublicAcls BlockPublicPolicy IgnorePublicAcls RestrictPublicBuckets"
	glue := trust(`{"Service": "glue.amazonaws.com"}`)
	for name, test := range map[string]struct {
		before, after string
		want          []string
	}{
		"reached from the internet": {workgroup(`, "PubliclyAccessible": false`), workgroup(`, "PubliclyAccessible": true`),
			[]string{"⚠️ Redshift Serverless workgroup `house` can now be **reached from the internet** (PubliclyAccessible)"}},
		"a new cluster is reached": {other, other + "," + resource("C", "AWS::Redshift::Cluster", `"ClusterIdentifier": "c", "PubliclyAccessible": true`),
			[]string{"⚠️ Redshift cluster `c` can now be **reached from the internet**"}},
		"reached no longer": {workgroup(`, "PubliclyAccessible": true`), workgroup(""), []string{"Redshift Serverless workgroup `house` can no longer be reached"}},
		"without encryption on the way": {workgroup(`, "ConfigParameters": [{"ParameterKey": "require_ssl", "ParameterValue": "true"}]`),
			workgroup(`, "ConfigParameters": [{"ParameterKey": "require_ssl", "ParameterValue": "false"}]`), []string{"⚠️ Redshift Serverless workgroup `house` now takes connections that are **not encrypted**"}},
		"behind another security group": {workgroup(`, "SecurityGroupIds": ["sg-1"]`), workgroup(`, "SecurityGroupIds": ["sg-1", "sg-2"]`), []string{"⚠️ Redshift Serverless workgroup `house` now lets in what another security group admits"}},

		"block weakened": {blocked(strings.Fields(all)...), blocked("BlockPublicAcls", "IgnorePublicAcls"),
			[]string{"⚠️ S3 bucket `data` no longer blocks public access (BlockPublicPolicy, RestrictPublicBuckets)"}},
		"block removed":        {blocked(strings.Fields(all)...), bucket(`"BucketName": "data"`), []string{"⚠️ S3 bucket `data` no longer blocks public access (BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets)"}},
		"block strengthened":   {blocked(), blocked(strings.Fields(all)...), nil},
		"new bucket, blocked":  {other, other + "," + bucket(""), nil},
		"new bucket, open":     {other, other + "," + blocked("BlockPublicAcls"), []string{"⚠️ S3 bucket `data` no longer blocks public access"}},
		"readable by all":      {bucket(""), bucket(`"AccessControl": "PublicRead"`), []string{"⚠️ S3 bucket `House/Raw` may now be read by **everybody**"}},
		"reads not recorded":   {bucket(`"LoggingConfiguration": {"DestinationBucketName": "logs"}`), bucket(""), []string{"S3 bucket `House/Raw` records less of who uses it (LoggingConfiguration)"}},
		"encryption removed":   {encrypted(`{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}`), bucket(`"BucketName": "data"`), []string{"⚠️ S3 bucket `data` is **less well locked**: BucketEncryption"}},
		"encryption weakened":  {encrypted(`{"SSEAlgorithm": "aws:kms"}`), encrypted(`{"SSEAlgorithm": "AES256"}`), []string{"SSEAlgorithm `aws:kms` → `AES256`"}},
		"encryption by S3":     {encrypted(`{"SSEAlgorithm": "AES256"}`), bucket(`"BucketName": "data"`), nil},
		"encryption added":     {encrypted(`{"SSEAlgorithm": "AES256"}`), encrypted(`{"SSEAlgorithm": "aws:kms"}`), nil},
		"topic without a key":  {resource("T", "AWS::SNS::Topic", `"KmsMasterKeyId": "k"`), resource("T", "AWS::SNS::Topic", ""), []string{"⚠️ SNS topic `House/T` is **less well locked**: KmsMasterKeyId `k` is gone"}},
		"key not rotated":      {resource("K", "AWS::KMS::Key", `"EnableKeyRotation": true`), resource("K", "AWS::KMS::Key", `"EnableKeyRotation": false`), []string{"⚠️ KMS key `House/K` is **less well locked**: EnableKeyRotation `true` is gone"}},
		"cluster in the clear": {resource("C", "AWS::Redshift::Cluster", `"Encrypted": true`), resource("C", "AWS::Redshift::Cluster", `"Encrypted": false`), []string{"⚠️ Redshift cluster `House/C` is **less well locked**: Encrypted `true` is gone"}},
		"a role unbounded": {resource("R", "AWS::IAM::Role", `"PermissionsBoundary": "b"`), resource("R", "AWS::IAM::Role", ""),
			[]string{"⚠️ IAM role `House/R` is **less well locked**: PermissionsBoundary `b` is gone"}},

		"everywhere may come in":  {ingress(`"CidrIp": "10.1.0.0/24"`), ingress(`"CidrIp": "0.0.0.0/0"`), []string{"⚠️ `house` now lets in `tcp port 5439` from `0.0.0.0/0`", "`house` no longer lets in"}},
		"v6 may come in":          {group(""), ingress(`"CidrIpv6": "::/0"`), []string{"⚠️ `house` now lets in `tcp port 5439` from `::/0`"}},
		"private range comes in":  {group(""), ingress(`"CidrIp": "10.0.0.0/8"`), []string{"⚠️ `house` now lets in `tcp port 5439` from `10.0.0.0/8`"}},
		"one address comes in":    {group(""), ingress(`"CidrIp": "10.1.1.1/32"`), []string{"⚠️ `house` now lets in"}},
		"sends everywhere":        {egress(`"CidrIp": "255.255.255.255/32"`), egress(`"CidrIp": "0.0.0.0/0"`), []string{"⚠️ `house` may now send `all traffic` to `0.0.0.0/0`"}},
		"sends everywhere in v6":  {other, egress(`"CidrIpv6": "::/0"`), []string{"⚠️ `house` may now send"}},
		"sends to its network":    {other, egress(`"CidrIp": "10.41.0.0/16"`), []string{"`house` may now send"}},
		"a way out":               {other, other + "," + resource("G", "AWS::EC2::InternetGateway", ""), []string{"⚠️ internet gateway `House/G` is **new**"}},
		"the default group opens": {other + "," + resource("D", "Custom::VpcRestrictDefaultSG", ""), other, []string{"⚠️ the default security group of `House/D` lets"}},

		"traffic not recorded": {other + "," + resource("F", "AWS::EC2::FlowLog", ""), other, []string{"flow log `House/F` is gone: the network's traffic is recorded no more"}},

		"another account":     {glue, trusted(`{"AWS": "arn:aws:iam::222233334444:root"}`, `, "Action": "sts:AssumeRole"`), []string{"⚠️ `arn:aws:iam::222233334444:root` may now take on role `elt-load`"}},
		"an account's number": {glue, trusted(`{"AWS": "222233334444"}`, `, "Action": "sts:AssumeRole"`), []string{"⚠️ `222233334444` may now take on role `elt-load`"}},
		"the own account":     {glue, trusted(`{"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/x"}}`, `, "Action": "sts:AssumeRole"`), []string{"`arn:aws:iam::<account>:role/x` may now take on role"}},
		"everybody":           {glue, trusted(`{"AWS": "*"}`, `, "Action": "sts:AssumeRole"`), []string{"⚠️ **everybody** may now take on role `elt-load`"}},
		"another provider": {glue, trusted(`{"Federated": "arn:aws:iam::1:oidc-provider/x"}`, `, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringLike": {"sub": "repo:*"}}`),
			[]string{"⚠️ `arn:aws:iam::1:oidc-provider/x` may now take on role `elt-load` if `{\"StringLike\":{\"sub\":\"repo:*\"}}`"}},
		"administrator": {glue, strings.Replace(glue, `"RoleName"`, `"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"], "RoleName"`, 1), []string{"⚠️ `elt-load` now has the managed policy"}},

		"an analyst comes": {analystsAre(""), analystsAre(`\"IAM:ann\"`), []string{"⚠️ `IAM:ann` may now read everything in the warehouse, as an analyst"}},
		"an analyst goes":  {analystsAre(`\"IAM:ann\"`), analystsAre(""), []string{"`IAM:ann` is no longer an analyst: the deployment takes the role from it"}},
	} {
		t.Run(name, func(t *testing.T) {
			environment := func(resources string) *Environment {
				return madeUp(t, map[string]side{"prod": {resources: resources}}).Environments[0]
			}
			before, after := environment(test.before), environment(test.after)
			var found []string
			c := Comparison{}
			for _, item := range slices.Concat(access(before, after), exposures(before, after)) {
				assert.Equal(t, accessSection, item.section)
				assert.Equal(t, strings.HasPrefix(item.text, "⚠️"), item.rank == 0, "what opens something is read first: %s", item.text)
				c.add("prod", item)
			}
			c.sort()
			for _, finding := range c.Findings {
				found = append(found, finding.text)
			}
			if assert.Len(t, found, len(test.want), strings.Join(found, "\n")) {
				for i, want := range test.want {
					assert.Contains(t, found[i], want)
				}
			}
		})
	}
}

func TestWhoIsToldOfFailures(t *testing.T) {
	subscription := func(id, endpoint, protocol string) string {
		return resource("T", "AWS::SNS::Topic", `"TopicName": "alerts"`) + "," +
			resource(id, "AWS::SNS::Subscription", `"TopicArn": {"Ref": "T"}, "Protocol": "`+protocol+`", "Endpoint": "`+endpoint+`"`)
	}
	alarm := func(more string) string { return resource("A", "AWS::CloudWatch::Alarm", `"AlarmName": "stale"`+more) }
	for _, test := range []struct {
		before, after string
		want          []string
	}{
		{subscription("S", "one@example.com", "email"), subscription("S2", "two@example.com", "email"),
			[]string{"🔔 `alerts` now tells `two@example.com` (email), who must confirm it first", "🔕 `alerts` no longer tells `one@example.com` (email)"}},
		{subscription("S", "one@example.com", "email"), subscription("S2", "one@example.com", "email"), nil},
		{subscription("S", "https://pager.example.com", "https"), resource("T", "AWS::SNS::Topic", `"TopicName": "alerts"`), []string{"🔕 `alerts` no longer tells `https://pager.example.com` (https)"}},
		{alarm(`, "AlarmActions": ["t"]`), alarm(`, "AlarmActions": ["t"], "ActionsEnabled": false`), []string{"🔕 CloudWatch alarm `stale` is switched off"}},
		{alarm(`, "AlarmActions": ["t"]`), alarm(""), []string{"🔕 CloudWatch alarm `stale` is switched off"}},
		{alarm(`, "AlarmActions": ["t"]`), alarm(`, "AlarmActions": ["t"], "Threshold": 2`), nil},
		{alarm(`, "AlarmActions": ["t"]`), resource("T", "AWS::SNS::Topic", `"TopicName": "alerts"`), []string{"🔕 CloudWatch alarm `stale` is gone: nobody is told of what it rang for"}},
		{alarm(`, "AlarmActions": ["t"]`), resource("B", "AWS::CloudWatch::Alarm", `"AlarmName": "stale", "AlarmActions": ["t"]`), nil},
		{alarm(""), resource("T", "AWS::SNS::Topic", `"TopicName": "alerts"`), nil},
		{resource("R", "AWS::Events::Rule", `"Name": "failed", "Targets": [{"Id": "t"}]`), resource("R", "AWS::Events::Rule", `"Name": "failed", "State": "DISABLED", "Targets": [{"Id": "t"}]`),
			[]string{"🔕 EventBridge rule `failed` is switched off"}},
	} {
		var found []string
		for _, item := range alerts(madeUp(t, map[string]side{"prod": {resources: test.before}}).Environments[0], madeUp(t, map[string]side{"prod": {resources: test.after}}).Environments[0]) {
			assert.Equal(t, first, item.rank, "who is woken is not folded away")
			found = append(found, item.text)
		}
		slices.Sort(found)
		assert.Equal(t, test.want, found)
	}
}

func TestANameIsTakenUntilTheOldOneIsGone(t *testing.T) {
	named := func(id, kind, property, name string) string { return resource(id, kind, `"`+property+`": "`+name+`"`) }
	for _, test := range []struct {
		before, after string
		dangerous     bool
		want          string
	}{
		{keptName("Raw"), keptName("Zone"), true, "S3 bucket `data`: another logical id, the same name: **the deployment fails**"},
		{named("A", "AWS::IAM::Role", "RoleName", "load"), named("B", "AWS::IAM::Role", "RoleName", "load"), false, "⚠️ IAM role `load`: another logical id"},
		{named("A", "AWS::RedshiftServerless::Workgroup", "WorkgroupName", "w"), named("B", "AWS::RedshiftServerless::Workgroup", "WorkgroupName", "w"), true, "Redshift Serverless workgroup `w`: another logical id"},
		{resource("A", "AWS::Glue::Table", `"DatabaseName": "one", "TableInput": {"Name": "t"}`), resource("B", "AWS::Glue::Table", `"DatabaseName": "one", "TableInput": {"Name": "t"}`), true, "Glue table `t`: another"},
		{resource("A", "AWS::Glue::Table", `"DatabaseName": "one", "TableInput": {"Name": "t"}`), resource("B", "AWS::Glue::Table", `"DatabaseName": "two", "TableInput": {"Name": "t"}`), false, ""},
		{named("A", "AWS::Athena::NamedQuery", "Name", "q"), named("B", "AWS::Athena::NamedQuery", "Name", "q"), false, ""},
		{named("A", "AWS::Lambda::EventInvokeConfig", "FunctionName", "f"), named("B", "AWS::Lambda::EventInvokeConfig", "FunctionName", "f"), false, ""},
		{named("A", "AWS::S3::Bucket", "BucketName", "one"), named("B", "AWS::S3::Bucket", "BucketName", "two"), false, ""},
		{keptName("Raw"), keptName("Raw"), false, ""},
		{bucket(""), resource("B", "AWS::S3::Bucket", ""), false, ""},
	} {
		found := taken(madeUp(t, map[string]side{"prod": {resources: test.before}}).Environments[0], madeUp(t, map[string]side{"prod": {resources: test.after}}).Environments[0])
		if test.want == "" {
			assert.Empty(t, found)
		} else if assert.Len(t, found, 1, test.want) {
			assert.Contains(t, found[0].text, test.want)
			assert.Equal(t, test.dangerous, found[0].section == dangerSection)
		}
	}
}

func TestAnEnvironmentThatComesOrGoesIsCounted(t *testing.T) {
	environment := func(name string) *Environment {
		return madeUp(t, map[string]side{name: {resources: keptName("Raw") + "," + other + "," + policy(clause("Allow", `"s3:*"`, "*", ""))}}).Environments[0]
	}
	none := func(name string) *Environment { return &Environment{Name: name} }
	c := &Comparison{Environments: []string{"new", "old"}, Texts: map[string]map[string]string{}, Counts: map[string]Counts{}}
	c.environment(none("new"), environment("new"), nil, nil)
	c.environment(environment("old"), none("old"), nil, nil)
	c.sort()
	assert.Equal(t, map[string]Counts{"new": {Added: 4}, "old": {Removed: 4}}, c.Counts)
	var found []string
	for _, finding := range c.Findings {
		found = append(found, finding.Environments[0]+": "+finding.text)
	}
	assert.Equal(t, []string{
		"old: stack `House` **leaves the app**: a deployment leaves it running as it is, until somebody deletes it (4 resources); deleting it **deletes** S3 bucket `data`",
		"new: ⚠️ `elt-load` may now `s3:*` on `*`",
		"new: ➕ environment `new` is **new**: 1 stack; what stands under access is what it has and others have not",
	}, found)
}

func TestARoleThatGoesIsSaidOnce(t *testing.T) {
	environment := func(resources string) *Environment {
		return madeUp(t, map[string]side{"prod": {resources: resources}}).Environments[0]
	}
	role := strings.Replace(trust(`{"Service": "glue.amazonaws.com"}`), `"RoleName": "elt-load"`, `"ManagedPolicyArns": ["a"]`, 1)
	found := access(environment(role+","+other), environment(other))
	if assert.Len(t, found, 1, "%v", found) {
		assert.Equal(t, "IAM role `House/Role` is gone, and may do nothing any more", found[0].text)
	}
}

func TestANewEnvironmentIsToldByWhatOthersHaveNot(t *testing.T) {
	same := policy(clause("Allow", `"s3:*"`, "*", ""))
	all := madeUp(t, map[string]side{"prod": {resources: same}, "open": {resources: same + "," + workgroup(`, "PubliclyAccessible": true`)}})
	c := &Comparison{Texts: map[string]map[string]string{}, Counts: map[string]Counts{}}
	c.environment(&Environment{Name: "open"}, all.environment("open"), nil, nil)
	c.forget("open", []*Environment{all.environment("prod")})
	var found []string
	for _, finding := range c.Findings {
		if finding.section == accessSection {
			found = append(found, finding.text)
		}
	}
	assert.Equal(t, []string{"⚠️ Redshift Serverless workgroup `house` can now be **reached from the internet** (PubliclyAccessible)"}, found)
}

func TestAStackOfAnotherNameFailsWhereItsThingsKeepTheirs(t *testing.T) {
	stack := func(resources, name string) *Stack {
		stack := madeUp(t, map[string]side{"prod": {resources: resources}}).Environments[0].Stacks[0]
		stack.Name = name
		return stack
	}
	assert.Contains(t, renamed(stack(keptName("Raw"), "elt-prod-house"), stack(keptName("Raw"), "shop-house")).text, "**it fails** where both use a name, such as that of S3 bucket `data`")
	named := func(prefix string) string { return bucket(`"BucketName": "` + prefix + `-data"`) }
	table := func(database string) string {
		return resource("D", "AWS::Glue::Database", `"DatabaseInput": {"Name": "`+database+`"}`) + "," + resource("T", "AWS::Glue::Table", `"DatabaseName": {"Ref": "D"}, "TableInput": {"Name": "t"}`)
	}
	assert.NotContains(t, renamed(stack(table("elt_prod_raw"), "elt-prod-house"), stack(table("shop_raw"), "shop-house")).text, "fails")
	assert.NotContains(t, renamed(stack(named("elt-prod"), "elt-prod-house"), stack(named("shop"), "shop-house")).text, "fails")
}
