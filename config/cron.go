package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// schedule is a cron expression of Glue's, in UTC:
// https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html
type schedule struct {
	minutes, hours, months, years []bool
	day                           func(time.Time) bool
	everyYear                     bool
	known                         map[int]pauses // by the year that it is
}

var (
	cronFields   = regexp.MustCompile(`^cron\((.*)\)$`)
	nearWeekday  = regexp.MustCompile(`^(\d+)W$`)
	lastOfKind   = regexp.MustCompile(`^(\w+)L$`)
	nthOfKind    = regexp.MustCompile(`^(\w+)#(\d)$`)
	monthNames   = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	dayNames     = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
	finestPeriod = 5 * time.Minute
)

const scheduleHelp = "cron(minutes hours day-of-month month day-of-week year), one of the two days being ?"

// parseSchedule understands a cron expression; the error says what is expected.
func parseSchedule(text string) (*schedule, error) {
	match := cronFields.FindStringSubmatch(text)
	if match == nil {
		return nil, fmt.Errorf("expected %s", scheduleHelp)
	}
	fields := strings.Fields(strings.ToUpper(match[1]))
	if len(fields) != 6 {
		return nil, fmt.Errorf("%d fields instead of six: expected %s", len(fields), scheduleHelp)
	}
	monthDay, weekDay := fields[2], fields[4]
	if (monthDay == "?") == (weekDay == "?") {
		return nil, fmt.Errorf("day-of-month %s, day-of-week %s: expected %s", monthDay, weekDay, scheduleHelp)
	}
	s := &schedule{everyYear: fields[5] == "*", known: map[int]pauses{}}
	for _, field := range []struct {
		into  *[]bool
		name  string
		text  string
		low   int
		high  int
		names []string
	}{
		{&s.minutes, "minutes", fields[0], 0, 59, nil}, {&s.hours, "hours", fields[1], 0, 23, nil},
		{&s.months, "month", fields[3], 1, 12, monthNames}, {&s.years, "year", fields[5], 1970, 2199, nil},
	} {
		values, err := cronNumbers(field.name, field.text, field.low, field.high, field.names)
		if err != nil {
			return nil, err
		}
		*field.into = values
	}
	var err error
	if weekDay == "?" {
		s.day, err = monthDays(monthDay)
	} else {
		s.day, err = weekDays(weekDay)
	}
	return s, err
}

// cronNumbers reads lists, ranges, steps and names; the answer says for each number whether it is among them.
func cronNumbers(field, text string, low, high int, names []string) ([]bool, error) {
	values := make([]bool, high+1)
	number := func(word string) (int, error) {
		if i := slices.Index(names, word); i >= 0 {
			return low + i, nil
		}
		n, err := strconv.Atoi(word)
		if err != nil || n < low || n > high {
			also := ""
			if names != nil {
				also = fmt.Sprintf(" or %s to %s", names[0], names[len(names)-1])
			}
			return 0, fmt.Errorf("%s %q: expected %d to %d%s, with , - * / between them", field, word, low, high, also)
		}
		return n, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			var err error
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > high {
				return nil, fmt.Errorf("%s %q: expected a step from 1 to %d after the /", field, part, high)
			}
		}
		first, last := low, high
		if from, to, ranged := strings.Cut(span, "-"); span != "*" {
			var err error
			if first, err = number(from); err != nil {
				return nil, err
			}
			switch {
			case ranged:
				if last, err = number(to); err != nil {
					return nil, err
				}
			case !stepped:
				last = first
			}
		}
		if last < first { // FRI-MON runs over the end of the week
			last += high - low + 1
		}
		for n := first; n <= last; n += step {
			values[low+(n-low)%(high-low+1)] = true
		}
	}
	return values, nil
}

func monthDays(text string) (func(time.Time) bool, error) {
	if text == "L" {
		return func(day time.Time) bool { return day.Day() == lastDay(day) }, nil
	}
	if text == "LW" {
		return func(day time.Time) bool { return day.Day() == nearestWeekday(day, lastDay(day)) }, nil
	}
	if match := nearWeekday.FindStringSubmatch(text); match != nil {
		wanted, _ := strconv.Atoi(match[1])
		if wanted < 1 || wanted > 31 {
			return nil, fmt.Errorf("day-of-month %q: expected 1W to 31W", text)
		}
		return func(day time.Time) bool { return day.Day() == nearestWeekday(day, min(wanted, lastDay(day))) }, nil
	}
	if strings.ContainsAny(text, "LW") {
		return nil, fmt.Errorf("day-of-month %q: expected L, LW or <day>W alone, or days", text)
	}
	days, err := cronNumbers("day-of-month", text, 1, 31, nil)
	return func(day time.Time) bool { return days[day.Day()] }, err
}

