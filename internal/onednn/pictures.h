// Calls for pictures [batch, height, width, channels] that go through memory once, where
// XLA's own loops do so several times, and more slowly.
#pragma once

#include <stdbool.h>

#include "xla.h"

// relu_gradient computes from the ReLU's output y and the loss's gradient with respect to
// it that with respect to its input, 0 where y is not above 0, and its sum for each channel.
xla_ffi_error* relu_gradient(xla_ffi_call* call);

// max_pool computes the largest of each window, of so many rows and columns as its one
// number says, of pictures of a multiple of 8 channels. Rows and columns that fill no window
// are left out. A NaN is the largest.
xla_ffi_error* max_pool(xla_ffi_call* call);

// max_pool_gradient computes from a max pooling's input and the loss's gradient with
// respect to its output that with respect to its input, and its sum for each channel. The
// first of a window's largest gets its gradient, as in TensorFlow. Its numbers are the
// window's size and 1 if only numbers above 0 get any, for an input that is a ReLU's output.
xla_ffi_error* max_pool_gradient(xla_ffi_call* call);

// prepare_pictures tells the calls whether the processor has AVX2 (C's own question would
// have Go's linker read all of libgcc, at every link), and lets them use the threads of
// oneDNN's OpenMP, if that is GCC's.
void prepare_pictures(bool avx2);
