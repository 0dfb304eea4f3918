// Package review compares what two commits would deploy, and words the difference for the people who review it.
package review

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Assembly is what one commit would deploy: the CDK's templates, their assets, and the sources they were made from.
type Assembly struct {
	// Folder is the cloud assembly; Sources the work tree that it was synthesized in.
	Folder, Sources string
	// Environments in the order in which a change travels through them.
	Environments []*Environment
}

// Environment is one stage of the app.
type Environment struct {
	Name   string
	Stacks []*Stack
}

// Stack is one template.
type Stack struct {
	// ID is the stack's path below its environment, such as DatasetSales; Name is what CloudFormation calls it.
	ID, Name  string
	Template  Template
	Protected bool
	file      string
	env       *Environment
	// What the CDK says for an unknown one, if the environment names none.
	account, region string
	// paths of constructs by logical id.
	paths map[string]string
	// assets of the environment by hash: one stack may use what another uploads.
	assets map[string]asset
	// uses of assets by resource, in order.
	uses map[string][]string
}

// Template as CloudFormation reads it.
type Template struct {
	Resources map[string]Resource
	Outputs   map[string]Output
}

// Output of a template.
type Output struct {
	Value  any
	Export struct{ Name any }
}

// Resource of a template.
type Resource struct {
	Type                string
	Properties          map[string]any
	DeletionPolicy      string
	UpdateReplacePolicy string
}

// Kept says whether the thing itself outlives its resource.
func (r Resource) Kept() bool { return strings.HasPrefix(r.DeletionPolicy, "Retain") }

// KeptWhenReplaced says whether the old thing outlives a replacement.
func (r Resource) KeptWhenReplaced() bool { return strings.HasPrefix(r.UpdateReplacePolicy, "Retain") }

// asset is a file or a folder that a deployment uploads.
type asset struct {
	name, path string
}

type manifest struct {
	Artifacts map[string]struct {
		Type                   string
		Environment            string
		DisplayName            string
		AdditionalMetadataFile string
		Properties             struct {
			TemplateFile          string
			TerminationProtection bool
			StackName             string
			DirectoryName         string
			DisplayName           string
		}
	}
}

// Read an assembly and put one word for every hash in its templates, in memory and on disk: what is in an asset is compared
// file by file, and a comment in it must not look like a change.
func Read(folder, sources string) (*Assembly, error) {
	assembly := &Assembly{Folder: folder, Sources: sources}
	text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil {
		return nil, err
	}
	var top manifest
	if err := json.Unmarshal(text, &top); err != nil {
		return nil, fmt.Errorf("%s/manifest.json: %w", folder, err)
	}
	place := map[string]int{}
	for id, artifact := range top.Artifacts {
		if artifact.Type != "cdk:cloud-assembly" {
			continue
		}
		environment, err := readEnvironment(filepath.Join(folder, artifact.Properties.DirectoryName), artifact.Properties.DisplayName)
		if err != nil {
			return nil, err
		}
		assembly.Environments = append(assembly.Environments, environment)
		place[environment.Name] = strings.Index(string(text), strconv.Quote(id))
	}
	if len(assembly.Environments) == 0 {
		return nil, fmt.Errorf("%s holds no environment: expected a stage for each", folder)
	}
	slices.SortFunc(assembly.Environments, func(a, b *Environment) int { return place[a.Name] - place[b.Name] })
	return assembly, nil
}

func readEnvironment(folder, name string) (*Environment, error) {
	environment := &Environment{Name: name}
	var stage manifest
	if err := readJSON(filepath.Join(folder, "manifest.json"), &stage); err != nil {
		return nil, err
	}
	assets := map[string]asset{}
	for id, artifact := range stage.Artifacts {
		if artifact.Type != "aws:cloudformation:stack" {
			continue
		}
		_, stackID, _ := strings.Cut(artifact.DisplayName, "/")
		account, region, _ := strings.Cut(strings.TrimPrefix(artifact.Environment, "aws://"), "/")
		stack := &Stack{
			ID: stackID, Name: artifact.Properties.StackName, Protected: artifact.Properties.TerminationProtection,
			file: filepath.Join(folder, artifact.Properties.TemplateFile), env: environment, account: account, region: region, assets: assets,
		}
		own, err := readAssets(folder, id)
		if err != nil {
			return nil, err
		}
		maps.Copy(assets, own)
		if stack.paths, err = readPaths(folder, artifact.AdditionalMetadataFile, artifact.DisplayName); err != nil {
			return nil, err
		}
		environment.Stacks = append(environment.Stacks, stack)
	}
	for _, stack := range environment.Stacks {
		if err := stack.readTemplate(); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(environment.Stacks, func(a, b *Stack) int { return strings.Compare(a.ID, b.ID) })
	return environment, nil
}

// The CDK ends the name of a script's asset with a hash of its path.
var hashAtEnd = regexp.MustCompile(`[0-9a-f]{32}$`)

func readAssets(folder, id string) (map[string]asset, error) {
	var listed struct {
		Files map[string]struct {
			DisplayName string
			Source      struct{ Path string }
		}
	}
	err := readJSON(filepath.Join(folder, id+".assets.json"), &listed)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	assets := map[string]asset{}
	for hash, file := range listed.Files {
		path, err := unpacked(filepath.Join(folder, file.Source.Path))
		if err != nil {
			return nil, err
		}
		assets[hash] = asset{name: strings.TrimSuffix(hashAtEnd.ReplaceAllString(file.DisplayName, ""), "/Code"), path: path}
	}
	return assets, err
}

// unpacked folder of an archive, beside it; what is no archive stays as it is.
func unpacked(path string) (string, error) {
	if filepath.Ext(path) != ".zip" {
		return path, nil
	}
	folder := strings.TrimSuffix(path, ".zip") + ".unpacked"
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", path, err)
	}
	defer archive.Close()
	if err := os.CopyFS(folder, archive); err != nil {
		return "", fmt.Errorf("unpack %s: %w", path, err)
	}
	return folder, nil
}

