package config

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

var (
	environmentName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,11}$`)
	namePrefix      = regexp.MustCompile(`^[a-z][a-z0-9-]{0,14}[a-z0-9]$`)
	accountID       = regexp.MustCompile(`^(\d{12})?$`)
	regionName      = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
	mailAddress     = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	databaseUser    = regexp.MustCompile(`^IAMR?:[a-z0-9+=,.@_-]+$`)
)

// The periods that CloudWatch Logs knows, in days; 0 keeps logs for ever.
var logPeriods = []int{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func validateEnvironments(environments []Environment, faults *Faults) {
	seen, seenPrefix := map[string]bool{}, map[string]bool{}
	for _, e := range environments {
		expect := func(ok bool, field string, value any, expectation string) {
			if !ok {
				faults.add(e.file, e.line, "environment %q: %s %v: expected %s", e.Name, field, value, expectation)
			}
		}
		expect(environmentName.MatchString(e.Name), "Name", e.Name, "up to 12 lower-case letters, digits and hyphens")
		expect(!seen[e.Name], "Name", e.Name, "a name that no other environment has")
		seen[e.Name] = true
		prefix := e.Names("").Prefix()
		expect(e.NamePrefix == "" || namePrefix.MatchString(prefix), "NamePrefix", prefix, "2 to 16 lower-case letters, digits and hyphens, or nothing for elt-"+e.Name)
		expect(!seenPrefix[prefix], "NamePrefix", prefix, "a prefix that no other environment has")
		seenPrefix[prefix] = true
		expect(accountID.MatchString(e.Account), "Account", e.Account, "12 digits, or nothing for the caller's account")
		expect(regionName.MatchString(e.Region), "Region", e.Region, "a region such as eu-west-1")
		expect(len(e.Zones) == 3, "Zones", e.Zones, "three zones, as Redshift Serverless wants")
		for _, zone := range e.Zones {
			expect(strings.HasPrefix(zone, e.Region) && len(zone) == len(e.Region)+1, "Zones", zone, "a zone of "+e.Region)
		}
		block, err := netip.ParsePrefix(e.CIDR)
		expect(err == nil && block.Addr().IsPrivate() && block.Bits() == 16, "CIDR", e.CIDR, "a private range with 16 bits of network, such as 10.40.0.0/16")
		expect(validRPUs(e.BaseRPUs), "BaseRPUs", e.BaseRPUs, "4, or 8 to 512 in steps of 8")
		expect(e.MaxRPUs == 0 || e.MaxRPUs >= e.BaseRPUs && e.MaxRPUs%8 == 0, "MaxRPUs", e.MaxRPUs, "0, or at least BaseRPUs in steps of 8")
		for _, user := range e.Analysts {
			expect(databaseUser.MatchString(user), "Analysts", user, "IAM:<user> or IAMR:<role> in lower case")
		}
		expect(e.Schedule == "" || validSchedule(e.Schedule), "Schedule", e.Schedule, strings.TrimPrefix(scheduleHelp, "expected "))
		expect(e.Workers == 0 || e.Workers >= 2 && e.Workers <= 299, "Workers", e.Workers, "0, or 2 to 299")
		expect(e.WorkerType == "" || slices.Contains(workerTypes, e.WorkerType), "WorkerType", e.WorkerType, "nothing, or "+strings.Join(workerTypes, ", "))
		expect(mailAddress.MatchString(e.AlertEmail), "AlertEmail", e.AlertEmail, "an e-mail address")
		expect(e.AthenaScanLimitMB >= 10, "AthenaScanLimitMB", e.AthenaScanLimitMB, "at least 10")
		for _, days := range []int{
			e.Retention.RawVersions, e.Retention.Staging, e.Retention.RunSummaries, e.Retention.AthenaResults, e.Retention.AccessLogs,
		} {
			expect(days >= 0, "Retention", days, "0 (for ever) or a number of days")
		}
		expect(e.Retention.RawInfrequent == 0 || e.Retention.RawInfrequent >= 30, "Retention.RawInfrequent", e.Retention.RawInfrequent, "0 or at least 30")
		expect(slices.Contains(logPeriods, e.Retention.Logs), "Retention.Logs", e.Retention.Logs, "a period that CloudWatch Logs knows, such as 7, 30, 90 or 365")
		expect(!e.Protected || !e.DestroyData, "DestroyData", e.DestroyData, "false, as the environment is protected")
	}
	validateDelivery(environments, func(e Environment, ok bool, field string, value any, expectation string) {
		if !ok {
			faults.add(e.file, e.line, "environment %q: %s %v: expected %s", e.Name, field, value, expectation)
		}
	})
}

func validRPUs(units int) bool {
	return units == 4 || units >= 8 && units <= 512 && units%8 == 0
}
