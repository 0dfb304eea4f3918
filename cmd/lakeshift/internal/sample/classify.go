package sample

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// kind of a value's text: what the load would take it for, or why it would not.
type kind int

const (
	integer   kind = iota
	padded         // 007: a number to the load, a code to whoever wrote it
	decimal        // 12.50
	exponent       // 1.5e3, and decimals with more digits than anybody types
	endless        // 1e400: no number type reaches so far
	boolean        // true, false
	date           // 2025-01-15
	moment         // 2025-01-15 10:00, with zone or without
	nanos          // a moment with more than six fraction digits
	slashed        // 1/15/2025, 15/01/2025 10:00
	dotted         // 15.01.2025
	otherDate      // another way to write a date
	money          // $1,234.50, 1.234,50 €, 12 %
	uuid           // 8-4-4-4-12
	marker         // NULL, N/A, - and the like: nothing, said in words
	text
	kinds
)

// class of one value; digits and scale are a plain number's, before and after its point; a moment may have a zone.
type class struct {
	kind          kind
	digits, scale int
	zoned         bool
}

// A decimal with more fraction digits comes from a binary number: its type is double. One with more digits in all than
// a double tells apart comes from somewhere else, and would lose some of them there.
const (
	maxScale     = 8
	doubleDigits = 17
)

var (
	momentPattern = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(?:[Zz]|[+-](?:0\d|1[0-7]):?[0-5]\d|[+-](?:0\d|1[0-7]))?$`)
	slashedDate   = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?:[ ,T].*)?$`)
	dottedDate    = regexp.MustCompile(`^\d{1,2}\.\d{1,2}\.(\d{4}|\d{2})(?:[ ,T].*)?$`)
	otherDates    = regexp.MustCompile(`(?i)^(\d{4}/\d{1,2}/\d{1,2}|\d{4}-\d{2}-\d{2}[T ].*\d|\d{1,2}[ -](jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -]\d{2,4}|(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? .*\d{4}|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2},? \d{4})( .*)?$`)
	moneyPattern  = regexp.MustCompile(`^[-+(]? ?(?:[$€£¥]|` + currencies + `)? ?[-+]?(?:\d{1,3}(?:[,.' ]\d{3})+|\d+)(?:[.,]\d+)? ?(?:[$€£¥%]|` + currencies + `)?\)?-?$`)
	uuidPattern   = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
)

const currencies = `EUR|USD|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|SGD|HKD|TRY|ILS|Rs\.?|kr|zł|R\$`

// Words for "nothing" that programs write into text files.
var markers = map[string]bool{
	"null": true, "na": true, "n/a": true, "nan": true, "none": true, "nil": true, "-": true, "--": true, "?": true, `\n`: true, "#n/a": true, "<na>": true, "nat": true,
}

// classify looks at a value that is not empty, without the blanks around it.
func classify(value string) class {
	if number, ok := numeral(value); ok {
		return number
	}
	switch len(value) {
	case 1, 2, 3, 4, 5:
		switch lower := strings.ToLower(value); {
		case lower == "true" || lower == "false":
			return class{kind: boolean}
		case markers[lower]:
			return class{kind: marker}
		}
	}
	if len(value) > 40 || !strings.ContainsAny(value, "0123456789") {
		return class{kind: text}
	}
	if len(value) >= 10 && value[4] == '-' && value[7] == '-' {
		if found := iso(value); found != text {
			return class{kind: found, zoned: found == moment && strings.ContainsAny(value[10:], "Zz+-")}
		}
	}
	switch {
	case len(value) == 36 && uuidPattern.MatchString(value):
		return class{kind: uuid}
	case slashedDate.MatchString(value):
		return class{kind: slashed}
	case dottedDate.MatchString(value):
		return class{kind: dotted}
	case otherDates.MatchString(value):
		return class{kind: otherDate}
	case moneyPattern.MatchString(value):
		return class{kind: money}
	}
	return class{kind: text}
}

// numeral reads a number as the load does: a sign, digits, a point, an exponent.
func numeral(value string) (class, bool) {
	i := 0
	if i < len(value) && (value[i] == '+' || value[i] == '-') {
		i++
	}
	begin := i
	for i < len(value) && isDigit(value[i]) {
		i++
	}
	whole := value[begin:i]
	if i == len(value) {
		if len(whole) > 1 && whole[0] == '0' {
			return class{kind: padded, digits: len(whole)}, true
		}
		return class{kind: integer, digits: len(whole)}, whole != ""
	}
	scale := 0
	if value[i] == '.' {
		begin = i + 1
		for i++; i < len(value) && isDigit(value[i]); i++ {
		}
		scale = i - begin
	}
	if whole == "" && scale == 0 {
		return class{}, false
	}
	digits := len(strings.TrimLeft(whole, "0"))
	if i == len(value) {
		if scale > maxScale && significant(whole, value[len(value)-scale:]) <= doubleDigits {
			return class{kind: exponent}, true
		}
		return class{kind: decimal, digits: digits, scale: scale}, true
	}
	if value[i] != 'e' && value[i] != 'E' {
		return class{}, false
	}
	i++
	if i < len(value) && (value[i] == '+' || value[i] == '-') {
		i++
	}
	begin = i
	for i < len(value) && isDigit(value[i]) {
		i++
	}
	if i < len(value) || i == begin {
		return class{}, false
	}
	if number, err := strconv.ParseFloat(value, 64); err != nil && math.IsInf(number, 0) {
		return class{kind: endless}, true
	}
	return class{kind: exponent}, true
}

// significant digits of a number: those behind leading zeros.
func significant(whole, fraction string) int { return len(strings.TrimLeft(whole+fraction, "0")) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// iso is date, moment or nanos for a date of the calendar and a time of the day, else text.
func iso(value string) kind {
	if day, err := time.Parse(time.DateOnly, value[:10]); err != nil || day.Year() < 1 {
		return text
	}
	if len(value) == 10 {
		return date
	}
	match := momentPattern.FindStringSubmatch(value)
	if match == nil || match[1] > "23" || match[2] > "59" || match[3] > "59" {
		return text
	}
	if len(match[4]) > 6 {
		return nanos
	}
	return moment
}
