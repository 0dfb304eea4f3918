package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lakeshift/cmd/lakeshift/internal/screen"
)

var (
	shellBlock   = regexp.MustCompile("(?ms)^ *```sh\\b[^\n]*\n(.*?)^ *```$")
	ourCommand   = regexp.MustCompile(`(?m)(?:^|[\s;&|(])(?:bin/)?lakeshift +(\S)`)
	shellComment = regexp.MustCompile(`(?m)(?:^|\s)#.*$`)
	makeVerb     = regexp.MustCompile(`(?m)(?:^|[;&|(] *)make +([a-z][a-z-]*)`)
)

// Commands that need an account are not executed by any test; a verb or a flag that is not there is found here.
func TestDocumentedCommandsExist(t *testing.T) {
	root := filepath.Join("..", "..")
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	commands := 0
	for _, page := range markdown(t, root) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
			script := shellComment.ReplaceAllString(strings.ReplaceAll(block[1], "\\\n", " "), "")
			for _, at := range ourCommand.FindAllStringSubmatchIndex(script, -1) {
				commands++
				words := shellWords(script[at[2]:])
				assert.NoError(t, usable(words), "%s: lakeshift %s", page, strings.Join(words, " "))
			}
			for _, verb := range makeVerb.FindAllStringSubmatch(script, -1) {
				commands++
				assert.Regexp(t, `(?m)^`+verb[1]+`:`, string(makefile), "%s: make %s", page, verb[1])
			}
		}
	}
	assert.Greater(t, commands, 20)
}

func markdown(t *testing.T, root string) []string {
	pages, err := filepath.Glob(filepath.Join(root, "*.md"))
	require.NoError(t, err)
	require.NoError(t, filepath.WalkDir(filepath.Join(root, "docs"), func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			pages = append(pages, path)
		}
		return err
	}))
	return pages
}

// usable tells whether the command line would take the words, without doing what they say.
func usable(words []string) error {
	a := &app{out: screen.New(io.Discard), err: screen.New(io.Discard)}
	root := a.command()
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	command, rest, err := root.Find(words)
	if err != nil {
		return err
	}
	if !command.Runnable() || command.HasAvailableSubCommands() {
		return fmt.Errorf("no verb in %q", words)
	}
	command.InitDefaultHelpFlag()
	if err := command.ParseFlags(rest); err != nil {
		return err
	}
	if help, _ := command.Flags().GetBool("help"); help {
		return nil
	}
	if err := command.ValidateArgs(command.Flags().Args()); err != nil {
		return err
	}
	return command.ValidateRequiredFlags()
}

// shellWords of the command that the text begins with, as a shell would split it.
func shellWords(text string) []string {
	var words []string
	word, quote, open := "", rune(0), false
	for _, char := range text {
		switch {
		case quote != 0 && char == quote:
			quote = 0
		case quote != 0:
			word += string(char)
		case char == '\'' || char == '"':
			quote, open = char, true
		case strings.ContainsRune(" \t", char):
			if open || word != "" {
				words = append(words, word)
			}
			word, open = "", false
		case strings.ContainsRune("\n;|&<>)", char):
			if open || word != "" {
				words = append(words, word)
			}
			return words
		default:
			word += string(char)
		}
	}
	if open || word != "" {
		words = append(words, word)
	}
	return words
}

func TestAWrongCommandIsFound(t *testing.T) {
	for _, wrong := range []string{"runn sales", "run", "run sales --fast", "upload sales a.csv b.csv --as c.csv --day 1", "local", "query 'select 1' --engien athena"} {
		assert.Error(t, usable(shellWords(wrong)), wrong)
	}
	for _, right := range []string{"run sales --env dev", `query --engine athena 'select 1 > 0' | head`, "local env)\"", "status", "completion bash)", "run --help"} {
		assert.NoError(t, usable(shellWords(right)), right)
	}
}
