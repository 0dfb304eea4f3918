// Package sample reads sample files of a dataset, as the load would, and finds out what stands in them.
package sample

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"lakeshift/config"
)

// MaxRecords bounds what is read of all files together.
const MaxRecords = 5_000_000

// Sample is what the files hold.
type Sample struct {
	// Format is csv, jsonl or parquet.
	Format string
	// CSV is set if the format is csv.
	CSV Dialect
	// Fields in the order of the files; for JSON lines in the order in which they come up.
	Fields []Field
	// Records read; those that repeat an earlier one in whole; whether there are more that were not read.
	Records, Repeated int64
	Partly            bool
	// Refused are records that the load would refuse, with the reason and how many.
	Refused []Refusal
}

// RefusedRecords are those of all reasons.
func (s *Sample) RefusedRecords() int64 {
	var total int64
	for _, refusal := range s.Refused {
		total += refusal.Records
	}
	return total
}

// Dialect of CSV files.
type Dialect struct {
	Delimiter, Quote byte
	// Escape is a backslash, or a character that does not occur, where the files escape nothing.
	Escape byte
	Header bool
}

// Field is one column of the files.
type Field struct {
	// Title as the files have it; empty where they have none.
	Title string
	// Type that takes every value seen, and room for those not seen.
	Type config.Type
	// Filled and Empty records.
	Filled, Empty int64
	// Unique: no value twice, none missing. Ascending: each greater than the one before. UUID: each is one.
	Unique, Ascending, UUID bool
	// Notes for whoever decides about the column. They quote no value: a sample may hold what a repository must not.
	Notes []string
	// Cast is SQL that makes more of the text than varchar, with %s for the column; empty if nothing is known.
	Cast string
}

// Refusal is a reason for which the load would refuse records.
type Refusal struct {
	Reason  string
	Records int64
	Where   string // the first of them: file and line
}

// Options that the files don't tell.
type Options struct {
	// Format overrides the one that the name and the first bytes tell.
	Format string
	// NoHeader: the first line of a CSV file is a record.
	NoHeader bool
	// Max records to read; 0 is MaxRecords.
	Max int64
	// Progress is told how many bytes of the files have been read; nil tells nobody.
	Progress func(done int64)
}

// tell adds up what is read of several files.
func (o Options) tell() func(bytes int) {
	var done int64
	return func(bytes int) {
		done += int64(bytes)
		o.Progress(done)
	}
}

// ErrEmpty means that the files hold no record.
var ErrEmpty = errors.New("no record: expected at least one")

// Read reads the files, which must be of one kind.
func Read(paths []string, options Options) (*Sample, error) {
	if options.Max == 0 {
		options.Max = MaxRecords
	}
	if options.Progress == nil {
		options.Progress = func(int64) {}
	}
	format := options.Format
	for _, path := range paths {
		found, err := formatOf(path)
		switch {
		case err != nil:
			return nil, err
		case options.Format != "" && (options.Format == "parquet") == (found == "parquet"):
		case format == "":
			format = found
		case format != found:
			return nil, fmt.Errorf("%s looks like %s, not %s: a dataset has files of one format", path, found, format)
		}
	}
	var read *Sample
	var err error
	switch format {
	case "csv":
		read, err = readCSV(paths, options)
	case "jsonl":
		read, err = readJSON(paths, options)
	case "parquet":
		read, err = readParquet(paths, options)
	default:
		return nil, fmt.Errorf("format %q is unknown: use csv, jsonl or parquet", format)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case read.Records > 0:
	case len(read.Refused) > 0:
		return nil, fmt.Errorf("no record could be loaded; %s: %s", read.Refused[0].Where, read.Refused[0].Reason)
	default:
		return nil, fmt.Errorf("%s: %w", strings.Join(paths, ", "), ErrEmpty)
	}
	for _, field := range read.Fields {
		if strings.TrimSpace(field.Title) == "" && format != "csv" {
			return nil, fmt.Errorf("%s has a field without a name: it can't be loaded", paths[0])
		}
	}
	return read, nil
}

// formatOf looks at the file's first bytes; its name decides nothing.
func formatOf(path string) (string, error) {
	head, err := head(path)
	switch {
	case err != nil:
		return "", err
	case strings.HasPrefix(head, "PAR1"):
		return "parquet", nil
	case strings.HasPrefix(head, "\xff\xfe") || strings.HasPrefix(head, "\xfe\xff"):
		return "", fmt.Errorf("%s is UTF-16: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)", path)
	case strings.HasPrefix(head, "PK\x03\x04"):
		return "", fmt.Errorf("%s is a zip archive or a spreadsheet: unpack it, or export it as CSV", path)
	}
	text := strings.TrimLeft(strings.TrimPrefix(head, bom), " \t\r\n")
	switch {
	case strings.HasPrefix(text, "["):
		return "", fmt.Errorf("%s is a JSON array: expected one object per line (jq -c '.[]' %s > %s.jsonl)", path, path, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
	case strings.HasPrefix(text, "{"):
		if line, _, _ := strings.Cut(text, "\n"); strings.TrimSpace(line) == "{" {
			return "", fmt.Errorf("%s has JSON over several lines: expected one object per line (jq -c . %s)", path, path)
		}
		return "jsonl", nil
	}
	return "csv", nil
}

// refusals are counted by reason.
type refusals struct {
	list  []Refusal
	index map[string]int
}

func (r *refusals) add(reason, path string, line int64) {
	i, known := r.index[reason]
	if !known {
		if r.index == nil {
			r.index = map[string]int{}
		}
		i = len(r.list)
		r.index[reason] = i
		r.list = append(r.list, Refusal{Reason: reason, Where: fmt.Sprintf("%s:%d", path, line)})
	}
	r.list[i].Records++
}

func (r *refusals) count() int {
	total := 0
	for _, refusal := range r.list {
		total += int(refusal.Records)
	}
	return total
}
