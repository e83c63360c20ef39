package cifar

import "math"

// wheel paints a tyre with a hub.
func (p *painter) wheel(x, y, r float64) {
	p.disc(x, y, r, grey(p.between(0.05, 0.15)))
	p.disc(x, y, 0.55*r, grey(p.between(0.35, 0.8)))
}

// shadow paints the shadow under what stands on the ground.
func (p *painter) shadow(y, half float64) {
	p.glaze(0, y, half, 0.12, 0, grey(0.05), p.between(0.1, 0.6))
}

func drawPlane(p *painter) {
	body := p.oneOf(grey(0.92), grey(0.75), grey(0.55), rgb{0.85, 0.88, 0.92})
	if p.chance(0.35) {
		body = p.lacquer()
	}
	trim := p.lacquer()
	switch p.weighted([]float64{5, 3, 2}) {
	case 0:
		planeSide(p, body, trim)
	case 1:
		p.within(0, 0, 1, p.between(-math.Pi, math.Pi), func() { planeAbove(p, body, trim) })
	default:
		planeAhead(p, body, trim)
	}
}

func planeSide(p *painter, body, trim rgb) {
	r, fin, nose := p.about(0.14), p.about(0.5), p.about(0.82)
	dark := body.dim(0.3)
	p.polygon(dark, 0.22, -0.05, -0.05, -0.05, -p.about(0.35), -p.about(0.36), -0.25, -0.36) // the far wing
	p.polygon(trim, -0.6, -0.08, -0.95, -0.05, -1.02, -fin, -0.85, -fin)
	p.limb(-0.95, -0.03, 0.05, -0.55, 0, r, body)
	p.limb(-0.6, 0, r, nose, 0.03, r*0.85, body)
	if p.chance(0.5) { // stripe or row of windows
		p.limb(-0.7, -0.01, 0.03, nose-0.1, 0.01, 0.03, trim)
	} else {
		for x := -0.5; x < 0.6; x += 0.17 {
			p.disc(x, -0.03, 0.035, grey(0.2))
		}
	}
	p.limb(nose-0.1, -0.06, 0.05, nose, -0.04, 0.04, p.glass())
	p.polygon(dark, -0.7, 0, -0.92, 0.02, -1.05, 0.14, -0.95, 0.14)
	reach := p.about(0.5)
	p.polygon(body.dim(0.15), 0.25, 0.05, -0.1, 0.07, -0.42, reach, -0.25, reach)
	if p.chance(0.7) {
		p.limb(-0.02, 0.24, 0.07, 0.16, 0.24, 0.08, dark)
	}
	if p.chance(0.3) { // wheels out
		for _, x := range []float64{-0.05, 0.6} {
			p.limb(x, 0.1, 0.02, x, 0.3, 0.02, grey(0.2))
			p.disc(x, 0.32, 0.06, grey(0.1))
		}
	}
}

func planeAbove(p *painter, body, trim rgb) {
	span, sweep, chord := p.about(0.95), p.between(-0.05, 0.6), p.about(0.28)
	for _, side := range []float64{-1, 1} {
		p.polygon(body.dim(0.12), 0.2, 0, 0.2-chord-0.1, 0, 0.02-sweep, side*span, 0.16-sweep, side*span)
		p.polygon(trim, -0.7, 0, -0.92, 0, -0.98, side*0.36, -0.86, side*0.36)
		if p.chance(0.5) {
			y := side * span * 0.4
			p.limb(0.05-0.4*sweep, y, 0.06, 0.24-0.4*sweep, y, 0.06, body.dim(0.4))
		}
	}
	p.limb(-0.9, 0, 0.05, -0.5, 0, 0.11, body)
	p.limb(-0.5, 0, 0.11, 0.85, 0, 0.09, body)
	p.limb(0.68, 0, 0.05, 0.78, 0, 0.05, p.glass())
}

