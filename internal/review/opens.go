package review

import (
	"net/netip"
	"regexp"
	"strings"
)

// opens says whether grants are worth a warning: a whole service, everything, everybody, somebody outside of the account,
// any way in and a way out to everywhere.
func opens(group []grant) bool {
	for _, g := range group {
		if g.opens() {
			return true
		}
	}
	return false
}

var (
	// An account is named by its number only where it is another one (see neutral).
	elsewhere = regexp.MustCompile(`(^|:)\d{12}(:|$)`)
	ownRoot   = "arn:aws:iam::" + placeholders["AccountId"] + ":root"
	powerful  = regexp.MustCompile(`AdministratorAccess|PowerUserAccess|FullAccess|IAM\w*Full`)
)

func (g grant) opens() bool {
	switch g.effect {
	case "Deny":
		return false
	case lets, reads:
		return true
	case sends:
		return broad(g.principal)
	case managed:
		return powerful.MatchString(g.action)
	}
	switch {
	case g.principal == ownRoot:
		return false // what every key's policy says
	case g.principal == "*", strings.HasPrefix(g.principal, "all but "), elsewhere.MatchString(g.principal):
		return true
	case strings.HasPrefix(g.action, "sts:AssumeRoleWith"): // whoever another identity provider vouches for
		return true
	case strings.HasSuffix(g.action, ":*"), strings.HasPrefix(g.action, "*"):
		return true
	}
	// in the policy of a thing, * stands for just that thing
	return strings.HasPrefix(g.resource, "*") && g.condition == "" && g.principal == ""
}

// broad is a range of addresses that is more than one network.
func broad(addresses string) bool {
	prefix, err := netip.ParsePrefix(addresses)
	return err == nil && (prefix.Addr().Is4() && prefix.Bits() < 16 || prefix.Addr().Is6() && prefix.Bits() < 48)
}
