package screen

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Progress is a bar for bytes on their way; it shows on a terminal only, and only when it takes a moment.
type Progress struct {
	screen *Screen
	label  string
	total  int64
	mu     sync.Mutex
	done   int64
	begun  time.Time
	drawn  time.Time
}

// NewProgress makes a bar for total bytes.
func (s *Screen) NewProgress(label string, total int64) *Progress {
	return &Progress{screen: s, label: label, total: total, begun: time.Now()}
}

// Set tells how many bytes are there. Safe for several goroutines.
func (p *Progress) Set(done int64) {
	if !p.screen.Live() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.done = max(p.done, done)
	if now.Sub(p.begun) < 300*time.Millisecond || now.Sub(p.drawn) < 100*time.Millisecond {
		return
	}
	p.drawn = now
	const width = 30
	share := 1.0
	if p.total > 0 {
		share = min(1, float64(p.done)/float64(p.total))
	}
	filled := int(share * width)
	p.screen.Redraw([]string{fmt.Sprintf("%s %s%s %3.0f %% of %s", p.label,
		p.screen.Busy(strings.Repeat("━", filled)), p.screen.Dim(strings.Repeat("─", width-filled)), share*100, Bytes(p.total))})
}

// Clear takes the bar away.
func (p *Progress) Clear() {
	if !p.drawn.IsZero() {
		p.screen.Redraw(nil)
	}
}

// Bytes writes a size for people, in units of 1000.
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n), 0
	for size >= 999.95 && unit < 4 {
		size /= 1000
		unit++
	}
	return fmt.Sprintf("%.1f %cB", size, " kMGT"[unit])
}

// Duration writes seconds for people.
func Duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

// Count writes how many there are of a thing.
func Count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%s %ss", Number(n), noun)
}

// Number groups digits for people.
func Number(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
