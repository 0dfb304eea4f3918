// Package config holds what differs between environments, as Go values, and what a dataset is, as YAML.
// It knows nothing of the CDK, so that the command line can use it and still start in milliseconds.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
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
	if len(files) == 0 {
		faults.add("datasets", 0, "holds no contract: expected <dataset>.yaml")
	}
	others, err := filepath.Glob(filepath.Join(root, "datasets", "*.yml"))
	if err != nil {
		return nil, err
	}
	for _, file := range others {
		faults.add(filepath.Join("datasets", filepath.Base(file)), 0, "would not be read: expected the name to end in .yaml")
	}
	var contracts []*validator
	for _, file := range files {
		name := filepath.Join("datasets", filepath.Base(file))
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
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

func readContract(file string, text []byte, root string, faults *Faults) (*validator, Dataset) {
	v := &validator{file: file, document: &yaml.Node{}, faults: faults, root: root}
	var contract Contract
	var document yaml.Node
	err := yaml.Unmarshal(text, &document)
	if err == nil {
		// a field that stands there twice hides the fields around it: nothing else can be said of the contract
		err = document.Decode(new(map[string]any))
		if typed := (*yaml.TypeError)(nil); !errors.As(err, &typed) || !slices.ContainsFunc(typed.Errors, twice.MatchString) {
			err = nil
		}
	}
	if err != nil {
		addYAML(file, err, faults)
		return v, Dataset{}
	}
	before := len(*faults)
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&contract); err != nil && !errors.Is(err, io.EOF) {
		addYAML(file, err, faults)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		faults.add(file, 0, "holds more than one document: expected one contract")
	}
	undecoded := map[int]bool{}
	for _, fault := range (*faults)[before:] {
		undecoded[fault.Line] = true
	}
	v.document, v.undecoded = &document, undecoded
	return v, v.contract(contract)
}

var (
	lineOf       = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	twice        = regexp.MustCompile(`mapping key "(.*)" already defined at line (\d+)$`)
	halfType     = regexp.MustCompile(`^\d+\)$`)
	unknownField = regexp.MustCompile(`^field (\S+) not found in type config\.(\w+)$`)
	wrongKind    = regexp.MustCompile("^cannot unmarshal !!(\\w+)(?: `(.*)`)? into (.+)$")
)

// addYAML turns the YAML library's messages into ours.
func addYAML(file string, err error, faults *Faults) {
	messages := []string{err.Error()}
	if typed := (*yaml.TypeError)(nil); errors.As(err, &typed) {
		messages = typed.Errors
	}
	for _, message := range messages {
		line := 0
		if match := lineOf.FindStringSubmatch(message); match != nil {
			line, _ = strconv.Atoi(match[1])
			message = match[2]
		}
		if match := unknownField.FindStringSubmatch(message); match != nil && halfType.MatchString(match[1]) {
			message = fmt.Sprintf("field %q is unknown: between braces a value with a comma needs quotes, expected type: \"decimal(p,s)\"", match[1])
		} else if match != nil {
			message = fmt.Sprintf("field %q is unknown: expected %s", match[1], strings.Join(fieldsOf[match[2]], ", "))
		} else if match := twice.FindStringSubmatch(message); match != nil {
			message = fmt.Sprintf("field %q stands there twice: line %s has it too", match[1], match[2])
		} else if match := wrongKind.FindStringSubmatch(message); match != nil {
			message = fmt.Sprintf("value %q is a %s: expected %s", match[2], kinds[match[1]], goKinds(match[3]))
		}
		faults.add(file, line, "%s", message)
	}
}

var kinds = map[string]string{
	"str": "text", "int": "number", "float": "number", "bool": "truth value", "seq": "list", "map": "mapping", "null": "nothing",
}

func goKinds(kind string) string {
	switch {
	case kind == "int":
		return "a whole number"
	case kind == "bool":
		return "true or false"
	case kind == "string":
		return "text"
	case strings.HasPrefix(kind, "[]"):
		return "a list"
	}
	return "a mapping"
}

// position finds the line of a value by its path of field names and list indexes; of the nearest parent if it is missing.
func position(document *yaml.Node, path ...any) int {
	line := max(root(document).Line, 1)
	for i := range path {
		node, at := step(find(document, path[:i]...), path[i])
		if node == nil {
			return line
		}
		line = at
	}
	return line
}

// find the value; nil if it is missing.
func find(document *yaml.Node, path ...any) *yaml.Node {
	node := root(document)
	for _, name := range path {
		node, _ = step(node, name)
	}
	return node
}

func root(document *yaml.Node) *yaml.Node {
	if document.Kind == yaml.DocumentNode && len(document.Content) > 0 {
		return document.Content[0]
	}
	return document
}

// step to a field or an element, and the line where it begins.
func step(node *yaml.Node, name any) (*yaml.Node, int) {
	if node == nil {
		return nil, 0
	}
	switch name := name.(type) {
	case string:
		for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == name {
				return node.Content[i+1], node.Content[i].Line
			}
		}
	case int:
		if node.Kind == yaml.SequenceNode && name < len(node.Content) {
			return node.Content[name], node.Content[name].Line
		}
	}
	return nil, 0
}
