package cnn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cnnbook/cnnbook/cifar"
)

// trainTogether trains a run by ranks of this process, which share a backend and its graphs.
func trainTogether(t *testing.T, root string, spec Spec, ranks []Ranks, end func()) (*Run, []error) {
	t.Helper()
	cache := NewCache()
	t.Cleanup(cache.Close)
	ctx := WithCache(t.Context(), cache)
	errs := make([]error, len(ranks))
	var wait sync.WaitGroup
	for i := 1; i < len(ranks); i++ {
		wait.Go(func() {
			if errs[i] = Assist(ctx, ranks[i], spec); errs[i] != nil {
				end()
			}
		})
	}
	r := openTiny(t, root, spec)
	if errs[0] = r.Train(WithRanks(ctx, ranks[0]), nil); errs[0] != nil {
		end()
	}
	wait.Wait()
	return r, errs
}

// shardSpecs are trainings with all that a step can have.
func shardSpecs(t *testing.T) map[string]Spec {
	dropout := tinySpec(t) // batches of 20, and of 4 at the end: fewer than there are shards
	dropout.Train, _ = cifar.Drawn(1, 84, 0)
	dropout.Config.Shards, dropout.Config.Preprocess.Crop = 8, 2
	dropout.Config.Optimizer = Adam{}
	norm := tinySpec(t)
	norm.Network = Architecture{Name: "norm", Input: Shape{32, 32, 3}, Layers: []Layer{
		WhiteningConv2D{Name: "whitening", Kernel: 2, BiasEpochs: 1}, MaxPooling2D{"pool", 8},
		Conv2D{Name: "conv", Filters: 8, Kernel: 3, Padding: "same", NoBias: true}, BatchNormalization{Name: "norm", Unbiased: true},
		Flatten{"flatten"}, Dense{Name: "dense", Units: 10}, Activation{"softmax", "softmax"},
	}}
	norm.Config.Shards, norm.Config.DropLast, norm.Config.Lookahead = 8, true, &Lookahead{Every: 2}
	norm.Config.Loss = Loss{Sum: true, Smoothing: 0.1}
	norm.Config.Schedule = Constant(0.001)
	norm.Config.Clip = &Clipping{GlobalNorm: 0.5}
	return map[string]Spec{"dropout": dropout, "norm": norm}
}

// Promise(compute/ranks): A training in shards ends with the same bytes on 1, 2, 4 and 8 ranks: weights, optimizer and history.
func TestEveryNumberOfRanksGivesTheSameBits(t *testing.T) {
	for name, spec := range shardSpecs(t) {
		t.Run(name, func(t *testing.T) {
			one := trainTiny(t, t.TempDir(), spec)
			for _, size := range []int{2, 4, 8} {
				ranks, end := LocalRanks(size)
				other, errs := trainTogether(t, t.TempDir(), spec, ranks, end)
				if err := errors.Join(errs...); err != nil {
					t.Fatalf("%d ranks: %v", size, err)
				}
				sameFiles(t, one, other)
			}
		})
	}
}

// Promise(compute/ranks) also where each part of it is trained by another number of ranks
func TestAnotherNumberOfRanksGoesOn(t *testing.T) {
	spec := shardSpecs(t)["dropout"]
	whole := trainTiny(t, t.TempDir(), spec)
	root := t.TempDir()
	for i, size := range []int{1, 4, 2} {
		ranks, end := LocalRanks(size)
		short := spec
		short.Config.Epochs = i + 1 // the next one goes on from it
		r, errs := trainTogether(t, root, short, ranks, end)
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if i > 0 && r.GoesOnFrom() == "" {
			t.Error("it did not go on")
		}
		if i == 2 {
			sameFiles(t, whole, r)
		}
	}
}

