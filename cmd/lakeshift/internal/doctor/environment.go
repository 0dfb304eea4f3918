package doctor

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/smithy-go"

	"lakeshift/cmd/lakeshift/internal/target"
	"lakeshift/config"
)

// What the synthesized app asks of the bootstrap stack (requiresBootstrapStackVersion in its manifests).
const oldestBootstrap = 8

// Environment looks at where an environment is, or is to be, deployed. Connecting has told whose credentials there are.
func Environment(ctx context.Context, t *target.Target, environment config.Environment, datasets []config.Dataset) []Finding {
	checks := []check{
		func(ctx context.Context) []Finding { return stacks(ctx, t, environment, datasets) },
	}
	if !t.IsLocal() {
		for _, quota := range quotas(environment, datasets) {
			checks = append(checks, func(ctx context.Context) []Finding { return quota.look(ctx, t.Quotas()) })
		}
	}
	return all(ctx, "environment", checks...)
}

// stacks looks at the bootstrap stack and at the environment's own.
func stacks(ctx context.Context, t *target.Target, environment config.Environment, datasets []config.Dataset) []Finding {
	found := map[string]cloudformationtypes.Stack{}
	pages := cloudformation.NewDescribeStacksPaginator(t.CloudFormation(), &cloudformation.DescribeStacksInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return one("stacks", Unknown, reason(err), "the credentials must be allowed cloudformation:DescribeStacks")
		}
		for _, stack := range page.Stacks {
			found[aws.ToString(stack.StackName)] = stack
		}
	}
	return append(bootstrap(t, found), deployed(t, environment.Stacks(datasets), found)...)
}

func bootstrap(t *target.Target, found map[string]cloudformationtypes.Stack) []Finding {
	remedy := fmt.Sprintf("make cdk && scripts/with-cdk cdk bootstrap aws://%s/%s", t.Account, t.Region)
	if t.IsLocal() {
		remedy = "lakeshift local up"
	}
	stack, there := found["CDKToolkit"]
	if !there {
		return one("CDK bootstrap", Failure, "none in "+t.Region, remedy)
	}
	for _, output := range stack.Outputs {
		if aws.ToString(output.OutputKey) != "BootstrapVersion" {
			continue
		}
		text := aws.ToString(output.OutputValue)
		if number, err := strconv.Atoi(text); err != nil || number < oldestBootstrap {
			return one("CDK bootstrap", Failure, fmt.Sprintf("version %s, expected %d or newer", text, oldestBootstrap), remedy)
		}
		return one("CDK bootstrap", OK, "version "+text, "")
	}
	return one("CDK bootstrap", Failure, "a stack CDKToolkit that tells no version", remedy)
}

func deployed(t *target.Target, wanted []string, found map[string]cloudformationtypes.Stack) []Finding {
	deploy := fmt.Sprintf("make deploy ENV=%s", t.Environment)
	if t.IsLocal() {
		deploy = "lakeshift local up"
	}
	there := 0
	var stuck, missing []string
	for _, name := range wanted {
		stack, is := found[name]
		status := string(stack.StackStatus)
		switch {
		case !is:
			missing = append(missing, name)
		case strings.HasSuffix(status, "_FAILED") || status == "ROLLBACK_COMPLETE":
			stuck = append(stuck, name+" "+status)
		default:
			there++
		}
	}
	text := fmt.Sprintf("%d of %d deployed", there, len(wanted))
	switch {
	case len(stuck) > 0:
		return one("stacks", Failure, text+"; "+strings.Join(stuck, ", "),
			"see the stack's events in CloudFormation; a stack in ROLLBACK_COMPLETE must be deleted before it can be created again")
	case there == 0:
		return one("stacks", Warning, "none deployed yet", deploy)
	case len(missing) > 0:
		return one("stacks", Warning, text+", not yet: "+strings.Join(missing, ", "), deploy)
	}
	return one("stacks", OK, text, "")
}

// quota of the account, and what the environment takes of it at the most. How much others take, nobody tells.
type quota struct {
	service, name string // as Service Quotas calls them
	need          float64
	why           string
}

// Data processing units of a worker: https://docs.aws.amazon.com/glue/latest/dg/add-job.html
var unitsOfWorker = map[string]float64{"G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8}

func quotas(environment config.Environment, datasets []config.Dataset) []quota {
	units := 0.0
	for _, dataset := range datasets {
		workers, kind := dataset.Load.Workers, dataset.Load.WorkerType
		if environment.Workers > 0 {
			workers = environment.Workers
		}
		if environment.WorkerType != "" {
			kind = environment.WorkerType
		}
		units += float64(workers) * unitsOfWorker[kind]
	}
	all := float64(len(datasets))
	return []quota{
		{"vpc", "VPCs per Region", 1, "the environment's network"},
		{"cloudformation", "Stack count", float64(len(environment.Stacks(datasets))), "its stacks"},
		{"glue", "Max concurrent job runs per account", all, "one of each dataset, if all run at once"},
		{"glue", "Max task DPUs per account", units, "all loads at once"},
	}
}

func (q quota) look(ctx context.Context, client *servicequotas.Client) []Finding {
	title := "quota: " + q.name
	pages := servicequotas.NewListServiceQuotasPaginator(client, &servicequotas.ListServiceQuotasInput{ServiceCode: &q.service})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return one(title, Unknown, reason(err), "the credentials must be allowed servicequotas:ListServiceQuotas")
		}
		for _, found := range page.Quotas {
			if !strings.EqualFold(aws.ToString(found.QuotaName), q.name) {
				continue
			}
			value := aws.ToFloat64(found.Value)
			text := fmt.Sprintf("%g; needed: %g (%s)", value, q.need, q.why)
			if value < q.need {
				return one(title, Failure, text, fmt.Sprintf("ask for more: Service Quotas, %s, %s", q.service, aws.ToString(found.QuotaCode)))
			}
			return one(title, OK, text, "")
		}
	}
	return one(title, Unknown, fmt.Sprintf("not listed; needed: %g (%s)", q.need, q.why), "")
}

// reason leaves out of an error what helps nobody.
func reason(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}
