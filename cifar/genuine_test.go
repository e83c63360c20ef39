package cifar

import (
	"math"
	"os"
	"testing"
)

// chosen opens the dataset that CNNBOOK_DATA points to, or skips the test.
func chosen(t *testing.T) (dir string, train, test *Dataset) {
	t.Helper()
	if dir = os.Getenv("CNNBOOK_DATA"); dir == "" {
		t.Skip("CNNBOOK_DATA does not point to a dataset")
	}
	train, test, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, train, test
}

// TestGenuine reads the dataset that CNNBOOK_DATA points to, in the official
// layout and of the official size, and compares it with published figures:
// balanced classes, and the channels' mean and standard deviation.
func TestGenuine(t *testing.T) {
	dir, train, test := chosen(t)
	if train.Drawn || train.Len() != TrainRecords || test.Len() != TestRecords {
		t.Skipf("%s: %d and %d images, drawn %v: not the official dataset", dir, train.Len(), test.Len(), train.Drawn)
	}
	if train.Name != "CIFAR-10 train" || test.Name != "CIFAR-10 test" {
		t.Errorf("names %q and %q", train.Name, test.Name)
	}
	s := train.Stats()
	t.Logf("%v", s)
	mean, std := [Channels]float64{125.307, 122.950, 113.865}, [Channels]float64{62.993, 62.089, 66.705}
	for c := range Channels { // a tolerance of one step: a copy from JPEG files differs a little
		if math.Abs(s.Mean[c]-mean[c]) > 1 || math.Abs(s.Std[c]-std[c]) > 1 {
			t.Errorf("channel %d: mean %.3f, standard deviation %.3f, want %.3f and %.3f", c, s.Mean[c], s.Std[c], mean[c], std[c])
		}
	}
	for label, n := range s.PerClass {
		if n != TrainRecords/Classes {
			t.Errorf("%s: %d images, want %d", train.Names[label], n, TrainRecords/Classes)
		}
	}
	first := []string{"frog", "truck", "truck", "deer", "car"} // of data_batch_1.bin
	for i, want := range first {
		if got := train.Class(i); got != want {
			t.Errorf("image %d is a %s, want %s", i, got, want)
		}
	}
	part, valid, err := train.SplitWithReplacement(0.8, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(CountLeak(part, valid))
}
