package cifar

import "math"

// rgb is a colour with channels from 0 to 1; intermediate results may go beyond.
type rgb [3]float64

func (c rgb) times(f float64) rgb { return rgb{c[0] * f, c[1] * f, c[2] * f} }

// mix returns the colour between c (t = 0) and other (t = 1).
func (c rgb) mix(other rgb, t float64) rgb {
	return rgb{c[0] + (other[0]-c[0])*t, c[1] + (other[1]-c[1])*t, c[2] + (other[2]-c[2])*t}
}

func grey(v float64) rgb { return rgb{v, v, v} }

// hsv returns a colour by hue (in turns, 0 to 1), saturation and value.
func hsv(hue, saturation, value float64) rgb {
	channel := func(n float64) float64 {
		k := math.Mod(n+6*hue, 6)
		return value * (1 - saturation*max(0, min(k, 4-k, 1)))
	}
	return rgb{channel(5), channel(3), channel(1)}
}

// vary shifts a colour a little in each channel.
func (p *painter) vary(c rgb, by float64) rgb {
	light := p.between(-by, by)
	for i := range c {
		c[i] = clamp01(c[i] + light + p.between(-by, by)/2)
	}
	return c
}

// oneOf picks a colour and varies it.
func (p *painter) oneOf(colours ...rgb) rgb { return p.vary(colours[p.IntN(len(colours))], 0.07) }

// anyColour returns a random colour, for objects outside their palette.
func (p *painter) anyColour() rgb { return hsv(p.Float64(), p.between(0, 0.9), p.between(0.15, 0.95)) }

// lacquer returns a paint of cars, trucks, planes and boats.
func (p *painter) lacquer() rgb {
	switch {
	case p.chance(0.45):
		return grey(p.oneOf(grey(0.9), grey(0.65), grey(0.35), grey(0.12))[0])
	case p.chance(knobAnyColour):
		return p.anyColour()
	}
	return p.oneOf(rgb{0.75, 0.1, 0.1}, rgb{0.12, 0.25, 0.65}, rgb{0.9, 0.75, 0.15}, rgb{0.1, 0.4, 0.25},
		rgb{0.45, 0.65, 0.85}, rgb{0.85, 0.45, 0.1}, rgb{0.9, 0.88, 0.8})
}

// coat returns a fur of cats, dogs, horses and deer.
func (p *painter) coat() rgb {
	if p.chance(knobAnyColour / 3) {
		return p.anyColour()
	}
	return p.oneOf(rgb{0.5, 0.33, 0.18}, rgb{0.7, 0.5, 0.3}, rgb{0.35, 0.22, 0.14}, rgb{0.15, 0.13, 0.12},
		rgb{0.85, 0.8, 0.72}, rgb{0.55, 0.52, 0.5}, rgb{0.75, 0.48, 0.22}, rgb{0.6, 0.4, 0.25})
}

// plumage returns a colour of birds, skin one of frogs.
func (p *painter) plumage() rgb {
	if p.chance(knobAnyColour) {
		return p.anyColour()
	}
	return p.oneOf(rgb{0.45, 0.35, 0.25}, rgb{0.25, 0.25, 0.28}, rgb{0.85, 0.85, 0.85}, rgb{0.2, 0.35, 0.65},
		rgb{0.7, 0.25, 0.15}, rgb{0.75, 0.65, 0.2}, rgb{0.55, 0.55, 0.5}, rgb{0.35, 0.45, 0.25})
}

func (p *painter) skin() rgb {
	if p.chance(knobAnyColour) {
		return p.anyColour()
	}
	return p.oneOf(rgb{0.3, 0.5, 0.15}, rgb{0.45, 0.6, 0.2}, rgb{0.4, 0.35, 0.18}, rgb{0.2, 0.35, 0.2},
		rgb{0.55, 0.45, 0.25}, rgb{0.7, 0.6, 0.2}, rgb{0.75, 0.3, 0.15})
}

// lit and dim return a lighter and a darker tone of a colour.
func (c rgb) lit(by float64) rgb { return c.mix(grey(1), by) }
func (c rgb) dim(by float64) rgb { return c.times(1 - by) }

// glass returns a colour of window panes: dark, or a reflection of the sky.
func (p *painter) glass() rgb {
	return p.oneOf(rgb{0.1, 0.13, 0.17}, rgb{0.25, 0.32, 0.4}, rgb{0.55, 0.68, 0.78})
}