// readPaths of constructs from the file that the manifest names; it names none if the CDK had nothing to note.
func readPaths(folder, file, stack string) (map[string]string, error) {
	var metadata map[string][]struct {
		Type string
		Data any
	}
	paths := map[string]string{}
	if file == "" {
		return paths, nil
	}
	if err := readJSON(filepath.Join(folder, file), &metadata); err != nil {
		return nil, err
	}
	for path, entries := range metadata {
		for _, entry := range entries {
			if id, is := entry.Data.(string); is && entry.Type == "aws:cdk:logicalId" {
				paths[maskID(id)] = strings.TrimSuffix(strings.TrimPrefix(path, "/"+stack+"/"), "/Resource")
			}
		}
	}
	return paths, nil
}

// A Lambda version's id ends with a hash of its function.
var versionID = regexp.MustCompile(`(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}\b`)

func maskID(text string) string { return versionID.ReplaceAllString(text, "$1") }

// Word that stands for every hash.
const codeMark = "code"

func (s *Stack) readTemplate() error {
	text, err := os.ReadFile(s.file)
	if err != nil {
		return err
	}
	return s.fill(text, keys(s.assets))
}

// fill the stack from a template's text in which these hashes name assets, and write it down without them.
func (s *Stack) fill(text []byte, hashes []string) error {
	var plain Template
	if err := json.Unmarshal(text, &plain); err != nil {
		return fmt.Errorf("%s: %w", s.file, err)
	}
	s.uses = map[string][]string{}
	pairs := []string{}
	for _, hash := range hashes {
		pairs = append(pairs, hash, codeMark)
	}
	for id, resource := range plain.Resources {
		for _, value := range leaves(resource.Properties) {
			for _, hash := range hashes {
				if strings.Contains(value, hash) && !slices.Contains(s.uses[maskID(id)], hash) {
					s.uses[maskID(id)] = append(s.uses[maskID(id)], hash)
				}
			}
		}
	}
	var document map[string]any
	if err := json.Unmarshal([]byte(maskID(strings.NewReplacer(pairs...).Replace(string(text)))), &document); err != nil {
		return fmt.Errorf("%s: %w", s.file, err)
	}
	forgetComments(document)
	masked, err := json.MarshalIndent(document, "", " ")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(masked, &s.Template); err != nil {
		return err
	}
	return os.WriteFile(s.file, masked, 0o644)
}

// forgetComments of sample queries, which a template holds as text; their description is the first of them. Reasons why
// a finding of cdk-nag was accepted are comments too.
func forgetComments(document map[string]any) {
	withoutReasons(document)
	resources, _ := document["Resources"].(map[string]any)
	for _, value := range resources {
		resource, _ := value.(map[string]any)
		withoutReasons(resource)
		properties, _ := resource["Properties"].(map[string]any)
		if query, is := properties["QueryString"].(string); is && resource["Type"] == "AWS::Athena::NamedQuery" {
			properties["QueryString"] = withoutComments(query)
			if description, _ := properties["Description"].(string); strings.Contains(query, "-- "+description) {
				delete(properties, "Description")
			}
		}
	}
}

// withoutReasons of a stack or a resource.
func withoutReasons(of map[string]any) {
	if metadata, is := of["Metadata"].(map[string]any); is {
		delete(metadata, "cdk_nag")
		if len(metadata) == 0 {
			delete(of, "Metadata")
		}
	}
}

// leaves are all texts below a value, in a fixed order.
func leaves(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var texts []string
		for _, element := range value {
			texts = append(texts, leaves(element)...)
		}
		return texts
	case map[string]any:
		var texts []string
		for _, key := range keys(value) {
			texts = append(texts, leaves(value[key])...)
		}
		return texts
	}
	return nil
}

func keys[V any](of map[string]V) []string {
	return slices.Sorted(maps.Keys(of))
}

func readJSON(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func (e *Environment) stack(id string) *Stack {
	for _, stack := range e.Stacks {
		if stack.ID == id {
			return stack
		}
	}
	return nil
}

func (a *Assembly) environment(name string) *Environment {
	for _, environment := range a.Environments {
		if environment.Name == name {
			return environment
		}
	}
	return nil
}
