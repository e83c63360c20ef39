package trained

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/sweep"
	"github.com/cnnbook/cnnbook/internal/number"
)

// Columns are those of [Compare].
func Columns() []string {
	return []string{"", "parameters", "MFLOPs an image", "epochs", "seeds", "test accuracy, six views", "as they are", "precision", "minutes", "PyTorch: six views", "minutes"}
}

// Compare returns a row for the write-up's network, with the figure that it prints, and one for each record, in the order of [Recipes].
// FLOPs are those of convolutions and dense layers in a prediction, a multiplication and an addition as two. Accuracies are means over
// the seeds with their 95 % interval, minutes the time of all training steps, a mean over the seeds.
func Compare(records []Record) ([][]string, error) {
	first, err := network(cnn.WriteUp())
	if err != nil {
		return nil, err
	}
	rows := [][]string{slices.Concat([]string{"write-up, its own figure"}, first, []string{"772", "1", "–", "0.7646", "float32", "–", "–", "–"})}
	for _, recipe := range Recipes() {
		for _, r := range records {
			if r.Form != recipe.Form || len(r.Seeds) == 0 {
				continue
			}
			row, err := r.row(recipe)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// network is the size of a network: parameters, and MFLOPs.
func network(a cnn.Architecture) ([]string, error) {
	parameters, err := a.Parameters()
	if err != nil {
		return nil, err
	}
	forward, _, err := a.Operations()
	return []string{number.Thousands(parameters), fmt.Sprintf("%.0f", float64(forward)/1e6)}, err
}

func (r Record) row(recipe Recipe) ([]string, error) {
	size, err := network(recipe.Network)
	if err != nil {
		return nil, err
	}
	row := slices.Concat([]string{r.title(recipe)}, size, []string{fmt.Sprintf("%g", r.Epochs), fmt.Sprint(len(r.Seeds))})
	mean := func(contender int, value func(Training) float64) string {
		return sweep.NewMean(r.column(func(s Seed) float64 { return value(s.Contenders[contender]) })).String()
	}
	minutes := func(contender int) string {
		m := sweep.NewMean(r.column(func(s Seed) float64 { return s.Contenders[contender].Of(len(s.Contenders[0].Sample.Steps)) / 60 }))
		return fmt.Sprintf("%.1f", m.Mean)
	}
	views := func(t Training) float64 { return t.Last().Views }
	row = append(row, mean(0, views), mean(0, func(t Training) float64 { return t.Last().Plain }), r.Precision, minutes(0))
	switch {
	case r.PeerSteps > 0:
		return append(row, "–", fmt.Sprintf("%s, from %d steps", minutes(1), r.PeerSteps)), nil
	case r.Peer:
		return append(row, mean(1, views), minutes(1)), nil
	}
	return append(row, "–", "–"), nil
}

// Conditions says in a line where and on what records were made, each difference once.
func Conditions(records []Record) string {
	var parts []string
	for _, r := range records {
		for _, s := range r.Seeds {
			part := fmt.Sprintf("%s, %d training and %d test images, %s, on %s", r.Data, r.Images, r.Evaluate, r.Precision, s.Machine)
			if !slices.Contains(parts, part) {
				parts = append(parts, part)
			}
		}
	}
	return strings.Join(parts, "; ")
}
