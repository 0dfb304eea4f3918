package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// readContract reads what can be read; file is its name in the project.
func readContract(file string, text []byte, root string, faults *Faults) (*validator, Dataset) {
	v := &validator{file: file, document: &yaml.Node{}, faults: faults, root: root}
	var contract Contract
	var document yaml.Node
	if !utf8.Valid(text) || bytes.ContainsRune(text, 0) {
		faults.add(file, 0, "is not UTF-8: save it in that encoding")
		return v, Dataset{}
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		line, cause := yamlCause(string(text), err)
		faults.add(file, line, "is no YAML: %s", cause)
		return v, Dataset{}
	}
	if document.Kind == 0 || find(&document).ShortTag() == "!!null" {
		faults.add(file, 0, "is empty: expected a contract")
		return v, Dataset{}
	}
	// a field that stands there twice hides the fields around it: nothing else can be said of the contract
	err := document.Decode(new(map[string]any))
	if typed := (*yaml.TypeError)(nil); errors.As(err, &typed) && slices.ContainsFunc(typed.Errors, twice.MatchString) {
		addYAML(file, err, faults)
		return v, Dataset{}
	}
	before := len(*faults)
	fieldFinder{file, faults}.check(find(&document), reflect.TypeFor[Contract]())
	if err := document.Decode(&contract); err != nil {
		addYAML(file, err, faults)
	}
	if moreDocuments(text) {
		faults.add(file, 0, "holds more than one document: expected one contract")
	}
	undecoded := map[int]bool{}
	for _, fault := range (*faults)[before:] {
		undecoded[fault.Line] = true
	}
	v.document, v.undecoded = &document, undecoded
	return v, v.contract(contract)
}

func moreDocuments(text []byte) bool {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	return decoder.Decode(new(yaml.Node)) == nil && !errors.Is(decoder.Decode(new(yaml.Node)), io.EOF)
}

var (
	lineOf    = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	twice     = regexp.MustCompile(`mapping key "(.*)" already defined at line (\d+)$`)
	wrongKind = regexp.MustCompile("^cannot unmarshal !!(\\w+)(?: `(.*)`)? into (.+)$")
)

// addYAML turns what the YAML library says of values into our words.
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
		if match := twice.FindStringSubmatch(message); match != nil {
			message = fmt.Sprintf("field %q stands there twice: line %s has it too", match[1], match[2])
		} else if match := wrongKind.FindStringSubmatch(message); match != nil {
			value := match[2]
			if value != "" {
				value = fmt.Sprintf("value %q is", value)
			} else {
				value = "it is"
			}
			message = fmt.Sprintf("%s a %s: expected %s", value, kinds[match[1]], goKinds(match[3]))
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
