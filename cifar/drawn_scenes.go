package cifar

import "math"

// The scenes. Columns of subjectOf's table are in this order.
const (
	sceneSky = iota
	sceneSea
	sceneGrass
	sceneRoad
	sceneRoom
	sceneWood
	scenePlain
	sceneKinds
)

// stage is the scene around an object.
type stage struct {
	kind    int
	horizon float64 // pixels from the top
}

// scene paints the background.
func (p *painter) scene(of subject) stage {
	s := stage{kind: p.weighted(of.scenes[:]), horizon: p.between(7, 23)}
	if p.chance(knobAnyScene) {
		s.kind = p.IntN(sceneKinds)
	}
	switch s.kind {
	case sceneSky:
		p.sky(Height * 1.4)
	case sceneSea:
		p.sky(s.horizon)
		p.coast(s.horizon)
		p.water(s.horizon)
	case sceneGrass:
		p.sky(s.horizon)
		p.trees(s.horizon)
		p.meadow(s.horizon)
	case sceneRoad:
		p.sky(s.horizon)
		p.houses(s.horizon)
		p.road(s.horizon)
	case sceneRoom:
		p.room(s.horizon)
	case sceneWood:
		p.wood()
	default:
		p.plain()
	}
	return s
}

// each paints the rows from top to bottom.
func (p *painter) each(top, bottom float64, colour func(x, y float64) rgb) {
	for y := max(0, int(top)); y < min(Height, int(bottom)+1); y++ {
		cover := clamp01(float64(y) + 1 - top)
		for x := range Width {
			p.canvas[y][x] = p.canvas[y][x].mix(colour(float64(x), float64(y)), cover)
		}
	}
}

func (p *painter) sky(horizon float64) {
	top := p.oneOf(rgb{0.3, 0.5, 0.8}, rgb{0.45, 0.65, 0.9}, rgb{0.2, 0.35, 0.65}, grey(0.75), rgb{0.5, 0.45, 0.6}, rgb{0.55, 0.6, 0.68})
	low := p.oneOf(rgb{0.75, 0.85, 0.95}, rgb{0.65, 0.8, 0.95}, rgb{0.95, 0.75, 0.55}, grey(0.88), rgb{0.6, 0.7, 0.85})
	cloud, dense := grey(p.between(0.75, 1)), p.between(-0.4, 0.9)
	size := p.between(8, 26)
	p.each(0, Height-1, func(x, y float64) rgb {
		c := top.mix(low, clamp01(y/max(horizon, 1)))
		return c.mix(cloud, clamp01(3*(p.clouds(x, 1.8*y, size)-0.85+0.4*dense)))
	})
}

func (p *painter) water(horizon float64) {
	far := p.oneOf(rgb{0.35, 0.5, 0.65}, rgb{0.2, 0.35, 0.5}, rgb{0.35, 0.5, 0.48}, rgb{0.5, 0.55, 0.6})
	near := far.dim(p.between(0, 0.5))
	swell, foam := p.between(0.1, 0.5), p.between(0, 0.5)
	p.each(horizon, Height-1, func(x, y float64) rgb {
		depth := clamp01((y - horizon) / (Height - horizon))
		wave := p.clouds(x/(1+2*depth), y*2.2, 4) - 0.5
		c := far.mix(near, depth).times(1 + swell*2*wave)
		return c.mix(grey(0.95), clamp01(foam*(wave-0.22)*8))
	})
}

// coast sometimes paints a strip of land at the horizon.
func (p *painter) coast(horizon float64) {
	if !p.chance(0.5) {
		return
	}
	c := p.oneOf(rgb{0.3, 0.38, 0.3}, rgb{0.45, 0.45, 0.5}, rgb{0.35, 0.3, 0.28})
	height, size := p.between(1, 5), p.between(6, 14)
	p.each(0, horizon, func(x, y float64) rgb {
		return p.canvas[int(y)][int(x)].mix(c, clamp01(y-horizon+2*height*p.clouds(x, 3, size)))
	})
}

func (p *painter) meadow(horizon float64) {
	far := p.oneOf(rgb{0.4, 0.55, 0.25}, rgb{0.5, 0.6, 0.3}, rgb{0.55, 0.5, 0.3}, rgb{0.3, 0.45, 0.2}, rgb{0.65, 0.58, 0.38})
	near := p.vary(far, 0.12)
	rough := p.between(0.15, 0.6)
	p.each(horizon, Height-1, func(x, y float64) rgb {
		blade := 0.5*p.texture(int(x), int(y)/2) + 0.5*p.clouds(x, y/2, 5) - 0.5
		return far.mix(near, clamp01((y-horizon)/12)).times(1 + 2*rough*blade)
	})
}

