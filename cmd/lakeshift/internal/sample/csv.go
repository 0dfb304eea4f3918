package sample

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const backslash = '\\'

func readCSV(paths []string, options Options) (*Sample, error) {
	start, err := head(paths[0])
	if err != nil {
		return nil, err
	}
	read := &Sample{Format: "csv", CSV: sniff(start)}
	read.CSV.Header = !options.NoHeader && read.CSV.looksLikeHeader(start)
	if err := read.CSV.chooseEscape(paths, options.Max); err != nil {
		return nil, err
	}
	if !options.NoHeader && !read.CSV.Header {
		return nil, fmt.Errorf("%s: the first line holds values, not titles: give --no-header if the files have none", paths[0])
	}
	var columns []*column
	var refused refusals
	repeated := newRepeats()
	told := options.tell()
	for _, path := range paths {
		var wrong error
		err := eachLine(path, told, func(number int64, line string) bool {
			isTitles := number == 1 && read.CSV.Header
			switch {
			case !isTitles && isBlank(line):
				return true
			case !isTitles && read.Records+int64(refused.count()) >= options.Max:
				read.Partly = true
				return false
			case !utf8.ValidString(line):
				if isTitles {
					wrong = fmt.Errorf("%s: the header is not UTF-8: convert the file (iconv -f ISO-8859-1 -t UTF-8)", path)
					return false
				}
				refused.add("not UTF-8: convert the file (iconv -f ISO-8859-1 -t UTF-8)", path, number)
				return true
			}
			values, problem := read.CSV.split(line)
			switch {
			case problem != "" && isTitles:
				wrong = fmt.Errorf("%s: the header can't be split: %s", path, problem)
				return false
			case problem != "":
				refused.add(problem, path, number)
				return true
			case columns == nil:
				columns = newColumns(values, read.CSV.Header)
				if isTitles {
					return true
				}
			case isTitles:
				if !slices.Equal(titles(columns), trimmed(values)) {
					wrong = fmt.Errorf("%s has other columns than %s: files of one dataset have the same, in the same order", path, paths[0])
					return false
				}
				return true
			}
			if len(values) != len(columns) {
				refused.add(wrongWidth(len(columns), values), path, number)
				return true
			}
			for i, value := range values {
				columns[i].see(value)
			}
			read.Records++
			repeated.see(line)
			return true
		})
		if err != nil || wrong != nil {
			return nil, firstOf(wrong, err)
		}
	}
	read.Repeated, read.Refused = repeated.found, refused.list
	for _, c := range columns {
		read.Fields = append(read.Fields, c.field(read.Records))
	}
	return read, nil
}

// wrongWidth says what the load does, and the remedy for what programs do that end each line with a delimiter.
func wrongWidth(wanted int, values []string) string {
	reason := fmt.Sprintf("expected %d fields, found %d", wanted, len(values))
	if len(values) == wanted+1 && values[wanted] == "" {
		reason += ", the last one empty: give the header the delimiter, too, that ends the line"
	}
	return reason
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func newColumns(values []string, named bool) []*column {
	columns := make([]*column, len(values))
	for i, value := range values {
		columns[i] = &column{}
		if named {
			columns[i].title = strings.TrimSpace(value)
		}
		columns[i].begin()
	}
	return columns
}

func titles(columns []*column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.title
	}
	return names
}

func trimmed(values []string) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = strings.TrimSpace(value)
	}
	return out
}

// split follows the load: a quote inside a quoted field is doubled or escaped, and a line is a record.
func (d Dialect) split(line string) (values []string, problem string) {
	delimiter := string(d.Delimiter)
	if strings.IndexByte(line, d.Quote) < 0 {
		return strings.Split(line, delimiter), ""
	}
	for position := 0; ; position++ {
		begin := position
		for begin < len(line) && (line[begin] == ' ' || line[begin] == '\t') && line[begin] != d.Delimiter {
			begin++
		}
		var value string
		if begin < len(line) && line[begin] == d.Quote {
			var closed bool
			value, position, closed = d.quoted(line, begin)
			if !closed && strings.Contains(line[begin:], string([]byte{backslash, d.Quote})) && d.Escape == backslash {
				return nil, "a quote is not closed in its line, as a backslash takes away the meaning of the one behind it: " +
					"where the files mean no more than a backslash, give the contract another source.options.escape"
			}
			if !closed {
				return nil, "a quote is not closed in its line: a record with a line break can't be loaded"
			}
			for position < len(line) && (line[position] == ' ' || line[position] == '\t') && line[position] != d.Delimiter {
				position++
			}
			if position < len(line) && line[position] != d.Delimiter {
				return nil, "text after a closing quote"
			}
		} else {
			end := strings.IndexByte(line[position:], d.Delimiter)
			if end < 0 {
				end = len(line) - position
			}
			value = line[position : position+end]
			if strings.IndexByte(value, d.Quote) >= 0 {
				return nil, "a quote inside an unquoted field"
			}
			position += end
		}
		values = append(values, value)
		if position >= len(line) {
			return values, ""
		}
	}
}

// quoted answers the field that begins at a quote, and where it ends.
func (d Dialect) quoted(line string, begin int) (value string, end int, closed bool) {
	var out strings.Builder
	for i := begin + 1; i < len(line); i++ {
		switch c := line[i]; {
		case c == d.Quote && i+1 < len(line) && line[i+1] == d.Quote:
			out.WriteByte(c)
			i++
		case c == d.Quote:
			return out.String(), i + 1, true
		case c == d.Escape && i+1 < len(line) && (line[i+1] == d.Quote || line[i+1] == d.Escape):
			out.WriteByte(line[i+1])
			i++
		default:
			out.WriteByte(c)
		}
	}
	return "", len(line), false
}
