package pipeline

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Log is where a step writes: a stream that may stand in several groups, the likeliest to name an error first.
type Log struct {
	Groups []string
	Stream string
}

// LogReader is the part of CloudWatch Logs that Tail calls.
type LogReader interface {
	GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
}

// A job run names one group; what the job writes goes into two below it.
// https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging-view.html
func jobLog(run types.JobRun) Log {
	group := strings.TrimRight(aws.ToString(run.LogGroupName), "/")
	if group == "" {
		group = "/aws-glue/jobs"
	}
	return Log{Groups: []string{group + "/error", group + "/output"}, Stream: aws.ToString(run.Id)}
}

func crawlLog(crawl types.Crawl, crawler string) Log {
	log := Log{Groups: []string{"/aws-glue/crawlers"}, Stream: crawler}
	if group := aws.ToString(crawl.LogGroup); group != "" {
		log.Groups = []string{group}
	}
	if stream := aws.ToString(crawl.LogStream); stream != "" {
		log.Stream = stream
	}
	return log
}

// Tail answers the last lines of the first group that has any, and that group's name.
// A log that does not exist is an empty one: a job may die before its first line.
func (l Log) Tail(ctx context.Context, reader LogReader, lines int) (group string, tail []string, err error) {
	for _, group := range l.Groups {
		events, err := reader.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
			LogGroupName:  &group,
			LogStreamName: &l.Stream,
			Limit:         aws.Int32(int32(lines)),
			StartFromHead: aws.Bool(false),
		})
		if missing := (*logtypes.ResourceNotFoundException)(nil); errors.As(err, &missing) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		for _, event := range events.Events {
			tail = append(tail, strings.Split(strings.TrimRight(aws.ToString(event.Message), "\r\n"), "\n")...)
		}
		if len(tail) > 0 {
			return group, tail[max(0, len(tail)-lines):], nil
		}
	}
	return "", nil, nil
}
