// What the loops of loops.c and affine.c share.
#pragma once

#include <stdlib.h>
#include <string.h>

#include "handlers.h"

// A loop processes parts of a batch. Any thread may take any part, but the parts are always
// the same, and so are the results, bit by bit, with any number of threads.
enum { PARTS = 64 };

typedef struct loop {
  void (*images)(const struct loop*, int64_t from, int64_t to, float* sums);
  const void *x, *dy;      // the forward pass's values, and the gradient with respect to its output
  void *y, *dx;            // results; only one is used
  const float *a, *b, *m;  // a value for each channel, where a loop needs them
  float* sums;             // of each part, or NULL
  int64_t sum_count;       // numbers that a part adds up
  int64_t n, h, w, c;      // of x
  int64_t size;            // of a window
  bool relu, gelu;
  bool half;        // x and dx are bfloat16, otherwise float32
  bool half_other;  // the same for y or dy, where their type may be another one
  int64_t next;     // the next part to take
} loop;

// run_loop lets all threads take parts, and adds up the parts' sums, if total is not NULL.
xla_ffi_error* run_loop(const xla_ffi_call* call, loop* l, float* total);

// Which version of a loop is called.
extern bool loops_have_avx2, loops_have_avx512;

#define INLINE static inline __attribute__((always_inline))

// BODY begins a function for the images of a loop. VERSIONS compiles it once for processors
// with AVX2 and FMA and once for all others, and calls the suitable one.
#define IMAGES const loop *l, int64_t from, int64_t to, float *sums
#define BODY(name) INLINE void name##_body(IMAGES)
#if defined(__x86_64__)
#define VERSIONS(name)                                                                                    \
  __attribute__((target("avx2,fma"))) static void name##_avx2(IMAGES) { name##_body(l, from, to, sums); } \
  static void name##_plain(IMAGES) { name##_body(l, from, to, sums); }                                    \
  static void name##_images(IMAGES) {                                                                     \
    (loops_have_avx2 ? name##_avx2 : name##_plain)(l, from, to, sums);                                    \
  }
#else
#define VERSIONS(name) \
  static void name##_images(IMAGES) { name##_body(l, from, to, sums); }
#endif

// LANES channels are computed at once. Where a comparison is true, all bits are 1.
enum { LANES = 8 };
typedef float floats __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t bits __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

INLINE floats* at(const float* p) { return (floats*)p; }

// A bfloat16 is the upper half of a float32. These loops only choose among values, and add them in float32: what
// they store needs no rounding.
typedef uint16_t halves __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef uint32_t wide __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

// Functions that return vectors are inlined: no caller depends on how they return them.
#pragma GCC diagnostic ignored "-Wpsabi"

INLINE floats load(const void* base, int64_t i, bool half) {
  if (!half) return *at((const float*)base + i);
  return (floats)(__builtin_convertvector(*(const halves*)((const uint16_t*)base + i), wide) << 16);
}

INLINE void store(void* base, int64_t i, bool half, floats v) {
  if (half) {
    *(halves*)((uint16_t*)base + i) = __builtin_convertvector((wide)v >> 16, halves);
  } else {
    *at((float*)base + i) = v;
  }
}

INLINE float load_one(const void* base, int64_t i, bool half) {
  if (!half) return ((const float*)base)[i];
  uint32_t bits = (uint32_t)((const uint16_t*)base)[i] << 16;
  float v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

INLINE void store_one(void* base, int64_t i, bool half, float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  if (half) {
    ((uint16_t*)base)[i] = bits >> 16;
  } else {
    ((float*)base)[i] = v;
  }
}

// The loops are passed by value, so that the compiler knows that no result overwrites them.
// FOR_TYPES calls a function with a constant type, so that it is compiled for each.
#define FOR_TYPES(function, l, ...)     \
  if ((l)->half) {                      \
    function(*(l), true, __VA_ARGS__);  \
  } else {                              \
    function(*(l), false, __VA_ARGS__); \
  }
