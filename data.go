package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/cnnbook/cnnbook/cifar"
)

const dataUsage = `Usage: go run . data draw  [-seed N] [-train N] [-test N] DIR   write a drawn stand-in dataset
       go run . data fetch [-url URL] DIR                       download CIFAR-10 (170 MB) into DIR, and check it
       go run . data check PATH                                 read a dataset, a folder or a .tar.gz, and describe it
`

func data(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	words := map[string]command{"draw": drawData, "fetch": fetchData, "check": checkData}
	if len(args) == 0 || words[args[0]] == nil {
		fmt.Fprint(stderr, dataUsage)
		if len(args) > 0 && args[0] != "-help" && args[0] != "-h" && args[0] != "--help" {
			return fmt.Errorf("data: unknown word %q: expected draw, fetch or check", args[0])
		}
		return nil
	}
	return words[args[0]](ctx, args[1:], stdout, stderr)
}

func drawData(_ context.Context, args []string, stdout, stderr io.Writer) error {
	f := flags("data draw", "[flags] DIR\n\nWrites a drawn dataset in CIFAR-10's layout into the new folder DIR.", stderr)
	seed := f.Uint64("seed", 1, "what the images are drawn from")
	train := f.Int("train", 10_000, "training images, at most 50,000")
	test := f.Int("test", 2_000, "test images, at most 10,000")
	dir, err := parseOne(f, args, "DIR")
	if err != nil {
		return err
	}
	if *train < 5 || *train > cifar.TrainRecords || *test < 1 || *test > cifar.TestRecords {
		return fmt.Errorf("data draw: from 5 to %d training and from 1 to %d test images can be drawn, asked for %d and %d", cifar.TrainRecords, cifar.TestRecords, *train, *test)
	}
	a, b := cifar.Drawn(*seed, *train, *test)
	if err := cifar.Save(dir, a, b); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: %s and %s\n", dir, a.Name, b.Name)
	return nil
}

func fetchData(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flags("data fetch", "[flags] DIR\n\nDownloads the official archive, going on where an earlier download stopped, and checks size and sha256.", stderr)
	url := f.String("url", cifar.OfficialURL, "where the archive lies: the official place or a mirror")
	dir, err := parseOne(f, args, "DIR")
	if err != nil {
		return err
	}
	var last time.Time
	d := cifar.Download{URL: *url, Progress: func(done, total int64) {
		if time.Since(last) > time.Second || done == total {
			last = time.Now()
			fmt.Fprintf(stderr, "%d of %d MB\n", done/1_000_000, total/1_000_000)
		}
	}}
	path, err := d.Fetch(ctx, dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: complete, sha256 as published; use it with -data %s\n", path, path)
	return nil
}

func checkData(_ context.Context, args []string, stdout, stderr io.Writer) error {
	path, err := parseOne(flags("data check", "PATH\n\nReads every record of a dataset and describes it.", stderr), args, "PATH")
	if err != nil {
		return err
	}
	train, test, err := cifar.Open(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(printable{stdout}, "%s\n%s", train.Stats(), test.Stats())
	return nil
}
