package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity of a fault.
type Severity string

// An Error keeps the app from being synthesized; a Warning says what works, but not as one would expect.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Fault is one mistake in a file: where it stands, what is there and what is expected.
type Fault struct {
	File     string   `json:"file"`
	Line     int      `json:"line"` // 0 if the fault is not in one line
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
}

func (f Fault) Error() string {
	text := f.File + ": "
	if f.Line > 0 {
		text = fmt.Sprintf("%s:%d: ", f.File, f.Line)
	}
	if f.Severity == Warning {
		text += "warning: "
	}
	return text + f.Message
}

// Faults are reported together: nobody should have to mend one to see the next.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

func (f *Faults) add(file string, line int, format string, values ...any) {
	*f = append(*f, Fault{File: file, Line: line, Severity: Error, Message: fmt.Sprintf(format, values...)})
}

func (f *Faults) warn(file string, line int, format string, values ...any) {
	*f = append(*f, Fault{File: file, Line: line, Severity: Warning, Message: fmt.Sprintf(format, values...)})
}

// sort by files and lines.
func (f Faults) sort() {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
}

// Of returns the faults of one severity.
func (f Faults) Of(severity Severity) Faults {
	var some Faults
	for _, fault := range f {
		if fault.Severity == severity {
			some = append(some, fault)
		}
	}
	return some
}

// Err is nil if nothing is worse than a warning; otherwise the errors in the order of files and lines.
func (f Faults) Err() error {
	wrong := f.Of(Error)
	if len(wrong) == 0 {
		return nil
	}
	wrong.sort()
	return wrong
}
