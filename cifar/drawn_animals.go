package cifar

import "math"

// eye paints an eye with a highlight in it.
func (p *painter) eye(x, y, r float64, iris rgb) {
	p.disc(x, y, r, iris)
	p.disc(x, y, 0.55*r, grey(0.04))
	p.disc(x+0.3*r, y-0.35*r, 0.28*r, grey(0.95))
}

func drawBird(p *painter) {
	back := p.plumage()
	belly := back.mix(p.oneOf(grey(0.9), rgb{0.85, 0.6, 0.35}, rgb{0.8, 0.78, 0.6}), p.between(0.1, 0.9))
	beak := p.oneOf(rgb{0.9, 0.65, 0.15}, grey(0.2), rgb{0.8, 0.4, 0.15})
	switch p.weighted([]float64{5, 3, 2}) {
	case 0:
		birdPerched(p, back, belly, beak)
	case 1:
		p.within(0, 0, 1.05, p.between(-0.5, 0.5), func() { birdFlying(p, back, belly, beak) })
	default:
		birdStanding(p, back, belly, beak)
	}
}

func birdPerched(p *painter, back, belly, beak rgb) {
	lean := p.between(-0.5, 0.1)
	if p.chance(0.6) {
		p.limb(-1.4, 0.72+p.between(-0.1, 0.1), p.about(0.06), 1.4, 0.72, p.about(0.06), p.oneOf(rgb{0.35, 0.25, 0.18}, grey(0.45), rgb{0.3, 0.4, 0.2}))
	}
	p.limb(-0.1, 0.4, 0.03, -0.08, 0.7, 0.03, beak.dim(0.2))
	p.limb(0.1, 0.4, 0.03, 0.12, 0.7, 0.03, beak.dim(0.2))
	p.within(0, 0.1, 1, lean, func() {
		p.polygon(back.dim(0.3), -0.35, -0.08, -0.35, 0.12, -p.about(1), 0.16, -1, 0)
		p.ellipse(0, 0, 0.56, p.about(0.38), 0, back)
		p.ellipse(0.14, 0.12, 0.38, 0.26, 0, belly)
		p.ellipse(-0.18, -0.02, p.about(0.4), 0.2, 0.15, back.dim(0.3))
	})
	hx, hy, r := 0.45, -0.38+0.3*lean, p.about(0.26)
	p.polygon(beak, hx+0.15, hy-0.1, hx+0.15, hy+0.1, hx+p.between(0.36, 0.6), hy+0.03)
	p.disc(hx, hy, r, back)
	p.ellipse(hx+0.08, hy+0.12, 0.15, 0.1, 0, belly)
	p.eye(hx+0.1, hy-0.04, 0.075, p.oneOf(grey(0.1), rgb{0.6, 0.4, 0.1}))
}

func birdFlying(p *painter, back, belly, beak rgb) {
	beat := p.between(-0.9, 0.75) // wing tips up to down
	p.polygon(back.dim(0.3), 0.2, 0, -0.15, 0, -p.about(0.5), beat*0.9, -0.12, beat*0.8)
	p.polygon(back.dim(0.15), -0.35, -0.07, -0.35, 0.07, -p.about(0.85), 0.18, -0.85, -0.12)
	p.limb(-0.35, 0, 0.1, 0.35, -0.02, 0.16, belly)
	p.polygon(beak, 0.6, -0.08, 0.6, 0.02, 0.8, -0.01)
	p.disc(0.52, -0.06, 0.14, back)
	p.disc(0.57, -0.08, 0.04, grey(0.05))
	tip := beat * p.about(1)
	p.polygon(back, 0.3, -0.02, -0.2, 0.02, -0.35, tip*0.6, -0.2, tip, 0.1, tip*0.6)
	p.limb(-0.2, tip, 0.03, -0.33, tip*0.6, 0.05, back.dim(0.4))
}

