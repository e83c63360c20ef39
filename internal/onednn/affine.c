// Batch normalisation and GELU over feature maps [batch, height, width, channels]: loops with a few numbers for each channel.
#include "loops.h"

// step_types are constants where a step is called, so that it is compiled for each.
typedef struct {
  bool half, half_other, gelu;
} step_types;

#define STEP_LANES 8
#include "affine_steps.h"
#undef STEP_LANES
#define STEP_LANES 16
#include "affine_steps.h"

// Sums are added up for each image first: so many numbers would lose digits.
INLINE void end_image(const loop* l, float* sums) {
  float* own = sums + 2 * l->c;
  for (int64_t k = 0; k < 2 * l->c; k++) sums[k] += own[k];
  memset(own, 0, 2 * l->c * sizeof(float));
}

// OVER_IMAGES goes over all pixels: by 16 channels if wide, and the last ones by 8.
#define OVER_IMAGES(step, ...)                                                                                \
  do {                                                                                                        \
    const step_types t = {__VA_ARGS__};                                                                       \
    loop own = *l; /* a copy, so that the compiler knows that no result overwrites it */                      \
    for (int64_t image = from; image < to; image++) {                                                         \
      float* of_image = sums == NULL ? NULL : sums + 2 * own.c;                                               \
      for (int64_t p = image * own.h * own.w * own.c, end = p + own.h * own.w * own.c; p < end; p += own.c) { \
        int64_t k = 0;                                                                                        \
        if (wide)                                                                                             \
          for (; k + 16 <= own.c; k += 16) step##_16(&own, t, p, k, of_image);                                \
        for (; k < own.c; k += 8) step##_8(&own, t, p, k, of_image);                                          \
      }                                                                                                       \
      if (sums != NULL) end_image(&own, sums);                                                                \
    }                                                                                                         \
  } while (0)

#define FOR_EACH_TYPE(step)                                \
  switch (l->half << 2 | l->half_other << 1 | l->gelu) {   \
    case 0: OVER_IMAGES(step, false, false, false); break; \
    case 1: OVER_IMAGES(step, false, false, true); break;  \
    case 2: OVER_IMAGES(step, false, true, false); break;  \
    case 3: OVER_IMAGES(step, false, true, true); break;   \
    case 4: OVER_IMAGES(step, true, false, false); break;  \
    case 5: OVER_IMAGES(step, true, false, true); break;   \
    case 6: OVER_IMAGES(step, true, true, false); break;   \
    default: OVER_IMAGES(step, true, true, true);          \
  }

// LOOP compiles a loop for processors with AVX-512, with AVX2, and for all others.
#define LOOP(step)                                                                                                             \
  INLINE void step##_loop(IMAGES, bool wide) { FOR_EACH_TYPE(step) }                                                           \
  TARGET("avx512f,avx512bw,avx512vl,avx512dq,fma") static void step##_avx512(IMAGES) { step##_loop(l, from, to, sums, true); } \
  TARGET("avx2,fma") static void step##_avx2(IMAGES) { step##_loop(l, from, to, sums, false); }                                \
  static void step##_plain(IMAGES) { step##_loop(l, from, to, sums, false); }                                                  \
  static void step##_images(IMAGES) {                                                                                          \
    (loops_have_avx512 ? step##_avx512 : loops_have_avx2 ? step##_avx2 : step##_plain)(l, from, to, sums);                     \
  }
#if defined(__x86_64__)
#define TARGET(name) __attribute__((target(name)))
#else
#define TARGET(name)
#endif

LOOP(affine)
LOOP(affine_gradient)
LOOP(moments)
LOOP(combine)

static bool is_vector(const xla_ffi_buffer* v, int64_t c) { return v->rank == 1 && v->dtype == XLA_FFI_F32 && v->dims[0] == c; }

static bool same_maps(const xla_ffi_buffer* x, const xla_ffi_buffer* y) {
  return x->rank == 4 && y->rank == 4 && memcmp(x->dims, y->dims, 4 * sizeof x->dims[0]) == 0;
}

// loop_of returns a loop over the feature maps of the first operand, if the call's numbers of operands and results are right, with so
// many vectors behind the first operand. The loop's x is NULL if not.
static loop loop_of(const xla_ffi_call* call, int64_t operands, int64_t results, int vectors) {
  loop l = {0};
  if (!has_floats(call, operands, operands, results)) return l;
  const xla_ffi_buffer* x = operand(call, 0);
  if (x->rank != 4 || x->dims[3] % LANES != 0) return l;
  const float* v[3] = {0};
  for (int i = 0; i < vectors; i++) {
    if (!is_vector(operand(call, i + 1), x->dims[3])) return l;
    v[i] = operand(call, i + 1)->data;
  }
  return (loop){.x = x->data, .half = x->dtype == XLA_FFI_BF16, .a = v[0], .b = v[1], .m = v[2],
                .n = x->dims[0], .h = x->dims[1], .w = x->dims[2], .c = x->dims[3], .sum_count = 4 * x->dims[3]};
}

