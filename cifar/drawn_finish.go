package cifar

// finish does what a camera does: light, colour cast, blur and noise. Then it
// writes the image as bytes, channel-first.
func (p *painter) finish(out []byte) {
	p.light()
	if p.chance(0.8) {
		p.blur(p.between(0, knobBlur))
	}
	noise := p.between(0.005, knobNoise)
	for y := range Height {
		for x := range Width {
			for c, v := range p.canvas[y][x] {
				v += noise * p.NormFloat64()
				out[c*PlaneBytes+y*Width+x] = uint8(255*clamp01(v) + 0.5)
			}
		}
	}
}

// light sets exposure, contrast, saturation and colour cast, and makes one side
// brighter.
func (p *painter) light() {
	gain, contrast := p.between(0.72, 1.2), p.between(0.7, 1.2)
	saturation := p.between(0.6, 1.1)
	if p.chance(knobGrey) {
		saturation = 0.1
	}
	cast := p.vary(grey(0.93), 0.07)
	slopeX, slopeY := p.between(-0.25, 0.25)/Width, p.between(-0.25, 0.15)/Height
	for y := range Height {
		for x := range Width {
			c := p.canvas[y][x]
			luma := 0.3*c[0] + 0.59*c[1] + 0.11*c[2]
			fall := gain * (1 + slopeX*float64(x-Width/2) + slopeY*float64(y-Height/2))
			for i := range c {
				v := luma + (c[i]-luma)*saturation
				c[i] = (0.5 + (v-0.5)*contrast) * fall * cast[i]
			}
			p.canvas[y][x] = c
		}
	}
}

// blur smooths rows and columns with the kernel (s, 1-2s, s). s grows with the
// standard deviation sigma, in pixels, up to that of a box of three pixels.
func (p *painter) blur(sigma float64) {
	side := min(sigma*sigma/2, 1.0/3)
	for y := range Height {
		row := p.canvas[y]
		for x := range Width {
			p.canvas[y][x] = weigh(row[max(x-1, 0)], row[x], row[min(x+1, Width-1)], side)
		}
	}
	for x := range Width {
		above := p.canvas[0][x]
		for y := range Height {
			here := p.canvas[y][x]
			p.canvas[y][x] = weigh(above, here, p.canvas[min(y+1, Height-1)][x], side)
			above = here
		}
	}
}

func weigh(before, here, after rgb, side float64) rgb {
	for c := range here {
		here[c] += side * (before[c] - 2*here[c] + after[c])
	}
	return here
}
