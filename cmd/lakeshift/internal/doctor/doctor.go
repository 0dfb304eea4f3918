// Package doctor looks at what the platform needs: this machine, the project, an environment. It changes nothing.
package doctor

import (
	"context"
	"sync"
)

// State of what was looked at.
type State string

// A Failure keeps something from working, a Warning does not yet, and what is Unknown could not be looked at.
const (
	OK      State = "ok"
	Warning State = "warning"
	Failure State = "failure"
	Unknown State = "unknown"
)

// Finding is one thing that was looked at.
type Finding struct {
	Subject string `json:"subject"` // machine, project or environment
	Name    string `json:"name"`
	State   State  `json:"state"`
	Found   string `json:"found"`
	Remedy  string `json:"remedy"` // what to do; empty if there is nothing to do
}

// check answers what it found; of several findings, all.
type check func(context.Context) []Finding

// all runs the checks side by side; their findings stay in order.
func all(ctx context.Context, subject string, checks ...check) []Finding {
	found := make([][]Finding, len(checks))
	var wait sync.WaitGroup
	for i, look := range checks {
		wait.Go(func() { found[i] = look(ctx) })
	}
	wait.Wait()
	var findings []Finding
	for _, some := range found {
		for _, finding := range some {
			finding.Subject = subject
			findings = append(findings, finding)
		}
	}
	return findings
}

func one(name string, state State, found, remedy string) []Finding {
	return []Finding{{Name: name, State: state, Found: found, Remedy: remedy}}
}
