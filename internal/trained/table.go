package trained

import (
	"fmt"
	"io"

	"github.com/cnnbook/cnnbook/cnn/sweep"
	"github.com/cnnbook/cnnbook/internal/stats"
)

// Write writes a table of all trainings, and the mean accuracies.
func (r Record) Write(w io.Writer, target float64) {
	recipe, _ := ParseRecipe(r.Form) // a record has one that is known: see check
	fmt.Fprintf(w, "%s, %g epochs of %d training images, %s, %d test images, %s.\n\n", r.title(recipe), r.Epochs, r.Images, r.Data, r.Evaluate, r.Precision)
	fmt.Fprintf(w, "| seed | | test accuracy, six views | as they are | training | a step, median | ours to it, all steps | to accuracy %g | ours to it |\n", target)
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|")
	for _, s := range r.Seeds {
		ours := s.Contenders[0]
		for _, t := range s.Contenders {
			if len(t.Sample.Epochs) == 0 {
				fmt.Fprintf(w, "| %d | %s | – | – | %.1f min, from %d steps | %.3f s | %.2f | – | – |\n", s.Seed, t.Name,
					t.Of(len(ours.Sample.Steps))/60, r.PeerSteps, stats.Median(t.Sample.Steps), ours.Seconds(r.PeerSteps)/t.Total())
				continue
			}
			ratio, reached, reachedRatio := "–", "not reached", "–"
			if t.Name != ours.Name {
				ratio = fmt.Sprintf("%.2f", ours.Total()/t.Total())
			}
			if seconds, ok := t.Reached(target); ok {
				reached = fmt.Sprintf("%.1f min", seconds/60)
				if own, ok := ours.Reached(target); ok && t.Name != ours.Name {
					reachedRatio = fmt.Sprintf("%.2f", own/seconds)
				}
			}
			fmt.Fprintf(w, "| %d | %s | %.4f | %.4f | %.1f min | %.3f s | %s | %s | %s |\n", s.Seed, t.Name, t.Last().Views, t.Last().Plain,
				t.Total()/60, stats.Median(t.Sample.Steps), ratio, reached, reachedRatio)
		}
	}
	fmt.Fprintln(w, "\nMeans with their 95 % interval by Student's distribution:")
	fmt.Fprintln(w)
	for i, t := range r.Seeds[0].Contenders {
		if len(t.Sample.Epochs) == 0 {
			fmt.Fprintf(w, "%s: no accuracy, %d steps only; %s\n", t.Name, r.PeerSteps, t.Sample.Versions)
			continue
		}
		views := r.column(func(s Seed) float64 { return s.Contenders[i].Last().Views })
		plain := r.column(func(s Seed) float64 { return s.Contenders[i].Last().Plain })
		fmt.Fprintf(w, "%s: mean test accuracy %s by six views, %s as they are; %s\n", t.Name, interval(views), interval(plain), t.Sample.Versions)
	}
	if r.Peer && r.PeerSteps == 0 {
		fmt.Fprintf(w, "cnnbook minus pytorch: %s by six views\n", interval(r.column(func(s Seed) float64 {
			return s.Contenders[0].Last().Views - s.Contenders[1].Last().Views
		})))
	}
	fmt.Fprintln(w)
	for i, s := range r.Seeds {
		if i == 0 || s.Machine != r.Seeds[i-1].Machine {
			fmt.Fprintf(w, "From seed %d on: %s, %s\n", s.Seed, s.Machine, s.Date)
		}
	}
}

func (r Record) column(value func(Seed) float64) []float64 {
	out := make([]float64, len(r.Seeds))
	for i, s := range r.Seeds {
		out[i] = value(s)
	}
	return out
}

// interval is the mean of values with its 95 % interval, if there are several.
func interval(values []float64) string {
	if len(values) == 1 {
		return fmt.Sprintf("%.4f (one seed)", values[0])
	}
	return fmt.Sprintf("%s (%d seeds)", sweep.NewMean(values), len(values))
}
