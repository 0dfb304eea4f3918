package config

import (
	"errors"
	"os"
)

// readFile reads a file of the project. What is none, or leads nowhere, is a fault; a pipe would keep the reader waiting.
func readFile(path, name string, faults *Faults) ([]byte, bool) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
	case info.IsDir():
		err = errors.New("it is a folder")
	case !info.Mode().IsRegular():
		err = errors.New("it is no file")
	default:
		var text []byte
		if text, err = os.ReadFile(path); err == nil {
			return text, true
		}
	}
	reason := err.Error()
	if at := (*os.PathError)(nil); errors.As(err, &at) {
		reason = at.Err.Error()
	}
	faults.add(name, 0, "can't be read: %s", reason)
	return nil, false
}
