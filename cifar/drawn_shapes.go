package cifar

import "math"

// The shapes are signed distances, exact or nearly so, after
// https://iquilezles.org/articles/distfunctions2d/.

type vec struct{ x, y float64 }

func (a vec) minus(b vec) vec             { return vec{a.x - b.x, a.y - b.y} }
func (a vec) dot(b vec) float64           { return a.x*b.x + a.y*b.y }
func (a vec) length() float64             { return math.Sqrt(a.x*a.x + a.y*a.y) }
func clamp01(x float64) float64           { return min(max(x, 0), 1) }
func (a vec) turned(sin, cos float64) vec { return vec{a.x*cos + a.y*sin, a.y*cos - a.x*sin} }

// ellipse paints an ellipse with radii rx and ry, rotated clockwise.
func (p *painter) ellipse(x, y, rx, ry, angle float64, c rgb) { p.glaze(x, y, rx, ry, angle, c, 1) }

// glaze paints an ellipse with an opacity.
func (p *painter) glaze(x, y, rx, ry, angle float64, c rgb, alpha float64) {
	sin, cos := math.Sincos(angle)
	p.fill(vec{x, y}, max(rx, ry), c, alpha, func(v vec) float64 {
		v = v.minus(vec{x, y}).turned(sin, cos)
		k := vec{v.x / rx, v.y / ry}.length()
		slope := vec{v.x / (rx * rx), v.y / (ry * ry)}.length()
		if slope == 0 {
			return -min(rx, ry)
		}
		return k * (k - 1) / slope
	})
}

func (p *painter) disc(x, y, r float64, c rgb) { p.limb(x, y, r, x, y, r, c) }

// limb paints a tapered rod: two discs and what lies between them.
func (p *painter) limb(x0, y0, r0, x1, y1, r1 float64, c rgb) {
	a, along := vec{x0, y0}, vec{x1 - x0, y1 - y0}
	square := along.dot(along)
	reach := along.length()/2 + max(r0, r1)
	p.fill(vec{(x0 + x1) / 2, (y0 + y1) / 2}, reach, c, 1, func(v vec) float64 {
		v = v.minus(a)
		t := 0.0
		if square > 0 {
			t = clamp01(v.dot(along) / square)
		}
		return v.minus(vec{along.x * t, along.y * t}).length() - (r0 + (r1-r0)*t)
	})
}

// box paints a box with half sides w and h and rounded corners.
func (p *painter) box(x, y, w, h, corner float64, c rgb) {
	p.fill(vec{x, y}, vec{w, h}.length(), c, 1, func(v vec) float64 {
		dx, dy := math.Abs(v.x-x)-w+corner, math.Abs(v.y-y)-h+corner
		return vec{max(dx, 0), max(dy, 0)}.length() + min(max(dx, dy), 0) - corner
	})
}

// polygon paints a polygon through the points x0, y0, x1, y1, …, at least three.
func (p *painter) polygon(c rgb, xy ...float64) {
	points := make([]vec, len(xy)/2)
	low, high := vec{math.Inf(1), math.Inf(1)}, vec{math.Inf(-1), math.Inf(-1)}
	for i := range points {
		v := vec{xy[2*i], xy[2*i+1]}
		points[i] = v
		low, high = vec{min(low.x, v.x), min(low.y, v.y)}, vec{max(high.x, v.x), max(high.y, v.y)}
	}
	middle := vec{(low.x + high.x) / 2, (low.y + high.y) / 2}
	p.fill(middle, high.minus(middle).length(), c, 1, func(v vec) float64 { return polygonDistance(points, v) })
}

func polygonDistance(points []vec, v vec) float64 {
	square, sign := math.Inf(1), 1.0
	for i, a := range points {
		b := points[(i+len(points)-1)%len(points)]
		edge, to := b.minus(a), v.minus(a)
		t := clamp01(to.dot(edge) / max(edge.dot(edge), 1e-12))
		off := to.minus(vec{edge.x * t, edge.y * t})
		square = min(square, off.dot(off))
		above, below := v.y >= a.y, v.y < b.y
		left := edge.x*to.y > edge.y*to.x
		if above == below && above == left { // this edge crosses the ray from v
			sign = -sign
		}
	}
	return sign * math.Sqrt(square)
}

// curve paints a thick line through the points x0, y0, x1, y1, … whose radius
// changes from r0 to r1.
func (p *painter) curve(c rgb, r0, r1 float64, xy ...float64) {
	steps := float64(len(xy)/2 - 1)
	for i := 0; i+3 < len(xy); i += 2 {
		t := float64(i / 2)
		p.limb(xy[i], xy[i+1], r0+(r1-r0)*t/steps, xy[i+2], xy[i+3], r0+(r1-r0)*(t+1)/steps, c)
	}
}
