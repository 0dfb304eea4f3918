package config

import (
	"cmp"
	"fmt"
	"path"
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

	follows string // from a fault in a file whose name begins so, if there is one
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

// lastFollows says what the fault that was added last would follow from: files whose names begin so.
func (f Faults) lastFollows(files string) {
	f[len(f)-1].follows = files
}

// sort by files and lines.
func (f Faults) sort() {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
}

// merge what is said in the same words of several lines, in a file or in a transform, whose files are one transaction:
// mostly that is one slip, and what follows from it. The faults stand in the order of files and lines.
func (f Faults) merge() Faults {
	var merged Faults
	first := map[string]int{}
	others := map[int][]string{}
	for _, fault := range f {
		if fault.follows != "" && slices.ContainsFunc(f, func(other Fault) bool {
			return other.Severity == Error && other.File != fault.File && strings.HasPrefix(other.File, fault.follows)
		}) {
			continue
		}
		scope := fault.File
		if folder := path.Dir(fault.File); path.Base(folder) == "transform" {
			scope = folder
		}
		key := scope + "\n" + string(fault.Severity) + "\n" + fault.Message
		at, again := first[key]
		if !again || fault.Line == 0 {
			first[key] = len(merged)
			merged = append(merged, fault)
			continue
		}
		place := fmt.Sprintf("line %d", fault.Line)
		if fault.File != merged[at].File {
			place = fmt.Sprintf("%s:%d", path.Base(fault.File), fault.Line)
		}
		if (fault.File != merged[at].File || fault.Line != merged[at].Line) && !slices.Contains(others[at], place) {
			others[at] = append(others[at], place)
		}
	}
	for at, places := range others {
		if len(places) > maxPlaces {
			places = append(places[:maxPlaces:maxPlaces], fmt.Sprintf("%d more", len(places)-maxPlaces))
		}
		merged[at].Message += " (also in " + strings.Join(places, ", ") + ")"
	}
	return merged
}

// Places that a message lists beside its own.
const maxPlaces = 3

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
