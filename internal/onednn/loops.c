// Functions over feature maps [batch, height, width, channels] that read memory once, where
// XLA's own loops do so several times, and more slowly.
#include "loops.h"

#include <dlfcn.h>

static void (*gomp_parallel)(void (*f)(void*), void* data, unsigned threads, unsigned flags);
bool loops_have_avx2, loops_have_avx512;

void prepare_loops(bool avx2, bool avx512) {
  loops_have_avx2 = avx2;
  loops_have_avx512 = avx512;
  void* library = dlopen("libgomp.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (library != NULL) *(void**)&gomp_parallel = dlsym(library, "GOMP_parallel");
}

static void take_parts(void* data) {
  loop* l = data;
  for (int64_t i; (i = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED)) < PARTS;) {
    float* sums = l->sums == NULL ? NULL : l->sums + i * l->sum_count;
    l->images(l, i * l->n / PARTS, (i + 1) * l->n / PARTS, sums);
  }
}

xla_ffi_error* run_loop(const xla_ffi_call* call, loop* l, float* total) {
  if (total != NULL && (l->sums = calloc(PARTS * l->sum_count, sizeof(float))) == NULL) {
    return fail(call, XLA_FFI_INTERNAL, "no memory left for a call's sums");
  }
  if (gomp_parallel != NULL) {
    gomp_parallel(take_parts, l, 0, 0);
  } else {
    take_parts(l);
  }
  if (total == NULL) return NULL;
  memset(total, 0, l->sum_count * sizeof(float));
  for (int64_t i = 0; i < PARTS; i++) {
    for (int64_t k = 0; k < l->sum_count; k++) total[k] += l->sums[i * l->sum_count + k];
  }
  free(l->sums);
  return NULL;
}

// The loops are passed by value, so that the compiler knows that no result overwrites them.
INLINE void gate(loop l, bool half, int64_t from, int64_t to, float* sums) {
  int64_t image = l.h * l.w * l.c;
  for (int64_t p = from * image; p < to * image; p += l.c) {
    int64_t k = 0;
    for (; k + LANES <= l.c; k += LANES) {
      floats v = (floats)((load(l.x, p + k, half) > 0) & (bits)load(l.dy, p + k, half));
      store(l.dx, p + k, half, v);
      *at(sums + k) += v;
    }
    for (; k < l.c; k++) {
      float v = load_one(l.x, p + k, half) > 0 ? load_one(l.dy, p + k, half) : 0;
      store_one(l.dx, p + k, half, v);
      sums[k] += v;
    }
  }
}

BODY(relu_gradient) { FOR_TYPES(gate, l, from, to, sums) }
VERSIONS(relu_gradient)

// FOR_WINDOWS iterates over the windows: corner is the offset of a window, window that of its result.
#define FOR_WINDOWS(l, size, from, to)                                           \
  for (int64_t image = from; image < to; image++)                                \
    for (int64_t row = 0; row < l.h / size; row++)                               \
      for (int64_t corner = (image * l.h + row * size) * l.w * l.c, column = 0,  \
                   window = (image * (l.h / size) + row) * (l.w / size) * l.c;   \
           column < l.w / size; column++, window += l.c, corner += size * l.c)

// FOR_PLACES iterates over the positions in a window, from its corner.
#define FOR_PLACES(l, size, place)   \
  for (int64_t r = 0; r < size; r++) \
    for (int64_t i = 0, place = r * l.w * l.c; i < size; i++, place += l.c)

// LARGEST declares largest, the largest values of the window whose corner has that offset.
#define LARGEST(l, half, size, first, largest)                          \
  floats largest = load(l.x, first, half);                              \
  FOR_PLACES(l, size, place) {                                          \
    floats v = load(l.x, first + place, half);                          \
    bits larger = (v > largest) | (v != v);                             \
    largest = (floats)(((bits)v & larger) | ((bits)largest & ~larger)); \
  }

INLINE void pool(loop l, bool half, int64_t size, int64_t from, int64_t to) {
  FOR_WINDOWS(l, size, from, to) {
    for (int64_t k = 0; k < l.c; k += LANES) {
      LARGEST(l, half, size, corner + k, largest)
      store(l.y, window + k, half, largest);
    }
  }
}

INLINE void pool_gradient(loop l, bool half, int64_t size, int64_t from, int64_t to, float* sums) {
  FOR_WINDOWS(l, size, from, to) {
    for (int64_t k = 0; k < l.c; k += LANES) {
      LARGEST(l, half, size, corner + k, largest)
      bits left = (bits)load(l.dy, window + k, half);  // of the window's gradient
      if (l.relu) left &= largest > 0;
      *at(sums + k) += (floats)left;
      FOR_PLACES(l, size, place) {
        bits here = load(l.x, corner + k + place, half) == largest;
        store(l.dx, corner + k + place, half, (floats)(left & here));
        left &= ~here;
      }
    }
  }
}

