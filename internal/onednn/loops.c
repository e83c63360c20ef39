// Functions over feature maps [batch, height, width, channels] that read memory once, where
// XLA's own loops do so several times, and more slowly.
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"

// A loop processes parts of a batch. Any thread may take any part, but the parts are always
// the same, and so are the results, bit by bit, with any number of threads.
enum { PARTS = 64 };

typedef struct loop {
  void (*images)(const struct loop*, int64_t from, int64_t to, float* sums);
  const float *x, *dy;  // the forward pass's values, and the gradient with respect to its output
  float *y, *dx;        // results; only one is used
  float* sums;          // of each part, or NULL
  int64_t n, h, w, c;   // of x
  int64_t size;         // of a window
  bool relu;
  int64_t next;  // the next part to take
} loop;

static void (*gomp_parallel)(void (*f)(void*), void* data, unsigned threads, unsigned flags);
static bool has_avx2;

void prepare_loops(bool avx2) {
  has_avx2 = avx2;
  void* library = dlopen("libgomp.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (library != NULL) *(void**)&gomp_parallel = dlsym(library, "GOMP_parallel");
}

static void take_parts(void* data) {
  loop* l = data;
  for (int64_t i; (i = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED)) < PARTS;) {
    float* sums = l->sums == NULL ? NULL : l->sums + i * l->c;
    l->images(l, i * l->n / PARTS, (i + 1) * l->n / PARTS, sums);
  }
}

// run lets all threads take parts, and adds up the parts' sums.
static xla_ffi_error* run(const xla_ffi_call* call, loop* l, float* total) {
  if (total != NULL && (l->sums = calloc(PARTS * l->c, sizeof(float))) == NULL) {
    return fail(call, XLA_FFI_INTERNAL, "no memory left for a call's sums");
  }
  if (gomp_parallel != NULL) {
    gomp_parallel(take_parts, l, 0, 0);
  } else {
    take_parts(l);
  }
  if (total == NULL) return NULL;
  memset(total, 0, l->c * sizeof(float));
  for (int64_t i = 0; i < PARTS; i++) {
    for (int64_t k = 0; k < l->c; k++) total[k] += l->sums[i * l->c + k];
  }
  free(l->sums);
  return NULL;
}

#define INLINE static inline __attribute__((always_inline))

// BODY begins a function for the images of a loop. VERSIONS compiles it once for processors
// with AVX2 and once for all others, and calls the suitable one.
#define IMAGES const loop *l, int64_t from, int64_t to, float *sums
#define BODY(name) INLINE void name##_body(IMAGES)
#if defined(__x86_64__)
#define VERSIONS(name)                                                                                       \
  __attribute__((target("avx2"))) static void name##_avx2(IMAGES) { name##_body(l, from, to, sums); }        \
  static void name##_plain(IMAGES) { name##_body(l, from, to, sums); }                                       \
  static void name##_images(IMAGES) {                                                                        \
    (has_avx2 ? name##_avx2 : name##_plain)(l, from, to, sums);                                              \
  }
#else
#define VERSIONS(name) \
  static void name##_images(IMAGES) { name##_body(l, from, to, sums); }
#endif

BODY(relu_gradient) {
  int64_t c = l->c, image = l->h * l->w * c;
  for (int64_t p = from * image; p < to * image; p += c) {
    const float *restrict y = l->x + p, *restrict dy = l->dy + p;
    float *restrict dx = l->dx + p, *restrict s = sums;
    for (int64_t k = 0; k < c; k++) {
      float v = y[k] > 0 ? dy[k] : 0;
      dx[k] = v;
      s[k] += v;
    }
  }
}
VERSIONS(relu_gradient)

// LANES channels are computed at once. Where a comparison is true, all bits are 1.
enum { LANES = 8 };
typedef float floats __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t bits __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

INLINE floats* at(const float* p) { return (floats*)p; }

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

// LARGEST declares largest, the largest values of the window that starts at x.
#define LARGEST(l, size, x, largest)                                    \
  floats largest = *at(x);                                              \
  FOR_PLACES(l, size, place) {                                          \
    floats v = *at(x + place);                                          \
    bits larger = (v > largest) | (v != v);                             \
    largest = (floats)(((bits)v & larger) | ((bits)largest & ~larger)); \
  }

// The loop is passed by value, so that the compiler knows that no result overwrites it.
INLINE void pool(loop l, int64_t size, int64_t from, int64_t to) {
  FOR_WINDOWS(l, size, from, to) {
    for (int64_t k = 0; k < l.c; k += LANES) {
      LARGEST(l, size, l.x + corner + k, largest)
      *at(l.y + window + k) = largest;
    }
  }
}

INLINE void pool_gradient(loop l, int64_t size, int64_t from, int64_t to, float* sums) {
  FOR_WINDOWS(l, size, from, to) {
    for (int64_t k = 0; k < l.c; k += LANES) {
      const float* x = l.x + corner + k;
      LARGEST(l, size, x, largest)
      bits left = (bits)*at(l.dy + window + k);  // of the window's gradient
      if (l.relu) left &= largest > 0;
      *at(sums + k) += (floats)left;
      FOR_PLACES(l, size, place) {
        bits here = *at(x + place) == largest;
        *at(l.dx + corner + k + place) = (floats)(left & here);
        left &= ~here;
      }
    }
  }
}

// Windows of 2 by 2 are the most common: their positions need no loop.
BODY(max_pool) {
  (void)sums;
  if (l->size == 2) {
    pool(*l, 2, from, to);
  } else {
    pool(*l, l->size, from, to);
  }
}
VERSIONS(max_pool)

BODY(max_pool_gradient) {
  if (l->h % l->size != 0 || l->w % l->size != 0) {
    int64_t image = l->h * l->w * l->c;
    memset(l->dx + from * image, 0, (to - from) * image * sizeof(float));
  }
  if (l->size == 2) {
    pool_gradient(*l, 2, from, to, sums);
  } else {
    pool_gradient(*l, l->size, from, to, sums);
  }
}
VERSIONS(max_pool_gradient)

// loop_over returns a loop over the images of the first operand, for a call with that many
// operands and results and a number of channels divisible by lanes. Its x is NULL if the call
// does not match.
static loop loop_over(const xla_ffi_call* call, int64_t operands, int64_t results, int64_t lanes) {
  loop l = {0};
  if (!has_floats(call, operands, operands, results)) return l;
  for (int i = 0; i < operands; i++) {
    if (operand(call, i)->rank != 4) return l;
  }
  const xla_ffi_buffer* x = operand(call, 0);
  if (x->dims[3] % lanes != 0) return l;
  return (loop){.x = x->data, .n = x->dims[0], .h = x->dims[1], .w = x->dims[2], .c = x->dims[3]};
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
  return run(call, &l, result(call, 1)->data);
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
  return run(call, &l, NULL);
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
  return run(call, &l, result(call, 1)->data);
}
