package main

import (
	"strings"
	"testing"
)

func TestBenchRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"-steps 0":               "bench: --steps must be from 1 to 100000, got 0",
		"-images 100 -batch 101": "bench: --batch must be from 1 to 100, got 101",
		"-turn -1":               "bench: --turn must be 0 or more, got -1",
		"-rounds -1":             "bench: --rounds must be from 1 to 1000, got -1",
	} {
		_, _, err := call(t, append([]string{"bench"}, strings.Fields(args)...)...)
		if err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
}
