package review

import "encoding/json"

// JSON of the comparison for these environments, for programs.
func (c *Comparison) JSON(environments []string) ([]byte, error) {
	type finding struct {
		Section      string   `json:"section"`
		Text         string   `json:"text"`
		Environments []string `json:"environments"`
	}
	names := map[section]string{dangerSection: "danger", accessSection: "access", datasetSection: "dataset", resourceSection: "resource"}
	document := struct {
		Dangerous bool      `json:"dangerous"`
		Findings  []finding `json:"findings"`
		Files     []string  `json:"files"`
	}{Dangerous: c.Dangerous(environments), Findings: []finding{}, Files: []string{}}
	for _, found := range only(c.Findings, environments) {
		document.Findings = append(document.Findings, finding{names[found.section], found.text, found.Environments})
	}
	for _, edit := range c.Edits {
		document.Files = append(document.Files, edit.Path)
	}
	return json.MarshalIndent(document, "", "  ")
}
