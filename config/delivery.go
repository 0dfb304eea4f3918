package config

import (
	"regexp"
	"strings"
)

// Delivery lets GitHub workflows of one repository deploy the environment, show what a change would do to it and look for drift.
// The zero value lets nobody: no stack, no role.
type Delivery struct {
	// Repository as GitHub writes it into its tokens: owner/name, or owner@1234/name@5678 for a repository with immutable
	// subject claims, as those created after July 15, 2026 have. In lower and upper case as on GitHub.
	// https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
	Repository string
	// CreateProvider adds GitHub's identity provider to the account. An account holds one (an IAM rule): one environment
	// of an account creates it, the others find it by its ARN. It stays when the environment is destroyed.
	CreateProvider bool
}

// Enabled tells whether the environment has a delivery stack.
func (d Delivery) Enabled() bool { return d.Repository != "" }

var repositorySubject = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$|^[A-Za-z0-9][A-Za-z0-9-]*@\d+/[A-Za-z0-9._-]+@\d+$`)

func validateDelivery(environments []Environment, expect func(e Environment, ok bool, field string, value any, expectation string)) {
	creators := map[string]string{}
	for _, e := range environments {
		d := e.Delivery
		expect(e, d == Delivery{} || repositorySubject.MatchString(d.Repository), "Delivery.Repository", d.Repository,
			"owner/name, or owner@1234/name@5678 with both ids")
		if !d.Enabled() {
			continue
		}
		if d.CreateProvider && e.Account != "" {
			expect(e, creators[e.Account] == "", "Delivery.CreateProvider", true,
				"false, as environment "+creators[e.Account]+" creates the one that account "+e.Account+" may hold")
			creators[e.Account] = e.Name
		}
		for _, other := range environments {
			mine, theirs := e.Names("").Prefix(), other.Names("").Prefix()
			expect(e, !strings.HasPrefix(theirs, mine+"-"), "Delivery", d.Repository,
				"no environment whose names begin with "+mine+"-, as the roles' patterns would reach those of "+other.Name)
		}
	}
}
