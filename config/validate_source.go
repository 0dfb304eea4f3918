package config

import (
	"slices"
	"strings"
	"unicode"
)

// A window begins on a date, and dates begin with the year 1.
const maxWindowDays = 36500

func (v *validator) source(s Source) SourceFiles {
	files := SourceFiles{
		Format: s.Format, Delimiter: ",", Quote: `"`, Escape: `\`, Header: true, PartitionKeys: partitionKeys, WindowDays: s.WindowDays,
	}
	switch s.Format {
	case "csv":
	case "jsonl", "parquet":
		files.Header = false
		if s.Options != (Options{}) {
			v.fault(at("source", "options"), "are for csv: leave them out")
		}
	default:
		v.fault(at("source", "format"), "%q is unknown: use csv, jsonl or parquet", s.Format)
	}
	characters := map[string]string{}
	for _, option := range []struct {
		name  string
		value *string
		into  *string
	}{{"delimiter", s.Options.Delimiter, &files.Delimiter}, {"quote", s.Options.Quote, &files.Quote}, {"escape", s.Options.Escape, &files.Escape}} {
		if option.value != nil {
			*option.into = *option.value
		}
		if value := *option.into; len(value) != 1 || value == "\n" || value == "\r" || value == "\x00" {
			v.fault(at("source", "options", option.name), "%q is not one ASCII character", value)
		} else if other, used := characters[value]; used {
			v.fault(at("source", "options", option.name), "%q is also the %s: OpenCSVSerDe wants three different characters", value, other)
		}
		characters[*option.into] = option.name
	}
	if s.Options.Header != nil {
		files.Header = *s.Options.Header
	}
	if !slices.Equal(s.PartitionKeys, partitionKeys) {
		v.fault(at("source", "partition_keys"), "%v can't be used: expected [year, month, day]", s.PartitionKeys)
	}
	v.whole("source", "window_days")
	if s.WindowDays < 0 || s.WindowDays > maxWindowDays {
		v.fault(at("source", "window_days"), "%d is out of range: expected 0 (every partition) or 1 to %d days", s.WindowDays, maxWindowDays)
	}
	return files
}

// fields checks what the files call the columns: names of the source's, not ours, so almost anything goes.
func (v *validator) fields(specs []ColumnSpec, source SourceFiles) {
	seen := map[string]int{}
	for i, spec := range specs {
		field := spec.Field
		if field == "" {
			field = spec.Name
		}
		first, twice := seen[strings.ToLower(field)]
		switch {
		case spec.Field != "" && source.Format == "csv" && !source.Header:
			v.fault(at("columns", i, "field"), "%q is never looked up: the files have no header, their columns are told by position", field)
		case len(field) > 255 || strings.TrimSpace(field) != field || strings.ContainsFunc(field, unicode.IsControl):
			v.fault(at("columns", i, "field"), "%q is no field: expected up to 255 bytes, without control characters and blanks at its ends", field)
		case twice && source.Format != "csv":
			v.fault(at("columns", i, "field"), "%q is columns[%d]'s field too: Athena and Spectrum tell no case apart", field, first)
		}
		seen[strings.ToLower(field)] = i
	}
}
