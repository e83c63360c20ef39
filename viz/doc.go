// Package viz draws the figures of a training notebook: image grids, training
// curves, confusion matrices, learning-rate plots, filters, calibration and bars.
//
// # Input
//
// Everything comes in as plain values: [image.Image], []float64, [][]int and
// []string. The package knows neither the dataset nor the network. Classes are
// positions in a slice of labels, confusion matrices are [actual][predicted],
// convolution kernels are flat in the order height, width, input, filter, and
// activations in the order height, width, channel.
//
// # Pattern
//
// A figure is described by a struct whose zero values are useful, for example
// [Confusion] or [History]. Its methods check the description and draw it:
//
//	Figure() (*Figure, error)     // every description: a finished drawing
//	Plot() (*plot.Plot, error)    // those with one panel: the gonum plot, to adjust
//
// A plot that was adjusted becomes a figure again by [FromPlot]. [Row] and
// [Stack] put figures beside and below one another. [NewPlot], [SeriesStyle] and
// [Palette] give a plot of one's own the same look.
//
// # Output
//
// A [Figure] has a natural size in points. [Figure.PNG] renders two pixels for
// each point, so that a page that shows the picture at half its pixel width
// is sharp on dense screens; [Figure.SVG] makes one CSS pixel of each point. Both
// have a solid white background and dark text, and are therefore readable on
// light and dark pages alike. Images are enlarged without smoothing.
//
// Every figure carries an alternative text with the numbers that a reader would
// take from the picture. The caption, which a page prints under the figure,
// belongs to the caller: see [Figure.Note].
//
// # Text
//
// Labels may come from outside. Control characters, bidirectional overrides and
// broken UTF-8 are drawn as U+FFFD, markup is escaped, and text that is too long for its place ends
// in an ellipsis.
//
// # Errors
//
// A description that cannot be drawn (lengths that do not match, no data, NaN or
// infinite values, rates ≤ 0 on a logarithmic axis) gives an error for which
// errors.Is(err, [ErrInput]) holds, and which names the figure, the series and the element.
//
// # Colours
//
// Lines and bars use the palette of Okabe and Ito, which people with the common
// kinds of colour blindness can tell apart, and differ in their dashes as well.
package viz
