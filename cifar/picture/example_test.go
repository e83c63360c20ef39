package picture_test

import (
	"fmt"
	"log"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cifar/picture"
)

// A photograph from a camera that was held upright, made an image of CIFAR-10's size.
func Example() {
	p, err := picture.DecodeFile("testdata/turned6.jpg")
	if err != nil {
		log.Fatal(err)
	}
	pixels, how, err := picture.Fit(p.Image, cifar.Shape{Height: 16, Width: 16, Channels: 3})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Format, p.Notes, len(pixels))
	fmt.Println(how)
	// Output:
	// jpeg [turned by 90° clockwise as its EXIF data says] 768
	// 24×17 pixels: 17×17 cut out in the middle, reduced to 16×16
}