// birdStanding paints a wader, a duck or an ostrich, by the length of its legs and neck.
func birdStanding(p *painter, back, belly, beak rgb) {
	leg, neck := p.between(0.1, 0.5), p.between(0.2, 0.6)
	base := 0.75 - leg
	p.curve(beak.dim(0.3), 0.04, 0.03, -0.12, base, -0.06, base+leg/2, -0.12, 0.8)
	p.curve(beak.dim(0.3), 0.04, 0.03, 0.1, base, 0.16, base+leg/2, 0.1, 0.8)
	p.polygon(back.dim(0.2), -0.3, base-0.3, -0.3, base, -p.about(0.8), base-0.05)
	p.ellipse(-0.05, base-0.12, 0.48, 0.28, -0.15, back)
	p.ellipse(0.05, base, 0.3, 0.16, -0.15, belly)
	hx, hy := p.about(0.5), base-0.25-neck
	p.curve(belly, 0.14, 0.08, 0.3, base-0.18, 0.42, base-0.2-neck/2, hx, hy)
	p.polygon(beak, hx+0.08, hy-0.05, hx+0.08, hy+0.08, hx+p.between(0.3, 0.5), hy+0.08)
	p.disc(hx, hy, 0.14, back)
	p.disc(hx+0.05, hy-0.03, 0.045, grey(0.05))
}

func drawFrog(p *painter) {
	skin := p.skin()
	belly := skin.mix(rgb{0.9, 0.9, 0.7}, p.between(0.3, 0.9))
	if p.chance(0.55) {
		frogAhead(p, skin, belly)
	} else {
		frogSide(p, skin, belly)
	}
}

func frogAhead(p *painter, skin, belly rgb) {
	wide, high := p.about(0.7), p.about(0.48)
	eye := p.oneOf(rgb{0.85, 0.7, 0.2}, rgb{0.7, 0.3, 0.15}, rgb{0.8, 0.8, 0.6})
	for _, side := range []float64{-1, 1} {
		p.ellipse(side*0.72*wide/0.7, 0.42, 0.28, 0.34, side*0.5, skin.dim(0.15)) // thighs
		p.ellipse(side*0.75, 0.74, 0.25, 0.08, 0, skin.dim(0.25))
	}
	p.ellipse(0, 0.2, wide, high, 0, skin)
	p.ellipse(0, 0.45, wide*0.7, high*0.55, 0, belly)
	p.ellipse(0, -0.05, wide*0.86, p.about(0.36), 0, skin)
	for _, side := range []float64{-1, 1} {
		p.limb(side*0.36, 0.4, 0.1, side*0.32, 0.72, 0.07, skin)
		p.ellipse(side*0.34, 0.78, 0.17, 0.06, 0, skin.dim(0.1))
		p.disc(side*0.4*wide/0.7, -0.36, p.about(0.2), skin)
		p.eye(side*0.42*wide/0.7, -0.37, 0.14, eye)
	}
	p.curve(skin.dim(0.55), 0.03, 0.03, -0.5*wide/0.7, 0.02, -0.25, 0.12, 0, 0.15, 0.25, 0.12, 0.5*wide/0.7, 0.02)
	p.spots(skin.dim(0.35), -0.4, -0.2, 0.4, 0.1)
}

func frogSide(p *painter, skin, belly rgb) {
	p.ellipse(-0.05, 0.3, 0.72, p.about(0.36), -0.3, skin)
	p.ellipse(0.15, 0.42, 0.5, 0.22, -0.2, belly)
	p.ellipse(0.45, -0.02, 0.42, p.about(0.28), -0.1, skin)
	p.curve(skin.dim(0.55), 0.025, 0.025, 0.82, 0, 0.6, 0.1, 0.35, 0.08)
	p.disc(0.42, -0.27, p.about(0.18), skin)
	p.eye(0.45, -0.28, 0.13, p.oneOf(rgb{0.85, 0.7, 0.2}, rgb{0.7, 0.3, 0.15}))
	p.ellipse(-0.48, 0.42, 0.38, 0.2, -0.55, skin.dim(0.18))
	p.limb(-0.75, 0.58, 0.09, -0.3, 0.68, 0.07, skin.dim(0.25))
	p.limb(-0.3, 0.7, 0.06, 0.05, 0.74, 0.04, skin.dim(0.25))
	p.curve(skin.dim(0.1), 0.09, 0.06, 0.4, 0.4, 0.32, 0.58, 0.45, 0.72, 0.6, 0.74)
	p.spots(skin.dim(0.35), -0.5, 0, 0.2, 0.3)
}