// two_sums runs a loop that adds up two numbers for each channel.
static xla_ffi_error* two_sums(const xla_ffi_call* call, loop* l, float* first, float* second) {
  float* total = malloc(l->sum_count * sizeof(float));
  if (total == NULL) return fail(call, XLA_FFI_INTERNAL, "no memory left for a call's sums");
  xla_ffi_error* error = run_loop(call, l, total);
  if (error == NULL) {
    memcpy(first, total, l->c * sizeof(float));
    memcpy(second, total + l->c, l->c * sizeof(float));
  }
  free(total);
  return error;
}

// affine computes a·x + b, with a and b for each channel, and with an integer 1 its GELU.
xla_ffi_error* affine(xla_ffi_call* call) {
  if (answer_version_query(call)) return NULL;
  const int64_t* n = attribute(call, 1);
  loop l = loop_of(call, 3, 1, 2);
  if (n == NULL || l.x == NULL || !same_maps(operand(call, 0), result(call, 0))) {
    return fail(call, XLA_FFI_INVALID_ARGUMENT, "an affine function needs feature maps of a multiple of %d channels, two numbers for each, and an integer", LANES);
  }
  l.images = affine_images;
  l.gelu = n[0] != 0;
  l.half_other = result(call, 0)->dtype == XLA_FFI_BF16;
  l.y = result(call, 0)->data;
  return run_loop(call, &l, NULL);
}

// affine_gradient computes, from x, a, b, a center m for each channel and the gradient dy with respect to the output of affine, the
// gradient dz with respect to z = a·x + b, and for each channel the sums of dz and of dz·(x - m).
xla_ffi_error* affine_gradient(xla_ffi_call* call) {
  if (answer_version_query(call)) return NULL;
  const int64_t* n = attribute(call, 1);
  loop l = loop_of(call, 5, 3, 3);
  if (n == NULL || l.x == NULL || !same_maps(operand(call, 0), operand(call, 4)) || !same_maps(operand(call, 0), result(call, 0)) ||
      result(call, 0)->dtype != operand(call, 0)->dtype || !is_vector(result(call, 1), l.c) || !is_vector(result(call, 2), l.c)) {
    return fail(call, XLA_FFI_INVALID_ARGUMENT, "an affine function's gradient needs feature maps of a multiple of %d channels, three numbers for each, a gradient, and an integer", LANES);
  }
  l.images = affine_gradient_images;
  l.gelu = n[0] != 0;
  l.half_other = operand(call, 4)->dtype == XLA_FFI_BF16;
  l.dy = operand(call, 4)->data;
  l.dx = result(call, 0)->data;
  return two_sums(call, &l, result(call, 1)->data, result(call, 2)->data);
}

// moments computes the mean and the variance of each channel, from the sums of differences to the first value and of their squares.
xla_ffi_error* moments(xla_ffi_call* call) {
  if (answer_version_query(call)) return NULL;
  loop l = loop_of(call, 1, 2, 0);
  if (l.x == NULL || l.n * l.h * l.w == 0 || !is_vector(result(call, 0), l.c) || !is_vector(result(call, 1), l.c)) {
    return fail(call, XLA_FFI_INVALID_ARGUMENT, "moments need feature maps of a multiple of %d channels", LANES);
  }
  l.images = moments_images;
  float* first = malloc(l.c * sizeof(float));
  if (first == NULL) return fail(call, XLA_FFI_INTERNAL, "no memory left for a call's moments");
  for (int64_t k = 0; k < l.c; k++) first[k] = load_one(l.x, k, l.half);
  l.m = first;
  float *mean = result(call, 0)->data, *variance = result(call, 1)->data;
  xla_ffi_error* error = two_sums(call, &l, mean, variance);
  if (error == NULL) {
    double count = (double)(l.n * l.h * l.w);
    for (int64_t k = 0; k < l.c; k++) {
      double difference = mean[k] / count, v = variance[k] / count - difference * difference;
      mean[k] = (float)(first[k] + difference);
      variance[k] = v < 0 ? 0 : (float)v;
    }
  }
  free(first);
  return error;
}

// combine computes a·dz + q·x + r from x, a, r, q, with numbers for each channel, and dz.
xla_ffi_error* combine(xla_ffi_call* call) {
  if (answer_version_query(call)) return NULL;
  loop l = loop_of(call, 5, 1, 3);
  if (l.x == NULL || !same_maps(operand(call, 0), operand(call, 4)) || !same_maps(operand(call, 0), result(call, 0)) ||
      operand(call, 4)->dtype != operand(call, 0)->dtype || result(call, 0)->dtype != operand(call, 0)->dtype) {
    return fail(call, XLA_FFI_INVALID_ARGUMENT, "a combination needs two feature maps of a multiple of %d channels and three numbers for each", LANES);
  }
  l.images = combine_images;
  l.dy = operand(call, 4)->data;
  l.dx = result(call, 0)->data;
  return run_loop(call, &l, NULL);
}
