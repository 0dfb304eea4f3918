package config

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPausesOfSchedules(t *testing.T) {
	for text, want := range map[string]string{
		"0 6 * * ? *":             "24h0m0s",
		"0 6 ? * MON-FRI *":       "72h0m0s",
		"0 6 ? * FRI-MON *":       "96h0m0s", // Monday to Friday
		"0 6,18 * * ? *":          "12h0m0s",
		"0 6,7 * * ? *":           "23h0m0s",
		"0/15 * * * ? *":          "15m0s",
		"0/15 8-17 ? * 2-6 *":     "62h15m0s",
		"0 6 1 * ? *":             "744h0m0s",
		"0 6 L * ? *":             "744h0m0s",
		"0 6 1W * ? *":            "792h0m0s", // a month that begins on a Saturday starts on the 3rd
		"0 6 LW * ? *":            "792h0m0s",
		"0 6 ? * L *":             "168h0m0s",
		"0 6 ? * FRIL *":          "840h0m0s",
		"0 6 ? * 2#1 *":           "840h0m0s",
		"0 6 29 2 ? *":            "35064h0m0s",
		"0 6 * 1-11 ? *":          "768h0m0s",
		"0 6 ? jan-dec sun-sat *": "24h0m0s",
		"0 6 * * ? 2030":          "24h0m0s",
		"0 6 1 1 ? 2030":          "0s",
	} {
		s, err := parseSchedule("cron(" + text + ")")
		require.NoError(t, err, text)
		assert.Equal(t, want, s.pauses(2026).longest.String(), text)
	}
}

func TestFreshnessIsHeldAgainstTheLongestPause(t *testing.T) {
	for _, c := range []struct {
		schedule string
		hours    int
		severity Severity
		reason   string
	}{
		{"0 6 * * ? *", 26, "", ""},
		{"0 6 * * ? *", 25, "", ""},
		{"0 6 * * ? *", 24, Warning, "pauses for as long (24h)"},
		{"0 6 * * ? *", 23, Error, "shorter than the schedule's longest pause (24h from Mon 06:00): the alarm would ring although every run succeeds; expected 26h or more"},
		{"0 6 ? * MON-FRI *", 26, Error, "(72h from Fri 06:00)"},
		{"0 6 ? * MON *", 168, Warning, "an alarm looks back 168h at most"},
		{"0/15 * * * ? *", 1, "", ""},
		{"30 6,18 * * ? *", 11, Error, "expected 14h or more"},
	} {
		s, err := checkSchedule("cron("+c.schedule+")", 2026)
		require.NoError(t, err)
		severity, reason := s.rings(time.Duration(c.hours)*time.Hour, 2026)
		assert.Equal(t, c.severity, severity, "%s %d", c.schedule, c.hours)
		assert.Contains(t, reason, c.reason)
	}
}

func TestAYearThatIsOverNeverComes(t *testing.T) {
	_, err := checkSchedule("cron(0 6 * * ? 2025)", 2026)
	require.ErrorContains(t, err, "never comes")
	_, err = checkSchedule("cron(0 6 * * ? 2025-2026)", 2026)
	require.NoError(t, err)
}

func TestSchedulesThatStartTooOftenAreRefused(t *testing.T) {
	for text, fine := range map[string]bool{
		"0/5 * * * ? *": true, "0/4 * * * ? *": false, "0,3 6 * * ? *": false, "0,58 6 * * ? *": true, "0,58 * * * ? *": false, "* * * * ? *": false,
	} {
		_, err := checkSchedule("cron("+text+")", 2026)
		assert.Equal(t, fine, err == nil, text)
	}
}

// The local Glue reads the same dialect: what one refuses, the other must not take.
func FuzzSchedules(f *testing.F) {
	f.Add("cron(0/15 8-17 ? * MON-FRI,2#1 2020-2199)")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSchedule(text)
		if err == nil {
			s.pauses(2026)
			return
		}
		if !strings.Contains(err.Error(), "expected") {
			t.Errorf("%q: %s does not say what is expected", text, err)
		}
	})
}
