package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/cnn/sweep"
	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/internal/stats"
)

// accuracyFormat is the version of the file of trainings to an accuracy.
const accuracyFormat = 1

// accuracyRecord holds trainings of the fast recipe, as saved in a file.
type accuracyRecord struct {
	Format      int          `json:"format"`
	Data        string       `json:"data"`
	Fingerprint string       `json:"fingerprint"` // of the training images
	Precision   string       `json:"precision"`   // float32 or bfloat16
	Form        string       `json:"form"`        // of the recipe: 93, 94 or 95
	Images      int          `json:"images"`
	Evaluate    int          `json:"evaluate"` // test images
	Epochs      float64      `json:"epochs"`
	Peer        bool         `json:"peer"` // PyTorch's trainings are with ours
	Seeds       []seedRecord `json:"seeds"`
}

// seedRecord is one training with each framework, by turns.
type seedRecord struct {
	Seed       uint64    `json:"seed"`
	Date       string    `json:"date"`
	Machine    string    `json:"machine"`
	Contenders []trained `json:"contenders"` // ours is the first
}

// trained is what one framework's training gave.
type trained struct {
	Name   string `json:"name"`
	Sample sample `json:"sample"`
}

// last is the accuracy after the last step.
func (t trained) last() epochResult { return t.Sample.Epochs[len(t.Sample.Epochs)-1] }

// seconds is the time of the training to the end of a step.
func (t trained) seconds(step int) (sum float64) {
	for _, s := range t.Sample.Steps[:step] {
		sum += s
	}
	return sum
}

// reached is the time to the end of the first epoch whose accuracy is at least the target.
func (t trained) reached(target float64) (seconds float64, ok bool) {
	for _, e := range t.Sample.Epochs {
		if e.Views >= target {
			return t.seconds(e.Step), true
		}
	}
	return 0, false
}

func (r accuracyRecord) has(seed uint64) bool {
	return slices.ContainsFunc(r.Seeds, func(s seedRecord) bool { return s.Seed == seed })
}

func (r accuracyRecord) save(file string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(file, append(text, '\n'), 0o644)
}

// readAccuracy reads a file that [accuracyRecord.save] wrote.
func readAccuracy(file string) (r accuracyRecord, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return r, fmt.Errorf("bench: --save: %w", err)
	}
	r.Form = "94" // where a file has none, as there was no other
	if err = json.Unmarshal(text, &r); err == nil {
		err = r.check()
	}
	if err != nil {
		return r, fmt.Errorf("bench: --save %s: not a file of bench --accuracy --save: %w; choose another file", file, err)
	}
	return r, nil
}

func (r accuracyRecord) check() error {
	if r.Format != accuracyFormat {
		return fmt.Errorf("its format is %d, %d is known", r.Format, accuracyFormat)
	}
	if _, err := cnn.ParseFastForm(r.Form); err != nil {
		return err
	}
	contenders := 1
	if r.Peer {
		contenders = 2
	}
	for _, s := range r.Seeds {
		if len(s.Contenders) != contenders {
			return fmt.Errorf("seed %d has %d trainings, expected %d", s.Seed, len(s.Contenders), contenders)
		}
		for _, t := range s.Contenders {
			if len(t.Sample.Epochs) == 0 || t.last().Step != len(t.Sample.Steps) || len(t.Sample.Steps) == 0 {
				return fmt.Errorf("seed %d of %s is not complete", s.Seed, t.Name)
			}
			for _, e := range t.Sample.Epochs {
				if e.Step < 1 || e.Step > len(t.Sample.Steps) {
					return fmt.Errorf("seed %d of %s has an epoch that ends after step %d of %d", s.Seed, t.Name, e.Step, len(t.Sample.Steps))
				}
			}
		}
	}
	return nil
}

// sameAs returns an error if trainings with the settings of now do not belong into the file.
func (r accuracyRecord) sameAs(now accuracyRecord, file string) error {
	for _, f := range []struct {
		name         string
		saved, asked any
	}{
		{"training images (SHA-256)", r.Fingerprint, now.Fingerprint}, {"precision", r.Precision, now.Precision}, {"form", r.Form, now.Form}, {"images", r.Images, now.Images},
		{"test images", r.Evaluate, now.Evaluate}, {"epochs", r.Epochs, now.Epochs}, {"with PyTorch", r.Peer, now.Peer},
	} {
		if f.saved != f.asked {
			return fmt.Errorf("bench: --save %s has trainings with other settings: %s: %v, now %v; choose another file", file, f.name, f.saved, f.asked)
		}
	}
	return nil
}

// write writes a table of all trainings, and the mean accuracies.
func (r accuracyRecord) write(w io.Writer, target float64) {
	form, err := cnn.ParseFastForm(r.Form)
	reduced := ""
	if r.Images < cifar.TrainRecords || err != nil || r.Epochs < form.Epochs || r.Evaluate < cifar.TestRecords {
		reduced = "Reduced budget: "
	}
	fmt.Fprintf(w, "%sfast recipe, form %s, %g epochs of %d training images, %s, %d test images, %s.\n\n", reduced, r.Form, r.Epochs, r.Images, r.Data, r.Evaluate, r.Precision)
	fmt.Fprintf(w, "| seed | | test accuracy, six views | as they are | training | a step, median | ours to it, all steps | to accuracy %g | ours to it |\n", target)
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|")
	for _, s := range r.Seeds {
		ours := s.Contenders[0]
		for _, t := range s.Contenders {
			ratio, reached, reachedRatio := "–", "not reached", "–"
			if t.Name != ours.Name {
				ratio = fmt.Sprintf("%.2f", ours.seconds(len(ours.Sample.Steps))/t.seconds(len(t.Sample.Steps)))
			}
			if seconds, ok := t.reached(target); ok {
				reached = fmt.Sprintf("%.1f min", seconds/60)
				if own, ok := ours.reached(target); ok && t.Name != ours.Name {
					reachedRatio = fmt.Sprintf("%.2f", own/seconds)
				}
			}
			fmt.Fprintf(w, "| %d | %s | %.4f | %.4f | %.1f min | %.3f s | %s | %s | %s |\n", s.Seed, t.Name, t.last().Views, t.last().Plain,
				t.seconds(len(t.Sample.Steps))/60, stats.Median(t.Sample.Steps), ratio, reached, reachedRatio)
		}
	}
	fmt.Fprintln(w, "\nMeans with their 95 % interval by Student's distribution:")
	fmt.Fprintln(w)
	for i, t := range r.Seeds[0].Contenders {
		views := r.column(func(s seedRecord) float64 { return s.Contenders[i].last().Views })
		plain := r.column(func(s seedRecord) float64 { return s.Contenders[i].last().Plain })
		fmt.Fprintf(w, "%s: mean test accuracy %s by six views, %s as they are; %s\n", t.Name, interval(views), interval(plain), t.Sample.Versions)
	}
	if r.Peer {
		fmt.Fprintf(w, "cnnbook minus pytorch: %s by six views\n", interval(r.column(func(s seedRecord) float64 {
			return s.Contenders[0].last().Views - s.Contenders[1].last().Views
		})))
	}
	fmt.Fprintln(w)
	for i, s := range r.Seeds {
		if i == 0 || s.Machine != r.Seeds[i-1].Machine {
			fmt.Fprintf(w, "From seed %d on: %s, %s\n", s.Seed, s.Machine, s.Date)
		}
	}
}

func (r accuracyRecord) column(value func(seedRecord) float64) []float64 {
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
