package sample

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"regexp"
	"strings"

	"lakeshift/config"
)

// maxRemembered values are kept, as hashes, to tell whether one comes twice.
const maxRemembered = 2_000_000

// enoughCodes of one length make a column of codes.
const enoughCodes = 20

var seed = maphash.MakeSeed()

// column observes the values of one field.
type column struct {
	title         string
	filled        int64
	counts        [kinds]int64
	digits, scale int // the most before and behind the point
	widest        int // the most of both in one value
	minBytes      int
	maxBytes      int
	blank         int64 // of filled: nothing but blanks
	nested        int64 // of filled: JSON objects and arrays
	words         int64 // of filled: JSON strings
	slashed       slashes
	prices        int64 // of the amounts with signs: $1,234.50
	commas        int64 // of them: 1.234,50
	zoned         int64 // of the moments
	markers       map[string]bool

	seen      map[uint64]struct{} // nil once a value came twice
	unsure    bool                // more values than are remembered
	last      string
	previous  int64 // the same, of numbers
	ascending bool
}

func (c *column) begin() {
	c.seen, c.ascending = map[uint64]struct{}{}, true
}

// see takes one record's value; empty is no value.
func (c *column) see(value string) {
	if value == "" {
		return
	}
	c.filled++
	c.measure(len(value))
	c.track(value)
	if c.counts[text] > 1000 {
		c.counts[text]++ // text it is, and stays
		return
	}
	trimmed := strings.Trim(value, " \t\r\n\v\f")
	if trimmed == "" {
		c.blank++
		return
	}
	found := classify(trimmed)
	c.counts[found.kind]++
	if found.zoned {
		c.zoned++
	}
	switch found.kind {
	case integer, padded, decimal:
		c.digits, c.scale = max(c.digits, found.digits), max(c.scale, found.scale)
		c.widest = max(c.widest, found.digits+found.scale)
	case slashed:
		c.slashed.see(trimmed)
	case money:
		if price.MatchString(trimmed) {
			c.prices++
		} else if comma.MatchString(trimmed) {
			c.commas++
		}
	case marker:
		if c.markers == nil {
			c.markers = map[string]bool{}
		}
		c.markers[trimmed] = true
	}
}

func (c *column) measure(bytes int) {
	if c.minBytes == 0 || bytes < c.minBytes {
		c.minBytes = bytes
	}
	c.maxBytes = max(c.maxBytes, bytes)
}

// track learns whether values come twice and whether they ascend.
func (c *column) track(value string) {
	if c.ascending {
		c.ascending = c.last == "" || less(c.last, value)
		c.last = value
	}
	c.remember(maphash.String(seed, value))
}

// remember a value's hash, until one comes twice or there are too many.
func (c *column) remember(hash uint64) {
	if c.seen == nil || c.unsure {
		return
	}
	if _, twice := c.seen[hash]; twice {
		c.seen = nil
		return
	}
	if len(c.seen) >= maxRemembered {
		c.unsure, c.seen = true, map[uint64]struct{}{}
		return
	}
	c.seen[hash] = struct{}{}
}

// less orders whole numbers by value; other text never ascends.
func less(a, b string) bool {
	if !isWhole(a) || !isWhole(b) {
		return false
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) < 0
}

func isWhole(value string) bool {
	for i := range len(value) {
		if !isDigit(value[i]) {
			return false
		}
	}
	return value != "" && (value[0] != '0' || len(value) == 1)
}

// field concludes.
func (c *column) field(records int64) Field {
	field := Field{Title: c.title, Filled: c.filled, Empty: records - c.filled}
	whole := c.filled == records && records > 0
	field.Ascending = whole && c.ascending && records > 1
	field.Unique = field.Ascending || whole && c.seen != nil && !c.unsure
	field.UUID = c.filled > 0 && c.counts[uuid] == c.filled
	c.decide(&field)
	return field
}

// Titles that promise an amount: whole numbers so far, fractions any day.
var measure = regexp.MustCompile(`(?i)(amount|amt|price|fare|tip|tolls?|tax|fee|cost|total|sum|revenue|surcharge|discount|balance|salary|rate|ratio|percent|pct|share|score|weight|height|width|length|distance|duration|temperature|temp|lat|latitude|lon|lng|longitude|value|avg|mean)s?$`)

// Titles that promise a time of day.
var instant = regexp.MustCompile(`(?i)(_at|_ts|time|timestamp|datetime)$`)

func (c *column) decide(field *Field) {
	is := func(some ...kind) bool {
		var sum int64
		for _, k := range some {
			sum += c.counts[k]
		}
		return sum == c.filled
	}
	note := func(format string, values ...any) { field.Notes = append(field.Notes, fmt.Sprintf(format, values...)) }
	switch {
	case c.filled == 0:
		field.Type = config.Type{Name: "varchar", Length: 1024}
		note("no value in the sample: text until one is known")
	case is(integer) && c.words == c.filled:
		c.textual(field, note)
		note("whole numbers between quotes: codes, kept as text")
	case is(integer) && c.digits <= 18 && !measure.MatchString(c.title):
		field.Type = config.Type{Name: "bigint"}
	case is(integer) && c.digits > 18:
		if c.digits > 36 {
			c.textual(field, note)
			note("whole numbers of up to %d digits: more than any number type holds, kept as text", c.digits)
			break
		}
		field.Type = config.Type{Name: "decimal", Precision: 38}
		note("numbers of up to %d digits: more than bigint holds for sure", c.digits)
	case is(integer, decimal):
		if !c.decimal(field) {
			c.textual(field, note)
			note("numbers of up to %d digits before the point and %d after it: more than a decimal holds, kept as text", c.digits, c.scale)
		} else if c.counts[decimal] == 0 {
			note("whole numbers in the sample, a decimal by its title")
		}
	case is(integer, decimal, exponent) && c.widest > doubleDigits:
		c.textual(field, note)
		note("numbers with more digits than a double tells apart beside such as 1.5e3: kept as text")
	case is(integer, decimal, exponent):
		field.Type = config.Type{Name: "double"}
		note("binary numbers: sums are approximate")
	case is(boolean):
		field.Type = config.Type{Name: "boolean"}
	case is(date) && !instant.MatchString(c.title):
		field.Type = config.Type{Name: "date"}
	case is(date, moment):
		field.Type = config.Type{Name: "timestamp"}
		if c.counts[date] == c.filled {
			note("dates in the sample, a timestamp by its title")
		}
		if c.zoned > 0 && c.zoned < c.filled {
			note("some times have a zone and some have none: all are kept in UTC, those without as they stand")
		} else if c.zoned > 0 {
			note("times with a zone: kept in UTC")
		}
	default:
		c.textual(field, note)
	}
}

// decimal with headroom: two more digits after the point, three before it, and 18 in all where that is enough; less
// headroom where that is too much. False if not even the sample's numbers fit.
func (c *column) decimal(field *Field) bool {
	if c.digits+c.scale > 38 {
		return false
	}
	scale := max(c.scale+2, 4)
	if c.digits+3+scale > 38 {
		scale = max(c.scale, 35-c.digits)
	}
	precision := min(38, max(18, c.digits+3+scale))
	field.Type = config.Type{Name: "decimal", Precision: precision, Scale: scale}
	return true
}