func planeAhead(p *painter, body, trim rgb) {
	rise := p.between(-0.05, 0.2)
	p.limb(0, 0.05, 0.07, -0.98, 0.05-rise, 0.03, body.dim(0.15))
	p.limb(0, 0.05, 0.07, 0.98, 0.05-rise, 0.03, body.dim(0.15))
	p.polygon(trim, -0.05, -0.1, 0.05, -0.1, 0.03, -0.6, -0.03, -0.6)
	p.limb(-0.35, -0.2, 0.03, 0.35, -0.2, 0.03, body.dim(0.2))
	for _, x := range []float64{-0.42, 0.42} {
		p.disc(x, 0.17, 0.1, grey(0.3))
		p.disc(x, 0.17, 0.06, grey(0.1))
	}
	p.disc(0, 0.02, p.about(0.22), body)
	p.limb(-0.09, -0.06, 0.04, 0.09, -0.06, 0.04, p.glass())
	if p.chance(0.5) {
		for _, x := range []float64{-0.2, 0, 0.2} {
			p.limb(x, 0.2, 0.02, x, 0.4, 0.03, grey(0.15))
		}
	}
}

func drawCar(p *painter) {
	paint := p.lacquer()
	if p.chance(0.68) {
		carSide(p, paint)
	} else {
		carAhead(p, paint)
	}
}

func carSide(p *painter, paint rgb) {
	long, roof := p.about(0.92), -p.about(0.42)
	back, front := -p.between(0.45, 0.9), p.between(0.2, 0.5) // where the cabin meets the body
	p.shadow(0.42, 0.95)
	p.polygon(paint, back, 0, back+0.16, roof, front-0.3, roof, front, 0)
	glass := p.glass()
	p.polygon(glass, back+0.1, -0.03, back+0.2, roof+0.08, -0.13, roof+0.08, -0.13, -0.03)
	p.polygon(glass, -0.06, -0.03, -0.06, roof+0.08, front-0.33, roof+0.08, front-0.1, -0.03)
	p.box(0, 0.14, long, 0.19, 0.1, paint)
	p.polygon(paint, front-0.1, -0.06, long-0.1, 0.0, long-0.05, 0.15, front-0.1, 0.15)
	p.limb(-long+0.08, 0.28, 0.05, long-0.08, 0.28, 0.05, paint.dim(0.5))
	p.box(long-0.06, 0.1, 0.06, 0.05, 0.03, rgb{1, 0.95, 0.7})
	p.box(-long+0.05, 0.1, 0.05, 0.06, 0.03, rgb{0.8, 0.1, 0.1})
	r := p.about(0.19)
	p.wheel(-0.55*long/0.9, 0.3, r)
	p.wheel(0.55*long/0.9, 0.3, r)
}

func carAhead(p *painter, paint rgb) {
	wide, roof := p.about(0.72), -p.about(0.55)
	p.shadow(0.58, 0.8)
	p.box(-wide+0.14, 0.42, 0.12, 0.17, 0.05, grey(0.08))
	p.box(wide-0.14, 0.42, 0.12, 0.17, 0.05, grey(0.08))
	p.polygon(paint, -wide+0.05, -0.05, -0.7*wide, roof, 0.7*wide, roof, wide-0.05, -0.05)
	p.polygon(p.glass(), -wide+0.17, -0.08, -0.64*wide, roof+0.1, 0.64*wide, roof+0.1, wide-0.17, -0.08)
	p.box(0, 0.18, wide, 0.26, 0.12, paint)
	p.box(0, 0.22, 0.4*wide, 0.08, 0.03, grey(p.between(0.08, 0.35)))
	p.box(0, 0.39, wide*0.95, 0.06, 0.04, paint.dim(0.4))
	lamp := p.oneOf(rgb{1, 0.97, 0.8}, grey(0.85), rgb{0.85, 0.15, 0.1})
	for _, x := range []float64{-0.74 * wide, 0.74 * wide} {
		p.ellipse(x, 0.14, 0.15, 0.09, 0, lamp)
	}
}

