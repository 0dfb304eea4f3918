package sample

import (
	"regexp"
	"strconv"
	"strings"
)

// slashes observes dates such as 01/31/2024 02:15:00 PM.
type slashes struct {
	dayFirst   bool // 15/01/2025: the first number can't be a month
	monthFirst bool // 01/15/2025: the second can't be one
	// forms of the years and times of day, in the words of to_date and to_timestamp
	years, clocks map[string]bool
}

var clock = regexp.MustCompile(`^([ ,T]+)\d{1,2}:\d{2}(:\d{2})?( ?)([AaPp][Mm])?$`)

func (s *slashes) see(value string) {
	if s.years == nil {
		s.years, s.clocks = map[string]bool{}, map[string]bool{}
	}
	match := slashedDate.FindStringSubmatch(value)
	first, _ := strconv.Atoi(match[1])
	second, _ := strconv.Atoi(match[2])
	s.dayFirst = s.dayFirst || first > 12
	s.monthFirst = s.monthFirst || second > 12
	s.years[strings.Repeat("Y", len(match[3]))] = true
	_, behind, _ := strings.Cut(value[len(match[1])+len(match[2])+1:], "/")
	s.clocks[clockForm(behind[len(match[3]):])] = true
}

// clockForm is empty where there is no time of day, and "?" where it is of no form that is known.
func clockForm(text string) string {
	match := clock.FindStringSubmatch(text)
	switch {
	case text == "":
		return ""
	case match == nil || strings.Contains(match[1], "T"):
		return "?"
	}
	form := match[1] + "HH24:MI"
	if match[4] != "" {
		form = match[1] + "HH12:MI"
	}
	if match[2] != "" {
		form += ":SS"
	}
	if match[4] != "" {
		form += match[3] + "AM"
	}
	return form
}

// format of all values, if they have one.
func (s *slashes) format(order string) (format string, same bool) {
	if len(s.years) != 1 || len(s.clocks) != 1 || s.clocks["?"] {
		return "", false
	}
	for year := range s.years {
		order += "/" + year
	}
	for form := range s.clocks {
		order += form
	}
	return order, true
}
