package sample

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

func readJSON(paths []string, options Options) (*Sample, error) {
	read := &Sample{Format: "jsonl"}
	var columns []*column
	var refused refusals
	index := map[string]*column{}
	repeated := newRepeats()
	for _, path := range paths {
		err := eachLine(path, func(number int64, line string) bool {
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
			if err != nil {
				refused.add(err.Error(), path, number)
				return true
			}
			for i, name := range names {
				c := index[name]
				if c == nil {
					c = &column{title: name}
					c.begin()
					index[name] = c
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
	if read.Records == 0 && len(refused.list) > 0 {
		first := refused.list[0]
		return nil, fmt.Errorf("%s: %s", first.Where, first.Reason)
	}
	read.Repeated, read.Refused = repeated.found, refused.list
	for _, c := range columns {
		read.Fields = append(read.Fields, c.field(read.Records))
	}
	return read, nil
}

// members of the object in this line, in its order; a name that comes twice counts once, with its last value, as for the load.
func members(line string) (names []string, values []json.RawMessage, err error) {
	decoder := json.NewDecoder(strings.NewReader(line))
	token, err := decoder.Token()
	if err != nil {
		return nil, nil, fmt.Errorf("not JSON")
	}
	if token != json.Delim('{') {
		return nil, nil, fmt.Errorf("not a JSON object")
	}
	at := map[string]int{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("not JSON")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, nil, fmt.Errorf("not JSON")
		}
		title, _ := name.(string)
		if i, twice := at[title]; twice {
			values[i] = value
			continue
		}
		at[title] = len(names)
		names, values = append(names, title), append(values, value)
	}
	if _, err := decoder.Token(); err != nil || strings.TrimSpace(line[decoder.InputOffset():]) != "" {
		return nil, nil, fmt.Errorf("not one JSON object")
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
