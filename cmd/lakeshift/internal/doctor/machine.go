package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"lakeshift/cmd/lakeshift/internal/screen"
)

// What local/install.py asks for, too; a test compares.
var (
	oldestGo, oldestNode       = version{1, 26}, version{20, 0}
	oldestPython, newestPython = version{3, 11}, version{3, 12}
)

const (
	diskGB    = 5   // installed about 2.7 GB, with downloads and unpacking beside it
	memoryGB  = 4.0 // the local AWS takes 2.6 GB at its peak
	portUnset = "4571"
)

type version struct{ major, minor int }

func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

func (v version) before(other version) bool {
	return v.major < other.major || v.major == other.major && v.minor < other.minor
}

// Machine looks at the tools that deploying needs, and the local AWS. Asking AWS needs none of them.
func Machine(ctx context.Context, root, state string) []Finding {
	return all(ctx, "machine",
		func(ctx context.Context) []Finding {
			return tool(ctx, "Go", oldestGo, "install it (https://go.dev/dl) and put it on PATH", "go", "env", "GOVERSION")
		},
		func(ctx context.Context) []Finding {
			return tool(ctx, "Node.js", oldestNode, "install it (https://nodejs.org); the CDK runs on it", "node", "--version")
		},
		npm, python, disk, memory,
		func(ctx context.Context) []Finding { return installed(ctx, root) },
		func(context.Context) []Finding { return port(state) },
	)
}

var versionPattern = regexp.MustCompile(`(\d+)\.(\d+)(?:\.\d+)?`)

// run answers a program's version, and how it said it.
func run(ctx context.Context, name string, args ...string) (version, string, bool) {
	path, err := exec.LookPath(name)
	if err != nil {
		return version{}, "", false
	}
	command := exec.CommandContext(ctx, path, args...)
	// a toolchain that would be downloaded is not there
	command.Env = append(os.Environ(), "GOTOOLCHAIN=local")
	out, err := command.Output()
	match := versionPattern.FindStringSubmatch(string(out))
	if err != nil || match == nil {
		return version{}, "", false
	}
	major, _ := strconv.Atoi(match[1])
	minor, _ := strconv.Atoi(match[2])
	return version{major, minor}, match[0], true
}

func tool(ctx context.Context, name string, oldest version, remedy, program string, args ...string) []Finding {
	found, text, ok := run(ctx, program, args...)
	remedy = fmt.Sprintf("%s or newer is needed to build and deploy: %s", oldest, remedy)
	switch {
	case !ok:
		return one(name, Failure, "none", remedy)
	case found.before(oldest):
		return one(name, Failure, text, remedy)
	}
	return one(name, OK, text, "")
}

func npm(ctx context.Context) []Finding {
	if _, text, ok := run(ctx, "npm", "--version"); ok {
		return one("npm", OK, text, "")
	}
	return one("npm", Failure, "none", "it comes with Node.js (on Debian: apt install npm)")
}

// findPython answers a Python that the project supports, and the versions of the others it met until then.
func findPython(ctx context.Context) (name string, found version, text string, others []string) {
	// in the order of scripts/find-python
	for _, name := range []string{os.Getenv("LAKESHIFT_PYTHON"), "python3.12", "python3.11", "python3", "python"} {
		found, text, ok := run(ctx, name, "--version")
		switch {
		case !ok:
		case found.before(oldestPython) || newestPython.before(found):
			others = append(others, text)
		default:
			return name, found, text, others
		}
	}
	return "", version{}, "", others
}

func python(ctx context.Context) []Finding {
	name, found, text, others := findPython(ctx)
	switch {
	case name == "":
		remedy := fmt.Sprintf("%s or %s is needed to deploy and for the local AWS: install one, or set LAKESHIFT_PYTHON to its path", oldestPython, newestPython)
		if others == nil {
			others = []string{"none"}
		}
		return one("Python", Failure, strings.Join(others, ", "), remedy)
	case exec.CommandContext(ctx, name, "-c", "import venv, ensurepip").Run() != nil:
		return one("Python", Failure, text+" without its venv module", fmt.Sprintf("apt install python%s-venv", found))
	}
	return one("Python", OK, text, "")
}

// cache is where installed parts lie, as local/install.py has it.
func cache() string {
	if named := os.Getenv("LAKESHIFT_CACHE"); named != "" {
		return named
	}
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		home, _ := os.UserHomeDir()
		base = filepath.Join(home, ".cache")
	}
	return filepath.Join(base, "lakeshift")
}

func disk(context.Context) []Finding {
	folder := cache()
	var stat syscall.Statfs_t
	for {
		err := syscall.Statfs(folder, &stat)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || folder == filepath.Dir(folder) {
			return one("disk", Unknown, err.Error(), "")
		}
		folder = filepath.Dir(folder)
	}
	free := int64(stat.Bavail) * int64(stat.Bsize) //nolint:unconvert // other kernels have other types
	found := screen.Bytes(free) + " free at " + folder
	if free < diskGB*1e9 {
		return one("disk", Warning, found, fmt.Sprintf("an installation wants %d GB: make room, or set LAKESHIFT_CACHE to a folder elsewhere", diskGB))
	}
	return one("disk", OK, found, "")
}

var memoryLine = regexp.MustCompile(`(?m)^MemAvailable:\s+(\d+) kB`)

func memory(context.Context) []Finding {
	text, err := os.ReadFile("/proc/meminfo")
	match := memoryLine.FindStringSubmatch(string(text))
	if err != nil || match == nil {
		return one("memory", Unknown, "can't be told on "+runtime.GOOS, "")
	}
	kilobytes, _ := strconv.ParseInt(match[1], 10, 64)
	found := screen.Bytes(kilobytes*1024) + " available"
	if float64(kilobytes)*1024 < memoryGB*1e9 {
		return one("memory", Warning, found, fmt.Sprintf("the local AWS wants up to %.0f GB: end something", memoryGB))
	}
	return one("memory", OK, found, "")
}

// installed asks the installer what of its parts is there.
func installed(ctx context.Context, root string) []Finding {
	python, _, _, _ := findPython(ctx)
	if python == "" {
		return one("installed parts", Unknown, "Python has to tell", "")
	}
	var missing strings.Builder
	command := exec.CommandContext(ctx, python, filepath.Join(root, "local", "install.py"), "--print-paths")
	command.Dir, command.Stderr = root, &missing
	if command.Run() == nil {
		return one("installed parts", OK, "all, in "+cache(), "")
	}
	if line, is := strings.CutPrefix(strings.TrimSpace(missing.String()), "not installed yet: "); is {
		names, _, _ := strings.Cut(line, ". ")
		return one("installed parts", Warning, "not yet: "+names, "'make tools' or the next 'lakeshift local up' downloads them (about 1.2 GB in all, once)")
	}
	return one("installed parts", Unknown, lastLine(missing.String()), "")
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndex(text, "\n")+1:]
}

// port must be free unless the local AWS is what uses it.
func port(state string) []Finding {
	number := os.Getenv("LAKESHIFT_PORT")
	if number == "" {
		number = portUnset
	}
	if _, err := os.Stat(filepath.Join(state, "local.json")); err == nil {
		return nil // the environment tells
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+number)
	if err != nil {
		return one("port "+number, Warning, "in use by another program", "the local AWS wants it: set LAKESHIFT_PORT to a free one")
	}
	listener.Close()
	return one("port "+number, OK, "free for the local AWS", "")
}
