// Package engine asks the two engines that hold the data: the warehouse (Redshift, through its Data API) and Athena.
package engine

import (
	"context"
	"errors"
	"time"

	"lakeshift/cmd/lakeshift/internal/result"
)

// Engine answers one SQL statement with all its rows.
// When ctx ends, the statement is cancelled on the engine's side too.
type Engine interface {
	Query(ctx context.Context, sql string) (result.Table, error)
}

// Refused is an engine's own answer to a statement that it will not or cannot run.
type Refused struct {
	Engine  string // "athena" or "warehouse"
	Message string
	ID      string // the execution's id, to look it up
}

func (r *Refused) Error() string { return r.Engine + " refused the statement: " + r.Message }

// wait asks until done answers true: at once and then at growing intervals, since most statements take a moment and some minutes.
func wait(ctx context.Context, first, longest time.Duration, done func() (bool, error)) error {
	for pause := first; ; pause = min(longest, pause*3/2) {
		if finished, err := done(); err != nil || finished {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// cancelOnExit calls cancel if err says that the caller gave up. The caller's context is over by then, so cancel gets its own.
func cancelOnExit(err error, cancel func(context.Context)) {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		cancel(ctx)
	}
}