// Shards change the order of additions, and nothing else, where nothing is drawn or normalised within a batch.
func TestShardsComputeTheSameGradients(t *testing.T) {
	spec := tinySpec(t)
	spec.Network.Layers = slices.DeleteFunc(slices.Clone(spec.Network.Layers), func(l Layer) bool { return l.Kind() == "Dropout" })
	spec.Network = spec.Network.WithL2(0.01)
	spec.Config.Clip = &Clipping{Norm: 0.2}
	spec.Config.Optimizer = SGD{Momentum: 0.9}
	spec.Config.Schedule = OneCycle{Max: 0.01, HighMomentum: 0.95, LowMomentum: 0.85}
	whole := trainTiny(t, t.TempDir(), spec)
	spec.Config.Shards = 4
	shards := trainTiny(t, t.TempDir(), spec)
	for i, a := range whole.History.Steps {
		b := shards.History.Steps[i]
		if math.Abs(a.Loss-b.Loss) > 1e-5*a.Loss || a.Accuracy != b.Accuracy {
			t.Errorf("step %d: loss %v and accuracy %v in one batch, %v and %v in shards", a.Step, a.Loss, a.Accuracy, b.Loss, b.Accuracy)
		}
	}
	for i, a := range whole.weights {
		for k, x := range a.Values {
			if y := shards.weights[i].Values[k]; math.Abs(float64(x-y)) > 1e-5 {
				t.Fatalf("%s[%d]: %v and %v", a.Name, k, x, y)
			}
		}
	}
}

// faulty is a rank whose memory fails in its nth exchange.
type faulty struct {
	Ranks
	left *int
}

func (f faulty) Exchange(with int, out, in []byte) error {
	err := f.Ranks.Exchange(with, out, in)
	if *f.left--; *f.left == 0 && len(in) > 0 {
		for i := 2; i < len(in); i += 4 {
			in[i] ^= 0x40
		}
	}
	return err
}

// Promise(runs/ranks-compared): At each save all ranks compare their weights; a rank with other ones ends the training, and is named.
func TestARankWithOtherWeightsIsNamed(t *testing.T) {
	spec := shardSpecs(t)["dropout"]
	ranks, end := LocalRanks(4)
	left := 8 + 3*6 // the third step's last exchange: what rank 2 gets there, no other rank sees
	ranks[2] = faulty{ranks[2], &left}
	r, errs := trainTogether(t, t.TempDir(), spec, ranks, end)
	if err := errs[0]; !errors.Is(err, ErrRanks) || !strings.Contains(err.Error(), "rank 2 on ") || !strings.Contains(err.Error(), "the save of step 0 is kept") {
		t.Errorf("%v", err)
	}
	if err := errs[1]; !errors.Is(err, ErrRanks) {
		t.Errorf("rank 1: %v", err)
	}
	if r.saved.Step != 0 {
		t.Errorf("step %d was saved", r.saved.Step)
	}
}

