package cnn

import (
	"cmp"
	"math"
	"slices"
)

// eigen returns the eigenvalues of a symmetric matrix from the largest, and their eigenvectors of length 1, vectors[i]
// to values[i]. It is Jacobi's method with cyclic sweeps (Golub and Van Loan, Matrix Computations, 4th edition,
// algorithm 8.5.3), which is accurate, and gives the same bits on every machine. The matrix is overwritten.
func eigen(a [][]float64) (values []float64, vectors [][]float64) {
	n := len(a)
	v := make([][]float64, n) // its columns become the eigenvectors
	for i := range v {
		v[i] = make([]float64, n)
		v[i][i] = 1
	}
	const sweeps = 60 // a few suffice: convergence is quadratic
	for range sweeps {
		if offDiagonal(a) == 0 {
			break
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				rotate(a, v, p, q)
			}
		}
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(a[j][j], a[i][i]) })
	for _, column := range order {
		vector := make([]float64, n)
		largest := 0.0
		for i := range vector {
			vector[i] = v[i][column]
			if math.Abs(vector[i]) > math.Abs(largest)*(1+1e-9) {
				largest = vector[i]
			}
		}
		if largest < 0 {
			for i := range vector {
				vector[i] = -vector[i]
			}
		}
		values, vectors = append(values, a[column][column]), append(vectors, vector)
	}
	return values, vectors
}

// offDiagonal returns the sum of squares beside the diagonal, or 0 if it is rounding error.
func offDiagonal(a [][]float64) float64 {
	off, diagonal := 0.0, 0.0
	for i := range a {
		diagonal += a[i][i] * a[i][i]
		for j := range i {
			off += a[i][j] * a[i][j]
		}
	}
	if off <= 1e-36*diagonal {
		return 0
	}
	return off
}

// rotate makes a[p][q] zero by a rotation of rows and columns p and q, and applies it to the columns of v.
func rotate(a, v [][]float64, p, q int) {
	if a[p][q] == 0 {
		return
	}
	tau := (a[q][q] - a[p][p]) / (2 * a[p][q])
	t := 1 / (math.Abs(tau) + math.Sqrt(1+tau*tau))
	if tau < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(1+t*t)
	s := float64(t * c)
	turn := func(x, y *float64) {
		// The conversions prevent fused multiplications, which only some processors have.
		*x, *y = float64(c**x)-float64(s**y), float64(s**x)+float64(c**y)
	}
	for i := range a {
		turn(&a[i][p], &a[i][q])
	}
	for i := range a {
		turn(&a[p][i], &a[q][i])
	}
	for i := range v {
		turn(&v[i][p], &v[i][q])
	}
}
