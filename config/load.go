// Package config holds what differs between environments, as Go values, and what a dataset is, as YAML.
// It knows nothing of the CDK, so that the command line can use it and still start in milliseconds.
package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Config is everything that was configured, checked.
type Config struct {
	Environments []Environment
	Datasets     []Dataset // by name
}

// load reads and checks the environments and every contract of the project in root.
func load(root string, faults *Faults) (*Config, error) {
	config := &Config{Environments: Environments()}
	validateEnvironments(config.Environments, faults)

	files, err := filepath.Glob(filepath.Join(root, "datasets", "*.yaml"))
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(file string) bool { return strings.HasPrefix(filepath.Base(file), ".") })
	if len(files) == 0 {
		faults.add("datasets", 0, "holds no contract: expected <dataset>.yaml")
	}
	others, err := filepath.Glob(filepath.Join(root, "datasets", "*.[yY]*[mM][lL]"))
	if err != nil {
		return nil, err
	}
	for _, file := range others {
		if ending := filepath.Ext(file); ending == ".yaml" || !strings.EqualFold(ending, ".yaml") && !strings.EqualFold(ending, ".yml") {
			continue
		}
		faults.add(filepath.Join("datasets", filepath.Base(file)), 0, "would not be read: expected the name to end in .yaml")
	}
	var contracts []*validator
	for _, file := range files {
		name := filepath.Join("datasets", filepath.Base(file))
		text, ok := readFile(file, name, faults)
		if !ok {
			continue
		}
		contract, dataset := readContract(name, text, root, faults)
		contracts = append(contracts, contract)
		config.Datasets = append(config.Datasets, dataset)
	}
	validateTogether(contracts, config.Datasets, faults)
	validateSchedules(config.Environments, config.Datasets, faults)
	return config, nil
}

// Environment by name; the error lists those there are.
func (c *Config) Environment(name string) (Environment, error) {
	names := make([]string, 0, len(c.Environments))
	for _, environment := range c.Environments {
		if environment.Name == name {
			return environment, nil
		}
		names = append(names, environment.Name)
	}
	return Environment{}, fmt.Errorf("environment %q is unknown: use %s", name, strings.Join(names, ", "))
}

// Dataset by name; the error lists those there are.
func (c *Config) Dataset(name string) (Dataset, error) {
	names := make([]string, 0, len(c.Datasets))
	for _, dataset := range c.Datasets {
		if dataset.Name == name {
			return dataset, nil
		}
		names = append(names, dataset.Name)
	}
	return Dataset{}, fmt.Errorf("dataset %q is unknown: use %s", name, strings.Join(names, ", "))
}
