package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"lakeshift/cmd/lakeshift/internal/pipeline"
	"lakeshift/cmd/lakeshift/internal/screen"
	"lakeshift/cmd/lakeshift/internal/target"
	"lakeshift/config"
)

// runSummary is the part of the check job's summary that status reads.
type runSummary struct {
	RunID         string     `json:"run_id"`
	CheckedAt     *time.Time `json:"checked_at"`
	RejectedRows  int64      `json:"rejected_rows"`
	LandingRows   int64      `json:"landing_rows"`
	FactRows      int64      `json:"fact_rows"`
	KeysMatch     bool       `json:"keys_match"`
	LastSuccessAt *time.Time `json:"last_success_at"`
	// Unreadable are the keys of raw objects that no query can be run on.
	Unreadable []string `json:"unreadable"`
	// Failures say which facts did not hold; none if every check did.
	Failures []string `json:"failures"`
	Rejections
}

// Rejections are what a run that succeeded leaves to be looked at.
type Rejections struct {
	RunRejectedRows int64    `json:"run_rejected_rows"` // of the run that was checked last: what the alarm looks at
	Refused         []string `json:"refused"`           // raw objects of which no row fits
	Remarks         []string `json:"remarks"`           // what the load said of raw objects whose rows it could read
}

// readSummary reads what the last check wrote. No check yet: no rows, and no keys that could differ.
func readSummary(ctx context.Context, t *target.Target, dataset string) (runSummary, error) {
	bucket, key := t.ArtifactsBucket(), "runs/"+dataset+"/latest.json"
	none := Rejections{Refused: []string{}, Remarks: []string{}}
	out, err := t.S3().GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if missing := (*s3types.NoSuchKey)(nil); errors.As(err, &missing) {
		return runSummary{KeysMatch: true, Rejections: none}, nil
	}
	if err != nil {
		return runSummary{}, err
	}
	defer out.Body.Close()
	summary := runSummary{Rejections: none}
	if err := json.NewDecoder(out.Body).Decode(&summary); err != nil {
		return runSummary{}, fmt.Errorf("s3://%s/%s: %w", bucket, key, err)
	}
	return summary, nil
}

// running: raw and published rows are of this moment, and what was checked is of a run before.
func (s datasetStatus) running() bool { return s.LastRun != nil && !s.LastRun.Ended() }

// remarks say in words what a reader of the table should know about.
func (a *app) remarks(s datasetStatus) []string {
	var out []string
	say := func(format string, values ...any) { out = append(out, fmt.Sprintf(format, values...)) }
	if s.running() {
		say("a run is in progress (%s): wait for its end with 'lakeshift run %s --follow%s'", stepsText(*s.LastRun), s.Dataset, a.envFlag())
	}
	if s.LastRun != nil && s.LastRun.ID != s.summary.RunID {
		if s.CheckedAt == nil {
			say("no run has been checked yet: RAW and PUBLISHED are of this moment, the rest will come with the check")
		} else {
			say("RAW and PUBLISHED are of this moment; REJECTED, LANDING and FACTS are of the last check, %s ago (%s)",
				screen.Duration(time.Since(*s.CheckedAt).Seconds()), s.CheckedAt.UTC().Format(time.RFC3339))
		}
	}
	switch accounted := s.LandingRows + s.RejectedRows; {
	case s.RawRows < accounted:
		say("%s that the raw zone no longer holds: if a file was replaced, 'lakeshift run %s%s' takes them out",
			screen.Count(accounted-s.RawRows, "loaded row"), s.Dataset, a.envFlag())
	case s.RawRows == accounted:
	case s.running():
		say("%s more than at the last check", screen.Count(s.RawRows-accounted, "raw row"))
	default:
		say("%s not loaded yet: 'lakeshift run %s%s'", screen.Count(s.RawRows-accounted, "raw row"), s.Dataset, a.envFlag())
	}
	for _, key := range s.summary.Unreadable {
		say("%s can't be read: upload it again or remove it", key)
	}
	out = append(out, a.rejected(s.summary, s.dataset)...)
	if !s.summary.KeysMatch {
		say("landing and facts do not hold the same keys")
	}
	if s.FactRows != s.PublishedRows && !s.running() {
		say("%s, but %s", screen.Count(s.FactRows, "fact"), screen.Count(s.PublishedRows, "published row"))
	}
	if s.FreshnessSeconds != nil && time.Duration(*s.FreshnessSeconds)*time.Second > s.dataset.Freshness {
		say("older than its freshness target of %s", screen.Duration(s.dataset.Freshness.Seconds()))
	}
	if s.LastRun != nil && s.LastRun.Ended() && s.LastRun.State != pipeline.Succeeded {
		say("run %s: %s", s.LastRun.ID, stepsText(*s.LastRun))
		if s.LastRun.ID == s.summary.RunID {
			for _, failure := range s.summary.Failures {
				say("check: %s", failure)
			}
		}
	}
	return out
}

func stepsText(run pipeline.Run) string {
	steps := make([]string, len(run.Steps))
	for i, step := range run.Steps {
		steps[i] = step.Name + " " + stepText(step)
	}
	return strings.Join(steps, ", ")
}

// rejected says what did not fit, and who was told. Rejections are no failure, but nobody should have to look for them.
func (a *app) rejected(summary runSummary, dataset config.Dataset) []string {
	var out []string
	if rows := summary.RunRejectedRows; rows > 0 {
		told := fmt.Sprintf("not more than the %s that may", screen.Number(dataset.MaxRejected))
		if rows > dataset.MaxRejected {
			told = "alarm " + config.Names{Environment: a.env}.Alarm(dataset.Name, "rows-rejected") + " rang"
		}
		out = append(out, fmt.Sprintf("%s rejected in the last run (%s)", screen.Count(rows, "row"), told))
	}
	if files := summary.Refused; len(files) > 0 {
		out = append(out, fmt.Sprintf("no row fits of %s, the first is %s: another header or format?", screen.Count(int64(len(files)), "raw file"), files[0]))
	}
	return append(out, summary.Remarks...)
}
