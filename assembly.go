package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lakeshift/config"
)

// stageManifest is what an environment's part of the cloud assembly says of itself.
type stageManifest struct {
	Version           string                     `json:"version"`
	Artifacts         map[string]json.RawMessage `json:"artifacts"`
	Missing           []json.RawMessage          `json:"missing"`
	MinimumCLIVersion string                     `json:"minimumCliVersion"`
}

// finish writes the manifest of a cloud assembly whose environments lie in out, and refuses it if a stack was found
// wanting. The CDK's App would do the same, and resolve every stack of every environment once more before it does.
func finish(out string, environments []config.Environment) error {
	var whole stageManifest
	var parts, wanting []string
	for _, environment := range environments {
		folder := "assembly-" + environment.Name
		var stage stageManifest
		text, err := os.ReadFile(filepath.Join(out, folder, "manifest.json"))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &stage); err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(out, folder, "manifest.json"), err)
		}
		found, err := findings(filepath.Join(out, folder), stage)
		if err != nil {
			return err
		}
		wanting = append(wanting, found...)
		whole.Version, whole.MinimumCLIVersion, whole.Missing = stage.Version, stage.MinimumCLIVersion, append(whole.Missing, stage.Missing...)
		parts = append(parts, fmt.Sprintf(`    %q: {"type": "cdk:cloud-assembly", "properties": {"directoryName": %q, "displayName": %q}}`, folder, folder, environment.Name))
	}
	if len(wanting) > 0 {
		return fmt.Errorf("the CDK refused:\n%s", strings.Join(wanting, "\n"))
	}
	missing := ""
	if len(whole.Missing) > 0 {
		text, err := json.Marshal(whole.Missing)
		if err != nil {
			return err
		}
		missing = fmt.Sprintf("\n  %q: %s,", "missing", text)
	}
	// environments stay in their order: a change travels through them in it
	return os.WriteFile(filepath.Join(out, "manifest.json"), fmt.Appendf(nil, "{\n  %q: %q,%s\n  %q: {\n%s\n  },\n  %q: %q\n}\n",
		"version", whole.Version, missing, "artifacts", strings.Join(parts, ",\n"), "minimumCliVersion", whole.MinimumCLIVersion), 0o644)
}

// findings are errors that something noted on a construct: cdk-nag does, when a rule is broken.
func findings(folder string, stage stageManifest) ([]string, error) {
	var found []string
	for _, text := range stage.Artifacts {
		var artifact struct {
			Metadata       map[string][]note `json:"metadata"`
			AdditionalFile string            `json:"additionalMetadataFile"`
		}
		if err := json.Unmarshal(text, &artifact); err != nil {
			return nil, err
		}
		notes := artifact.Metadata
		if artifact.AdditionalFile != "" {
			text, err := os.ReadFile(filepath.Join(folder, artifact.AdditionalFile))
			if err != nil {
				return nil, err
			}
			if err := json.Unmarshal(text, &notes); err != nil {
				return nil, fmt.Errorf("%s: %w", artifact.AdditionalFile, err)
			}
		}
		for path, on := range notes {
			for _, note := range on {
				if note.Type == "aws:cdk:error" {
					found = append(found, fmt.Sprintf("%s: %v", path, note.Data))
				}
			}
		}
	}
	slices.Sort(found)
	return found, nil
}

// note that the CDK keeps of a construct.
type note struct {
	Type string `json:"type"`
	Data any    `json:"data"`
}
