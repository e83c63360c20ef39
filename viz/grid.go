package viz

import (
	"fmt"
	"image"
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/cnnbook/cnnbook/internal/number"
)

// Tile is one image of a grid with its labels.
type Tile struct {
	Image        image.Image // nil leaves the cell empty
	Above, Below string      // may hold several lines
	Wrong        bool        // framed, with its labels in bold and another colour
}

// Grid describes rows of images of one size. Images are enlarged without
// smoothing and keep their proportions.
type Grid struct {
	Title   string
	Columns []string  // titles above the columns, or nil
	Rows    [][]Tile  // rows may differ in length
	Side    vg.Length // side of an image; 0 means 64 points, 4 pixels for each pixel of a 32 × 32 image
}

// Figure lays the grid out. Columns are as wide as their images or labels need.
func (g Grid) Figure() (*Figure, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	l := g.layout()
	return &Figure{
		Title: g.Title, Alt: g.alt(), Width: l.width, Height: l.height,
		draw: func(c draw.Canvas) { g.paint(c, l) },
	}, nil
}

func (g Grid) check() error {
	const figure = "image grid"
	if g.Columns != nil && len(g.Columns) < g.columns() {
		return inputErrorf(figure, "%d column titles, expected %d, one for each column", len(g.Columns), g.columns())
	}
	if !(g.Side >= 0 && g.Side <= maxSide) {
		return inputErrorf(figure, "side is %v points, expected 0 to %d", float64(g.Side), maxSide)
	}
	images := 0
	for i, row := range g.Rows {
		for j, t := range row {
			if t.Image == nil {
				continue
			}
			images++
			if t.Image.Bounds().Empty() {
				return inputErrorf(figure, "image in row %d, column %d has no pixels (bounds %v)", i, j, t.Image.Bounds())
			}
		}
	}
	if images == 0 {
		return inputErrorf(figure, "no images, expected at least one")
	}
	return nil
}

// columns is the length of the longest row.
func (g Grid) columns() int {
	n := 0
	for _, row := range g.Rows {
		n = max(n, len(row))
	}
	return n
}

// gridLayout holds the dimensions of a grid, in points.
type gridLayout struct {
	side, cellWidth, cellHeight vg.Length
	above, below                vg.Length // height of the labels around an image
	head                        vg.Length // height of title and column titles
	content                     vg.Length // width of the columns
	width, height               vg.Length
	words, title                lettering
}

const (
	wordLine  = vg.Length(15) // height of a line of a label
	tileGap   = vg.Length(8)
	maxSpread = 2.2 // a column is at most this many images wide; longer labels are cut
)

func (g Grid) layout() gridLayout {
	l := gridLayout{
		side:  g.Side,
		words: lettering{sans(tickSize, false), ink()},
		title: lettering{sans(labelSize, true), ink()},
	}
	if l.side == 0 {
		l.side = 64
	}
	bold := lettering{sans(tickSize, true), ink()}
	widest := l.title.widest(g.Columns)
	for _, row := range g.Rows {
		for _, t := range row {
			above, below := wordLines(t.Above), wordLines(t.Below)
			l.above = max(l.above, wordLine*vg.Length(len(above)))
			l.below = max(l.below, wordLine*vg.Length(len(below)))
			widest = max(widest, bold.widest(above), bold.widest(below))
		}
	}
	l.cellWidth = max(l.side, min(widest, maxSpread*l.side))
	l.cellHeight = l.above + l.side + l.below
	l.head = headerHeight(g.Title)
	if g.Title == "" {
		l.head = margin
	}
	if len(g.Columns) > 0 {
		l.head += wordLine + 4
	}
	columns, rows := vg.Length(g.columns()), vg.Length(len(g.Rows))
	gap := l.rowGap()
	l.content = columns*l.cellWidth + (columns-1)*tileGap
	l.width = 2*margin + max(l.content, min(headerLettering().width(g.Title), plotWidth))
	l.height = l.head + rows*l.cellHeight + (rows-1)*gap + margin
	return l
}

