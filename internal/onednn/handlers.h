// The functions that XLA can call.
#pragma once

#include "call.h"

// oneDNN's, in onednn.c.
handler convolution, kernel_gradient, matmul;

// Loops over feature maps, in loops.c.
handler relu_gradient, max_pool, max_pool_gradient;

// Loops with numbers for each channel, in affine.c.
handler moments, affine, affine_gradient, combine;

// prepare_loops sets whether the processor has AVX2 and FMA, and AVX-512 with its parts BW, DQ and VL (C's own check would make Go's linker
// read all of libgcc at every link), and lets the loops use the threads of oneDNN's OpenMP,
// if that is GCC's.
void prepare_loops(bool avx2, bool avx512);
