package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"lakeshift/cmd/lakeshift/internal/fakeaws"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lakeshift": main})
}

// Each script is a user at a prompt in a copy of the project, with a fake AWS whose answers stand in the script's folder aws/.
// `exits N command…` runs a command and looks at its exit code.
func TestScripts(t *testing.T) {
	runScripts(t, testscript.Params{Dir: "testdata"}, nil)
}

// Whoever only asks AWS has neither Node nor Python: PATH holds nothing but lakeshift.
func TestVerbsThatAskAWSNeedNoOtherProgram(t *testing.T) {
	var scripts []string
	for _, verb := range []string{"upload", "run", "status", "query", "smoke", "drift"} {
		scripts = append(scripts, filepath.Join("testdata", verb+".txtar"))
	}
	runScripts(t, testscript.Params{Files: scripts}, func(env *testscript.Env) error {
		only := filepath.Join(env.WorkDir, "only-lakeshift")
		if err := os.Mkdir(only, 0o700); err != nil {
			return err
		}
		env.Setenv("PATH", only)
		sleep, err := exec.LookPath("sleep") // a script's own
		if err != nil {
			return err
		}
		return errors.Join(
			os.Symlink(sleep, filepath.Join(only, "sleep")),
			os.Symlink(env.Getenv("LAKESHIFT"), filepath.Join(only, "lakeshift")),
		)
	})
}

func runScripts(t *testing.T, params testscript.Params, prepare func(*testscript.Env) error) {
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	params.RequireUniqueNames = true
	params.RequireExplicitExec = true
	params.UpdateScripts = os.Getenv("UPDATE_SCRIPTS") != ""
	params.Cmds = map[string]func(*testscript.TestScript, bool, []string){"exits": exits}
	params.Setup = func(env *testscript.Env) error {
		if err := copyWithSales(env.WorkDir, repository); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(env.WorkDir, "cdk.json"), []byte("{}"), 0o600); err != nil {
			return err
		}
		answers := filepath.Join(env.WorkDir, "aws")
		if err := os.MkdirAll(answers, 0o700); err != nil {
			return err
		}
		fake := fakeaws.Start(answers)
		env.Defer(fake.Close)
		state := filepath.Join(env.WorkDir, ".local")
		if err := os.MkdirAll(state, 0o700); err != nil {
			return err
		}
		local := `{"endpoint":"` + fake.URL + `","region":"us-east-1","account":"000000000000",` +
			`"access_key_id":"LOCALOPERATOR","secret_access_key":"none"}`
		// for scripts whose PATH holds nothing else
		program, err := exec.LookPath("lakeshift")
		if err != nil {
			return err
		}
		env.Setenv("LAKESHIFT", program)
		env.Setenv("FAKE_AWS", fake.URL)
		env.Setenv("LAKESHIFT_STATE", state)
		if err := os.WriteFile(filepath.Join(state, "local.json"), []byte(local), 0o600); err != nil || prepare == nil {
			return err
		}
		return prepare(env)
	}
	testscript.Run(t, params)
}

// copyWithSales copies what the verbs read of the project, with dataset sales alone: the fake AWS answers for no other, and whoever
// adds one changes nothing for the verbs.
func copyWithSales(target, repository string) error {
	for _, folder := range []string{"sql/warehouse", "sql/sales"} {
		if err := os.CopyFS(filepath.Join(target, folder), os.DirFS(filepath.Join(repository, folder))); err != nil {
			return err
		}
	}
	contract, err := os.ReadFile(filepath.Join(repository, "datasets", "sales.yaml"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(target, "datasets"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(target, "datasets", "sales.yaml"), contract, 0o600)
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func TestItStartsInUnder50Milliseconds(t *testing.T) {
	best := time.Hour
	// The best of several, and not the time in which other programs had the processor: their load is not what is measured.
	for range 10 {
		command := exec.Command("lakeshift", "--version")
		begin := time.Now()
		require.NoError(t, command.Run())
		best = min(best, time.Since(begin), command.ProcessState.UserTime()+command.ProcessState.SystemTime())
	}
	require.Less(t, best, 50*time.Millisecond)
}

func TestItNeverImportsTheCDK(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for _, imported := range []string{"jsii-runtime-go", "aws-cdk-go", "constructs-go"} {
		require.NotContains(t, string(out), imported)
	}
}
