package screen

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatIsNoTerminalGetsNoColourAndNoRedrawing(t *testing.T) {
	var out strings.Builder
	s := New(&out)
	s.Redraw([]string{"drawn"})
	s.NewProgress("file", 10).Set(5)
	s.Printf("%s\n", s.Bad("failed"))
	assert.False(t, s.Live())
	assert.Equal(t, "failed\n", out.String())
}

func TestCutLinesKeepTheirColours(t *testing.T) {
	assert.Equal(t, "\x1b[31mfai\x1b[0m", cut("\x1b[31mfailed\x1b[0m now", 3))
	assert.Equal(t, "süd", cut("südlich", 3))
	assert.Equal(t, "short", cut("short", 80))
}

func TestABarIsAsLongAsWhatIsDone(t *testing.T) {
	s := New(&strings.Builder{})
	assert.Equal(t, strings.Repeat("─", 30)+" 0 of 4", s.Bar(0, 4))
	assert.Equal(t, strings.Repeat("━", 15)+strings.Repeat("─", 15)+" 2 of 4", s.Bar(2, 4))
	assert.Equal(t, strings.Repeat("━", 30)+" 4 of 4", s.Bar(4, 4))
	assert.Contains(t, s.Bar(0, 0), "0 of 0")
}

func TestSizesAndTimesReadWell(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_960: "1.0 MB", 12_345_678: "12.3 MB", 5e12: "5.0 TB"} {
		assert.Equal(t, want, Bytes(n))
	}
	for seconds, want := range map[float64]string{0: "0.0 s", 3.26: "3.3 s", 45: "45 s", 600: "10 min", 8000: "2 h", 400000: "5 days"} {
		assert.Equal(t, want, Duration(seconds))
	}
}
