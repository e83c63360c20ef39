package cifar

// Cats and dogs share coats, poses and proportions. Ears, snout, eyes and tail tell
// them apart, though not always.

func drawCat(p *painter) {
	coat := p.coat()
	if p.chance(0.6) {
		p.chest(coat)
		p.within(0, p.between(-0.15, 0.1), p.about(1), p.between(-0.25, 0.25), func() { catFace(p, coat) })
	} else {
		catSitting(p, coat)
	}
}

func drawDog(p *painter) {
	coat := p.coat()
	switch p.weighted([]float64{5, 3, 1.5}) {
	case 0:
		p.chest(coat)
		p.within(0, p.between(-0.15, 0.1), p.about(1), p.between(-0.25, 0.25), func() { dogFace(p, coat) })
	case 1:
		dogStanding(p, coat)
	default:
		dogSitting(p, coat)
	}
}

// chest paints what can be seen of a body behind a face.
func (p *painter) chest(coat rgb) {
	if p.chance(0.75) {
		p.limb(p.between(-0.3, 0.3), 0.5, 0.45, p.between(-0.3, 0.3), 1.1, 0.6, coat.dim(p.between(0, 0.3)))
	}
}

func catFace(p *painter, coat rgb) {
	light := coat.lit(p.between(0.2, 0.8))
	inner := rgb{0.8, 0.55, 0.5}.mix(coat, p.between(0, 0.6))
	ear := p.about(0.72)
	for _, side := range []float64{-1, 1} {
		p.polygon(coat.dim(0.12), side*0.08, -0.38, side*0.58, -0.1, side*0.52, -ear)
		p.polygon(inner, side*0.22, -0.36, side*0.5, -0.2, side*0.46, -ear+0.14)
	}
	p.ellipse(0, 0.08, 0.6, p.about(0.5), 0, coat)
	if p.chance(0.5) { // tabby
		for _, x := range []float64{-0.15, 0, 0.15} {
			p.limb(x, -0.36, 0.03, x*0.8, -0.16, 0.03, coat.dim(0.5))
		}
		for _, side := range []float64{-1, 1} {
			p.stripe(coat.dim(0.45), side*0.45, 0.16, 0.12, side*0.3)
		}
	}
	p.ellipse(-0.12, 0.28, 0.17, 0.13, 0, light)
	p.ellipse(0.12, 0.28, 0.17, 0.13, 0, light)
	iris := p.oneOf(rgb{0.65, 0.75, 0.2}, rgb{0.85, 0.65, 0.15}, rgb{0.4, 0.65, 0.75})
	for _, side := range []float64{-1, 1} {
		p.ellipse(side*0.25, 0.02, 0.13, 0.1, side*0.25, iris)
		p.ellipse(side*0.25, 0.02, p.between(0.03, 0.08), 0.09, 0, grey(0.03))
		p.limb(side*0.2, 0.26, 0.012, side*0.75, 0.2+p.between(-0.06, 0.06), 0.01, grey(0.9))
		p.limb(side*0.2, 0.3, 0.012, side*0.72, 0.36, 0.01, grey(0.9))
	}
	p.polygon(p.oneOf(rgb{0.8, 0.5, 0.48}, grey(0.15)), -0.08, 0.17, 0.08, 0.17, 0, 0.27)
}

func dogFace(p *painter, coat rgb) {
	light := coat.lit(p.between(0, 0.8))
	ear := p.oneOf(coat.dim(0.35), coat.dim(0.15), coat.dim(0.6))
	pricked := p.chance(0.22)
	for _, side := range []float64{-1, 1} {
		if pricked {
			p.polygon(ear, side*0.14, -0.36, side*0.58, -0.12, side*0.48, -p.about(0.66))
		}
	}
	p.ellipse(0, 0, 0.5, p.about(0.48), 0, coat)
	if p.chance(0.3) {
		p.limb(0, -0.4, 0.08, 0, 0.1, 0.07, light) // blaze
	}
	if !pricked {
		for _, side := range []float64{-1, 1} {
			p.ellipse(side*p.about(0.55), 0.02, p.about(0.17), p.about(0.38), -side*p.between(0, 0.4), ear)
		}
	}
	if p.chance(0.5) { // tongue
		p.ellipse(0.02, 0.56, 0.1, 0.17, 0, rgb{0.85, 0.4, 0.42})
	}
	p.ellipse(0, 0.3, p.about(0.27), p.about(0.27), 0, light)
	p.limb(0, 0.32, 0.015, 0, 0.47, 0.015, coat.dim(0.6))
	p.ellipse(0, 0.2, p.about(0.13), 0.09, 0, grey(0.06))
	for _, side := range []float64{-1, 1} {
		p.eye(side*0.22, -0.04, 0.085, rgb{0.3, 0.18, 0.1})
	}
}

