// Command lakeshift operates the platform: the same verbs against AWS and against the local AWS.
//
// It exits with 0 when what was asked for is done, 1 when it failed, and 2 when the question was wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"

	"lakeshift/cmd/lakeshift/internal/screen"
)

const (
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells count: 128 + SIGINT
)

func main() { os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr)) }

func execute(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first Ctrl-C ends things in order; the second one ends the program.
	context.AfterFunc(ctx, stop)
	a := &app{out: screen.New(stdout), err: screen.New(stderr)}
	root := a.command()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	called, err := root.ExecuteContextC(ctx)

	var exit exitCode
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &usage) || !a.began:
		// Whatever fails before a verb's own code begins, cobra found wrong with the arguments.
		a.err.Printf("lakeshift: %v\nSee '%s --help'.\n", err, called.CommandPath())
		return exitUsage
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		a.err.Printf("lakeshift: interrupted\n")
		return exitInterrupted
	}
	a.err.Printf("%s %s\n", a.err.Bad("lakeshift:"), explain(err))
	return exitFailure
}

// usageError says that the arguments are wrong, rather than the world.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitCode ends the program after everything has been said.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// explain leaves out of an AWS error what helps nobody, such as status codes and counts of attempts.
func explain(err error) string {
	var operation *smithy.OperationError
	if !errors.As(err, &operation) {
		return err.Error()
	}
	reason := ""
	var api smithy.APIError
	var network *net.OpError
	switch {
	case errors.As(operation, &api):
		reason = api.ErrorCode() + ": " + api.ErrorMessage()
	case errors.As(operation, &network):
		reason = network.Error()
	default:
		return err.Error()
	}
	short := fmt.Sprintf("%s %s: %s", operation.Service(), operation.Operation(), reason)
	return strings.Replace(err.Error(), operation.Error(), short, 1)
}