func TestRanksThatDiffer(t *testing.T) {
	spec := shardSpecs(t)["dropout"]
	ranks, end := LocalRanks(2)
	other := spec
	other.Config.Seed++
	done := make(chan error)
	go func() { done <- Assist(t.Context(), ranks[1], other) }()
	err := openTiny(t, t.TempDir(), spec).Train(WithRanks(t.Context(), ranks[0]), nil)
	if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "rank 1 on ") || !strings.Contains(err.Error(), "another run") {
		t.Errorf("%v", err)
	}
	if err := <-done; !errors.Is(err, ErrRanks) {
		t.Errorf("rank 1: %v", err)
	}
	end()
	first := introduce("a")
	for want, change := range map[string]func(*introduction){
		"threads": func(i *introduction) { i.Threads++ }, "another processor": func(i *introduction) { i.Processor = "Abacus" },
		"computes on": func(i *introduction) { i.Backend = "go" }, "runs": func(i *introduction) { i.Software = nil }, "": func(*introduction) {},
	} {
		i := first
		change(&i)
		if got := i.unlike(first); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A training that is stopped stops on all ranks, and goes on to the same bytes.
func TestRanksStopTogether(t *testing.T) {
	spec := shardSpecs(t)["dropout"]
	root := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	ranks, end := LocalRanks(2)
	defer end()
	done := make(chan error)
	go func() { done <- Assist(t.Context(), ranks[1], spec) }()
	r := openTiny(t, root, spec)
	err := r.Train(WithRanks(ctx, ranks[0]), func(p Progress) {
		if p.Epoch == 2 && p.Step == 3 {
			stop()
		}
	})
	if other := <-done; !errors.Is(err, context.Canceled) || !errors.Is(other, context.Canceled) {
		t.Errorf("%v; %v", err, other)
	}
	if r.saved.Step != 8 {
		t.Errorf("saved step %d, want 8", r.saved.Step)
	}
	r.Close()
	sameFiles(t, trainTiny(t, t.TempDir(), spec), trainTiny(t, root, spec))
}

func TestShardsThatCannotBe(t *testing.T) {
	norm := shardSpecs(t)["norm"]
	for want, change := range map[string]func(*Spec){
		"got 3":                                 func(s *Spec) { s.Config.Shards = 3 },
		"at most 20, got 32":                    func(s *Spec) { s.Config.Shards = 32 },
		"got -1":                                func(s *Spec) { s.Config.Shards = -1 },
		"leave out one of the two":              func(s *Spec) { s.Config.Telemetry = true },
		"are not computed in shards":            func(s *Spec) { s.Config.Preprocess.Cutout = 4 },
		"averages of the weights (EMA)":         func(s *Spec) { s.Config.Lookahead, s.Config.EMA = nil, &EMA{Decay: 0.9} },
		"start one rank for each device":        func(s *Spec) { s.Config.Devices = 2; s.Config.DropLast = true },
		"fewer than 2, and batch normalisation": func(s *Spec) { s.Config.Shards = 16 },
		"the smallest batch has 10 images, so some of its 8": func(s *Spec) { s.Config.DropLast = false },
	} {
		spec := norm
		change(&spec)
		if _, err := OpenRun(t.TempDir(), spec); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	for ranks, want := range map[int]string{3: "3 processes cannot share 8 shards", 16: "16 processes"} {
		all, end := LocalRanks(ranks)
		defer end()
		err := openTiny(t, t.TempDir(), norm).Train(WithRanks(t.Context(), all[0]), nil)
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%d ranks: %v", ranks, err)
		}
	}
	plain := tinySpec(t)
	if err := plain.Config.CheckRanks(2); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "from 2 on") {
		t.Errorf("%v", err)
	}
}

// Whoever adds them up, the same numbers have the same sum, bit for bit; and it is another one than from left to right.
func TestTheTreeHasOneSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n, shards = 1001, 16
	values := make([][]float32, shards)
	for s := range values {
		values[s] = make([]float32, n)
		for i := range values[s] {
			values[s][i] = float32(rng.NormFloat64())
		}
	}
	leaf := func(s int, sum []float32, adds bool) error { addShard(sum, values[s], adds); return nil }
	buffers := func() [][]float32 {
		return [][]float32{make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)}
	}
	want, err := treeSum(0, shards, buffers(), leaf)
	if err != nil {
		t.Fatal(err)
	}
	pairs := slices.Clone(values)
	for len(pairs) > 1 { // the definition
		var next [][]float32
		for i := 0; i < len(pairs); i += 2 {
			sum := slices.Clone(pairs[i])
			add(sum, pairs[i+1])
			next = append(next, sum)
		}
		pairs = next
	}
	if !slices.Equal(pairs[0], want) {
		t.Error("not the sum of neighbours, then of neighbouring pairs, and so on")
	}
	for _, size := range []int{1, 2, 4, 8, 16} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			ranks, end := LocalRanks(size)
			defer end()
			var wait sync.WaitGroup
			for _, r := range ranks {
				wait.Go(func() {
					count := shards / size
					sum, err := treeSum(r.Rank()*count, count, buffers(), leaf)
					if err == nil {
						err = sumOverRanks(r, sum, make([]float32, (n+1)/2))
					}
					if err != nil || !slices.Equal(sum, want) {
						t.Errorf("rank %d of %d has another sum (%v)", r.Rank(), size, err)
					}
				})
			}
			wait.Wait()
		})
	}
	plain := slices.Clone(values[0])
	for _, v := range values[1:] {
		add(plain, v)
	}
	if slices.Equal(plain, want) {
		t.Error("the order of additions makes no difference to these numbers: the test says nothing")
	}
}