func drawTruck(p *painter) {
	paint, box := p.lacquer(), p.lacquer()
	switch p.weighted([]float64{5, 2, 3}) {
	case 0:
		truckSide(p, paint, box)
	case 1:
		pickup(p, paint)
	default:
		truckAhead(p, paint, box)
	}
}

func truckSide(p *painter, paint, box rgb) {
	top, cab := -p.between(0.45, 0.75), p.about(0.38)
	split := 0.9 - cab
	p.shadow(0.5, 1)
	p.box(0, 0.33, 0.92, 0.06, 0.02, grey(0.15))
	switch p.IntN(4) {
	case 0: // tank
		p.limb(-0.72, 0, 0.28, split-0.3, 0, 0.28, box)
	case 1: // tipper
		p.polygon(box, -0.98, -0.35, split-0.04, -0.35, split-0.1, 0.28, -0.85, 0.28)
	default:
		p.box((split-1)/2, (top+0.28)/2, (split+0.95)/2, (0.28-top)/2, 0.03, box)
		if p.chance(0.5) {
			p.box((split-1)/2, (top+0.2)/2, (split+0.95)/3.4, 0.1, 0.03, p.anyColour())
		}
	}
	brow := -p.between(0.15, 0.4)
	p.polygon(paint, split, brow, 0.9-0.12, brow, 0.95, 0.02, 0.97, 0.34, split, 0.34)
	p.polygon(p.glass(), split+0.12, brow+0.08, 0.75, brow+0.08, 0.87, 0.02, split+0.12, 0.02)
	p.disc(0.92, 0.2, 0.05, rgb{1, 0.95, 0.7})
	r := p.about(0.16)
	for _, x := range []float64{-0.7, -0.36, 0.68} {
		p.wheel(x, 0.4, r)
	}
}

// pickup paints a pickup truck.
func pickup(p *painter, paint rgb) {
	roof := -p.about(0.42)
	p.shadow(0.45, 1)
	p.polygon(paint, -0.2, 0, -0.16, roof, 0.25, roof, 0.48, 0)
	p.polygon(p.glass(), -0.1, -0.03, -0.08, roof+0.08, 0.2, roof+0.08, 0.36, -0.03)
	p.box(0, 0.14, 0.96, 0.18, 0.05, paint)
	p.box(-0.58, -0.02, 0.36, 0.06, 0.02, paint.dim(0.45))
	if p.chance(0.5) {
		p.box(-0.58, -0.14, 0.25, 0.12, 0.03, p.anyColour())
	}
	p.disc(0.92, 0.1, 0.05, rgb{1, 0.95, 0.7})
	r := p.about(0.21)
	p.wheel(-0.58, 0.32, r)
	p.wheel(0.6, 0.32, r)
}

func truckAhead(p *painter, paint, box rgb) {
	wide, top := p.about(0.58), -p.about(0.75)
	p.shadow(0.78, 0.7)
	p.box(-wide+0.12, 0.64, 0.11, 0.16, 0.04, grey(0.08))
	p.box(wide-0.12, 0.64, 0.11, 0.16, 0.04, grey(0.08))
	if p.chance(0.7) {
		p.box(p.between(-0.15, 0.15), top/2-0.1, wide*1.12, -top/2+0.2, 0.03, box)
	}
	p.box(0, 0.1, wide, 0.52, 0.08, paint)
	p.box(0, -0.12, wide*0.86, 0.2, 0.04, p.glass())
	p.box(0, 0.32, wide*0.55, 0.12, 0.02, grey(p.between(0.1, 0.6)))
	p.box(0, 0.56, wide, 0.07, 0.03, p.oneOf(grey(0.8), grey(0.2), paint))
	for _, x := range []float64{-0.8 * wide, 0.8 * wide} {
		p.disc(x, 0.36, 0.08, rgb{1, 0.97, 0.8})
		p.limb(x*1.35, -0.2, 0.04, x*1.35, 0, 0.04, grey(0.12))
	}
}

