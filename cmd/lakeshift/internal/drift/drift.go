// Package drift compares stacks with what is there.
package drift

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// States of a stack.
const (
	InSync      = "IN_SYNC"
	Drifted     = "DRIFTED"
	NotDeployed = "NOT_DEPLOYED"
	// Unknown means that CloudFormation could not look at every resource; Reason says why.
	Unknown = "UNKNOWN"
)

// Stack is what was found out about one stack.
type Stack struct {
	Name      string     `json:"stack"`
	State     string     `json:"state"`
	Reason    string     `json:"reason,omitempty"`
	Resources []Resource `json:"resources"` // those that drifted
}

// Resource that is no longer what its template says.
type Resource struct {
	LogicalID   string       `json:"logical_id"`
	PhysicalID  string       `json:"physical_id"`
	Type        string       `json:"type"`
	Change      string       `json:"change"` // MODIFIED or DELETED
	Differences []Difference `json:"differences"`
}

// Difference between template and reality, in one property.
type Difference struct {
	Path     string `json:"path"`
	Change   string `json:"change"` // ADD, REMOVE or NOT_EQUAL
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
}

// Detect looks for drift of one stack, which takes CloudFormation up to some minutes; it asks every so often.
// Only properties that the template sets are compared, and only of resource types that CloudFormation can compare.
func Detect(ctx context.Context, client *cloudformation.Client, name string, every time.Duration) (Stack, error) {
	stack := Stack{Name: name, Resources: []Resource{}}
	begun, err := client.DetectStackDrift(ctx, &cloudformation.DetectStackDriftInput{StackName: &name})
	if missing(err) {
		stack.State = NotDeployed
		return stack, nil
	}
	if err != nil {
		return stack, fmt.Errorf("stack %s: %w", name, err)
	}
	for {
		status, err := client.DescribeStackDriftDetectionStatus(ctx, &cloudformation.DescribeStackDriftDetectionStatusInput{
			StackDriftDetectionId: begun.StackDriftDetectionId,
		})
		if err != nil {
			return stack, fmt.Errorf("stack %s: %w", name, err)
		}
		if status.DetectionStatus != types.StackDriftDetectionStatusDetectionInProgress {
			stack.State, stack.Reason = string(status.StackDriftStatus), aws.ToString(status.DetectionStatusReason)
			if status.DetectionStatus == types.StackDriftDetectionStatusDetectionFailed {
				stack.State = Unknown
			}
			break
		}
		select {
		case <-ctx.Done():
			return stack, ctx.Err()
		case <-time.After(every):
		}
	}
	stack.Resources, err = drifted(ctx, client, name)
	if err == nil && len(stack.Resources) > 0 && stack.State == InSync {
		err = errors.New("CloudFormation calls it in sync and lists resources that drifted")
	}
	if err != nil {
		return stack, fmt.Errorf("stack %s: %w", name, err)
	}
	return stack, nil
}

// drifted resources, of a detection that failed as well: it may have come to some of them.
func drifted(ctx context.Context, client *cloudformation.Client, name string) ([]Resource, error) {
	resources := []Resource{}
	input := &cloudformation.DescribeStackResourceDriftsInput{
		StackName: &name,
		StackResourceDriftStatusFilters: []types.StackResourceDriftStatus{
			types.StackResourceDriftStatusModified, types.StackResourceDriftStatusDeleted,
		},
	}
	for {
		page, err := client.DescribeStackResourceDrifts(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, drift := range page.StackResourceDrifts {
			resource := Resource{
				LogicalID: aws.ToString(drift.LogicalResourceId), PhysicalID: aws.ToString(drift.PhysicalResourceId),
				Type: aws.ToString(drift.ResourceType), Change: string(drift.StackResourceDriftStatus), Differences: []Difference{},
			}
			for _, d := range drift.PropertyDifferences {
				resource.Differences = append(resource.Differences, Difference{
					Path: aws.ToString(d.PropertyPath), Change: string(d.DifferenceType),
					Expected: aws.ToString(d.ExpectedValue), Actual: aws.ToString(d.ActualValue),
				})
			}
			resources = append(resources, resource)
		}
		if aws.ToString(page.NextToken) == "" {
			return resources, nil
		}
		input.NextToken = page.NextToken
	}
}

// CloudFormation has no error type for a stack that is not there.
func missing(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist")
}
