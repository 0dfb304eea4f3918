package sample

import (
	"slices"
	"strings"
)

// sniff finds delimiter and quote: those that split most of the first lines into the same number of fields.
func sniff(start string) Dialect {
	lines := completeLines(start)
	best, bestScore := Dialect{Delimiter: ',', Quote: '"', Escape: backslash}, 0.0
	for _, quote := range []byte{'"', '\''} {
		if quote == '\'' && !strings.Contains(start, "'") {
			continue
		}
		for _, delimiter := range []byte{',', ';', '\t', '|'} {
			dialect := Dialect{Delimiter: delimiter, Quote: quote, Escape: backslash}
			if score := dialect.score(lines); score > bestScore {
				best, bestScore = dialect, score
			}
		}
	}
	return best
}

// score is the share of lines that split into the most frequent number of fields; more fields break a tie, and so does a
// quote that is used.
func (d Dialect) score(lines []string) float64 {
	widths := map[int]int{}
	quoted := 0
	for _, line := range lines {
		values, problem := d.split(line)
		if problem != "" {
			continue
		}
		widths[len(values)]++
		quoted += strings.Count(line, string(d.Delimiter)+string(d.Quote))
	}
	width, count := 0, 0
	for w, n := range widths {
		if n > count || n == count && w > width {
			width, count = w, n
		}
	}
	if width < 2 {
		return 0
	}
	share := float64(count) / float64(len(lines))
	return share + 0.001*float64(min(width, 100)) + 0.0001*float64(min(quoted, 9)) - 0.05*float64(strings.Index(`"'`, string(d.Quote)))
}

// completeLines of the start of a file: at most 500, none cut off.
func completeLines(start string) []string {
	text := strings.TrimPrefix(start, bom)
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	if len(lines) > 1 && len(start) >= 64<<10 {
		lines = lines[:len(lines)-1]
	}
	lines = slices.DeleteFunc(lines, isBlank)
	return lines[:min(len(lines), 500)]
}

// looksLikeHeader: titles are text. A row of values has a number, a date or the like in it, or the same text twice.
func (d Dialect) looksLikeHeader(start string) bool {
	lines := completeLines(start)
	if len(lines) == 0 {
		return true
	}
	values, problem := d.split(lines[0])
	if problem != "" {
		return true
	}
	filled := 0
	for _, value := range values {
		value = strings.TrimSpace(value)
		if value == "" {
			continue
		}
		filled++
		if kind := classify(value).kind; kind != text && kind != marker && !isYear(value) {
			return false
		}
	}
	return filled > 0
}

// isYear: tables with a column for each year have titles such as 2024.
func isYear(value string) bool { return len(value) == 4 && (value[:2] == "19" || value[:2] == "20") }
