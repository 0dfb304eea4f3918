package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// allowing is the label that lets a pull request lose what its report lists.
const allowing = "allow-destructive"

// allowance says by what the losses are allowed; empty if they are not. Of a label it takes GitHub's event that started the
// workflow: it must be that the label was put on just now, and so on the commit that this run looks at. One that is stale
// is only still there, and was meant for an earlier commit.
func (s settings) allowance() (by string, stale bool, err error) {
	if s.allowed {
		return "`ALLOW_DESTRUCTIVE=1`", false, nil
	}
	if s.event == "" {
		return "", false, nil
	}
	text, err := os.ReadFile(s.event)
	if err != nil {
		return "", false, err
	}
	type label struct{ Name string }
	var event struct {
		Action      string
		Label       label
		PullRequest struct{ Labels []label } `json:"pull_request"`
	}
	if err := json.Unmarshal(text, &event); err != nil {
		return "", false, fmt.Errorf("%s: expected an event of GitHub: %w", s.event, err)
	}
	if event.Action == "labeled" && event.Label.Name == allowing {
		return "the label `" + allowing + "`, for this commit", false, nil
	}
	for _, label := range event.PullRequest.Labels {
		stale = stale || label.Name == allowing
	}
	return "", stale, nil
}