// trees paints the edge of a wood behind a meadow.
func (p *painter) trees(horizon float64) {
	if p.chance(0.35) {
		return
	}
	c := p.oneOf(rgb{0.2, 0.32, 0.15}, rgb{0.3, 0.38, 0.2}, rgb{0.4, 0.35, 0.2}, rgb{0.3, 0.38, 0.42})
	height := p.between(3, 14)
	p.each(0, horizon, func(x, y float64) rgb {
		leaf := p.clouds(x, y, 5)
		edge := y - horizon + height*(0.4+1.2*p.clouds(x, 9, 9))
		return p.canvas[int(y)][int(x)].mix(c.times(0.6+0.8*leaf), clamp01(edge))
	})
}

func (p *painter) houses(horizon float64) {
	if p.chance(0.3) {
		p.trees(horizon)
		return
	}
	for x := p.between(-6, 0); x < Width; {
		w, h := p.between(3, 8), p.between(3, 14)
		c := p.oneOf(rgb{0.6, 0.5, 0.42}, grey(0.6), rgb{0.7, 0.66, 0.58}, rgb{0.5, 0.35, 0.3}, grey(0.4))
		p.box(x+w, horizon-h/2, w, h, 0.2, c)
		pane := c.dim(p.between(0.3, 0.6))
		for wx := x + 1.5; wx < x+2*w-1; wx += 3 {
			for wy := horizon - 1.3*h; wy < horizon-1; wy += 3.5 {
				p.box(wx+0.5, wy, 0.7, 1, 0.2, pane)
			}
		}
		x += 2*w + p.between(0, 4)
	}
}

func (p *painter) road(horizon float64) {
	tar := p.oneOf(grey(0.35), grey(0.5), rgb{0.55, 0.5, 0.45}, grey(0.65), rgb{0.7, 0.65, 0.55})
	rough := p.between(0.05, 0.25)
	p.each(horizon, Height-1, func(x, y float64) rgb {
		return tar.times(1 + rough*(p.clouds(x, y*2, 4)+p.texture(int(x), int(y))-1))
	})
	if p.chance(0.5) { // kerb or line
		y, w := p.between(horizon+1, Height), p.between(0.4, 1)
		p.limb(-2, y, w, Width+2, y+p.between(-4, 4), w, p.oneOf(grey(0.9), rgb{0.9, 0.8, 0.3}, grey(0.75)))
	}
}

func (p *painter) room(horizon float64) {
	wall := p.oneOf(rgb{0.8, 0.75, 0.65}, rgb{0.65, 0.7, 0.75}, rgb{0.75, 0.6, 0.5}, grey(0.85), rgb{0.45, 0.4, 0.38}, rgb{0.6, 0.65, 0.5})
	floor := p.oneOf(rgb{0.5, 0.35, 0.22}, rgb{0.65, 0.5, 0.35}, grey(0.6), rgb{0.6, 0.25, 0.2}, rgb{0.35, 0.38, 0.5}, rgb{0.8, 0.78, 0.72})
	slope := p.between(-0.15, 0.15)
	p.each(0, Height-1, func(x, y float64) rgb { return wall.times(0.9 + 0.2*p.clouds(x, y, 20)) })
	plank := 1 + p.Float64()*5
	for y := range Height {
		for x := range Width {
			cover := clamp01(float64(y) - horizon - slope*float64(x-Width/2))
			grain := 0.9 + 0.2*p.clouds(float64(x)*0.6, float64(y)*plank, 5)
			p.canvas[y][x] = p.canvas[y][x].mix(floor.times(grain), cover)
		}
	}
	if p.chance(0.7) { // window, painting, door or cupboard
		x, w, h := p.between(0, Width), p.between(2.5, 6), p.between(3, 7)
		y := horizon - p.between(0.6, 1.6)*h
		p.box(x, y, w+0.8, h+0.8, 0.3, p.oneOf(grey(0.9), rgb{0.4, 0.28, 0.18}, grey(0.25)))
		p.box(x, y, w, h, 0.2, p.anyColour())
	}
	if p.chance(0.5) { // cushion, sofa or rug
		p.box(p.between(0, Width), p.between(horizon, Height+4), p.between(6, 16), p.between(3, 7), 2.5, p.anyColour())
	}
}

