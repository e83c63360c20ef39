package cifar

import (
	"math"
	"math/rand/v2"
)

// painter paints one image. Shapes are given in the coordinates of the pose: after
// rest() in pixels; for an object in its own units, where it extends from -1 to 1,
// y points down and the object looks to the right.
type painter struct {
	*rand.Rand
	canvas [Height][Width]rgb
	pose   pose
	shade  float64 // how much darker the object's underside is
	grain  float64 // texture of what is painted, as a fraction of its brightness
	seed   uint32  // of the textures
}

// pose maps the units of an object to pixels: mirror and stretch, rotate, scale,
// shift.
type pose struct {
	x, y     float64 // pixels
	scale    float64 // pixels per unit
	stretchX float64 // negative to mirror
	sin, cos float64
}

func newPainter(rng *rand.Rand) *painter {
	p := &painter{Rand: rng, seed: rng.Uint32()}
	p.rest()
	return p
}

// rest goes back to pixels.
func (p *painter) rest() {
	p.pose = pose{scale: 1, stretchX: 1, cos: 1}
	p.shade, p.grain = 0, 0
}

// place sets the pose of the object.
func (p *painter) place(s stage, of subject) {
	size := knobHalfSize * p.between(1-knobSizeSway, 1+knobSizeSway)
	angle := p.between(-1, 1) * knobTilt * of.tilt
	p.pose = pose{
		x: Width/2 + p.between(-1, 1)*knobShift, y: Height/2 + p.between(-1, 1)*knobShift,
		scale: size, stretchX: p.between(0.88, 1.12), sin: math.Sin(angle), cos: math.Cos(angle),
	}
	if of.afloat && s.kind == sceneSea {
		p.pose.y = min(max(s.horizon+p.between(0, 7)-0.45*size, 11), 20)
	}
	if p.chance(0.5) {
		p.pose.stretchX *= -1
	}
	p.shade, p.grain = p.between(0.1, 0.4), p.between(0, 0.15)
}

// within draws a part of the object in its own pose: with the origin at (x, y),
// scaled and rotated by angle, in radians.
func (p *painter) within(x, y, scale, angle float64, draw func()) {
	old := p.pose
	p.pose.x, p.pose.y = old.toPixels(vec{x, y})
	p.pose.scale *= scale
	if old.stretchX < 0 {
		angle = -angle
	}
	sin, cos := math.Sincos(angle)
	p.pose.sin, p.pose.cos = old.sin*cos+old.cos*sin, old.cos*cos-old.sin*sin
	draw()
	p.pose = old
}

func (q pose) toPixels(v vec) (x, y float64) {
	v.x *= q.stretchX
	return q.x + q.scale*(v.x*q.cos-v.y*q.sin), q.y + q.scale*(v.x*q.sin+v.y*q.cos)
}

func (q pose) toUnits(x, y float64) vec {
	x, y = (x-q.x)/q.scale, (y-q.y)/q.scale
	return vec{(x*q.cos + y*q.sin) / q.stretchX, y*q.cos - x*q.sin}
}

// fill paints a region: distance is negative inside it, and the circle around
// middle with radius reach contains it. An edge is one pixel wide; alpha is the
// opacity.
func (p *painter) fill(middle vec, reach float64, c rgb, alpha float64, distance func(vec) float64) {
	x, y := p.pose.toPixels(middle)
	r := reach*p.pose.scale*max(1, math.Abs(p.pose.stretchX)) + 1
	for py := max(0, int(y-r)); py < min(Height, int(y+r)+1); py++ {
		for px := max(0, int(x-r)); px < min(Width, int(x+r)+1); px++ {
			v := p.pose.toUnits(float64(px)+0.5, float64(py)+0.5)
			cover := 0.5 - distance(v)*p.pose.scale
			if cover <= 0 {
				continue
			}
			light := 1 - p.shade*v.y
			if p.grain > 0 {
				light *= 1 + p.grain*(2*p.texture(px, py)-1)
			}
			p.canvas[py][px] = p.canvas[py][px].mix(c.times(light), min(cover, 1)*alpha)
		}
	}
}

// texture returns a random number from 0 to 1 that is fixed for a pixel of this
// image.
func (p *painter) texture(x, y int) float64 {
	h := uint32(x)*0x85ebca6b ^ uint32(y)*0xc2b2ae35 ^ p.seed
	h = (h ^ h>>15) * 0x2c1b3c6d
	h = (h ^ h>>12) * 0x297a2d39
	return float64(h>>8) / (1 << 24)
}

// clouds returns smooth noise from 0 to 1: textures at three scales, the coarsest
// of which is size pixels wide.
func (p *painter) clouds(x, y, size float64) float64 {
	sum, weight := 0.0, 0.5
	for range 3 {
		sum += weight * p.smooth(x/size, y/size)
		x, y, size, weight = x+31, y+17, size/2, weight/2
	}
	return sum / 0.875
}

func (p *painter) smooth(x, y float64) float64 {
	x, y = x+64, y+64 // positive, so that int rounds down
	ix, iy := int(x), int(y)
	fx, fy := x-float64(ix), y-float64(iy)
	fx, fy = fx*fx*(3-2*fx), fy*fy*(3-2*fy)
	top := p.texture(ix, iy)*(1-fx) + p.texture(ix+1, iy)*fx
	bottom := p.texture(ix, iy+1)*(1-fx) + p.texture(ix+1, iy+1)*fx
	return top*(1-fy) + bottom*fy
}

// between draws a number from a to b.
func (p *painter) between(a, b float64) float64 { return a + (b-a)*p.Float64() }

// about draws a number within a sixth of a.
func (p *painter) about(a float64) float64 { return a * p.between(5.0/6, 7.0/6) }

func (p *painter) chance(part float64) bool { return p.Float64() < part }

// weighted draws an index with the given weights.
func (p *painter) weighted(weights []float64) int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	at := p.Float64() * total
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return 0
}
