package review

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Change of one resource, as the CDK classifies it.
type Change struct {
	// Sign is +, - or ~.
	Sign, Type, ID string
	// Impact is replace, may be replaced, destroy, orphan or empty.
	Impact string
	// Forcing are the properties that make it a replacement.
	Forcing []string
}

// Replaced says whether the resource is, or may be, made anew.
func (c Change) Replaced() bool { return c.Impact == "replace" || c.Impact == "may be replaced" }

//go:embed cdk.cjs
var cdkScript string

// job is one run of the CDK's command line.
type job struct {
	Stack    string `json:"stack"`
	App      string `json:"app"`
	Template string `json:"template"`

	of *Stack
}

// Stacks that one process compares in about the time that it takes to start it.
const stacksAProcess = 20

// cdkDiff asks the CDK's command line for the difference of each pair of stacks with one id; the text by head's stack.
// Needs node and cdk on PATH, no account.
func cdkDiff(ctx context.Context, head *Assembly, pairs map[*Stack]*Stack) (map[*Stack]string, error) {
	var jobs []job
	for stack, before := range pairs {
		jobs = append(jobs, job{Stack: stack.env.Name + "/" + stack.ID, App: head.Folder, Template: before.file, of: stack})
	}
	texts := map[*Stack]string{}
	if len(jobs) == 0 {
		return texts, nil
	}
	library, err := cdkLibrary()
	if err != nil {
		return nil, err
	}
	var lock sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	processes := min(runtime.NumCPU(), (len(jobs)+stacksAProcess-1)/stacksAProcess)
	for part := range slices.Chunk(jobs, (len(jobs)+processes-1)/processes) {
		group.Go(func() error {
			answers, err := cdkDiffs(ctx, library, part)
			lock.Lock()
			defer lock.Unlock()
			maps.Copy(texts, answers)
			return err
		})
	}
	return texts, group.Wait()
}

// cdkDiffs are those of one process.
func cdkDiffs(ctx context.Context, library string, jobs []job) (map[*Stack]string, error) {
	input, err := json.Marshal(jobs)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "node", "-e", cdkScript, "--", library)
	command.Stdin = bytes.NewReader(input)
	command.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true", "CDK_DISABLE_CLI_TELEMETRY=true")
	var faults bytes.Buffer
	command.Stderr = &faults
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("cdk diff: %w\n%s", err, faults.String())
	}
	lines := bytes.Split(bytes.TrimSpace(output), []byte("\n"))
	if len(lines) != len(jobs) {
		return nil, fmt.Errorf("cdk diff answered %d times, expected %d:\n%s", len(lines), len(jobs), output)
	}
	texts := map[*Stack]string{}
	for i, line := range lines {
		var answer struct {
			Text string
			Code int
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			return nil, fmt.Errorf("cdk diff answered %q: %w", line, err)
		}
		if answer.Code != 0 {
			return nil, fmt.Errorf("cdk diff %s failed:\n%s", jobs[i].Stack, answer.Text)
		}
		texts[jobs[i].of] = answer.Text
	}
	return texts, nil
}

// cdkLibrary is what the command cdk starts.
func cdkLibrary() (string, error) {
	command, err := exec.LookPath("cdk")
	if err != nil {
		return "", errors.New("cdk is not on PATH: run this through `make diff`")
	}
	if command, err = filepath.EvalSymlinks(command); err != nil {
		return "", err
	}
	library := filepath.Join(filepath.Dir(command), "..", "lib", "index.js")
	_, err = os.Stat(library)
	return library, err
}

var (
	resourceLine = regexp.MustCompile(`^\[([-+~])\] (\S+) (.*?)(?: (replace|may be replaced|destroy|orphan|import))?(?: \(OR .*)?$`)
	forcingLine  = regexp.MustCompile(`^ [├└]─ \[.\] (\S+) \((?:requires|may cause) replacement\)$`)
)

// Changes reads them out of what `cdk diff` printed.
func Changes(text string) []Change {
	var changes []Change
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		switch line {
		case "Resources", "Outputs", "Parameters", "Mappings", "Conditions", "Other Changes", "Metadata", "Template":
			section = line
			continue
		}
		if section != "Resources" {
			continue
		}
		if match := resourceLine.FindStringSubmatch(line); match != nil {
			name := strings.Fields(match[3])
			if len(name) > 0 {
				changes = append(changes, Change{Sign: match[1], Type: match[2], ID: name[len(name)-1], Impact: match[4]})
			}
		} else if match := forcingLine.FindStringSubmatch(line); match != nil && len(changes) > 0 {
			last := &changes[len(changes)-1]
			last.Forcing = append(last.Forcing, match[1])
		}
	}
	return changes
}
