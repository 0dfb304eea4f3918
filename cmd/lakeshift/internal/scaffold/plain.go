package scaffold

import (
	"strings"
	"sync"
	"unicode"
)

// Latin letters with marks, by the plain ones that names get in their place.
var marked = map[string]string{
	"a": "àáâãäåāăą", "ae": "æ", "c": "çćĉċč", "d": "ðďđ", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ", "i": "ìíîïĩīĭįı", "j": "ĵ",
	"k": "ķ", "l": "ĺļľŀł", "n": "ñńņň", "o": "òóôõöøōŏő", "oe": "œ", "r": "ŕŗř", "s": "śŝşšș", "ss": "ß", "t": "ţťŧț",
	"th": "þ", "u": "ùúûüũūŭůűų", "w": "ŵ", "y": "ýÿŷ", "z": "źżž",
}

// plainLetters by the marked ones; made once, as there are many titles.
var plainLetters = sync.OnceValue(func() map[rune]string {
	letters := map[rune]string{}
	for letter, with := range marked {
		for _, r := range with {
			letters[r] = letter
		}
	}
	return letters
})

// plain is a title in lower case, its Latin letters without marks: größe is grosse.
func plain(title string) string {
	letters := plainLetters()
	var out strings.Builder
	for _, r := range strings.ToLower(title) {
		switch letter, ok := letters[r]; {
		case ok:
			out.WriteString(letter)
		case unicode.Is(unicode.Mn, r): // a mark that stands for itself, as files from macOS have them
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