func catSitting(p *painter, coat rgb) {
	p.shadow(0.88, 0.55)
	p.curve(coat.dim(0.2), 0.09, 0.06, -0.3, 0.78, -0.75, 0.8, -0.85, p.between(0, 0.6), -0.7, p.between(-0.3, 0.2))
	p.ellipse(-0.15, 0.45, 0.4, 0.45, 0.2, coat)
	p.limb(0, 0, 0.2, 0.12, 0.5, 0.24, coat)
	p.limb(0.16, 0.45, 0.09, 0.18, 0.85, 0.08, coat.lit(0.15))
	p.limb(0.02, 0.5, 0.09, 0.02, 0.86, 0.08, coat.dim(0.1))
	if p.chance(0.5) {
		for _, y := range []float64{0.25, 0.42, 0.58} {
			p.stripe(coat.dim(0.45), -0.3, y, 0.14, 0.9)
		}
	}
	p.within(0.12, -0.35, 0.62, p.between(-0.2, 0.2), func() { catFace(p, coat) })
}

func dogSitting(p *painter, coat rgb) {
	p.shadow(0.88, 0.55)
	p.curve(coat.dim(0.2), 0.08, 0.05, -0.4, 0.78, -0.75, 0.7, -0.9, p.between(0.2, 0.6))
	p.ellipse(-0.15, 0.45, 0.38, 0.44, 0.25, coat)
	p.limb(0.02, 0, 0.22, 0.14, 0.5, 0.22, coat)
	p.limb(0.18, 0.4, 0.1, 0.22, 0.85, 0.09, coat.lit(0.1))
	p.limb(0.02, 0.5, 0.09, 0.04, 0.86, 0.09, coat.dim(0.12))
	p.within(0.14, -0.35, 0.66, p.between(-0.2, 0.2), func() { dogFace(p, coat) })
}

func dogStanding(p *painter, coat rgb) {
	p.shadow(0.82, 0.7)
	p.legs(coat, -0.45, 0.3, 0.25, 0.8, 0.085)
	p.curve(coat.dim(0.1), 0.07, 0.04, -0.58, 0, -0.82, -0.15, -0.85, -p.between(0.2, 0.5)) // wagging
	p.limb(-0.45, 0.1, 0.2, 0.28, 0.08, p.about(0.24), coat)
	hx, hy := 0.55, -0.32+p.between(-0.1, 0.15)
	p.limb(0.3, 0, 0.18, hx, hy, 0.18, coat)
	p.disc(hx, hy, 0.22, coat)
	p.limb(hx+0.1, hy+0.05, 0.13, hx+0.34, hy+0.1, 0.09, coat.lit(p.between(0, 0.5)))
	p.disc(hx+0.41, hy+0.05, 0.06, grey(0.05))
	p.disc(hx+0.1, hy-0.06, 0.045, grey(0.05))
	if p.chance(0.8) {
		p.ellipse(hx-0.1, hy+0.06, 0.1, p.about(0.22), 0.2, coat.dim(0.4))
	} else {
		p.polygon(coat.dim(0.3), hx-0.16, hy-0.12, hx+0.04, hy-0.16, hx-0.08, hy-0.42)
	}
	if p.chance(0.35) { // collar
		p.limb(hx-0.2, hy+0.1, 0.04, hx-0.04, hy+0.26, 0.04, p.anyColour())
	}
}
