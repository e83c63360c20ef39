package cifar

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
)

// These set the difficulty. The aim: nearest neighbours and a linear classifier on
// raw pixels are right for few images (20–40 %), a small CNN for many but never
// for all. BenchmarkDrawnDifficulty measures the first two.
const (
	knobAnyScene  = 0.35 // fraction of the images whose scene says nothing about the class
	knobAnyColour = 0.25 // fraction of the objects painted in any colour at all
	knobHalfSize  = 12.5 // pixels from the object's centre to its edge, on average
	knobSizeSway  = 0.25 // and how far that varies, as a fraction
	knobShift     = 3.0  // pixels by which the object's centre may miss the image's
	knobTilt      = 0.22 // radians that an object may lean
	knobClutter   = 1.5  // other things in the scene, on average
	knobOcclude   = 0.18 // fraction of the images with something in front of the object
	knobGrey      = 0.07 // fraction of the images nearly without colour
	knobBlur      = 0.75 // most blur, in pixels
	knobNoise     = 0.03 // most noise: standard deviation, where white is 1
)

// Drawn draws a dataset with a training and a test set of the given sizes (negative
// counts as 0). It has the shape and the ten classes of CIFAR-10, as painted
// objects in painted scenes instead of photographs.
//
// Pose, proportions, colours, scene, light, blur and noise vary from image to
// image. Images 0 to 9 hold each class once, in shuffled order, and so do 10 to 19
// and so on. Image i of a set depends only on the seed and on i, so a smaller
// dataset is the beginning of a larger one. The same seed gives the same bytes on
// all machines whose compiler rounds in the same way. Where it fuses multiplication
// and addition (on arm64, for example), a few pixels differ by one step of 255.
func Drawn(seed uint64, train, test int) (trainSet, testSet *Dataset) {
	return drawSet(seed, splitTrain, train, "train"), drawSet(seed, splitTest, test, "test")
}

func drawnName(seed uint64, part string) string {
	return fmt.Sprintf("drawn stand-in %s (seed %d)", part, seed)
}

const (
	splitTrain = 1
	splitTest  = 2
)

func drawSet(seed, split uint64, n int, part string) *Dataset {
	n = max(n, 0)
	d := &Dataset{
		Name:   drawnName(seed, part),
		Drawn:  true,
		Names:  classNames(),
		Images: make([]byte, n*PixelBytes),
		Labels: make([]uint8, n),
		Origin: identity(n),
	}
	workers := min(runtime.GOMAXPROCS(0), n/Classes+1)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w; i < n; i += workers { // each image is a pure function of its index
				d.Labels[i] = drawnLabel(seed, split, i)
				drawImage(seed, split, i, d.Labels[i], d.Pixels(i))
			}
		})
	}
	wait.Wait()
	return d
}

// drawnLabel returns label i: each ten images are a shuffled list of all classes.
func drawnLabel(seed, split uint64, i int) uint8 {
	ten := stream(seed, split, 2*uint64(i/Classes)).Perm(Classes)
	return uint8(ten[i%Classes])
}

// drawImage paints image i of a set into out, channel-first.
func drawImage(seed, split uint64, i int, label uint8, out []byte) {
	p := newPainter(stream(seed, split, 2*uint64(i)+1))
	object := subjectOf(int(label))
	stage := p.scene(object)
	p.clutter(stage)
	p.place(stage, object)
	object.draw(p)
	p.rest()
	if p.chance(knobOcclude) {
		p.foreground(stage)
	}
	p.finish(out)
}

// stream returns the random numbers of one item of one set. Seed and set go
// through a mixing function, because PCG streams of neighbouring seeds are similar.
func stream(seed, split, item uint64) *rand.Rand {
	return rand.New(rand.NewPCG(mix(seed+split*0x9e3779b97f4a7c15), mix(item^split<<62)))
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// subject is how a class is drawn.
type subject struct {
	draw   func(*painter)
	scenes [sceneKinds]float64 // how likely each scene is
	tilt   float64             // times knobTilt
	afloat bool                // floats on the water where there is any
}

// subjectOf returns the subject of a label. Scenes are shared among classes on
// purpose: none belongs to one class alone.
func subjectOf(label int) subject {
	//                                     sky  sea grass road room wood plain
	return [Classes]subject{
		{drawPlane, [sceneKinds]float64{6, 1.5, 1, 2, 0, 0, 1}, 2, false},
		{drawCar, [sceneKinds]float64{0.3, 0.5, 2, 5, 1, 1, 2}, 0.5, false},
		{drawBird, [sceneKinds]float64{3, 2, 2.5, 0.5, 0.5, 3, 1.5}, 1.5, false},
		{drawCat, [sceneKinds]float64{0, 0, 2, 1, 5, 1, 3}, 1, false},
		{drawDeer, [sceneKinds]float64{0.5, 0.5, 4, 0.5, 0.5, 5, 1}, 0.5, false},
		{drawDog, [sceneKinds]float64{0, 0.5, 3, 1, 4, 1, 2.5}, 1, false},
		{drawFrog, [sceneKinds]float64{0, 2, 3, 1, 1, 3, 3}, 1.5, false},
		{drawHorse, [sceneKinds]float64{0.5, 0.5, 5, 1, 0.5, 3, 1}, 0.5, false},
		{drawBoat, [sceneKinds]float64{1, 7, 0.5, 0.3, 0.3, 0.3, 0.7}, 0.5, true},
		{drawTruck, [sceneKinds]float64{0.3, 0.5, 2, 5, 0.5, 1, 2}, 0.4, false},
	}[label]
}
