package sample

import (
	"slices"
	"strings"
)

// Escape characters to choose from: seldom in data, and harmless in YAML and in a Glue table's parameters.
const escapes = "^~`|#@&%$!*+=?<>"

// enoughLines with quotes or backslashes tell what a program writes; which characters occur is asked of all lines.
const enoughLines = 10_000

// backslashes is what the sample tells about the backslash: does it take a quote's meaning away, or is it one character of many?
type backslashes struct {
	// escaping lines are right only if it escapes, plain ones only if it does not. Lone: some escape nothing.
	escaping, plain int64
	lone            bool
	// doubled quotes inside quoted fields: who writes them has no other escape.
	doubled bool
	// lines with backslashes, and with quotes alone, that were looked at
	judged, quoted int
	occurs         [256]bool
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
	hasQuote, hasBackslash := strings.IndexByte(line, d.Quote) >= 0, strings.IndexByte(line, backslash) >= 0
	switch {
	case hasBackslash && b.judged < enoughLines:
		b.judged++
	case !hasBackslash && hasQuote && !b.doubled && b.quoted < enoughLines:
		b.quoted++
		b.doubled = hasDoubledQuote(line, d)
		return
	default:
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
		b.lone = b.lone || !hasQuote || hasLoneBackslash(line, d.Quote)
	}
}

func (d Dialect) fits(line string, width int) bool {
	values, problem := d.split(line)
	return problem == "" && len(values) == width
}

// hasDoubledQuote: inside a quoted field, where an empty one has two as well.
func hasDoubledQuote(line string, d Dialect) bool {
	if !strings.Contains(line, string([]byte{d.Quote, d.Quote})) {
		return false
	}
	values, _ := d.split(line)
	return slices.ContainsFunc(values, func(value string) bool { return strings.IndexByte(value, d.Quote) >= 0 })
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
