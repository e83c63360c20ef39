// Package viz draws the figures of a training notebook: image grids, training
// curves, confusion matrices, learning-rate plots, filters, calibration and bars.
//
// # Input
//
// All input is plain values: [image.Image], []float64, [][]int and
// []string. The package knows neither the dataset nor the network. Classes are
// indices into a slice of labels, confusion matrices are [actual][predicted],
// convolution kernels are flat in the order height, width, input, filter, and
// activations in the order height, width, channel.
//
// # Pattern
//
// A figure is described by a struct whose zero values are useful, for example
// [Confusion] or [History]. Its methods check the description and draw it:
//
//	Figure() (*Figure, error)     // all descriptions: a finished drawing
//	Plot() (*plot.Plot, error)    // those with one panel: the gonum plot, to adjust
//
// [FromPlot] turns an adjusted plot into a figure again. [Row] and
// [Stack] arrange figures side by side and below one another. [NewPlot],
// [SeriesStyle] and [Palette] give the caller's own plots the same look.
//
// # Output
//
// A [Figure] has a natural size in points. [Figure.PNG] renders two pixels for
// each point, so that an image shown at half its pixel width
// is sharp on high-resolution screens; [Figure.SVG] uses one CSS pixel per point. Both
// have a solid white background and dark text, and are therefore readable on
// light and dark pages. Images are enlarged without smoothing.
//
// Every figure has an alternative text with the numbers that a reader would
// read off the image. The caller sets the caption, which a page shows under the
// figure: see [Figure.Note].
//
// # Text
//
// Labels may come from untrusted sources. Control characters, bidirectional overrides
// and invalid UTF-8 are drawn as U+FFFD, markup is escaped, and text that is too long for
// its space is shortened with an ellipsis.
//
// The font, Liberation Sans, has Latin, Greek and Cyrillic letters. Characters that it lacks, for example
// Japanese ones or emoji, are boxes in a PNG; a browser shows those of an SVG in another font. The figure
// is drawn in any case, and [Figure.CaptionText] lists them.
//
// # Errors
//
// A description that cannot be drawn (lengths that do not match, no data, NaN or
// infinite values, rates ≤ 0 on a logarithmic axis) gives an error that wraps
// [ErrInput] and names the figure, the series and the element.
//
// # Colours
//
// Lines and bars use the palette of Okabe and Ito, whose colours people with the
// common kinds of colour blindness can distinguish; lines also differ in their dashes.
package viz
