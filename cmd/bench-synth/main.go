// bench-synth measures what a synth costs as datasets become many, beside an empty CDK app in Go.
//
//	make bench-synth                 all sizes; rewrites the table of docs/performance.md
//	make bench-synth SIZES=1,30 RUNS=1
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"lakeshift/internal/growth"
)

func main() {
	sizes := flag.String("sizes", "1,10,50,100,200", "numbers of datasets")
	runs := flag.Int("runs", 3, "runs of each, of which the median counts")
	page := flag.String("write", "", "file whose table is rewritten; empty only prints")
	flag.Parse()
	if err := bench(*sizes, *runs, *page); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// One is the environment that is synthesized alone.
const one = "prod"

func bench(sizes string, runs int, page string) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "lakeshift-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	empty := filepath.Join(scratch, "empty")
	if said, err := exec.Command("go", "build", "-o", empty, "./cmd/bench-synth/empty").CombinedOutput(); err != nil {
		return fmt.Errorf("build the empty app: %w\n%s", err, said)
	}

	subjects := []*subject{{name: "an empty CDK app in Go", command: empty, folder: filepath.Join(scratch, "nothing")}}
	if err := os.Mkdir(subjects[0].folder, 0o755); err != nil {
		return err
	}
	for size := range strings.SplitSeq(sizes, ",") {
		datasets, err := strconv.Atoi(size)
		if err != nil || datasets < 1 {
			return fmt.Errorf("-sizes %s: %q is no number of datasets", sizes, size)
		}
		folder := filepath.Join(scratch, size)
		if err := growth.Project(root, folder, datasets); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(folder, "build"), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(filepath.Join(root, "build", "library"), filepath.Join(folder, "build", "library")); err != nil {
			return err
		}
		for _, environment := range []string{"", one} {
			subjects = append(subjects, &subject{
				name: size, datasets: datasets, environment: environment, command: filepath.Join(root, "bin", "app"), folder: folder,
			})
		}
	}

	// One after the other and all over again: a machine that slows down for a while slows them all.
	for run := range runs + 1 {
		for _, subject := range subjects {
			measured, err := subject.run()
			if err != nil {
				return err
			}
			if run == 0 {
				continue // files are read from the disk once
			}
			subject.measured = append(subject.measured, measured)
			fmt.Fprintf(os.Stderr, "%d/%d %-24s %-5s %6.2f s\n", run, runs, subject.name, subject.environment, measured.wall.Seconds())
		}
	}
	table, err := render(subjects, runs)
	if err != nil {
		return err
	}
	fmt.Print(table)
	if page == "" {
		return nil
	}
	return rewrite(page, table)
}

// subject of the measurement: one command in one project.
type subject struct {
	name            string
	datasets        int
	environment     string
	command, folder string
	measured        []measurement
}

type measurement struct {
	wall, cpu time.Duration
	memory    int64 // bytes
}

func (s *subject) out() string { return filepath.Join(s.folder, "cdk.out") }

func (s *subject) run() (measurement, error) {
	if err := os.RemoveAll(s.out()); err != nil {
		return measurement{}, err
	}
	command := exec.Command(s.command)
	command.Dir = s.folder
	command.Env = append(os.Environ(), "CDK_OUTDIR="+s.out(), `CDK_CONTEXT_JSON={"env":"`+s.environment+`"}`)
	var said strings.Builder
	command.Stdout, command.Stderr = &said, &said
	began := time.Now()
	if err := command.Start(); err != nil {
		return measurement{}, err
	}
	peak := watchMemory(command.Process.Pid)
	err := command.Wait()
	wall, memory := time.Since(began), peak()
	if err != nil {
		return measurement{}, fmt.Errorf("%s datasets: %w\n%s", s.name, err, said.String())
	}
	state := command.ProcessState
	return measurement{wall, state.UserTime() + state.SystemTime(), memory}, nil
}

// median of what was measured, each figure by itself.
func (s *subject) median() measurement {
	middle := func(of func(measurement) int64) int64 {
		values := make([]int64, len(s.measured))
		for i, m := range s.measured {
			values[i] = of(m)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return measurement{
		wall:   time.Duration(middle(func(m measurement) int64 { return int64(m.wall) })),
		cpu:    time.Duration(middle(func(m measurement) int64 { return int64(m.cpu) })),
		memory: middle(func(m measurement) int64 { return m.memory }),
	}
}

// templates of the last run: bytes of all, of the largest, and how many resources the fullest holds.
func (s *subject) templates() (all, largest int64, fullest int, err error) {
	files, err := filepath.Glob(filepath.Join(s.out(), "assembly-*", "*.template.json"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, 0, 0, err
		}
		var template struct{ Resources map[string]json.RawMessage }
		if err := json.Unmarshal(text, &template); err != nil {
			return 0, 0, 0, fmt.Errorf("%s: %w", file, err)
		}
		all, largest, fullest = all+int64(len(text)), max(largest, int64(len(text))), max(fullest, len(template.Resources))
	}
	return all, largest, fullest, err
}

func render(subjects []*subject, runs int) (string, error) {
	var table strings.Builder
	fmt.Fprintf(&table, "Median of %d runs, %s/%s, %d processors.\n\n", runs, runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	table.WriteString("| datasets | environments | seconds | times that of one | a further dataset | CPU seconds | peak memory | templates | largest | most resources |\n")
	table.WriteString("|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	empty := subjects[0].median()
	fmt.Fprintf(&table, "| %s | | %.2f | | | %.1f | %d MB | | | |\n", subjects[0].name, empty.wall.Seconds(), empty.cpu.Seconds(), empty.memory>>20)
	first := map[string]*subject{}
	for _, subject := range subjects[1:] {
		if first[subject.environment] == nil {
			first[subject.environment] = subject
		}
		base, now := first[subject.environment], subject.median()
		all, largest, fullest, err := subject.templates()
		if err != nil {
			return "", err
		}
		further := ""
		if added := subject.datasets - base.datasets; added > 0 {
			further = fmt.Sprintf("%.0f ms", (now.wall-base.median().wall).Seconds()*1000/float64(added))
		}
		environments := subject.environment
		if environments == "" {
			environments = "all"
		}
		fmt.Fprintf(&table, "| %d | %s | %.2f | %.2f | %s | %.1f | %d MB | %d KB | %d KB | %d |\n",
			subject.datasets, environments, now.wall.Seconds(), now.wall.Seconds()/base.median().wall.Seconds(), further,
			now.cpu.Seconds(), now.memory>>20, all>>10, largest>>10, fullest)
	}
	return table.String(), nil
}

// What stands between these in the page is the bench's.
const begin, end = "<!-- bench-synth -->\n", "<!-- /bench-synth -->"

func rewrite(page, table string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	head, rest, found := strings.Cut(string(text), begin)
	_, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s: expected a place for the table, between %s and %s", page, strings.TrimSpace(begin), end)
	}
	return os.WriteFile(page, []byte(head+begin+table+end+tail), 0o644)
}