func lastDay(day time.Time) int {
	return time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// nearestWeekday to a day of this month, in this month.
func nearestWeekday(month time.Time, day int) int {
	switch time.Date(month.Year(), month.Month(), day, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if day > 1 {
			return day - 1
		}
		return day + 2
	case time.Sunday:
		if day < lastDay(month) {
			return day + 1
		}
		return day - 2
	}
	return day
}

func weekDays(text string) (func(time.Time) bool, error) {
	one := func(word string) (int, error) {
		days, err := cronNumbers("day-of-week", word, 1, 7, dayNames)
		return slices.Index(days, true) - 1, err
	}
	if text == "L" {
		return func(day time.Time) bool { return day.Weekday() == time.Saturday }, nil
	}
	if match := nthOfKind.FindStringSubmatch(text); match != nil {
		wanted, err := one(match[1])
		nth, _ := strconv.Atoi(match[2])
		if err == nil && (nth < 1 || nth > 5) {
			err = fmt.Errorf("day-of-week %q: expected #1 to #5", text)
		}
		return func(day time.Time) bool { return int(day.Weekday()) == wanted && (day.Day()-1)/7+1 == nth }, err
	}
	if match := lastOfKind.FindStringSubmatch(text); match != nil {
		wanted, err := one(match[1])
		return func(day time.Time) bool { return int(day.Weekday()) == wanted && day.Day()+7 > lastDay(day) }, err
	}
	days, err := cronNumbers("day-of-week", text, 1, 7, dayNames)
	return func(day time.Time) bool { return days[int(day.Weekday())+1] }, err
}

// pauses between two starts: the shortest and the longest one, and where the longest begins. There are none if it starts
// less than twice in the years that are looked at: enough of them for a leap day, beginning with this year or the schedule's own.
type pauses struct {
	starts            int
	shortest, longest time.Duration
	from              time.Time
}

func (s *schedule) pauses(thisYear int) pauses {
	if _, known := s.known[thisYear]; !known {
		s.known[thisYear] = s.findPauses(thisYear)
	}
	return s.known[thisYear]
}

func (s *schedule) findPauses(thisYear int) pauses {
	first := 2024 // any years do for a schedule of every year: it must not depend on the clock
	if !s.everyYear {
		for first = thisYear; first < len(s.years) && !s.years[first]; first++ {
		}
	}
	var p pauses
	pause := func(from, to time.Time) {
		gap := to.Sub(from)
		if p.shortest == 0 || gap < p.shortest {
			p.shortest = gap
		}
		if gap > p.longest {
			p.longest, p.from = gap, from
		}
	}
	times := s.timesOfDay()
	var previous time.Time
	for day := time.Date(first, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < min(first+9, len(s.years)); day = day.AddDate(0, 0, 1) {
		if !s.years[day.Year()] || !s.months[day.Month()] || !s.day(day) {
			continue
		}
		if p.starts > 0 {
			pause(previous, day.Add(times[0]))
		} else { // within a day the pauses are those of every day
			for i := 1; i < len(times); i++ {
				pause(day.Add(times[i-1]), day.Add(times[i]))
			}
		}
		previous = day.Add(times[len(times)-1])
		p.starts += len(times)
	}
	return p
}

func (s *schedule) timesOfDay() []time.Duration {
	var times []time.Duration
	for hour, h := range s.hours {
		for minute, m := range s.minutes {
			if h && m {
				times = append(times, time.Duration(hour)*time.Hour+time.Duration(minute)*time.Minute)
			}
		}
	}
	return times
}

// checkSchedule says what is wrong with a schedule; nothing if nothing is.
func checkSchedule(text string, thisYear int) (*schedule, error) {
	s, err := parseSchedule(text)
	if err != nil {
		return nil, err
	}
	switch p := s.pauses(thisYear); {
	case p.starts == 0:
		return nil, fmt.Errorf("never comes: expected a day and a year that there will be")
	case p.shortest > 0 && p.shortest < finestPeriod:
		return nil, fmt.Errorf("starts twice within %.0f minutes: Glue's shortest period is 5 minutes", p.shortest.Minutes())
	}
	return s, nil
}

// rings says whether the freshness alarm rings although every run succeeds, and what to do about it.
// It looks back over whole hours without a run, so the pause between two runs and the time that a run takes must fit in.
func (s *schedule) rings(freshness time.Duration, thisYear int) (severity Severity, reason string) {
	p := s.pauses(thisYear)
	needed := int(p.longest.Hours()) + 2
	switch {
	case p.longest < freshness:
		return "", ""
	case needed > maxFreshnessHours:
		return Warning, fmt.Sprintf("the schedule pauses for up to %s, and an alarm looks back %dh at most: it may ring in every such pause", hoursOf(p.longest), maxFreshnessHours)
	case p.longest == freshness:
		return Warning, fmt.Sprintf("the schedule pauses for as long (%s): an alarm that leaves a run no time may ring; expected %dh or more", hoursOf(p.longest), needed)
	}
	return Error, fmt.Sprintf("is shorter than the schedule's longest pause (%s from %s): the alarm would ring although every run succeeds; expected %dh or more, or more runs",
		hoursOf(p.longest), p.from.Format("Mon 15:04"), needed)
}

func hoursOf(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return strings.TrimSuffix(d.String(), "0s")
}
