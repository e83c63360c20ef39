package viz

import (
	"image"
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"
)

// Filters describes the kernels of a convolution layer, for example of the first
// one, whose input is colours. The contrast of each is stretched to the full range
// from its smallest to its largest weight: the tiles show patterns, not magnitudes.
type Filters struct {
	Title   string
	Weights []float64 // flat, in the order height, width, input, filter
	Height  int
	Width   int
	Inputs  int // input channels: 3 are drawn as red, green and blue, any other number as their mean in grey
	Columns int // tiles per row; 0 means 8
}

// Images returns a tile of Width × Height pixels for each filter.
func (f Filters) Images() ([]image.Image, error) {
	each, err := volume("filters", "weights", f.Weights, f.Height, f.Width, f.Inputs)
	if err != nil {
		return nil, err
	}
	count := len(f.Weights) / each
	images := make([]image.Image, count)
	for k := range images {
		images[k] = stretch(f.Height, f.Width, f.Inputs, func(y, x, channel int) float64 {
			return f.Weights[((y*f.Width+x)*f.Inputs+channel)*count+k]
		})
	}
	return images, nil
}

// Figure draws the tiles, numbered from 0.
func (f Filters) Figure() (*Figure, error) {
	images, err := f.Images()
	if err != nil {
		return nil, err
	}
	columns := f.Columns
	if columns <= 0 {
		columns = 8
	}
	return numbered(orWord(f.Title, "Filters"), columns, 48, images).Figure()
}

// Activations describes the output of a convolution layer for one image: a grey tile
// for each channel, white where the activation is highest. All tiles share one scale,
// so that channels can be compared.
type Activations struct {
	Title    string
	Values   []float64 // flat, in the order height, width, channel
	Height   int
	Width    int
	Channels int
	Columns  int // tiles per row; 0 means 8
}

// Images returns a tile of Width × Height pixels for each channel.
func (a Activations) Images() ([]image.Image, error) {
	each, err := volume("activations", "values", a.Values, a.Height, a.Width, a.Channels)
	if err != nil {
		return nil, err
	}
	if err := checkLength("activations", "values", len(a.Values), "height × width × channels", each); err != nil {
		return nil, err
	}
	low, high := span(a.Values)
	images := make([]image.Image, a.Channels)
	for k := range images {
		tile := image.NewGray(image.Rect(0, 0, a.Width, a.Height))
		for i := range tile.Pix {
			tile.Pix[i] = level(a.Values[i*a.Channels+k], low, high)
		}
		images[k] = tile
	}
	return images, nil
}

// Figure draws the tiles, numbered from 0.
func (a Activations) Figure() (*Figure, error) {
	images, err := a.Images()
	if err != nil {
		return nil, err
	}
	columns := a.Columns
	if columns <= 0 {
		columns = 8
	}
	return numbered(orWord(a.Title, "Activations"), columns, 64, images).Figure()
}

// volume checks flat values against their shape and returns the elements of one item.
func volume(figure, name string, values []float64, height, width, channels int) (int, error) {
	const most = 1 << 15 // per side: a product of three sides cannot overflow
	if height < 1 || width < 1 || channels < 1 || height > most || width > most || channels > most {
		return 0, inputErrorf(figure, "shape is %d × %d × %d, expected each side from 1 to %d", height, width, channels, most)
	}
	if err := checkFinite(figure, name, values); err != nil {
		return 0, err
	}
	each := height * width * channels
	if len(values)%each != 0 {
		return 0, inputErrorf(figure, "%s has %d elements, expected a multiple of %d × %d × %d = %d",
			name, len(values), height, width, channels, each)
	}
	return each, nil
}

// stretch draws one kernel with its smallest weight black and its largest white.
func stretch(height, width, inputs int, at func(y, x, channel int) float64) image.Image {
	pixel := make([]float64, 0, height*width*3)
	for y := range height {
		for x := range width {
			if inputs == 3 {
				pixel = append(pixel, at(y, x, 0), at(y, x, 1), at(y, x, 2))
				continue
			}
			var mean float64
			for channel := range inputs {
				mean += at(y, x, channel) / float64(inputs)
			}
			pixel = append(pixel, mean, mean, mean)
		}
	}
	low, high := span(pixel)
	tile := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range height * width {
		r, g, b := level(pixel[3*i], low, high), level(pixel[3*i+1], low, high), level(pixel[3*i+2], low, high)
		tile.SetNRGBA(i%width, i/width, color.NRGBA{r, g, b, 255})
	}
	return tile
}

func span(values []float64) (low, high float64) {
	low, high = values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

// level maps low … high to 0 … 255, and a constant to middle grey.
func level(v, low, high float64) uint8 {
	if high <= low {
		return 128
	}
	return uint8(math.Round(255 * ((v - low) / (high - low))))
}

// numbered returns a grid of tiles with their numbers below.
func numbered(title string, columns int, side vg.Length, images []image.Image) Grid {
	tiles := make([]Tile, len(images))
	for i, tile := range images {
		tiles[i] = Tile{Image: tile, Below: strconv.Itoa(i)}
	}
	return Grid{Title: title, Side: side, Rows: slices.Collect(slices.Chunk(tiles, columns))}
}
