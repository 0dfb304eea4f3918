package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"lakeshift/constructs"
)

// deployHours is how long a deployment and the pipelines after it may take: as long as the job of deploy-environment.yml.
const deployHours = 3

// newDelivery makes the roles of the GitHub workflows, if the environment wants them. It refers to no other stack by
// more than its names: it is deployed first, by hand, and lets the workflows deploy the rest.
func newDelivery(e environment) {
	if !e.Delivery.Enabled() {
		return
	}
	stack := e.stack("Delivery", e.names.Stack("delivery"), "what GitHub workflows may do")
	github := constructs.NewGitHub(stack, "GitHub", constructs.GitHubProps{Repository: e.Delivery.Repository, CreateProvider: e.Delivery.CreateProvider})
	role := func(id, actor, description, environment string, hours float64) awsiam.Role {
		return github.NewRole(stack, id, e.names.Role("github-"+actor), description, environment, hours)
	}
	prefix := e.names.Prefix() + "-"

	deploy := role("Deploy", "deploy", "Deploys "+e.Name+", runs its pipelines and counts their rows", e.Name, deployHours)
	constructs.GrantDeploy(deploy)
	constructs.GrantRunPipelines(deploy, prefix)
	constructs.GrantCount(deploy, constructs.CountedProps{
		Workgroup: e.names.AthenaWorkgroup(), RawDatabase: e.names.RawDatabase(), CuratedDatabase: e.names.CuratedDatabase(),
		RawBucket: e.names.RawBucket(), ProcessedBucket: e.names.ProcessedBucket(),
		ArtifactsBucket: e.names.ArtifactsBucket(), ResultsBucket: e.names.AthenaResultsBucket(),
	})

	// A pull request's own code runs with this one: templates, no more.
	diff := role("Diff", "diff", "Reads the templates of "+e.Name+"'s stacks", e.Name+"-diff", 1)
	constructs.GrantReadStacks(diff, prefix)

	drift := role("Drift", "drift", "Looks for drift of "+e.Name+"'s stacks", e.Name+"-drift", 1)
	constructs.GrantDetectDrift(drift, prefix)

	for _, made := range []struct {
		id, environment string
		role            awsiam.Role
	}{{"DeployRole", e.Name, deploy}, {"DiffRole", e.Name + "-diff", diff}, {"DriftRole", e.Name + "-drift", drift}} {
		constructs.AcceptNamePatterns(made.role)
		output(stack, made.id, *made.role.RoleArn(), "AWS_ROLE_ARN of the GitHub environment "+made.environment)
	}
}
