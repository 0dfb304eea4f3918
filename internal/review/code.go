package review

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// Edit is a file that is deployed and means something else than before.
type Edit struct {
	// Path in the project; for a file that something made, its name in the asset.
	Path string
	// Before and After are where the two sides lie; empty if there is none.
	Before, After string
}

// upload is one asset of one resource on both sides.
type upload struct{ before, after asset }

// edits finds out what changed inside the assets of resources that both sides have.
func edits(ctx context.Context, base, head *Assembly) ([]Edit, error) {
	pairs := map[upload]bool{}
	for _, environment := range head.Environments {
		for _, stack := range environment.Stacks {
			old := base.stack(environment.Name, stack.ID)
			if old == nil {
				continue
			}
			for id, hashes := range stack.uses {
				for i, hash := range hashes {
					if before := counterpart(old, stack.assets[hash].name, old.uses[id], i); before != hash && before != "" {
						pairs[upload{asset{path: old.assets[before].path}, stack.assets[hash]}] = true
					}
				}
			}
		}
	}
	found := map[string]Edit{}
	before, after := sources(base.Sources), sources(head.Sources)
	for pair := range pairs {
		changed, err := changedFiles(ctx, pair)
		if err != nil {
			return nil, err
		}
		for _, edit := range changed {
			if source := or(after.find(edit.After), before.find(edit.Before)); source != "" {
				edit.Path = source
			}
			found[edit.Path] = edit
		}
	}
	if err := contractEdits(ctx, base, head, found); err != nil {
		return nil, err
	}
	var all []Edit
	for _, name := range keys(found) {
		all = append(all, found[name])
	}
	return generated(moves(all)), nil
}

// counterpart of a resource's asset is the one with its name, else the one in its place.
func counterpart(old *Stack, name string, hashes []string, place int) string {
	for _, hash := range hashes {
		if old.assets[hash].name == name {
			return hash
		}
	}
	if place < len(hashes) {
		return hashes[place]
	}
	return ""
}

func contractEdits(ctx context.Context, base, head *Assembly, found map[string]Edit) error {
	texts := map[string][]byte{}
	names := map[string]bool{}
	for side, root := range map[string]string{"a/": base.Sources, "b/": head.Sources} {
		files, err := filepath.Glob(filepath.Join(root, "datasets", "*.yaml"))
		if err != nil {
			return err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			name := "datasets/" + filepath.Base(file)
			texts[side+name], names[name] = text, true
		}
	}
	means, err := meanings(ctx, texts)
	if err != nil {
		return err
	}
	for name := range names {
		// a dataset that comes or goes is told as such
		if old, there := means["a/"+name]; there && means["b/"+name] != "" && old != means["b/"+name] {
			found[name] = Edit{Path: name, Before: filepath.Join(base.Sources, name), After: filepath.Join(head.Sources, name)}
		}
	}
	return nil
}

// changedFiles of an asset, by meaning.
func changedFiles(ctx context.Context, pair upload) ([]Edit, error) {
	before, err := filesOf(pair.before.path)
	if err != nil {
		return nil, err
	}
	after, err := filesOf(pair.after.path)
	if err != nil {
		return nil, err
	}
	texts := map[string][]byte{}
	for name, file := range after {
		old, there := before[name]
		current, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var previous []byte
		if there {
			if previous, err = os.ReadFile(old); err != nil {
				return nil, err
			}
		}
		if !there || !bytes.Equal(previous, current) {
			texts["b/"+name] = current
			if there {
				texts["a/"+name] = previous
			}
		}
	}
	means, err := meanings(ctx, texts)
	if err != nil {
		return nil, err
	}
	var edits []Edit
	for name := range after {
		current, differs := means["b/"+name]
		if old, there := means["a/"+name]; differs && (!there || old != current) {
			edits = append(edits, Edit{Path: path.Join(pair.after.name, name), Before: before[name], After: after[name]})
		}
	}
	for name := range before {
		if after[name] == "" {
			edits = append(edits, Edit{Path: path.Join(pair.after.name, name), Before: before[name]})
		}
	}
	return packages(pair, edits), nil
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// filesOf an asset by name; a single file has its own.
func filesOf(root string) (map[string]string, error) {
	files := map[string]string{}
	info, err := os.Stat(root)
	if errors.Is(err, fs.ErrNotExist) {
		return files, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		files["script"+filepath.Ext(root)] = root
		return files, nil
	}
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, file)
		files[filepath.ToSlash(name)] = file
		return err
	})
	return files, err
}

// tree finds the source of a deployed file by its content.
type tree map[string][]string

func sources(root string) tree {
	found := tree{}
	for _, folder := range []string{"assets", "sql"} {
		_ = filepath.WalkDir(filepath.Join(root, folder), func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return nil
			}
			if text, err := os.ReadFile(file); err == nil {
				name, _ := filepath.Rel(root, file)
				found[string(text)] = append(found[string(text)], filepath.ToSlash(name))
			}
			return nil
		})
	}
	return found
}

// find the source that shares most of the file's own path.
func (t tree) find(file string) string {
	if file == "" {
		return ""
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	best, length := "", -1
	for _, name := range t[string(text)] {
		common := 0
		a, b := strings.Split(name, "/"), strings.Split(filepath.ToSlash(file), "/")
		for common < len(a) && common < len(b) && a[len(a)-1-common] == b[len(b)-1-common] {
			common++
		}
		if common > length {
			best, length = name, common
		}
	}
	return best
}

// patch is the difference as text, without the names of temporary files.
func (e Edit) patch(ctx context.Context) (string, error) {
	if e.Before == "" && e.After == "" {
		return "", nil
	}
	command := exec.CommandContext(ctx, "git", "diff", "--no-index", "--no-color", "--no-ext-diff", "--", or(e.Before, os.DevNull), or(e.After, os.DevNull))
	output, err := command.Output()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return "", fmt.Errorf("git diff: %w", err)
	}
	text := string(output)
	if start := strings.Index(text, "\n@@"); start >= 0 {
		return text[start+1:], nil
	}
	return "", nil
}

func (a *Assembly) stack(environment, id string) *Stack {
	if found := a.environment(environment); found != nil {
		return found.stack(id)
	}
	return nil
}
