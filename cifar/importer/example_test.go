package importer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cifar/importer"
)

// MNIST's files, brought to the size and the channels of CIFAR-10.
func Example() {
	r, err := importer.Read(context.Background(), "testdata/idx", importer.Options{
		Shape: cifar.Shape{Height: 32, Width: 32, Channels: 3}, Classes: "digits",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Format)
	fmt.Println(r.Train.Len(), "and", r.Test.Len(), "images of", r.Train.Shape(), "in", len(r.Train.Names), "classes")
	fmt.Println(r.Notes)
	// Output:
	// IDX files, as of MNIST
	// 6 and 3 images of 32×32 in 10 classes
	// [each image was brought to another size: 28×28 pixels: enlarged to 32×32]
}
