package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEachMistakeInADeliveryIsNamed(t *testing.T) {
	for _, mistake := range []struct {
		name  string
		spoil func(environments []Environment)
		fault string
	}{
		{"no owner", func(e []Environment) { e[3].Delivery.Repository = "lakeshift" }, `environment "prod": Delivery.Repository lakeshift: expected owner/name`},
		{"a pattern", func(e []Environment) { e[3].Delivery.Repository = "example/*" }, "Delivery.Repository example/*: expected owner/name"},
		{"a whole subject", func(e []Environment) { e[3].Delivery.Repository = "repo:example/lakeshift" }, "Delivery.Repository repo:example/lakeshift: expected owner/name"},
		{"one id of two", func(e []Environment) { e[3].Delivery.Repository = "example@1/lakeshift" }, "Delivery.Repository example@1/lakeshift: expected owner/name"},
		{"provider of nobody", func(e []Environment) { e[3].Delivery.CreateProvider = true }, "Delivery.Repository : expected owner/name"},
		{"two providers", func(e []Environment) {
			for i := range e[2:] {
				e[i+2].Account = "111122223333"
				e[i+2].Delivery = Delivery{Repository: "example/lakeshift", CreateProvider: true}
			}
		}, "Delivery.CreateProvider true: expected false, as environment staging creates the one that account 111122223333 may hold"},
		{"reaches another", func(e []Environment) {
			e[1].Delivery.Repository = "example/lakeshift"
			e[3].NamePrefix = "elt-dev-two"
		}, "expected no environment whose names begin with elt-dev-, as the roles' patterns would reach those of prod"},
	} {
		t.Run(mistake.name, func(t *testing.T) {
			environments := Environments()
			mistake.spoil(environments)
			var faults Faults
			validateEnvironments(environments, &faults)
			assert.Contains(t, faults.Error(), mistake.fault)
		})
	}
	for _, good := range []string{"example/lakeshift", "Example-Org/lake.shift_2", "example@123/lakeshift@456"} {
		environments := Environments()
		environments[1].Delivery = Delivery{Repository: good, CreateProvider: true}
		var faults Faults
		validateEnvironments(environments, &faults)
		assert.Empty(t, faults, good)
	}
}
