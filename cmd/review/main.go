// Command review writes what a branch would deploy, against another one, as Markdown for the people who review it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"golang.org/x/sync/errgroup"

	"lakeshift/internal/review"
)

// Exit codes.
const (
	fine      = 0
	failed    = 1
	dangerous = 2
)

func main() {
	var s settings
	flag.StringVar(&s.base, "base", "", "branch, tag or commit to compare with")
	flag.StringVar(&s.head, "head", "HEAD", "commit whose deployment is reviewed")
	flag.StringVar(&s.out, "out", "build/diff", "folder of the reports")
	flag.StringVar(&s.environment, "environment", "", "only this environment; all if empty")
	flag.BoolVar(&s.deployed, "deployed", false, "compare with what runs, too; needs credentials that may read")
	flag.BoolVar(&s.allowed, "allow-destructive", false, "exit with 0 whatever would be lost")
	flag.StringVar(&s.event, "event", "", "file with GitHub's event: exit with 0 if it is that the label "+allowing+" was put on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := s.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "diff:", err)
	}
	os.Exit(code)
}

type settings struct {
	base, head, out, environment, event string
	deployed, allowed                   bool
}

func (s settings) run(ctx context.Context) (int, error) {
	if s.base == "" {
		return failed, errors.New("-base is missing: expected a branch, tag or commit")
	}
	// a comparison that fails must not leave the reports of another
	if err := os.RemoveAll(s.out); err != nil {
		return failed, err
	}
	allowed, stale, err := s.allowance()
	if err != nil {
		return failed, err
	}
	repository := review.Repository{Root: "."}
	base, err := repository.Commit(ctx, s.base)
	if err != nil {
		return failed, err
	}
	head, err := repository.Commit(ctx, s.head)
	if err != nil {
		return failed, err
	}
	report := review.Report{Against: s.base, Allowed: allowed, Running: map[string]review.Running{}}
	if uncommitted, err := repository.Uncommitted(ctx); err != nil {
		return failed, err
	} else if uncommitted && s.head == "HEAD" {
		fmt.Fprintln(os.Stderr, "diff: there are uncommitted changes; they are not compared")
		report.Notes = append(report.Notes, "_There were uncommitted changes; they are not in this report._")
	}
	began, err := repository.BranchPoint(ctx, base, head)
	if err != nil {
		return failed, fmt.Errorf("%s and %s: %w", s.base, s.head, err)
	}
	work, err := os.MkdirTemp("", "lakeshift-diff-")
	if err != nil {
		return failed, err
	}
	defer os.RemoveAll(work)
	sides, free, err := synthesize(ctx, repository, work, began, head)
	defer free()
	if err != nil {
		return failed, err
	}
	if err := s.check(sides[1]); err != nil {
		return failed, err
	}
	comparison, err := review.Compare(ctx, sides[0], sides[1])
	if err != nil {
		return failed, err
	}
	environments := comparison.Environments
	if s.environment != "" {
		environments = []string{s.environment}
	}
	danger := comparison.Dangerous(environments)
	if danger && stale {
		report.Notes = append(report.Notes, "_The label `"+allowing+"` was put on for another commit and does not hold for this one: put it on again if what is listed here is meant._")
	}
	var unread error
	if s.deployed {
		for _, environment := range sides[1].Environments {
			// the local AWS is nobody's to review
			if s.environment != environment.Name && (s.environment != "" || environment.Name == "local") {
				continue
			}
			running, err := deployed(ctx, sides, environment, filepath.Join(work, "deployed", environment.Name), comparison)
			if err != nil {
				unread = errors.Join(unread, fmt.Errorf("what %s runs: %w", environment.Name, err))
				report.Notes = append(report.Notes, fmt.Sprintf("_What %s runs could not be read._", environment.Name))
				continue
			}
			report.Running[environment.Name] = running
			danger = danger || running.Dangerous()
		}
	}
	if err := s.write(ctx, report, comparison, environments); err != nil {
		return failed, err
	}
	if unread != nil {
		return failed, unread
	}
	if danger && allowed == "" {
		return dangerous, errors.New("data or stateful resources are at stake: read the report, then repeat with ALLOW_DESTRUCTIVE=1, or put the label " + allowing + " on the pull request")
	}
	return fine, nil
}

// check that the chosen environment is one of head's.
func (s settings) check(head *review.Assembly) error {
	var names []string
	for _, environment := range head.Environments {
		if names = append(names, environment.Name); environment.Name == s.environment {
			return nil
		}
	}
	if s.environment == "" {
		return nil
	}
	return fmt.Errorf("environment %q is unknown: use %s", s.environment, strings.Join(names, ", "))
}

func deployed(
	ctx context.Context, sides []*review.Assembly, environment *review.Environment, folder string, comparison *review.Comparison,
) (review.Running, error) {
	settings, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(environment.Region()))
	if err != nil {
		return review.Running{}, fmt.Errorf("AWS configuration: %w", err)
	}
	return review.Deployed(ctx, cloudformation.NewFromConfig(settings), sides[0], sides[1], environment.Name, folder, comparison)
}

// synthesize both sides at once. Free removes the work trees; it is never nil.
func synthesize(ctx context.Context, repository review.Repository, work string, commits ...string) (sides []*review.Assembly, free func(), err error) {
	sides = make([]*review.Assembly, len(commits))
	frees := make([]func(), len(commits))
	group, ctx := errgroup.WithContext(ctx)
	for i, commit := range commits {
		folder := filepath.Join(work, []string{"base", "head"}[i])
		group.Go(func() error {
			var err error
			if sides[i], frees[i], err = repository.Synthesize(ctx, commit, folder); err != nil {
				return fmt.Errorf("%s: %w", []string{"base (another BASE, one that synthesizes, can be compared with)", "head"}[i], err)
			}
			return nil
		})
	}
	err = group.Wait()
	return sides, func() {
		for _, free := range frees {
			if free != nil {
				free()
			}
		}
	}, err
}

func (s settings) write(ctx context.Context, report review.Report, comparison *review.Comparison, environments []string) error {
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return err
	}
	for _, environment := range environments {
		text, err := report.Markdown(ctx, comparison, []string{environment}, 0)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.out, environment+".md"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	report.Full = "the reports of each environment beside this one"
	text, err := report.Markdown(ctx, comparison, environments, review.Limit)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.out, "comment.md"), []byte(text), 0o644); err != nil {
		return err
	}
	document, err := comparison.JSON(environments)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.out, "diff.json"), append(document, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Print(review.Plain(text), "\n")
	fmt.Println("Written to", s.out)
	return nil
}
