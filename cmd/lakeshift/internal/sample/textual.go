package sample

import (
	"regexp"
	"slices"
	"strings"

	"lakeshift/config"
)

// price in the form that a cast can be made of: $1,234.50, with the point before the cents.
var price = regexp.MustCompile(`^-?[$€£¥]? ?-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$`)

// comma is a number whose decimals stand behind a comma: 1.234,50.
var comma = regexp.MustCompile(`^-?(\d{1,3}(\.\d{3})+|\d+),\d+ ?€?$`)

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
	if c.counts[endless] > 0 {
		note("numbers beyond what a double reaches (1e308): kept as text")
	}
	proper := c.filled - c.counts[marker] - c.blank
	sum := func(some ...kind) (sum int64) {
		for _, k := range some {
			sum += c.counts[k]
		}
		return sum
	}
	share := func(some ...kind) bool { return proper > 0 && sum(some...) == proper }
	nothing := c.nothing(proper)
	switch numbers := sum(integer, decimal, exponent); {
	case proper == 0 && len(c.markers) > 0:
		note("nothing but %s in the sample: text until a value is known", strings.Join(c.markerWords(), ", "))
	case nothing != "" && share(integer, decimal, exponent):
		note("numbers, with %s for nothing: the load takes an empty field only", nothing)
		if c.decimal(field) {
			c.cast(field, "cast(%s as "+field.Type.Redshift()+")")
			field.Type = config.Type{Name: "varchar", Length: c.room()}
		}
	case nothing != "" && share(date, moment):
		note("dates, with %s for nothing: the load takes an empty field only", nothing)
		c.cast(field, "cast(%s as "+map[bool]string{true: "date", false: "timestamp"}[share(date)]+")")
	case share(slashed):
		c.slashedNote(field, note)
	case share(dotted):
		note("dates as DD.MM.YYYY: the load takes YYYY-MM-DD")
		if c.maxBytes <= len("DD.MM.YYYY") {
			c.cast(field, "to_date(%s, 'DD.MM.YYYY')")
		}
	case share(otherDate, date, moment, nanos) && c.counts[nanos] > 0:
		note("timestamps with more than six fraction digits: the load refuses to cut them")
	case share(otherDate, date, moment):
		note("dates, written as the load does not take them: YYYY-MM-DD or ISO 8601")
	case share(money, integer, decimal) && c.counts[money] > 0:
		note("amounts with a currency, a percent sign, separators or a decimal comma: numbers to people, text to the load")
		switch c.counts[money] {
		case c.prices:
			c.cast(field, "cast(regexp_replace(%s, '[^0-9.-]', '') as decimal(18,4))")
		case c.commas:
			if c.counts[decimal] == 0 { // else 1.234 could be either
				c.cast(field, "cast(replace(regexp_replace(%s, '[^0-9,-]', ''), ',', '.') as decimal(18,4))")
			}
		}
	case numbers < proper && numbers >= proper-proper/10 && proper-numbers != c.counts[padded]:
		note("numbers but for %d of %d values: kept as text", proper-numbers, proper)
	}
}

// nothing names the words that stand for no value, beside such as do have one.
func (c *column) nothing(proper int64) string {
	if proper == 0 || proper == c.filled {
		return ""
	}
	words := c.markerWords()
	if c.blank > 0 {
		words = append(words, "blanks")
	}
	return strings.Join(words, ", ")
}

func (c *column) markerWords() []string {
	words := make([]string, 0, len(c.markers))
	for word := range c.markers {
		words = append(words, "'"+word+"'")
	}
	slices.Sort(words)
	return words
}

// cast says how the transform makes more of the text; the words for nothing become null first.
func (c *column) cast(field *Field, format string) {
	words := c.markerWords()
	if c.blank > 0 || len(words) > 3 {
		return // more than an example has room for
	}
	value := "%s"
	for _, word := range words {
		value = "nullif(" + value + ", " + word + ")"
	}
	field.Cast = strings.Replace(format, "%s", value, 1)
}

func (c *column) slashedNote(field *Field, note func(string, ...any)) {
	order := "MM/DD"
	switch {
	case c.slashed.dayFirst && c.slashed.monthFirst:
		note("dates as MM/DD/YYYY and DD/MM/YYYY, mixed")
		return
	case c.slashed.dayFirst:
		order = "DD/MM"
		note("dates as DD/MM/YYYY: the load takes YYYY-MM-DD")
	case c.slashed.monthFirst:
		note("dates as MM/DD/YYYY: the load takes YYYY-MM-DD")
	default:
		note("dates with slashes, and no day above 12 to tell whether the month comes first (MM/DD) or the day (DD/MM); the load takes YYYY-MM-DD")
	}
	if format, same := c.slashed.format(order); same && strings.Contains(format, ":") {
		c.cast(field, "cast(to_timestamp(%s, '"+format+"') as timestamp)")
	} else if same {
		c.cast(field, "to_date(%s, '"+format+"')")
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