// spots sometimes scatters a few spots over a rectangle.
func (p *painter) spots(c rgb, x0, y0, x1, y1 float64) {
	if p.chance(0.5) {
		return
	}
	for range 3 + p.IntN(4) {
		p.glaze(p.between(x0, x1), p.between(y0, y1), p.about(0.09), p.about(0.06), 0, c, 0.8)
	}
}

// legs paints four legs from hip to ground, two of them behind in the shade.
func (p *painter) legs(c rgb, back, front, hip, ground, thick float64) {
	gait := p.between(-0.16, 0.16)
	for _, leg := range [][2]float64{{back, gait}, {front, -gait}} {
		p.curve(c.dim(0.35), thick, 0.7*thick, leg[0]+0.1, hip, leg[0]+0.1+leg[1]/2, (hip+ground)/2, leg[0]+0.08+leg[1], ground-0.03)
	}
	for _, leg := range [][2]float64{{back, -gait}, {front, gait}} {
		p.curve(c.dim(0.08), thick*1.2, 0.75*thick, leg[0], hip, leg[0]+leg[1]/2+0.03, (hip+ground)/2, leg[0]+leg[1], ground)
	}
}

func drawDeer(p *painter) {
	coat := p.oneOf(rgb{0.55, 0.36, 0.2}, rgb{0.65, 0.45, 0.27}, rgb{0.42, 0.3, 0.2}, rgb{0.5, 0.43, 0.35})
	if p.chance(0.25) {
		coat = p.coat()
	}
	stag := p.chance(0.7)
	if p.chance(0.7) {
		deerSide(p, coat, stag)
	} else {
		deerAhead(p, coat, stag)
	}
}

func deerSide(p *painter, coat rgb, stag bool) {
	p.shadow(0.9, 0.6)
	p.legs(coat, -0.42, 0.3, 0.2, 0.88, 0.06)
	p.limb(-0.62, -0.08, 0.05, -0.55, 0.1, 0.09, grey(0.92)) // the white tail
	p.limb(-0.38, 0.04, 0.22, 0.28, 0.06, p.about(0.22), coat)
	p.limb(-0.25, 0.2, 0.08, 0.2, 0.22, 0.08, coat.lit(0.35))
	hx, hy := 0.62+p.between(-0.1, 0.1), -0.5+p.between(-0.08, 0.15)
	p.limb(0.34, -0.02, 0.15, hx-0.05, hy+0.02, 0.09, coat)
	p.limb(hx-0.08, hy-0.02, 0.02, hx-0.28, hy-0.14, 0.06, coat.dim(0.25)) // ear
	p.limb(hx, hy, 0.12, hx+0.28, hy+0.1, 0.065, coat)
	p.disc(hx+0.32, hy+0.11, 0.04, grey(0.1))
	p.disc(hx+0.04, hy-0.04, 0.04, grey(0.05))
	if stag {
		p.antler(hx-0.04, hy-0.1, -1)
		p.antler(hx+0.02, hy-0.1, 0.55)
	}
	if p.chance(0.3) {
		p.spots(coat.lit(0.5), -0.45, -0.1, 0.3, 0.1)
	}
}

func deerAhead(p *painter, coat rgb, stag bool) {
	p.limb(0, 0.35, 0.3, 0, 0.95, 0.45, coat.dim(0.15))
	for _, side := range []float64{-1, 1} {
		p.ellipse(side*0.4, -0.1, p.about(0.25), 0.11, -side*0.4, coat.dim(0.2))
		p.ellipse(side*0.4, -0.09, 0.17, 0.06, -side*0.4, coat.lit(0.35))
		if stag {
			p.antler(side*0.13, -0.22, side)
		}
	}
	p.limb(0, -0.02, 0.26, 0, 0.45, 0.14, coat)
	p.ellipse(0, 0.47, 0.13, 0.12, 0, coat.lit(0.4))
	p.ellipse(0, 0.47, 0.08, 0.06, 0, grey(0.08))
	for _, side := range []float64{-1, 1} {
		p.ellipse(side*0.18, 0.02, 0.06, 0.07, 0, grey(0.05))
	}
}

