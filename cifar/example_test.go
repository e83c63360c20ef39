package cifar_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/cnnbook/cnnbook/cifar"
)

// The main path: a dataset, split for training. With the real data, the first line
// is cifar.Open(dir) or cifar.Fetch(ctx, dir).
func Example() {
	train, test := cifar.Drawn(1, 1000, 200)
	train, valid, err := train.SplitStratified(0.8, 42)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(train.Len(), valid.Len(), test.Len())
	fmt.Println(train.Name)
	fmt.Println(cifar.CountLeak(train, valid))
	// Output:
	// 800 200 200
	// drawn stand-in train (seed 1), 80 % of a stratified split (seed 42)
	// 0 of 200 validation images (0.00 %) are in train too; 0 of 1000 originals (0.00 %) are in neither
}

// The write-up splits with replacement. More than half of its validation
// images are then training images too.
func ExampleDataset_SplitWithReplacement() {
	all, _ := cifar.Drawn(1, 1000, 0)
	train, valid, err := all.SplitWithReplacement(0.8, 1)
	if err != nil {
		log.Fatal(err)
	}
	leak := cifar.CountLeak(train, valid)
	shared, lost := cifar.ExpectedLeak(50000, 0.8)
	fmt.Println(leak.Fraction() > 0.45 && leak.Fraction() < 0.65)
	fmt.Printf("expected on CIFAR-10: %.2f %% shared, %.2f %% lost\n", 100*shared, 100*lost)
	// Output:
	// true
	// expected on CIFAR-10: 55.07 % shared, 36.79 % lost
}

// Save writes the official layout. Open reads it again and still knows that the
// images are drawn.
func ExampleSave() {
	dir, err := os.MkdirTemp("", "cifar")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	train, test := cifar.Drawn(7, 100, 10)
	if err := cifar.Save(dir, train, test); err != nil {
		log.Fatal(err)
	}
	again, _, err := cifar.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Name, again.Drawn, again.Fingerprint() == train.Fingerprint())
	// Output: drawn stand-in train (seed 7) true true
}

// A stream of records is checked as it is read.
func ExampleReader() {
	stream := bytes.Repeat([]byte{3}, 2*cifar.RecordBytes)
	stream[cifar.RecordBytes] = 12 // the second record's label
	r := cifar.NewReader(bytes.NewReader(stream), "data_batch_1.bin")
	var rec cifar.Record
	for {
		err := r.Read(&rec)
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println("label", rec.Label)
	}
	// Output:
	// label 3
	// data_batch_1.bin: record 1 (byte 3073): label 12, want 0 to 9: the file is damaged or has another format; get it again: not the CIFAR-10 binary format
}

func ExampleDataset_Stats() {
	d := &cifar.Dataset{
		Name:   "two images",
		Names:  []string{"plane", "car"},
		Images: bytes.Repeat([]byte{100, 120}, cifar.PixelBytes),
		Labels: []uint8{1, 1},
	}
	fmt.Print(d.Stats())
	// Output:
	// two images: 2 images of 32×32
	// class    images
	// plane         0
	// car           2
	// channel    mean     std
	// red      110.00   10.00
	// green    110.00   10.00
	// blue     110.00   10.00
}
