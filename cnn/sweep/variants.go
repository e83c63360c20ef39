package sweep

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// variantField is the name of the column that says which variant a training has.
const variantField = "variant"

// maxVariantName is the longest name of a variant.
const maxVariantName = 40

func checkVariants(variants []Variant) error {
	seen := map[string]bool{}
	for i, v := range variants {
		name := dashes(v.Name)
		if slug(name) != name || name == "" || len(name) > maxVariantName || !letterOrDigit(name[0]) || strings.TrimSpace(v.Name) != v.Name {
			return fmt.Errorf(`variant %d, name %q: use 1 to %d letters, digits, "-", "_", "." or spaces between them, starting with a letter or digit`, i+1, v.Name, maxVariantName)
		}
		if seen[name] {
			return fmt.Errorf("variant %d: the name %q is taken by an earlier one", i+1, v.Name)
		}
		seen[name] = true
		if _, ok := v.Set["seed"]; ok {
			return fmt.Errorf(`variant %q sets the seed: list the seeds in "seeds"`, v.Name)
		}
	}
	return nil
}

// dashes is a variant's name in that of a run.
func dashes(name string) string { return strings.ReplaceAll(name, " ", "-") }

// axes are the fields that differ, the variant first.
func (s Sweep) axes() []Field {
	if len(s.Variants) == 0 {
		return s.Vary
	}
	f := Field{Field: variantField}
	for _, v := range s.Variants {
		f.Values = append(f.Values, v.Name)
	}
	return append([]Field{f}, s.Vary...)
}

// shared is what all trainings of each variant share, by its name; that of "" where there are no variants.
func (s Sweep) shared() (map[string]settings, error) {
	out := map[string]settings{}
	if len(s.Variants) == 0 {
		base, err := s.settings(s.Base)
		return map[string]settings{"": base}, err
	}
	for _, v := range s.Variants {
		fields := maps.Clone(s.Base)
		if fields == nil {
			fields = map[string]any{}
		}
		if v.sets("rate") || v.sets("schedule") {
			delete(fields, "rate")
			delete(fields, "schedule")
		}
		maps.Copy(fields, v.Set)
		for field, value := range v.Set {
			if _, shared := s.Base[field]; shared && value == nil {
				delete(fields, field)
			}
		}
		var err error
		if out[v.Name], err = s.settings(fields); err != nil {
			return nil, fmt.Errorf("variant %q: %w", v.Name, err)
		}
	}
	return out, nil
}

func (v Variant) sets(field string) bool { _, ok := v.Set[field]; return ok }

// SeedsFirst orders trainings by their seeds: every combination with the first seed, then with the second. A sweep that is
// stopped on the way then has some seeds of all combinations, not all seeds of some.
func SeedsFirst(trainings []Training) []Training {
	place, met := make([]int, len(trainings)), map[int]int{}
	for i, t := range trainings {
		place[i] = met[t.Group]
		met[t.Group]++
	}
	order := make([]int, len(trainings))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return place[a] - place[b] })
	out := make([]Training, len(trainings))
	for i, k := range order {
		out[i] = trainings[k]
	}
	return out
}
