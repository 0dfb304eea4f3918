package pipeline

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// groups answers messages by group; a group that is not there does not exist.
type groups map[string][]string

func (g groups) GetLogEvents(_ context.Context, in *cloudwatchlogs.GetLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	messages, ok := g[*in.LogGroupName]
	if !ok {
		return nil, &logtypes.ResourceNotFoundException{}
	}
	out := &cloudwatchlogs.GetLogEventsOutput{}
	for _, message := range messages {
		if message == "denied" {
			return nil, errors.New("denied")
		}
		out.Events = append(out.Events, logtypes.OutputLogEvent{Message: aws.String(message)})
	}
	return out, nil
}

func TestTheEndOfALogIsReadFromTheFirstGroupThatHasLines(t *testing.T) {
	log := Log{Groups: []string{"error", "output"}, Stream: "jr_1"}
	for name, c := range map[string]struct {
		groups groups
		group  string
		tail   []string
	}{
		"errors first":       {groups{"error": {"a\nb\n", "c"}, "output": {"x"}}, "error", []string{"b", "c"}},
		"no errors":          {groups{"error": {}, "output": {"x"}}, "output", []string{"x"}},
		"no such group":      {groups{"output": {"x"}}, "output", []string{"x"}},
		"nothing was logged": {groups{}, "", nil},
	} {
		group, tail, err := log.Tail(context.Background(), c.groups, 2)
		require.NoError(t, err, name)
		assert.Equal(t, c.group, group, name)
		assert.Equal(t, c.tail, tail, name)
	}
	_, _, err := log.Tail(context.Background(), groups{"error": {"denied"}}, 2)
	assert.Error(t, err)
}
