package sample

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"regexp"
	"slices"
	"strconv"
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
	digits, scale int
	minBytes      int
	maxBytes      int
	blank         int64 // of filled: nothing but blanks
	nested        int64 // of filled: JSON objects and arrays
	words         int64 // of filled: JSON strings
	dayFirst      bool  // 15/01/2025: the first number can't be a month
	monthFirst    bool  // 01/15/2025: the second can't be one
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
	case slashed:
		match := slashedDate.FindStringSubmatch(trimmed)
		first, _ := strconv.Atoi(match[1])
		second, _ := strconv.Atoi(match[2])
		c.dayFirst = c.dayFirst || first > 12
		c.monthFirst = c.monthFirst || second > 12
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
			break
		}
		field.Type = config.Type{Name: "decimal", Precision: 38}
		note("numbers of up to %d digits: more than bigint holds for sure", c.digits)
	case is(integer, decimal):
		if !c.decimal(field) {
			field.Type = config.Type{Name: "double"}
			note("too many digits for a decimal: sums are approximate")
		} else if c.counts[decimal] == 0 {
			note("whole numbers in the sample, a decimal by its title")
		}
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

// decimal with headroom: two more digits after the point, three before it, and 18 in all where that is enough. False if there is none.
func (c *column) decimal(field *Field) bool {
	scale := max(c.scale+2, 4)
	precision := max(18, c.digits+3+scale)
	if precision > 38 {
		return false
	}
	field.Type = config.Type{Name: "decimal", Precision: precision, Scale: scale}
	return true
}

// textual columns have room for four times the longest value; what else they could be is said.
func (c *column) textual(field *Field, note func(string, ...any)) {
	field.Type = config.Type{Name: "varchar", Length: c.room()}
	if c.maxBytes > 65535 {
		note("values of up to %d bytes: those above 65535 are rejected", c.maxBytes)
	}
	if c.nested > 0 {
		note("JSON objects or arrays, kept as JSON text")
	}
	if c.counts[padded] > 0 && c.counts[padded]+c.counts[integer] == c.filled {
		note("digits with leading zeros: codes, kept as text")
	}
	others := c.counts[marker] + c.blank
	proper := c.filled - others
	nothing := ""
	if others > 0 && proper > 0 {
		words := make([]string, 0, len(c.markers))
		for word := range c.markers {
			words = append(words, "'"+word+"'")
		}
		slices.Sort(words)
		if c.blank > 0 {
			words = append(words, "blanks")
		}
		nothing = strings.Join(words, ", ")
	}
	share := func(some ...kind) bool {
		var sum int64
		for _, k := range some {
			sum += c.counts[k]
		}
		return proper > 0 && sum == proper
	}
	switch {
	case nothing != "" && share(integer, decimal, exponent):
		note("numbers, with %s for nothing: the load takes an empty field only", nothing)
		if c.blank == 0 && len(c.markers) == 1 {
			c.decimal(field)
			field.Cast = "cast(nullif(%s, " + nothing + ") as " + field.Type.Redshift() + ")"
			field.Type = config.Type{Name: "varchar", Length: c.room()}
		}
	case nothing != "" && share(date, moment):
		note("dates, with %s for nothing: the load takes an empty field only", nothing)
	case share(slashed):
		c.slashedNote(field, note)
	case share(dotted):
		note("dates as DD.MM.YYYY: the load takes YYYY-MM-DD")
		field.Cast = "to_date(%s, 'DD.MM.YYYY')"
	case share(otherDate, date, moment, nanos) && c.counts[nanos] > 0:
		note("timestamps with more than six fraction digits: the load refuses to cut them")
	case share(otherDate, date, moment):
		note("dates, written as the load does not take them: YYYY-MM-DD or ISO 8601")
	case share(money, integer, decimal) && c.counts[money] > 0:
		note("amounts with a currency, a percent sign or separators: numbers to people, text to the load")
	}
}

func (c *column) slashedNote(field *Field, note func(string, ...any)) {
	order := "MM/DD/YYYY"
	switch {
	case c.dayFirst && c.monthFirst:
		note("dates as MM/DD/YYYY and DD/MM/YYYY, mixed")
		return
	case c.dayFirst:
		order = "DD/MM/YYYY"
	case !c.monthFirst:
		note("dates with slashes, and no day above 12 to tell whether the month comes first; the load takes YYYY-MM-DD")
		return
	default:
	}
	note("dates as %s: the load takes YYYY-MM-DD", order)
	if c.maxBytes <= 10 {
		field.Cast = "to_date(%s, '" + order + "')"
	}
}

// room is the power of two that holds four times the longest value: at least 256 bytes, but 64 for codes, which have one length.
func (c *column) room() int {
	room := 256
	if c.minBytes == c.maxBytes && c.filled >= enoughCodes && c.nested == 0 {
		room = 64
	}
	for room < 4*c.maxBytes && room < 65536 {
		room *= 2
	}
	return min(room, 65535)
}
