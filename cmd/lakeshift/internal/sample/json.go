package sample

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

func readJSON(paths []string, options Options) (*Sample, error) {
	read := &Sample{Format: "jsonl"}
	var columns []*column
	var refused refusals
	index := map[string]*column{}
	repeated := newRepeats()
	told := options.tell()
	for _, path := range paths {
		err := eachLine(path, told, func(number int64, line string) bool {
			switch {
			case isBlank(line):
				return true
			case read.Records+int64(refused.count()) >= options.Max:
				read.Partly = true
				return false
			case !utf8.ValidString(line):
				refused.add("not UTF-8: convert the file (iconv -f ISO-8859-1 -t UTF-8)", path, number)
				return true
			}
			names, values, err := members(line)
			if err == nil && slices.ContainsFunc(values, hasHalfPair) {
				err = errHalfPair
			}
			if err != nil {
				refused.add(err.Error(), path, number)
				return true
			}
			for i, name := range names {
				c := index[strings.ToLower(name)]
				if c == nil {
					c = &column{title: name}
					c.begin()
					index[strings.ToLower(name)] = c
					columns = append(columns, c)
				}
				c.seeJSON(values[i])
			}
			read.Records++
			repeated.see(line)
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	read.Repeated, read.Refused = repeated.found, refused.list
	for _, c := range columns {
		read.Fields = append(read.Fields, c.field(read.Records))
	}
	return read, nil
}

var (
	errNotJSON   = errors.New("not one JSON object in a line")
	errSameNames = errors.New("fields that differ in case only")
	errHalfPair  = errors.New("half a surrogate pair, which is no character")
)

var surrogates = regexp.MustCompile(`\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)

// hasHalfPair: \ud83d alone, in a value as it is written.
func hasHalfPair(text json.RawMessage) bool {
	return bytes.Contains(text, []byte(`\u`)) && slices.ContainsFunc(surrogates.FindAll(text, -1), func(match []byte) bool { return len(match) == len(`\ud83d`) })
}

// members of the object in this line, in its order. Of a name that comes twice the last value counts, as for the load.
func members(line string) (names []string, values []json.RawMessage, err error) {
	decoder := json.NewDecoder(strings.NewReader(line))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, errNotJSON
	}
	at := map[string]int{}
	for decoder.More() {
		token, err := decoder.Token()
		name, isName := token.(string)
		var value json.RawMessage
		if err != nil || !isName || decoder.Decode(&value) != nil {
			return nil, nil, errNotJSON
		}
		i, twice := at[strings.ToLower(name)]
		switch {
		case !twice:
			at[strings.ToLower(name)] = len(names)
			names, values = append(names, name), append(values, value)
		case names[i] == name:
			values[i] = value
		default:
			return nil, nil, errSameNames
		}
	}
	if _, err := decoder.Token(); err != nil || strings.TrimSpace(line[decoder.InputOffset():]) != "" {
		return nil, nil, errNotJSON
	}
	return names, values, nil
}

func (c *column) seeJSON(value json.RawMessage) {
	switch value[0] {
	case 'n': // null
	case '{', '[':
		var compact bytes.Buffer
		if json.Compact(&compact, value) != nil {
			return
		}
		c.nested++
		c.filled++
		c.counts[text]++
		c.measure(compact.Len())
		c.seen, c.ascending = nil, false
	case '"':
		var decoded string
		if json.Unmarshal(value, &decoded) != nil || decoded == "" {
			return
		}
		c.words++
		c.see(decoded)
	default:
		c.see(string(value))
	}
}
