package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/internal/stats"
)

// recordFormat is the version of the file of a race.
const recordFormat = 1

// record is a race as saved in a file, to compare later races with.
type record struct {
	Format     int       `json:"format"`
	Date       string    `json:"date"`
	Machine    string    `json:"machine"`
	Precision  string    `json:"precision"` // float32 or bfloat16
	Batch      int       `json:"batch"`
	Images     int       `json:"images"`   // training images that were loaded
	Evaluate   int       `json:"evaluate"` // images of an evaluation
	Devices    int       `json:"devices"`
	Contenders []results `json:"contenders"`
}

// results are what a contender measured in each round.
type results struct {
	Name   string   `json:"name"`
	Rounds []sample `json:"rounds"`
}

func (b Benchmark) record(contenders []contender, samples [][]sample) record {
	r := record{
		Format: recordFormat, Date: time.Now().Format(time.DateOnly), Machine: machine(), Precision: b.Precision,
		Batch: b.Batch, Images: b.Images, Evaluate: b.Evaluate, Devices: b.Devices,
	}
	if r.Precision == "" {
		r.Precision = "float32"
	}
	for i, c := range contenders {
		r.Contenders = append(r.Contenders, results{c.name, samples[i]})
	}
	return r
}

func (r record) save(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(file, append(text, '\n'), 0o644)
}

// readRecord reads a file that [record.save] wrote.
func readRecord(file string) (r record, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return r, fmt.Errorf("bench: --against: %w", err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("bench: --against %s: not a file of bench --save: %w", file, err)
	}
	return r, r.check(file)
}

func (r record) check(file string) error {
	err := func() error {
		if r.Format != recordFormat {
			return fmt.Errorf("its format is %d, %d is known", r.Format, recordFormat)
		}
		if r.Evaluate < 1 || len(r.Contenders) == 0 {
			return errors.New("it has no measurements")
		}
		for _, c := range r.Contenders {
			for k, s := range c.Rounds {
				if len(s.Steps) == 0 || len(s.Evaluate) == 0 || stats.Median(s.Steps) <= 0 || stats.Median(s.Evaluate) <= 0 {
					return fmt.Errorf("round %d of %s has no times", k+1, c.Name)
				}
			}
			if len(c.Rounds) == 0 {
				return fmt.Errorf("%s has no rounds", c.Name)
			}
		}
		return nil
	}()
	if err != nil {
		return fmt.Errorf("bench: --against %s: not a file of bench --save: %w", file, err)
	}
	return nil
}

// find returns the results of the contender with that name.
func (r record) find(name string) (results, bool) {
	for _, c := range r.Contenders {
		if c.Name == name {
			return c, true
		}
	}
	return results{}, false
}

// differences names what makes the times of two races not comparable directly.
func (r record) differences(before record) []string {
	var all []string
	for _, f := range []struct {
		name        string
		now, before any
	}{
		{"machine", r.Machine, before.Machine}, {"precision", r.Precision, before.Precision}, {"batch", r.Batch, before.Batch},
		{"images", r.Images, before.Images}, {"devices", r.Devices, before.Devices}, {"evaluated images", r.Evaluate, before.Evaluate},
	} {
		if f.now != f.before {
			all = append(all, fmt.Sprintf("%s: %v, before %v", f.name, f.now, f.before))
		}
	}
	return all
}

// writeAgainst writes a table of a race beside an earlier one. Only contenders of both are compared; ours is, whatever its
// precision, the first of each.
func (r record) writeAgainst(w io.Writer, before record, file string) {
	fmt.Fprintf(w, "\nBeside %s of %s:\n\n", file, before.Date)
	fmt.Fprintln(w, "| | step, median | before | now to before | evaluation, images/s | before | now to before |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	for i, c := range r.Contenders {
		old, ok := before.find(c.Name)
		if i == 0 {
			old, ok = before.Contenders[0], true
		}
		if !ok {
			continue
		}
		step, stepBefore := stats.Median(steps(c.Rounds)), stats.Median(steps(old.Rounds))
		speed, speedBefore := stats.Median(speeds(c.Rounds, r.Evaluate)), stats.Median(speeds(old.Rounds, before.Evaluate))
		fmt.Fprintf(w, "| %s | %.3f s | %.3f s | %.2f | %.0f | %.0f | %.2f |\n", c.Name, step, stepBefore, step/stepBefore, speed, speedBefore, speed/speedBefore)
	}
	fmt.Fprintln(w)
	for _, d := range r.differences(before) {
		fmt.Fprintf(w, "Not the same: %s\n", d)
	}
}