// rowGap is wider if there are labels between the rows.
func (l gridLayout) rowGap() vg.Length {
	if l.above+l.below > 0 {
		return tileGap + 4
	}
	return tileGap
}

func (g Grid) paint(c draw.Canvas, l gridLayout) {
	drawHeader(c, g.Title)
	left := c.Min.X + (c.Size().X-l.content)/2
	top := c.Max.Y - l.head
	x := func(column int) vg.Length { return left + vg.Length(column)*(l.cellWidth+tileGap) }
	for j, title := range g.Columns[:min(len(g.Columns), g.columns())] {
		l.title.draw(c, x(j)+l.cellWidth/2, top+6, 0.5, l.title.fit(title, l.cellWidth+tileGap/2))
	}
	for i, row := range g.Rows {
		y := top - vg.Length(i)*(l.cellHeight+l.rowGap())
		for j, t := range row {
			if t.Image != nil {
				t.paint(c, l, x(j), y)
			}
		}
	}
}

// paint draws a tile into the cell whose upper left corner is (x, y).
func (t Tile) paint(c draw.Canvas, l gridLayout, x, y vg.Length) {
	words := l.words
	if t.Wrong {
		words = lettering{sans(tickSize, true), wrongInk()}
	}
	middle := x + l.cellWidth/2
	above := wordLines(t.Above)
	for k, line := range above {
		words.draw(c, middle, y-l.above+wordLine*vg.Length(len(above)-1-k)+5, 0.5, words.fit(line, l.cellWidth+tileGap/2))
	}
	y -= l.above
	frame := fitImage(t.Image.Bounds(), middle-l.side/2, y-l.side, l.side)
	c.DrawImage(frame, t.Image)
	if t.Wrong {
		outline(c, frame, wrongInk(), 2.5)
	}
	for k, line := range wordLines(t.Below) {
		words.draw(c, middle, y-l.side-wordLine*vg.Length(k+1)+1, 0.5, words.fit(line, l.cellWidth+tileGap/2))
	}
}

// fitImage centres a rectangle with the proportions of b in a square.
func fitImage(b image.Rectangle, x, y, side vg.Length) vg.Rectangle {
	longest := vg.Length(max(b.Dx(), b.Dy()))
	w, h := side*vg.Length(b.Dx())/longest, side*vg.Length(b.Dy())/longest
	x, y = x+(side-w)/2, y+(side-h)/2
	return vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + w, Y: y + h}}
}

// outline draws a frame around the outside of a rectangle.
func outline(c draw.Canvas, r vg.Rectangle, ink color.Color, width vg.Length) {
	d := width / 2
	x0, y0, x1, y1 := r.Min.X-d, r.Min.Y-d, r.Max.X+d, r.Max.Y+d
	c.StrokeLines(draw.LineStyle{Color: ink, Width: width},
		[]vg.Point{{X: x0 - d, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}, {X: x0, Y: y0}})
}

func wordLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// alt states the number of rows and columns, the column titles, the number of wrong predictions, and the labels of up to
// a dozen images.
func (g Grid) alt() string {
	var words []string
	images, wrong := 0, 0
	for _, row := range g.Rows {
		for _, t := range row {
			if t.Image == nil {
				continue
			}
			images++
			if t.Wrong {
				wrong++
			}
			if text := strings.Join(append(wordLines(t.Above), wordLines(t.Below)...), ", "); text != "" {
				words = append(words, text)
			}
		}
	}
	var b strings.Builder
	if g.Title != "" {
		b.WriteString(sentence(g.Title) + " ")
	}
	fmt.Fprintf(&b, "%s in %s and %s.", number.Counted(images, "image"), number.Counted(len(g.Rows), "row"), number.Counted(g.columns(), "column"))
	if len(g.Columns) > 0 {
		fmt.Fprintf(&b, " Columns: %s.", strings.Join(g.Columns, ", "))
	}
	if wrong > 0 {
		fmt.Fprintf(&b, " Marked as wrong: %d.", wrong)
	}
	if len(words) > 0 && len(words) <= 12 {
		fmt.Fprintf(&b, " The words with them: %s.", strings.Join(words, "; "))
	}
	return b.String()
}
