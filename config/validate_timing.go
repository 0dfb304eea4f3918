package config

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

func (v *validator) schedule(text string) *schedule {
	schedule, err := checkSchedule(text, time.Now().Year())
	if err != nil {
		v.fault(at("schedule"), "%q is no schedule: %s", text, err)
		return nil
	}
	return schedule
}

// maxFreshnessHours: an alarm looks back 7 days at most.
const maxFreshnessHours = 168

func (v *validator) freshness(text string, schedule *schedule) time.Duration {
	match := hours.FindStringSubmatch(text)
	count := 0
	if match != nil {
		count, _ = strconv.Atoi(match[1])
	}
	target := time.Duration(count) * time.Hour
	if count < 1 || count > maxFreshnessHours {
		v.fault(at("freshness"), "%q is no target: expected hours from 1h to %dh", text, maxFreshnessHours)
		return target
	}
	if schedule != nil {
		switch severity, reason := schedule.rings(target, time.Now().Year()); severity {
		case Error:
			v.fault(at("freshness"), "%q %s", text, reason)
		case Warning:
			v.warn(at("freshness"), "%q: %s", text, reason)
		}
	}
	return target
}

func (v *validator) load(settings LoadSettings) LoadSettings {
	v.whole("load", "workers")
	v.whole("load", "timeout_minutes")
	if settings.Workers == 0 {
		settings.Workers = 2
	}
	if settings.WorkerType == "" {
		settings.WorkerType = "G.1X"
	}
	if settings.TimeoutMinutes == 0 {
		settings.TimeoutMinutes = 60
	}
	if settings.Workers < 2 || settings.Workers > 299 {
		v.fault(at("load", "workers"), "%d is out of range: expected 2 to 299", settings.Workers)
	}
	if !slices.Contains(workerTypes, settings.WorkerType) {
		v.fault(at("load", "worker_type"), "%q is unknown: use %s", settings.WorkerType, strings.Join(workerTypes, ", "))
	}
	if settings.TimeoutMinutes < 1 || settings.TimeoutMinutes > 10080 {
		v.fault(at("load", "timeout_minutes"), "%d is out of range: expected 1 to 10080", settings.TimeoutMinutes)
	}
	return settings
}

var workerTypes = []string{"G.1X", "G.2X", "G.4X", "G.8X"}