// Windows of 2 by 2 are the most common: their positions need no loop.
BODY(max_pool) {
  (void)sums;
  if (l->size == 2) {
    FOR_TYPES(pool, l, 2, from, to)
  } else {
    FOR_TYPES(pool, l, l->size, from, to)
  }
}
VERSIONS(max_pool)

BODY(max_pool_gradient) {
  if (l->h % l->size != 0 || l->w % l->size != 0) {
    int64_t image = l->h * l->w * l->c * (l->half ? sizeof(uint16_t) : sizeof(float));
    memset((char*)l->dx + from * image, 0, (to - from) * image);
  }
  if (l->size == 2) {
    FOR_TYPES(pool_gradient, l, 2, from, to, sums)
  } else {
    FOR_TYPES(pool_gradient, l, l->size, from, to, sums)
  }
}
VERSIONS(max_pool_gradient)

// loop_over returns a loop over the images of the first operand, for a call with that many
// operands and results and a number of channels divisible by lanes. All of them have the
// same type, except a second result, the sums, which are float32. The loop's x is NULL if the
// call does not match.
static loop loop_over(const xla_ffi_call* call, int64_t operands, int64_t results, int64_t lanes) {
  loop l = {0};
  if (!has_floats(call, operands, operands, results)) return l;
  for (int i = 0; i < operands; i++) {
    if (operand(call, i)->rank != 4 || operand(call, i)->dtype != result(call, 0)->dtype) return l;
  }
  const xla_ffi_buffer* x = operand(call, 0);
  if (x->dims[3] % lanes != 0 || (results > 1 && result(call, 1)->dtype != XLA_FFI_F32)) return l;
  return (loop){.x = x->data, .half = x->dtype == XLA_FFI_BF16, .n = x->dims[0], .h = x->dims[1], .w = x->dims[2], .c = x->dims[3], .sum_count = x->dims[3]};
}

// relu_gradient computes the loss's gradient with respect to a ReLU's input from the output y
// and the gradient with respect to y: 0 where y is not above 0. It also computes the
// gradient's sum for each channel.
xla_ffi_error* relu_gradient(xla_ffi_call* call) {
  if (answer_version_query(call)) return NULL;
  loop l = loop_over(call, 2, 2, 1);
  if (l.x == NULL) {
    return fail(call, XLA_FFI_INVALID_ARGUMENT, "a ReLU's gradient needs its output and the gradient there");
  }
  l.images = relu_gradient_images;
  l.dy = operand(call, 1)->data;
  l.dx = result(call, 0)->data;
  return run_loop(call, &l, result(call, 1)->data);
}

// max_pool computes the largest value of each window; its one integer is the number of rows and
// columns of a window. The number of channels must be a multiple of LANES. Rows and columns
// that do not fill a window are dropped. A NaN counts as the largest.
xla_ffi_error* max_pool(xla_ffi_call* call) {
  if (answer_version_query(call)) return NULL;
  const int64_t* n = attribute(call, 1);
  loop l = loop_over(call, 1, 1, LANES);
  if (n == NULL || l.x == NULL) {
    return fail(call, XLA_FFI_INVALID_ARGUMENT, "max pooling needs feature maps of a multiple of %d channels and a size", LANES);
  }
  l.images = max_pool_images;
  l.size = n[0];
  l.y = result(call, 0)->data;
  return run_loop(call, &l, NULL);
}

// max_pool_gradient computes the loss's gradient with respect to a max pooling's input, from the
// input and the gradient with respect to the output, and its sum for each channel. The first
// of a window's largest values gets the gradient, as in TensorFlow. Its integers are the
// window's size and, if the input is a ReLU's output, 1: then only values above 0 get a gradient.
xla_ffi_error* max_pool_gradient(xla_ffi_call* call) {
  if (answer_version_query(call)) return NULL;
  const int64_t* n = attribute(call, 2);
  loop l = loop_over(call, 2, 2, LANES);
  if (n == NULL || l.x == NULL) {
    return fail(call, XLA_FFI_INVALID_ARGUMENT,
                "a max pooling's gradient needs feature maps of a multiple of %d channels, a gradient and two integers", LANES);
  }
  l.images = max_pool_gradient_images;
  l.size = n[0];
  l.relu = n[1] != 0;
  l.dy = operand(call, 1)->data;
  l.dx = result(call, 0)->data;
  return run_loop(call, &l, result(call, 1)->data);
}
