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
	settings.Workers = v.setting(settings.Workers, 2, 2, 299, "load", "workers")
	settings.TimeoutMinutes = v.setting(settings.TimeoutMinutes, 60, 1, 10080, "load", "timeout_minutes")
	if settings.WorkerType == "" {
		settings.WorkerType = "G.1X"
	}
	if !slices.Contains(workerTypes, settings.WorkerType) {
		v.fault(at("load", "worker_type"), "%q is unknown: use %s", settings.WorkerType, strings.Join(workerTypes, ", "))
	}
	return settings
}

// setting that stands for otherwise where it is left out: a 0 that is written down is a value.
func (v *validator) setting(value, otherwise, least, most int, path ...any) int {
	switch node := find(v.document, path...); {
	case missing(node):
		return otherwise
	case node.ShortTag() == "!!float":
		v.whole(path...)
	case value < least || value > most:
		v.fault(path, "%d is out of range: expected %d to %d", value, least, most)
	}
	return value
}

var workerTypes = []string{"G.1X", "G.2X", "G.4X", "G.8X"}
