package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one mistake in a file: where it stands, what is there and what is expected.
type Fault struct {
	File    string
	Line    int // 0 if the fault is not in one line
	Message string
}

func (f Fault) Error() string {
	if f.Line == 0 {
		return f.File + ": " + f.Message
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
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
	*f = append(*f, Fault{File: file, Line: line, Message: fmt.Sprintf(format, values...)})
}

// err is nil if there is no fault; otherwise the faults in the order of files and lines.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return f
}
