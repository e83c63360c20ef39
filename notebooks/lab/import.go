package lab

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/cifar"
	"github.com/cnnbook/cnnbook/cifar/importer"
)

// Import reads pictures of one's own, a folder by class or any other source of [importer.Read], at a size such as "48x48", and
// returns the same lab with them: four fifths of the training images to train on and one fifth to validate with. What was done
// to the pictures is printed. It ends the cell on an error.
func (l *Lab) Import(source, size string) *Lab {
	shape := must(cifar.ParseShape(size))
	r := interruptible(func(ctx context.Context) (*importer.Result, error) {
		return importer.Read(ctx, source, importer.Options{Shape: shape, Seed: l.Seed})
	})
	fmt.Printf("%d training and %d test images of %s in %d classes, read as %s\n", r.Train.Len(), r.Test.Len(), shape, len(r.Train.Names), r.Format)
	for _, note := range r.Notes {
		fmt.Println("note:", strings.ReplaceAll(note, filepath.Clean(source)+string(filepath.Separator), ""))
	}
	own := *l
	own.Images, own.Test = r.Train, r.Test
	own.Train, own.Valid = Split(r.Train, 0.8, l.Seed)
	return &own
}
