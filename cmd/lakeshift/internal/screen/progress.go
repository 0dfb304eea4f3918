package screen

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress is a bar for bytes on their way; it shows on a terminal only, and only when it takes a moment.
type Progress struct {
	mu    sync.Mutex
	begun time.Time
	total int64
	bar   *progressbar.ProgressBar // nil where nothing can be redrawn
}

// NewProgress makes a bar for total bytes.
func (s *Screen) NewProgress(label string, total int64) *Progress {
	p := &Progress{begun: time.Now(), total: total}
	if !s.Live() {
		return p
	}
	theme := progressbar.Theme{Saucer: "━", SaucerPadding: "─"}
	if s.colour {
		theme = progressbar.Theme{Saucer: "[cyan]━[reset]", SaucerPadding: "[dark_gray]─[reset]"}
	}
	p.bar = progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(s.file),
		progressbar.OptionSetDescription(label),
		progressbar.OptionShowBytes(true),
		progressbar.OptionShowTotalBytes(true),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionEnableColorCodes(s.colour),
		progressbar.OptionSetTheme(theme),
		progressbar.OptionClearOnFinish(),
	)
	return p
}

// Set tells how many bytes are there. Safe for several goroutines; that one of them is late does not matter.
func (p *Progress) Set(done int64) {
	if p.bar == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.begun) < 300*time.Millisecond {
		return
	}
	if done = min(done, p.total); done > p.bar.State().CurrentNum {
		_ = p.bar.Set64(done) // a screen that can't be written to stops nothing
	}
}

// Clear takes the bar away.
func (p *Progress) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// Bar is a line that says how many of several things are done.
func (s *Screen) Bar(done, all int) string {
	const width = 30
	filled := width * done / max(all, 1)
	return fmt.Sprintf("%s%s %d of %d", s.Busy(strings.Repeat("━", filled)), s.Dim(strings.Repeat("─", width-filled)), done, all)
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
