package review

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Repository is where the commits come from.
type Repository struct{ Root string }

// Commit that a name stands for. An unknown name says how to get it.
func (r Repository) Commit(ctx context.Context, name string) (string, error) {
	commit, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("%q is no commit of this repository: expected a branch, tag or commit; `git fetch origin` brings those of the server", name)
	}
	return commit, nil
}

// BranchPoint is where head left base, so that what happened on base since is not told as undone.
func (r Repository) BranchPoint(ctx context.Context, base, head string) (string, error) {
	if commit, err := r.git(ctx, "merge-base", base, head); err == nil && commit != "" {
		return commit, nil
	}
	if shallow, err := r.git(ctx, "rev-parse", "--is-shallow-repository"); err == nil && shallow == "true" {
		return "", errors.New("this clone is shallow, and the commit that the branch began from is not in it: " +
			"`git fetch --unshallow` brings it; a workflow's checkout needs `fetch-depth: 0`")
	}
	return "", errors.New("the two have no commit in common, so what one changed can't be told from what the other did: " +
		"expected a branch that began from the base")
}

// Uncommitted says whether files differ from the last commit.
func (r Repository) Uncommitted(ctx context.Context) (bool, error) {
	changed, err := r.git(ctx, "status", "--porcelain")
	return changed != "", err
}

func (r Repository) git(ctx context.Context, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", arguments...)
	command.Dir = r.Root
	var faults bytes.Buffer
	command.Stderr = &faults
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", arguments[0], err, strings.TrimSpace(faults.String()))
	}
	return strings.TrimSpace(string(output)), nil
}

// workTrees are made and removed one at a time: git reads the list of all while it changes it, and half of one is a fault.
var workTrees sync.Mutex

func (r Repository) workTree(ctx context.Context, arguments ...string) error {
	workTrees.Lock()
	defer workTrees.Unlock()
	_, err := r.git(ctx, append([]string{"worktree"}, arguments...)...)
	return err
}

// Synthesize a commit in a work tree of its own below folder, by the command of its own cdk.json, and read the result.
// Free removes the work tree.
func (r Repository) Synthesize(ctx context.Context, commit, folder string) (assembly *Assembly, free func(), err error) {
	tree := filepath.Join(folder, "tree")
	out := filepath.Join(folder, "assembly")
	// half a work tree could not be removed again
	if err := r.workTree(context.WithoutCancel(ctx), "add", "--quiet", "--detach", tree, commit); err != nil {
		return nil, nil, err
	}
	remove := func() {
		// the caller's context may have ended, which is when this matters most
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		_ = r.workTree(after, "remove", "--force", tree)
	}
	defer func() {
		if err != nil {
			remove()
		}
	}()
	var settings struct{ App string }
	if err := readJSON(filepath.Join(tree, "cdk.json"), &settings); err != nil {
		return nil, nil, err
	}
	if settings.App == "" {
		return nil, nil, errors.New("cdk.json names no app")
	}
	command := exec.CommandContext(ctx, "bash", "-c", settings.App)
	command.Dir = tree
	command.Env = append(environment(), "CDK_OUTDIR="+out)
	if output, err := command.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("%s failed: %w\n%s", settings.App, err, last(string(output), 4000))
	}
	assembly, err = Read(out, tree)
	return assembly, remove, err
}

// environment without what a calling make would hand on, or what would choose another output.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains([]string{"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "CDK_OUTDIR", "CDK_CONTEXT_JSON"}, name)
	})
}

func last(text string, count int) string {
	if len(text) > count {
		return "…" + text[len(text)-count:]
	}
	return text
}