// antler paints an antler that branches outwards to side.
func (p *painter) antler(x, y, side float64) {
	c := p.oneOf(rgb{0.75, 0.65, 0.5}, rgb{0.5, 0.4, 0.3}, rgb{0.35, 0.26, 0.2})
	high, wide := p.about(0.5), side*p.about(0.32)
	p.curve(c, 0.04, 0.025, x, y, x+0.75*wide, y-0.4*high, x+wide, y-high)
	p.limb(x+0.4*wide, y-0.22*high, 0.03, x+0.25*wide, y-0.75*high, 0.02, c)
	p.limb(x+0.75*wide, y-0.45*high, 0.03, x+1.5*wide, y-0.7*high, 0.02, c)
}

func drawHorse(p *painter) {
	coat := p.coat()
	mane := p.oneOf(coat.dim(0.6), grey(0.08), rgb{0.85, 0.78, 0.6}, coat.dim(0.3))
	if p.chance(0.72) {
		horseSide(p, coat, mane)
	} else {
		horseHead(p, coat, mane)
	}
}

func horseSide(p *painter, coat, mane rgb) {
	p.shadow(0.92, 0.7)
	p.legs(coat, -0.48, 0.32, 0.2, 0.9, 0.085)
	p.curve(mane, 0.08, 0.05, -0.62, -0.08, -0.78, 0.1, -0.8, p.between(0.3, 0.6)) // tail
	p.limb(-0.4, 0.02, 0.26, 0.3, 0.04, p.about(0.26), coat)
	low := p.between(0, 0.5) // grazing, a little
	hx, hy := 0.68, -0.52+low
	p.limb(0.34, -0.02, 0.22, hx-0.04, hy, 0.12, coat)
	p.limb(0.24, -0.24+0.2*low, 0.06, hx-0.14, hy-0.08, 0.06, mane)
	p.limb(hx-0.08, hy-0.1, 0.04, hx-0.08, hy-0.22, 0.02, coat.dim(0.2))
	p.limb(hx-0.02, hy, 0.13, hx+0.26, hy+0.24, 0.085, coat)
	p.disc(hx+0.27, hy+0.26, 0.05, coat.dim(0.45))
	p.disc(hx+0.04, hy-0.01, 0.035, grey(0.05))
	if p.chance(0.3) { // blaze or socks
		p.limb(hx+0.06, hy-0.06, 0.03, hx+0.24, hy+0.12, 0.03, grey(0.95))
	}
	if p.chance(0.22) { // rider
		p.limb(-0.02, -0.25, 0.1, 0.02, 0.15, 0.07, p.anyColour().dim(0.4))
		p.limb(-0.04, -0.3, 0.13, 0, -0.58, 0.12, p.anyColour())
		p.disc(0.02, -0.8, 0.11, rgb{0.75, 0.55, 0.42})
	}
}

func horseHead(p *painter, coat, mane rgb) {
	p.limb(-0.55, 0.95, 0.5, -0.12, -0.25, 0.26, coat)
	p.curve(mane, 0.14, 0.1, -0.85, 0.6, -0.6, 0.05, -0.32, -0.42, -0.05, -0.58)
	for _, x := range []float64{-0.14, 0.06} {
		p.polygon(coat.dim(0.2), x-0.08, -0.45, x+0.1, -0.45, x+0.02, -p.about(0.8))
	}
	p.limb(-0.05, -0.3, 0.26, 0.5, 0.3, 0.16, coat)
	p.disc(0.54, 0.36, 0.15, coat.dim(0.35))
	p.disc(0.6, 0.32, 0.04, grey(0.06))
	p.disc(0.06, -0.3, 0.065, grey(0.05))
	if p.chance(0.4) {
		p.limb(0.14, -0.42, 0.05, 0.52, 0.12, 0.06, grey(0.93))
	}
	if p.chance(0.4) { // bridle
		c := p.anyColour().dim(0.5)
		p.limb(0.2, 0.18, 0.025, 0.48, 0, 0.025, c)
		p.limb(-0.2, -0.06, 0.025, 0.2, 0.18, 0.025, c)
	}
}

// stripe paints an arc of fur in another tone.
func (p *painter) stripe(c rgb, x, y, half, angle float64) {
	sin, cos := math.Sincos(angle)
	p.limb(x-half*cos, y-half*sin, 0.03, x+half*cos, y+half*sin, 0.02, c)
}
