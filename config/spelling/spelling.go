// Package spelling finds the name that was probably meant.
package spelling

import (
	"slices"
	"strings"
)

// Nearest of the known names, empty if none is near: one slip in a short name, two in one of more than seven letters.
func Nearest(name string, known []string) string {
	best, distance := "", 3
	for _, other := range slices.Sorted(slices.Values(known)) {
		if slips := Slips(name, other); slips < distance && (slips < 2 || len(name) > 7) && other != name {
			best, distance = other, slips
		}
	}
	return best
}

// Meant is Nearest, and a little bolder where few names are possible: in another case, with hyphens, cut short or drawn out.
func Meant(name string, known []string) string {
	plain := func(text string) string { return strings.ReplaceAll(strings.ToLower(text), "-", "_") }
	for _, other := range known {
		if plain(name) == plain(other) {
			return other
		}
	}
	if near := Nearest(plain(name), known); near != "" {
		return near
	}
	found := ""
	for _, other := range known {
		long, short := other, plain(name)
		if len(long) < len(short) {
			long, short = short, long
		}
		if len(short) < 3 || !strings.HasPrefix(long, short) {
			continue
		}
		if found != "" {
			return "" // it could be either
		}
		found = other
	}
	return found
}

// Describe puts what Nearest finds behind a message; nothing if it finds none.
func Describe(name string, known []string) string {
	if near := Nearest(name, known); near != "" {
		return " (is it " + near + "?)"
	}
	return ""
}

// Slips make one word of the other: a letter too many, too few or another, or two that changed places.
func Slips(a, b string) int {
	if len(a)-len(b) > 3 || len(b)-len(a) > 3 {
		return 9
	}
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := range len(a) {
		older, last, row := rows[0], rows[1], rows[2]
		row[0] = i + 1
		for j := range len(b) {
			cost := last[j]
			if a[i] != b[j] {
				cost++
			}
			row[j+1] = min(cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], older[j-1]+1)
			}
		}
		rows = [3][]int{last, row, older}
	}
	return rows[1][len(b)]
}
