// Package screen writes for people: colour and redrawn lines on a terminal, plain lines everywhere else.
package screen

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"
)

// Screen is an output stream and what it can show.
type Screen struct {
	w      io.Writer
	file   *os.File // nil unless w is a terminal
	colour bool
	mu     sync.Mutex
	drawn  int // lines that Redraw may overwrite
}

// New looks at what w is. Colour needs a terminal that is not "dumb" and no NO_COLOR (https://no-color.org).
func New(w io.Writer) *Screen {
	s := &Screen{w: w}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" {
		s.file = file
		s.colour = os.Getenv("NO_COLOR") == ""
	}
	return s
}

// Live says that lines can be redrawn.
func (s *Screen) Live() bool { return s.file != nil }

// Write writes below whatever was drawn; that stays.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn = 0
	return s.w.Write(p)
}

// Printf writes a line or more.
func (s *Screen) Printf(format string, args ...any) { fmt.Fprintf(s, format, args...) }

// Redraw replaces the lines that the last Redraw drew. Lines longer than the terminal is wide are cut.
// Where nothing can be redrawn it does nothing.
func (s *Screen) Redraw(lines []string) {
	if s.file == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	width, _, err := term.GetSize(int(s.file.Fd()))
	if err != nil || width < 1 {
		width = 80
	}
	var out strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", s.drawn)
	}
	for _, line := range lines {
		out.WriteString("\r" + cut(line, width) + "\x1b[K\n")
	}
	out.WriteString("\x1b[J")
	s.drawn = len(lines)
	_, _ = io.WriteString(s.w, out.String())
}

// Keep leaves the drawn lines standing: the next Redraw begins below them.
func (s *Screen) Keep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn = 0
}

// The colours, by what they mean.
func (s *Screen) Good(text string) string { return s.paint("32", text) }
func (s *Screen) Bad(text string) string  { return s.paint("31", text) }
func (s *Screen) Busy(text string) string { return s.paint("36", text) }
func (s *Screen) Dim(text string) string  { return s.paint("2", text) }
func (s *Screen) Bold(text string) string { return s.paint("1", text) }

func (s *Screen) paint(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// cut shortens a line to width characters; colour codes take no room.
func cut(line string, width int) string {
	var out strings.Builder
	for room := width; line != ""; {
		if strings.HasPrefix(line, "\x1b[") {
			end := strings.IndexByte(line, 'm') + 1
			if end == 0 {
				break
			}
			out.WriteString(line[:end])
			line = line[end:]
			continue
		}
		r, size := utf8.DecodeRuneInString(line)
		if room > 0 {
			out.WriteRune(r)
			room--
		}
		line = line[size:]
	}
	return out.String()
}
