package sample

import (
	"strings"
)

// Escape characters to choose from: seldom in data, and harmless in YAML and in a Glue table's parameters.
const escapes = "^~`|#@&%$!*+=?<>"

// backslashes is what the sample tells about the backslash: does it take a quote's meaning away, or is it one character of many?
type backslashes struct {
	// escaping lines are right only if it escapes, plain ones only if it does not. Lone: some escape nothing.
	escaping, plain int64
	lone            bool
	// doubled quotes inside quoted fields: who writes them has no other escape.
	doubled bool
	occurs  [256]bool
}

// chooseEscape reads the files once more: OpenCSVSerDe has no CSV without an escape, and where the backslash is none it would
// take the quote behind `"C:\"` for text. The remedy is a character that does not occur.
func (d *Dialect) chooseEscape(paths []string, most int64) error {
	var seen backslashes
	width := 0
	for _, path := range paths {
		var lines int64
		err := eachLine(path, func(int) {}, func(_ int64, line string) bool {
			if width == 0 {
				values, _ := d.split(line)
				width = len(values)
			}
			seen.see(line, *d, width)
			lines++
			return lines < most
		})
		if err != nil {
			return err
		}
	}
	if seen.escaping > seen.plain || seen.plain == 0 && !seen.lone && !seen.doubled {
		return nil
	}
	for _, candidate := range []byte(escapes) {
		if !seen.occurs[candidate] && candidate != d.Delimiter && candidate != d.Quote {
			d.Escape = candidate
			return nil
		}
	}
	return nil
}

func (b *backslashes) see(line string, d Dialect, width int) {
	for i := range len(line) {
		b.occurs[line[i]] = true
	}
	quoted := strings.IndexByte(line, d.Quote) >= 0
	if quoted && !b.doubled && strings.Contains(line, string([]byte{d.Quote, d.Quote})) {
		values, _ := d.split(line)
		for _, value := range values {
			b.doubled = b.doubled || strings.IndexByte(value, d.Quote) >= 0 && strings.IndexByte(line, backslash) < 0
		}
	}
	if strings.IndexByte(line, backslash) < 0 {
		return
	}
	unescaped := d
	unescaped.Escape = 0
	with, without := d.fits(line, width), unescaped.fits(line, width)
	switch {
	case with && !without:
		b.escaping++
	case without && !with:
		b.plain++
	default:
		b.lone = b.lone || !quoted || hasLoneBackslash(line, d.Quote)
	}
}

func (d Dialect) fits(line string, width int) bool {
	values, problem := d.split(line)
	return problem == "" && len(values) == width
}

// hasLoneBackslash: one that stands neither before a quote nor beside another. Who escapes with it writes two of them.
func hasLoneBackslash(line string, quote byte) bool {
	for i := 0; i < len(line); i++ {
		if line[i] != backslash {
			continue
		}
		if i+1 == len(line) || line[i+1] != backslash && line[i+1] != quote {
			return true
		}
		i++
	}
	return false
}