func drawBoat(p *painter) {
	hull, second := p.lacquer(), p.lacquer()
	switch p.weighted([]float64{4, 4, 2}) {
	case 0:
		sailingBoat(p, hull, second)
	case 1:
		ship(p, hull, second)
	default:
		motorBoat(p, hull, second)
	}
	if p.chance(0.7) { // bow wave
		p.glaze(0, 0.72, p.about(0.95), 0.07, 0, grey(0.95), p.between(0.3, 0.9))
	}
}

func sailingBoat(p *painter, hull, second rgb) {
	mast, foot := p.between(-0.15, 0.2), 0.28
	top := -p.about(0.92)
	sail := p.oneOf(grey(0.95), grey(0.85), rgb{0.95, 0.9, 0.75}, second)
	p.polygon(hull, -0.8, 0.38, 0.92, 0.34, 0.66, 0.72, -0.62, 0.72)
	p.limb(-0.78, 0.4, 0.03, 0.88, 0.36, 0.03, hull.lit(0.4))
	if p.chance(0.8) {
		p.polygon(sail, mast-0.05, top+0.05, mast-0.05, foot, mast-p.about(0.68), foot)
	}
	if p.chance(0.7) {
		p.polygon(sail.dim(0.12), mast+0.05, top+0.2, mast+0.05, foot, mast+p.about(0.55), foot)
	}
	p.limb(mast, top, 0.025, mast, 0.4, 0.035, p.oneOf(grey(0.3), rgb{0.5, 0.35, 0.2}, grey(0.9)))
	if p.chance(0.4) {
		p.box(-0.2, 0.32, 0.28, 0.09, 0.05, second)
	}
}

func ship(p *painter, hull, second rgb) {
	house := p.oneOf(grey(0.93), grey(0.75), rgb{0.9, 0.85, 0.7}, second)
	at := p.between(-0.45, 0.1)
	p.polygon(hull, -0.95, 0.22, 1, 0.12, 0.78, 0.7, -0.85, 0.7)
	p.limb(-0.88, 0.62, 0.07, 0.76, 0.62, 0.07, p.oneOf(rgb{0.55, 0.15, 0.12}, hull.dim(0.4)))
	w := p.between(0.2, 0.5)
	for deck, y := range []float64{0.1, -0.12, -0.34} {
		if deck > 0 && p.chance(0.35) {
			break
		}
		p.box(at, y, w, 0.12, 0.02, house.dim(0.06*float64(deck)))
		for x := at - w + 0.1; x < at+w-0.04; x += 0.17 {
			p.box(x, y-0.01, 0.045, 0.04, 0.01, grey(0.2))
		}
		w *= 0.75
	}
	if p.chance(0.7) {
		p.box(at-0.08, -p.about(0.5), 0.09, 0.2, 0.03, second)
	}
	p.limb(at+0.3, -p.about(0.65), 0.02, at+0.3, 0.1, 0.03, grey(0.25))
	if p.chance(0.5) { // cargo
		for x := at + 0.5; x < 0.75; x += 0.2 {
			p.box(x, 0.1, 0.09, p.between(0.05, 0.14), 0.01, p.anyColour())
		}
	}
}

func motorBoat(p *painter, hull, second rgb) {
	p.polygon(hull, -0.9, 0.25, 1, 0.1, 0.6, 0.68, -0.85, 0.68)
	p.polygon(second, -0.9, 0.28, 0.95, 0.14, 0.88, 0.26, -0.9, 0.38)
	p.polygon(p.glass(), -0.05, 0.2, 0.15, -0.15, 0.24, -0.15, 0.42, 0.16)
	if p.chance(0.5) {
		p.limb(-0.45, -p.about(0.3), 0.04, 0.22, -0.2, 0.04, grey(0.9))
		p.limb(-0.4, -0.25, 0.025, -0.45, 0.25, 0.025, grey(0.7))
	}
	for range 1 + p.IntN(2) { // people
		x := p.between(-0.6, -0.1)
		p.limb(x, 0.02, 0.09, x, 0.2, 0.1, p.anyColour())
		p.disc(x, -0.12, 0.075, rgb{0.75, 0.55, 0.42})
	}
}
