package config

import (
	"net/mail"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	environmentName = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$`)
	// Redshift Serverless wants three letters at least, and the longest bucket name must stay within 63.
	namePrefix   = regexp.MustCompile(`^[a-z][a-z0-9-]{1,14}[a-z0-9]$`)
	accountID    = regexp.MustCompile(`^(\d{12})?$`)
	regionName   = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d$`)
	databaseUser = regexp.MustCompile(`^IAMR?:[a-z0-9+=,.@_-]+$`)
)

// Beginnings that S3 keeps for itself: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var bucketPrefixes = []string{"xn--", "sthree-", "amzn-s3-demo-"}

// The periods that CloudWatch Logs knows, in days; 0 keeps logs for ever.
var logPeriods = []int{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// Regions at the time of writing. Another one may be new: it is only doubted.
var regions = strings.Fields(`
	us-east-1 us-east-2 us-west-1 us-west-2 us-gov-east-1 us-gov-west-1 ca-central-1 ca-west-1 mx-central-1 sa-east-1 eu-central-1 eu-central-2
	eu-west-1 eu-west-2 eu-west-3 eu-south-1 eu-south-2 eu-north-1 eusc-de-east-1 il-central-1 me-central-1 me-south-1 af-south-1 ap-east-1
	ap-east-2 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6
	ap-southeast-7 ap-northeast-1 ap-northeast-2 ap-northeast-3 cn-north-1 cn-northwest-1`)

// The narrowest network that three subnets of 256 addresses fit in.
const narrowestNetwork = 22

type environmentValidator struct {
	Environment
	faults *Faults
}

// fault in a field, such as Retention.Logs.
func (v environmentValidator) fault(field string, value any, expectation string) {
	v.faults.add(v.file, v.lineOf(field), "environment %q: %s %v: expected %s", v.Name, field, value, expectation)
}

func (v environmentValidator) expect(ok bool, field string, value any, expectation string) {
	if !ok {
		v.fault(field, value, expectation)
	}
}

func validateEnvironments(environments []Environment, faults *Faults) {
	for i, e := range environments {
		v := environmentValidator{e, faults}
		v.names(environments[:i])
		v.place()
		v.capacity()
		v.people()
		v.retention()
		v.expect(!e.Protected || !e.DestroyData, "DestroyData", e.DestroyData, "false, as the environment is protected")
	}
	validateDelivery(environments, func(e Environment, ok bool, field string, value any, expectation string) {
		environmentValidator{e, faults}.expect(ok, field, value, expectation)
	})
}

func (v environmentValidator) names(others []Environment) {
	v.expect(environmentName.MatchString(v.Name), "Name", v.Name, "up to 12 lower-case letters, digits and hyphens, a letter first and no hyphen last")
	prefix := v.Names("").Prefix()
	v.expect(v.NamePrefix == "" || namePrefix.MatchString(prefix), "NamePrefix", prefix,
		"3 to 16 lower-case letters, digits and hyphens, a letter first and no hyphen last, or nothing for elt-"+v.Name)
	for _, start := range bucketPrefixes {
		v.expect(!strings.HasPrefix(prefix, start), "NamePrefix", prefix, "another beginning than "+start+", which S3 keeps for itself")
	}
	for _, other := range others {
		v.expect(other.Name != v.Name, "Name", v.Name, "a name that no other environment has")
		before := other.Names("").Prefix()
		switch {
		case prefix == before:
			v.fault("NamePrefix", prefix, "a prefix that no other environment has")
		case other.Account != v.Account || other.Region != v.Region:
		case strings.HasPrefix(prefix, before+"-") || strings.HasPrefix(before, prefix+"-"):
			v.fault("NamePrefix", prefix, "one that does not begin like "+before+" of environment "+other.Name+
				", in the same account: its alarms would ring for this one's jobs too")
		}
	}
}

func (v environmentValidator) place() {
	v.expect(accountID.MatchString(v.Account), "Account", v.Account, "12 digits, or nothing for the caller's account")
	v.expect(regionName.MatchString(v.Region), "Region", v.Region, "a region such as eu-west-1")
	if regionName.MatchString(v.Region) && !slices.Contains(regions, v.Region) {
		v.faults.warn(v.file, v.lineOf("Region"), "environment %q: Region %s: is none that is known here; known are %s", v.Name, v.Region, strings.Join(regions, ", "))
	}
	v.expect(len(v.Zones) == 3, "Zones", v.Zones, "three zones, as Redshift Serverless wants")
	for i, zone := range v.Zones {
		letter := strings.TrimPrefix(zone, v.Region)
		lies := letter != zone && len(letter) == 1 && letter >= "a" && letter <= "z"
		v.expect(lies || !regionName.MatchString(v.Region), "Zones", zone, "a zone of "+v.Region+", such as "+v.Region+"a")
		v.expect(!slices.Contains(v.Zones[:i], zone), "Zones", zone, "three different zones")
	}
	block, err := netip.ParsePrefix(v.CIDR)
	switch {
	case err != nil || !block.Addr().Is4() || !block.Addr().IsPrivate():
		v.fault("CIDR", v.CIDR, "a private range such as 10.40.0.0/16")
	case block.Bits() < 16 || block.Bits() > narrowestNetwork:
		v.fault("CIDR", v.CIDR, "/16 (the widest that AWS gives) to /22 (room for a subnet of 256 addresses in each of three zones)")
	default:
		v.expect(block == block.Masked(), "CIDR", v.CIDR, "the first address of the range: "+block.Masked().String())
	}
}

func (v environmentValidator) capacity() {
	v.expect(validRPUs(v.BaseRPUs), "BaseRPUs", v.BaseRPUs, "4, or 8 to 512 in steps of 8, or up to 1024 in steps of 32 where the region has it")
	v.expect(v.MaxRPUs == 0 || v.MaxRPUs >= v.BaseRPUs && v.MaxRPUs%8 == 0, "MaxRPUs", v.MaxRPUs, "0, or at least BaseRPUs in steps of 8")
	v.expect(v.Workers == 0 || v.Workers >= 2 && v.Workers <= 299, "Workers", v.Workers, "0, or 2 to 299")
	v.expect(v.WorkerType == "" || slices.Contains(workerTypes, v.WorkerType), "WorkerType", v.WorkerType, "nothing, or "+strings.Join(workerTypes, ", "))
	v.expect(v.AthenaScanLimitMB >= 10, "AthenaScanLimitMB", v.AthenaScanLimitMB, "at least 10")
	if v.Schedule != "" {
		_, err := checkSchedule(v.Schedule, time.Now().Year())
		v.expect(err == nil, "Schedule", v.Schedule, strings.TrimPrefix(errorText(err), "expected "))
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (v environmentValidator) people() {
	for i, user := range v.Analysts {
		v.expect(databaseUser.MatchString(user) && len(user) <= 127, "Analysts", user, "IAM:<user> or IAMR:<role> in lower case, up to 127 letters")
		v.expect(!slices.Contains(v.Analysts[:i], user), "Analysts", user, "each one once")
	}
	address, err := mail.ParseAddress(v.AlertEmail)
	_, domain, _ := strings.Cut(v.AlertEmail, "@")
	v.expect(err == nil && address.Address == v.AlertEmail && strings.Contains(domain, "."), "AlertEmail", v.AlertEmail, "an e-mail address")
}

func (v environmentValidator) retention() {
	for _, period := range []struct {
		field string
		days  int
	}{
		{"RawVersions", v.Retention.RawVersions}, {"Staging", v.Retention.Staging}, {"RunSummaries", v.Retention.RunSummaries},
		{"AthenaResults", v.Retention.AthenaResults}, {"AccessLogs", v.Retention.AccessLogs},
	} {
		v.expect(period.days >= 0, "Retention."+period.field, period.days, "0 (for ever) or a number of days")
	}
	v.expect(v.Retention.RawInfrequent == 0 || v.Retention.RawInfrequent >= 30, "Retention.RawInfrequent", v.Retention.RawInfrequent, "0 or at least 30")
	v.expect(slices.Contains(logPeriods, v.Retention.Logs), "Retention.Logs", v.Retention.Logs, "a period that CloudWatch Logs knows, such as 7, 30, 90 or 365")
}

func validRPUs(units int) bool {
	return units == 4 || units >= 8 && units <= 512 && units%8 == 0 || units > 512 && units <= 1024 && units%32 == 0
}

// validateSchedules holds each environment's own schedule against every dataset's freshness.
func validateSchedules(environments []Environment, datasets []Dataset, faults *Faults) {
	for _, e := range environments {
		if e.Schedule == "" || e.ScheduleOff {
			continue
		}
		year := time.Now().Year()
		schedule, err := checkSchedule(e.Schedule, year)
		if err != nil {
			continue
		}
		for _, dataset := range datasets {
			if dataset.Freshness <= 0 {
				continue
			}
			line := e.lineOf("Schedule")
			switch severity, reason := schedule.rings(dataset.Freshness, year); severity {
			case Error:
				faults.add(e.file, line, "environment %q: Schedule %s: freshness %s of dataset %s %s", e.Name, e.Schedule, hoursOf(dataset.Freshness), dataset.Name, reason)
			case Warning:
				faults.warn(e.file, line, "environment %q: Schedule %s: for freshness %s of dataset %s %s", e.Name, e.Schedule, hoursOf(dataset.Freshness), dataset.Name, reason)
			}
		}
	}
}
