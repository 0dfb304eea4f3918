package sample

import (
	"path/filepath"
	"regexp"
	"time"
)

var dayInPath = regexp.MustCompile(`(?:^|\D)(20\d\d)-?(\d\d)-?(\d\d)(?:\D|$)|year=(\d{4})/month=(\d\d)/day=(\d\d)/`)

// Day that a file is for, if its path tells one; else today.
func Day(path string) time.Time {
	if match := dayInPath.FindStringSubmatch(filepath.ToSlash(path)); match != nil {
		if day, err := time.Parse(time.DateOnly, match[1]+match[4]+"-"+match[2]+match[5]+"-"+match[3]+match[6]); err == nil {
			return day
		}
	}
	return time.Now().UTC()
}
