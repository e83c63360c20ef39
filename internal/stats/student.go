package stats

import "math"

// StudentHalf returns half the width of the 95 % interval of the mean of n normal figures with a sample standard deviation:
// t·deviation/√n, where t is the 0.975 quantile of Student's distribution with n−1 degrees of freedom. It is 0 for n below 2.
func StudentHalf(deviation float64, n int) float64 {
	if n < 2 {
		return 0
	}
	return studentQuantile(0.95, n-1) * deviation / math.Sqrt(float64(n))
}

// studentQuantile is the t with P(|T| < t) = p. With T = √ν·tan u, the density is proportional to cos(u)^(ν−1) for u between
// −π/2 and π/2, so P(|T| < t) is a ratio of two integrals of a smooth function (Abramowitz and Stegun, section 26.7).
func studentQuantile(p float64, nu int) float64 {
	whole := cosinePower(math.Pi/2, nu-1)
	low, high := 0.0, math.Pi/2
	for range 60 {
		middle := (low + high) / 2
		if cosinePower(middle, nu-1) < p*whole {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Sqrt(float64(nu)) * math.Tan(low)
}

// cosinePower is the integral of cos^n from 0 to x, integrated by parts until n is 0 or 1:
// ∫cosⁿ = cosⁿ⁻¹·sin/n + (n−1)/n·∫cosⁿ⁻².
func cosinePower(x float64, n int) float64 {
	sum, k := x, 0
	if n%2 == 1 {
		sum, k = math.Sin(x), 1
	}
	for power := math.Pow(math.Cos(x), float64(k+1)); k < n; power *= math.Cos(x) * math.Cos(x) {
		k += 2
		sum = (power*math.Sin(x) + float64(k-1)*sum) / float64(k)
	}
	return sum
}
