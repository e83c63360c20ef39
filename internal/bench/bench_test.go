package bench

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// shell is a contender that is a script.
func shell(script string) contender {
	return contender{name: "script", command: func(ctx context.Context, _ Workload) (*exec.Cmd, error) {
		return exec.CommandContext(ctx, "sh", "-c", script), nil
	}}
}

func TestContender(t *testing.T) {
	s, err := shell(`echo a library says hello; echo '{"first":true}'; echo '{"steps":[1,2],"evaluate":[3],"versions":"v"}'`).once(t.Context(), Workload{Steps: 2})
	if err != nil || s.FirstStep <= 0 || len(s.Steps) != 2 || len(s.Evaluate) != 1 || s.Evaluate[0] != 3 || s.Versions != "v" || s.Peak < 100_000 {
		t.Errorf("sample %+v, error %v", s, err)
	}
	const many = 20_000 // steps of a long training, whose seconds are one line
	if s, err = shell(`echo '{"first":true}'; printf '{"steps":['; yes 0.123456789 | head -19999 | tr '\n' ,; echo '0.1]}'`).once(t.Context(), Workload{Steps: many}); err != nil || len(s.Steps) != many {
		t.Errorf("%d of %d steps, error %v", len(s.Steps), many, err)
	}
	for script, want := range map[string]string{
		"echo no module named keras >&2; exit 3": "script: exit status 3: its last output: no module named keras",
		"true":                                   "script: expected the times of 2 steps, got 0",
		`echo '{"first":true}'; echo '{"steps":[1],"evaluate":[3]}'`: "script: expected the times of 2 steps, got 1",
	} {
		if _, err := shell(script).once(t.Context(), Workload{Steps: 2}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", script, err, want)
		}
	}
}

// Contenders take turns: each works only when the one before has paused, and one that
// fails ends the others.
func TestContendersTakeTurns(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	turns := func(name, end string) contender {
		c := shell(`echo '{"first":true}'; echo '{"turn":true}'; for i in 1 2; do read x; echo ` + name + ` >> ` + log +
			`; [ $i = 2 ] || echo '{"turn":true}'; done; ` + end)
		c.name = name
		return c
	}
	const well = `echo '{"steps":[1,2],"evaluate":[3],"versions":"v"}'`
	b := Benchmark{Workload: Workload{Steps: 2, Turn: 1}, Rounds: 1, Log: t.Output()}
	row, err := b.round(t.Context(), 0, []contender{turns("a", well), turns("b", well)})
	if err != nil || len(row) != 2 || len(row[0].Steps) != 2 || row[1].FirstStep <= 0 {
		t.Fatalf("samples %+v, error %v", row, err)
	}
	worked, err := os.ReadFile(log)
	if got := strings.Join(strings.Fields(string(worked)), ""); err != nil || got != "baba" {
		t.Errorf("worked %q, want b and a in turn", got)
	}
	b.Turn = 0
	if row, err := b.round(t.Context(), 0, []contender{shell(`echo '{"first":true}'; ` + well)}); err != nil || len(row[0].Steps) != 2 {
		t.Errorf("without turns: %+v, error %v", row, err)
	}
	began := time.Now()
	fails := shell(`echo '{"turn":true}'; read x; echo no more >&2; exit 3`)
	waits := shell(`echo '{"turn":true}'; read x; sleep 60`)
	if _, err := b.round(t.Context(), 0, []contender{waits, fails}); err == nil || !strings.Contains(err.Error(), "no more") {
		t.Errorf("error %v, want that of the second", err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("the other went on for %v", took)
	}
}

// A contender whose steps are long may do fewer turns of them, and a race does no round for which no time is left.
func TestRaceIsShort(t *testing.T) {
	slow := shell(`echo '{"first":true}'; echo '{"turn":true}'; read x; sleep 0.2; echo '{"steps":[5,5],"evaluate":[3],"product":1,"versions":"v"}'`)
	b := Benchmark{Workload: Workload{Steps: 6, Turn: 2, Seconds: 8, Batch: 1}, Rounds: 3, Minutes: 0.001, Log: t.Output()}
	var out bytes.Buffer
	if err := b.race(t.Context(), []contender{slow}, setup.Plugin{}, record{}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 of 3 rounds, up to 6 timed steps in each, or as many as end the first turn after 8 s, ", "| script | 5.000 (5.000–5.000) s | 2 |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &out)
		}
	}
	for _, refused := range []Workload{{Steps: 6, Turn: 2}, {Steps: 6, Turn: 3, Seconds: 8}, {Steps: 6, Seconds: 8}} {
		if refused.complete(2) {
			t.Errorf("two steps are enough for %+v", refused)
		}
	}
}

func TestRaceTable(t *testing.T) {
	round := func(step float64, peak int64) sample {
		return sample{measurement: measurement{Steps: []float64{step, step, 9}, Evaluate: []float64{1, 2, 9}, Product: 4e9, Versions: "v"}, FirstStep: 3, Peak: peak}
	}
	var out bytes.Buffer
	writeRace(&out, []contender{{name: "cnnbook"}, {name: "keras-tf"}}, [][]sample{
		{round(1, 5e8), round(2, 6e8), round(3, 4e8)}, {round(2, 1e9), round(2, 1e9), round(2, 1e9)},
	}, Workload{Evaluate: 1000}, 6e9)
	short := sample{measurement: measurement{Steps: []float64{4}, Evaluate: []float64{1}, Versions: "v"}, FirstStep: 3}
	writeRace(&out, []contender{{name: "cnnbook"}, {name: "slow"}}, [][]sample{
		{{measurement: measurement{Steps: []float64{2, 1, 1}, Evaluate: []float64{1}, Product: 4e9}}}, {short},
	}, Workload{Evaluate: 1000}, 6e9)
	for _, want := range []string{
		"| cnnbook | 2.000 (1.000–3.000) s | 9 | – | 0.75 | 3.0 s | 500 | 0.60 GB |",
		"| keras-tf | 2.000 (2.000–2.000) s | 9 | 1.00 (0.50–1.50) | 0.75 | 3.0 s | 500 | 1.00 GB |",
		"| slow | 4.000 (4.000–4.000) s | 1 | 0.50 (0.50–0.50) |", // to our first step, not to our median of 1 s
		"are 6.0 GFLOP; cnnbook's backend multiplies matrices at 4 (4–4) GFLOPS",
		"keras-tf: v",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

func TestCellTimes(t *testing.T) {
	times := cellTimes{Pairs: map[string][2][]float64{}, Once: map[string]float64{}}
	for _, row := range cellPairs {
		times.Pairs[row[0]] = [2][]float64{{0.01, 0.03, 0.02}, {0.04}}
	}
	for _, row := range cellSingles {
		times.Once[row[0]] = 1.5
	}
	var out strings.Builder
	if err := times.write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| the line that a cell prints | 0.020 (0.010–0.030) | 0.040 (0.040–0.040) |\n", "| 10,000,000 interpreted additions | 1.500 |\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q lacks %q", out.String(), want)
		}
	}
	delete(times.Once, "pixels")
	if err := times.write(&out); err == nil {
		t.Error("a time that is missing is no error")
	}
}
