// The steps of affine.c's loops, for LANES channels at once. It is included for 8 and for 16: a processor with AVX-512 does twice as many.

#define NAME_OF(name, lanes) name##_##lanes
#define NAME_WITH(name, lanes) NAME_OF(name, lanes)
#define NAME(name) NAME_WITH(name, STEP_LANES)

typedef float NAME(floats) __attribute__((vector_size(4 * STEP_LANES), aligned(4), may_alias));
typedef int32_t NAME(bits) __attribute__((vector_size(4 * STEP_LANES), aligned(4), may_alias));
typedef uint32_t NAME(wide) __attribute__((vector_size(4 * STEP_LANES), aligned(4), may_alias));
typedef uint16_t NAME(halves) __attribute__((vector_size(2 * STEP_LANES), aligned(2), may_alias));
#define FLOATS NAME(floats)
#define BITS NAME(bits)
#define WIDE NAME(wide)
#define HALVES NAME(halves)

INLINE FLOATS NAME(vector)(const float* p) { return *(const FLOATS*)p; }

INLINE FLOATS NAME(load)(const void* base, int64_t i, bool half) {
  if (!half) return NAME(vector)((const float*)base + i);
  return (FLOATS)(__builtin_convertvector(*(const HALVES*)((const uint16_t*)base + i), WIDE) << 16);
}

// store rounds to the nearest bfloat16, as XLA does. A NaN stays one.
INLINE void NAME(store)(void* base, int64_t i, bool half, FLOATS v) {
  if (!half) {
    *(FLOATS*)((float*)base + i) = v;
    return;
  }
  WIDE u = (WIDE)v, nan = (WIDE)(v != v);
  u = ((u + 0x7fff + (u >> 16 & 1)) & ~nan) | ((u | 0x400000) & nan);
  *(HALVES*)((uint16_t*)base + i) = __builtin_convertvector(u >> 16, HALVES);
}

// smaller is v, or the limit where v is above it; a NaN stays one.
INLINE FLOATS NAME(smaller)(FLOATS v, float limit) {
  BITS above = v > limit;
  FLOATS limits = limit - (FLOATS){0};
  return (FLOATS)(((BITS)v & ~above) | ((BITS)limits & above));
}

// distribution is that of the normal distribution, (1 + erf(z/√2))/2. The rational function for erf, with an error below 3e-7, is
// that of Eigen and XLA.
INLINE FLOATS NAME(distribution)(FLOATS z) {
  FLOATS v = NAME(smaller)(-NAME(smaller)(-z * 0.70710678f, 4), 4);
  FLOATS s = v * v;
  FLOATS p = s * -2.72614225801306e-10f + 2.77068142495902e-08f;
  p = p * s - 2.10102402082508e-06f;
  p = p * s - 5.69250639462346e-05f;
  p = p * s - 7.34990630326855e-04f;
  p = p * s - 2.95459980854025e-03f;
  p = p * s - 1.60960333262415e-02f;
  FLOATS q = s * -1.45660718464996e-05f - 2.13374055278905e-04f;
  q = q * s - 1.68282697438203e-03f;
  q = q * s - 7.37332916720468e-03f;
  q = q * s - 1.42647390514189e-02f;
  return v * p / q * 0.5f + 0.5f;
}

// density is that of the normal distribution, exp(-z²/2)/√(2π), with a relative error below 1e-6. Beyond ±9 it is that of 9, 1e-18.
INLINE FLOATS NAME(density)(FLOATS z) {
  FLOATS t = -NAME(smaller)(z * z * 0.5f, 40.5f);
  BITS n = __builtin_convertvector(t * 1.44269504f - 0.5f, BITS);
  FLOATS power = __builtin_convertvector(n, FLOATS);
  FLOATS r = t - power * 0.693359375f - power * -2.12194440e-4f;
  FLOATS e = r * 1.9875691500e-4f + 1.3981999507e-3f;  // Cephes, expf
  e = e * r + 8.3334519073e-3f;
  e = e * r + 4.1665795894e-2f;
  e = e * r + 1.6666665459e-1f;
  e = e * r + 5.0000001201e-1f;
  e = e * r * r + r + 1;
  return e * (FLOATS)((n + 127) << 23) * 0.39894228f;
}

// The steps, for the channels from k on of the pixel at p. own are the sums of an image.

INLINE void NAME(affine)(const loop* l, step_types t, int64_t p, int64_t k, float* own) {
  (void)own;
  FLOATS z = NAME(load)(l->x, p + k, t.half) * NAME(vector)(l->a + k) + NAME(vector)(l->b + k);
  if (t.gelu) z *= NAME(distribution)(z);
  NAME(store)(l->y, p + k, t.half_other, z);
}

INLINE void NAME(affine_gradient)(const loop* l, step_types t, int64_t p, int64_t k, float* own) {
  FLOATS x = NAME(load)(l->x, p + k, t.half), dz = NAME(load)(l->dy, p + k, t.half_other);
  if (t.gelu) {
    FLOATS z = x * NAME(vector)(l->a + k) + NAME(vector)(l->b + k);
    dz *= NAME(distribution)(z) + z * NAME(density)(z);
  }
  NAME(store)(l->dx, p + k, t.half, dz);
  *(FLOATS*)(own + k) += dz;
  *(FLOATS*)(own + l->c + k) += dz * (x - NAME(vector)(l->m + k));
}

INLINE void NAME(moments)(const loop* l, step_types t, int64_t p, int64_t k, float* own) {
  FLOATS x = NAME(load)(l->x, p + k, t.half) - NAME(vector)(l->m + k);
  *(FLOATS*)(own + k) += x;
  *(FLOATS*)(own + l->c + k) += x * x;
}

INLINE void NAME(combine)(const loop* l, step_types t, int64_t p, int64_t k, float* own) {
  (void)own;
  FLOATS dz = NAME(load)(l->dy, p + k, t.half), x = NAME(load)(l->x, p + k, t.half);
  NAME(store)(l->dx, p + k, t.half, dz * NAME(vector)(l->a + k) + x * NAME(vector)(l->m + k) + NAME(vector)(l->b + k));
}

#undef FLOATS
#undef BITS
#undef WIDE
#undef HALVES
