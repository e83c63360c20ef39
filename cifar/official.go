package cifar

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// officialPart is what is known of a part of the official CIFAR-10 without its archive.
type officialPart struct {
	name   string
	images int
	labels string   // SHA-256 of the labels in their order
	heads  []string // SHA-256 of the pixels of the first 1,000 images of each file
}

const officialHead, officialFile = 1000, 10_000 // images

func officialParts() [2]officialPart {
	return [2]officialPart{
		{"training", TrainRecords, "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253", []string{
			"29afc5d98b6b245b6205dadfe60b5574e777abc30e0de91e95a288ef54435f58",
			"7d3a04e3721d79ea8aa62d337d6cf11adc0435115d1d0dfa52946bd493248ee1",
			"400f1b151eaba85ba03b7990ea31d52de9ca75069da63220c4223bb7726c940a",
			"6381365504be6bcc50616624b636394a3c99ab8b710a250a084101851a3a79d0",
			"fae9e46a88bf226e77d4afa1fd7674aceadaeaf70c5ec566b12c32ab5f7e52aa",
		}},
		{"test", TestRecords, "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5", []string{"f167149948fc8fe0b9a76ba86421e987817f98b63761ba9415c5d42664d51f03"}},
	}
}

// Means and standard deviations of the training images' pixels divided by 255, red, green and blue, as many programs state them, for example
// bcos/data/presets.py of B-cos v2 (github.com/B-cos/B-cos-v2).
func officialMoments() (mean, deviation [3]float64) {
	return [3]float64{0.49139968, 0.48215841, 0.44653091}, [3]float64{0.24703223, 0.24348513, 0.26158784}
}

// Official reports how far a dataset of CIFAR-10's size and classes is known to be the official one: by its labels, by the first 1,000
// images of each file, and by the moments of the training pixels to six digits. differences names what is another; without any, the
// dataset is the official one as far as can be told without its archive, whose hash alone is published.
func Official(train, test *Dataset) (differences []string) {
	for i, part := range officialParts() {
		differences = append(differences, part.differences([]*Dataset{train, test}[i])...)
	}
	if train.Len() == TrainRecords {
		differences = append(differences, momentDifferences(train.Stats())...)
	}
	return differences
}

func (p officialPart) differences(d *Dataset) (found []string) {
	if d.Len() != p.images {
		return []string{fmt.Sprintf("it has %d %s images, the official one %d", d.Len(), p.name, p.images)}
	}
	if hash(d.Labels) != p.labels {
		found = append(found, fmt.Sprintf("the %s labels are others, or in another order", p.name))
	}
	var others []string
	size := d.Shape().Bytes()
	for i, want := range p.heads {
		if from := i * officialFile * size; hash(d.Images[from:from+officialHead*size]) != want {
			others = append(others, fmt.Sprint(i+1))
		}
	}
	switch {
	case len(others) > 0 && len(p.heads) > 1:
		found = append(found, fmt.Sprintf("the first %d images of %s file %s are others", officialHead, p.name, strings.Join(others, ", ")))
	case len(others) > 0:
		found = append(found, fmt.Sprintf("the first %d %s images are others", officialHead, p.name))
	}
	return found
}

func momentDifferences(s Stats) (found []string) {
	mean, deviation := officialMoments()
	for c, colour := range []string{"red", "green", "blue"} {
		for _, m := range []struct {
			what      string
			got, want float64
		}{{"mean", s.Mean[c] / 255, mean[c]}, {"standard deviation", s.Std[c] / 255, deviation[c]}} {
			if math.Abs(m.got-m.want) > 2e-6 {
				return []string{fmt.Sprintf("the %s of the training images' %s is %.8f of 255, the official one %.8f", m.what, colour, m.got, m.want)}
			}
		}
	}
	return nil
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
