package review

import (
	"strconv"
	"strings"
)

// weakened finds what is kept for a shorter time, or less safely, than before.
func weakened(stack *Stack, id string, old, current Resource) []item {
	var items []item
	thing := stack.thing(id)
	if old.Kept() && !current.Kept() {
		items = append(items, danger(2, "%s is no longer retained: deleting its stack will delete it%s", thing, with(old.Type)))
	} else if old.KeptWhenReplaced() && !current.KeptWhenReplaced() {
		items = append(items, danger(2, "%s is no longer retained when it is replaced", thing))
	}
	for _, property := range kept {
		if was, is := days(old.Properties[property]), days(current.Properties[property]); was != forever && (is < was || is == forever) {
			items = append(items, danger(2, "%s: %s is %s instead of %s", thing, property, or(number(is), "the service's default"), number(was)))
		}
	}
	if old.Properties["DeletionProtection"] == true && current.Properties["DeletionProtection"] != true {
		items = append(items, danger(3, "%s loses its deletion protection", thing))
	}
	switch old.Type {
	case "AWS::Logs::LogGroup":
		if was, is := days(old.Properties["RetentionInDays"]), days(current.Properties["RetentionInDays"]); is < was {
			items = append(items, danger(2, "%s keeps logs for %s instead of %s: older ones are deleted", thing, period(is), period(was)))
		}
	case "AWS::S3::Bucket":
		items = append(items, shorter(thing, old, current)...)
		if versioned(old) && !versioned(current) {
			items = append(items, danger(2, "%s keeps no versions any more: a replaced or deleted object is lost", thing))
		}
	case "AWS::KMS::Key":
		if off := current.Properties["Enabled"]; off == false && old.Properties["Enabled"] != false {
			items = append(items, danger(0, "%s is switched off: what it encrypted can't be read", thing))
		}
	}
	return items
}

// kept are properties that say how long backups, messages or a chance to undo are kept.
var kept = []string{
	"AutomatedSnapshotRetentionPeriod", "ManualSnapshotRetentionPeriod", "FinalSnapshotRetentionPeriod", "SnapshotRetentionPeriod",
	"BackupRetentionPeriod", "MessageRetentionPeriod", "PendingWindowInDays",
}

func number(of int) string {
	if of == forever {
		return ""
	}
	return strconv.Itoa(of)
}

func versioned(bucket Resource) bool {
	settings, _ := bucket.Properties["VersioningConfiguration"].(map[string]any)
	return settings["Status"] == "Enabled"
}

const forever = 1 << 30

// days of a property; for ever if it is missing.
func days(value any) int {
	if number, is := value.(float64); is {
		return int(number)
	}
	return forever
}

func period(of int) string {
	if of == forever {
		return "for ever"
	}
	return plural(of, "day")
}

// end of objects: which ones, and whether they were replaced or deleted before.
type end struct {
	prefix  string
	earlier bool
}

func (e end) String() string {
	text := "objects"
	if e.prefix != "" {
		text = "objects under " + quote(e.prefix)
	}
	if e.earlier {
		return "replaced and deleted " + text
	}
	return text
}

// expiry of a bucket's objects, after how many days.
func expiry(bucket Resource) map[end]int {
	ends := map[end]int{}
	settings, _ := bucket.Properties["LifecycleConfiguration"].(map[string]any)
	for _, value := range list(settings["Rules"]) {
		rule, _ := value.(map[string]any)
		if rule["Status"] != "Enabled" {
			continue
		}
		prefix, _ := rule["Prefix"].(string)
		note := func(earlier bool, after any) {
			of := end{prefix, earlier}
			if known, there := ends[of]; after != nil && (!there || days(after) < known) {
				ends[of] = days(after)
			}
		}
		note(false, rule["ExpirationInDays"])
		versions, _ := rule["NoncurrentVersionExpiration"].(map[string]any)
		note(true, versions["NoncurrentDays"])
		note(true, rule["NoncurrentVersionExpirationInDays"])
	}
	return ends
}

// shorter is what a bucket keeps for a shorter time than any rule said before.
func shorter(thing string, old, current Resource) []item {
	was, is := expiry(old), expiry(current)
	var items []item
	for of, after := range is {
		before := forever
		for rule, days := range was {
			if rule.earlier == of.earlier && strings.HasPrefix(of.prefix, rule.prefix) {
				before = min(before, days)
			}
		}
		if after < before {
			items = append(items, danger(2, "%s keeps %s for %s instead of %s: older ones are deleted", thing, of, strings.TrimPrefix(period(after), "for "), period(before)))
		}
	}
	return items
}
