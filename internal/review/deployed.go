package review

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// CloudFormation is what it takes to read deployed templates.
type CloudFormation interface {
	GetTemplate(context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error)
}

// Running compares what an environment runs with what head would deploy there. Same is the comparison of base and head.
type Running struct {
	findings []Finding
	// same says that the environment runs what base says, so that nothing is left to tell.
	same    bool
	missing bool
}

// Region of the environment; empty if the CDK leaves it to the caller.
func (e *Environment) Region() string {
	if len(e.Stacks) == 0 || e.Stacks[0].region == "unknown-region" {
		return ""
	}
	return e.Stacks[0].region
}

// Deployed compares an environment of head with its deployed stacks, below folder. The credentials need
// cloudformation:GetTemplate and nothing else.
func Deployed(ctx context.Context, client CloudFormation, base, head *Assembly, name, folder string, c *Comparison) (Running, error) {
	environment := head.environment(name)
	deployed := &Environment{Name: name}
	known := slices.Clone(environment.Stacks)
	if old := base.environment(name); old != nil {
		for _, stack := range old.Stacks {
			if environment.stack(stack.ID) == nil {
				known = append(known, stack)
			}
		}
	}
	for _, stack := range known {
		found, err := deployedStack(ctx, client, stack, folder)
		if err != nil {
			return Running{}, err
		}
		if found != nil {
			found.env = deployed
			deployed.Stacks = append(deployed.Stacks, found)
		}
	}
	if len(deployed.Stacks) == 0 {
		return Running{missing: true}, nil
	}
	running := &Assembly{Folder: folder, Environments: []*Environment{deployed}}
	only := &Assembly{Folder: head.Folder, Environments: []*Environment{environment}}
	found, err := compareTemplates(ctx, running, only)
	if err != nil {
		return Running{}, err
	}
	result := Running{findings: found.Findings}
	result.same = len(difference(found.Findings, c.Findings, name)) == 0 && len(difference(templatesOnly(c.Findings), found.Findings, name)) == 0
	if other := otherCode(running, only); len(other) > 0 && len(otherCode(base, only)) != len(other) {
		result.same = false
		result.findings = append(result.findings, Finding{item{section: resourceSection, rank: 9, text: "other code, or other comments in it: " + strings.Join(other, ", ")}, []string{name}})
	}
	return result, nil
}

// What CloudFormation calls assets is 64 digits long.
var assetHash = regexp.MustCompile(`\b[0-9a-f]{64}\b`)

func deployedStack(ctx context.Context, client CloudFormation, like *Stack, folder string) (*Stack, error) {
	answer, err := client.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: aws.String(like.Name), TemplateStage: types.TemplateStageOriginal})
	if fault := smithy.APIError(nil); errors.As(err, &fault) && fault.ErrorCode() == "ValidationError" && strings.Contains(fault.ErrorMessage(), "does not exist") {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the template of %s: %w", like.Name, err)
	}
	text := aws.ToString(answer.TemplateBody)
	stack := &Stack{
		// whether it is protected is not in its template
		ID: like.ID, Name: like.Name, Protected: like.Protected, account: like.account, region: like.region, paths: like.paths,
		file: filepath.Join(folder, like.Name+".json"),
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	return stack, stack.fill([]byte(text), unique(assetHash.FindAllString(text, -1)))
}

func otherCode(running, head *Assembly) []string {
	var other []string
	for _, environment := range head.Environments {
		for _, stack := range environment.Stacks {
			if old := running.stack(environment.Name, stack.ID); old != nil {
				for id, hashes := range stack.uses {
					if before, there := old.uses[id]; there && !slices.Equal(unique(slices.Clone(before)), unique(slices.Clone(hashes))) {
						other = append(other, stack.thing(id))
					}
				}
			}
		}
	}
	return unique(other)
}

func templatesOnly(findings []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.sources })
}

// difference is what one list says of an environment and the other does not.
func difference(of, without []Finding, environment string) []Finding {
	return slices.DeleteFunc(only(of, []string{environment}), func(f Finding) bool {
		return slices.ContainsFunc(only(without, []string{environment}), func(g Finding) bool { return f.item == g.item })
	})
}

// markdown of what runs, as one folded block.
func (r Running) markdown(environment, against string) string {
	switch {
	case r.missing:
		return "Nothing of **" + environment + "** is deployed where the credentials of this report look.\n\n"
	case r.same:
		return "**" + environment + "** runs what " + quote(against) + " says: a deployment changes what is listed above.\n\n"
	}
	text := ""
	for _, finding := range r.findings {
		if finding.section == dangerSection {
			text += "- 🛑 " + finding.text + "\n"
		} else {
			text += "- " + finding.text + "\n"
		}
	}
	if text == "" {
		return "**" + environment + "** runs this already.\n\n"
	}
	return folded(fmt.Sprintf("<b>%s</b> runs something else than <code>%s</code>: a deployment there makes %s", environment, against, plural(len(r.findings), "change")), "\n"+text)
}

// Dangerous says whether a deployment would take something away from what runs.
func (r Running) Dangerous() bool {
	return slices.ContainsFunc(r.findings, func(f Finding) bool { return f.section == dangerSection })
}
