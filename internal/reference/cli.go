package reference

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// CLI describes a command and all below it.
func CLI(root *cobra.Command) map[string]string {
	root.InitDefaultHelpFlag()
	root.InitDefaultVersionFlag()
	var text strings.Builder
	describe(&text, root)
	return map[string]string{"verbs": overview(root), "commands": text.String()}
}

func overview(root *cobra.Command) string {
	var rows [][]string
	var walk func(command *cobra.Command)
	walk = func(command *cobra.Command) {
		for _, child := range command.Commands() {
			if !documented(child) {
				continue
			}
			if child.Runnable() && !child.HasAvailableSubCommands() {
				path := child.CommandPath()
				rows = append(rows, []string{fmt.Sprintf("[%s](#%s)", code(path), anchor(path)), child.Short})
			}
			walk(child)
		}
	}
	walk(root)
	return table([]string{"verb", "what it does"}, rows)
}

func documented(command *cobra.Command) bool {
	return command.IsAvailableCommand() && command.Name() != "help"
}

// anchor of a heading, as GitHub makes it.
func anchor(heading string) string { return strings.ReplaceAll(strings.ToLower(heading), " ", "-") }

func describe(text *strings.Builder, command *cobra.Command) {
	said := command.Long
	if said == "" {
		said = command.Short + "."
	}
	fmt.Fprintf(text, "## %s\n\n%s\n\n```text\n%s\n```\n\n", command.CommandPath(), prose(said), command.UseLine())
	if command.Example != "" {
		fmt.Fprintf(text, "```sh\n%s\n```\n\n", unindented(command.Example))
	}
	flags := command.NonInheritedFlags()
	var rows [][]string
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden || flag.Name == "help" {
			return
		}
		name, usage := pflag.UnquoteUsage(flag)
		written := "--" + flag.Name
		if flag.Shorthand != "" {
			written = "-" + flag.Shorthand + ", " + written
		}
		if name != "" {
			written += " " + name
		}
		preset := flag.DefValue
		if preset == "false" || preset == "[]" {
			preset = ""
		}
		rows = append(rows, []string{code(written), code(preset), prose(usage)})
	})
	if len(rows) > 0 {
		text.WriteString(table([]string{"flag", "default", "meaning"}, rows) + "\n")
	}
	for _, child := range command.Commands() {
		if documented(child) {
			describe(text, child)
		}
	}
}

func unindented(example string) string {
	lines := strings.Split(strings.Trim(example, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}
