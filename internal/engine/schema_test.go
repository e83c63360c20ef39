package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// schema is what kubernetes.json uses of JSON Schema. A keyword that is not here is an error.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"` // a word or a list
	Properties map[string]*schema `json:"properties"`
	Additional any                `json:"additionalProperties"` // false, or a schema
	Required   []string           `json:"required"`
	Items      *schema            `json:"items"`
	OneOf      []*schema          `json:"oneOf"`
	Enum       []string           `json:"enum"`
	Format     string             `json:"format"` // of numbers and times: not checked
	Defs       map[string]*schema `json:"$defs"`
}

// validate lists what is wrong with a value, each with its place.
func (s *schema) validate(root *schema, at string, v any) (wrong []string) {
	if s.Ref != "" {
		return root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")].validate(root, at, v)
	}
	bad := func(format string, args ...any) { wrong = append(wrong, at+": "+fmt.Sprintf(format, args...)) }
	if types := words(s.Type); len(types) > 0 && !slices.ContainsFunc(types, func(name string) bool { return isType(name, v) }) {
		bad("%T, expected %s", v, types)
	}
	if text, ok := v.(string); ok && len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
		bad("%q, expected one of %q", text, s.Enum)
	}
	if len(s.OneOf) > 0 {
		fitting := 0
		for _, one := range s.OneOf {
			if len(one.validate(root, at, v)) == 0 {
				fitting++
			}
		}
		if fitting != 1 {
			bad("%d of %d possibilities fit, expected one", fitting, len(s.OneOf))
		}
	}
	if list, ok := v.([]any); ok && s.Items != nil {
		for i, item := range list {
			wrong = append(wrong, s.Items.validate(root, fmt.Sprintf("%s[%d]", at, i), item)...)
		}
	}
	fields, _ := v.(map[string]any)
	for name, value := range fields {
		if property := s.Properties[name]; property != nil {
			wrong = append(wrong, property.validate(root, at+"."+name, value)...)
		} else if s.Additional == false {
			bad("unknown field %q", name)
		}
	}
	for _, name := range s.Required {
		if _, ok := fields[name]; fields != nil && !ok {
			bad("field %q is missing", name)
		}
	}
	return wrong
}

func words(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, word := range v {
			out = append(out, word.(string))
		}
	}
	return out
}

func isType(name string, v any) bool {
	switch v.(type) {
	case string:
		return name == "string"
	case int:
		return name == "integer" || name == "number"
	case bool:
		return name == "boolean"
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return v == nil && name == "null"
}

// checkDocuments validates each YAML document against the schema of its kind.
func checkDocuments(t *testing.T, text []byte) (kinds, wrong []string) {
	t.Helper()
	data, err := os.ReadFile("testdata/kubernetes.json")
	if err != nil {
		t.Fatal(err)
	}
	var root schema
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&root); err != nil {
		t.Fatal(err)
	}
	for documents := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document map[string]any
		if err := documents.Decode(&document); err == io.EOF {
			return kinds, wrong
		} else if err != nil {
			t.Fatal(err)
		}
		kind, _ := document["kind"].(string)
		if root.Properties[kind] == nil {
			t.Fatalf("kind %q", kind)
		}
		kinds = append(kinds, kind)
		wrong = append(wrong, root.Properties[kind].validate(&root, kind, document)...)
	}
}

// What is given to kubectl fits Kubernetes's own schemas, and the check finds what does not.
func TestKubernetesSchemas(t *testing.T) {
	job := Job{Name: "my_Sweep.1", Trainings: 12, AtOnce: 5, Program: "cnnbook", Flags: []string{"--runs", "/work/runs"}, CPUs: 2, Memory: "2G"}
	text, err := KubernetesYAML(job, Volume{Image: "cnnbook:cpu", Claim: "work"}, []byte("{\"name\": \"x\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	kinds, wrong := checkDocuments(t, text)
	if !slices.Equal(kinds, []string{"ConfigMap", "Job"}) || len(wrong) > 0 {
		t.Errorf("%q: %q in\n%s", kinds, wrong, text)
	}
	for change, want := range map[[2]string]string{
		{"completions: 12", `completions: "12"`}:                  "Job.spec.completions: string, expected [integer",
		{"backoffLimitPerIndex: 3", "backoffLimitPerIndx: 3"}:     `Job.spec: unknown field "backoffLimitPerIndx"`,
		{"operator: In", "oprator: In"}:                           `field "operator" is missing`,
		{"apiVersion: batch/v1", "apiVersion: batch/v2"}:          `Job.apiVersion: "batch/v2", expected one of ["batch/v1"]`,
		{"terminationGracePeriodSeconds", "terminationGraceTime"}: `Job.spec.template.spec: unknown field "terminationGraceTime"`,
	} {
		changed := strings.Replace(string(text), change[0], change[1], 1)
		if changed == string(text) {
			t.Errorf("%q is not in the YAML", change[0])
		}
		if _, wrong := checkDocuments(t, []byte(changed)); !strings.Contains(strings.Join(wrong, "; "), want) {
			t.Errorf("%s: found %q, want %s", change[1], wrong, want)
		}
	}
}