func (p *painter) wood() {
	dark := p.oneOf(rgb{0.12, 0.2, 0.08}, rgb{0.22, 0.26, 0.14}, rgb{0.28, 0.22, 0.12}, rgb{0.3, 0.36, 0.3})
	light := p.oneOf(rgb{0.45, 0.58, 0.25}, rgb{0.6, 0.62, 0.4}, rgb{0.6, 0.48, 0.25}, rgb{0.7, 0.78, 0.7})
	size, sharp := p.between(5, 16), p.between(1, 2.5)
	p.each(0, Height-1, func(x, y float64) rgb {
		return dark.mix(light, clamp01(0.5+sharp*(p.clouds(x, y, size)-0.55)))
	})
	bark := p.oneOf(rgb{0.3, 0.22, 0.15}, rgb{0.5, 0.42, 0.35}, rgb{0.2, 0.17, 0.14})
	for range p.IntN(4) {
		x, r := p.between(0, Width), p.between(0.4, 2.2)
		p.limb(x, -3, r*0.8, x+p.between(-4, 4), Height+3, r, bark)
	}
}

// plain paints a wall, sand, snow or a studio: soft light and little else.
func (p *painter) plain() {
	one := p.oneOf(grey(0.95), grey(0.7), rgb{0.8, 0.7, 0.55}, rgb{0.6, 0.65, 0.75}, rgb{0.4, 0.35, 0.3}, rgb{0.5, 0.6, 0.45})
	if p.chance(0.2) {
		one = p.anyColour()
	}
	two := p.vary(one, 0.2)
	sin, cos := math.Sincos(p.between(0, 2*math.Pi))
	size, rough := p.between(4, 20), p.between(0, 0.25)
	p.each(0, Height-1, func(x, y float64) rgb {
		t := clamp01(0.5 + ((x-Width/2)*cos+(y-Height/2)*sin)/Width)
		return one.mix(two, t).times(1 + rough*(2*p.clouds(x, y, size)-1))
	})
}

// clutter scatters things behind the object.
func (p *painter) clutter(s stage) {
	for n := p.between(0, 2*knobClutter); n > 1; n-- {
		x, y := p.between(0, Width), p.between(0, Height)
		c := p.anyColour().mix(p.canvas[int(y)][int(x)], p.between(0.2, 0.8))
		r := p.between(0.7, 3.5)
		switch p.IntN(4) {
		case 0:
			p.ellipse(x, y, r, r*p.between(0.4, 1), p.between(0, 3), c)
		case 1:
			p.box(x, y, r, r*p.between(0.3, 2), 0.3, c)
		case 2:
			p.limb(x, y, 0.5, x+p.between(-12, 12), y+p.between(-9, 9), 0.4, c)
		default:
			p.polygon(c, x-r, y+r, x+r, y+r, x+p.between(-r, r), y-r)
		}
	}
	if s.kind == sceneGrass && p.chance(0.4) { // flowers
		c := p.anyColour().lit(0.3)
		for range 5 {
			p.disc(p.between(0, Width), p.between(s.horizon, Height), 0.6, c)
		}
	}
}

// foreground hides a little of the object with grass, a twig, a post or an edge.
func (p *painter) foreground(s stage) {
	switch {
	case s.kind == sceneGrass || s.kind == sceneWood && p.chance(0.5):
		c := p.oneOf(rgb{0.35, 0.5, 0.2}, rgb{0.6, 0.58, 0.3}, rgb{0.25, 0.35, 0.15})
		for x := p.between(0, 3); x < Width; x += p.between(0.8, 5) {
			p.limb(x, Height, 0.6, x+p.between(-3, 3), Height-p.between(2, 11), 0.2, c)
		}
	case p.chance(0.5):
		c, r := p.oneOf(rgb{0.3, 0.22, 0.15}, grey(0.4), rgb{0.3, 0.4, 0.2}), p.between(0.4, 1.1)
		p.limb(p.between(0, Width), -2, r, p.between(0, Width), Height+2, r, c)
	default:
		p.box(p.oneOf(grey(0), grey(1))[0]*Width, p.between(8, Height), p.between(3, 6), p.between(5, 14), 1.5, p.anyColour())
	}
}
