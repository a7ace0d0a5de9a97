/// One vector of floats, AVX-512's or AVX2's, under names that the hand-written
/// kernels share, and the activations that they use.
#ifndef SEQC_TOOLS_BENCHMARKS_HANDVECTORS_H
#define SEQC_TOOLS_BENCHMARKS_HANDVECTORS_H

#include <cmath>
#include <cstdint>
#include <immintrin.h>

using In = const float *__restrict;
using Out = float *__restrict;
#define INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define HAS_AVX512
using Vec = __m512;
constexpr long lanes = 16;
INLINE Vec all(float x) { return _mm512_set1_ps(x); }
INLINE Vec load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void store(float *p, Vec v) { _mm512_storeu_ps(p, v); }
INLINE void stream(float *p, Vec v) { _mm512_stream_ps(p, v); }
INLINE Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
INLINE Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
INLINE Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
INLINE Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
INLINE Vec fms(Vec a, Vec b, Vec c) { return _mm512_fmsub_ps(a, b, c); }
INLINE Vec clamp(Vec x, float bound) {
  return _mm512_max_ps(all(-bound), _mm512_min_ps(all(bound), x));
}
/// p 2^n, where t is the magic number 1.5 2^23 plus n.
INLINE Vec scale(Vec p, Vec t) {
  return _mm512_castsi512_ps(
      _mm512_add_epi32(_mm512_castps_si512(p), _mm512_slli_epi32(_mm512_castps_si512(t), 23)));
}
/// 1/d by estimate and one Newton step: cheaper than a division on Intel's
/// cores.
INLINE Vec reciprocal(Vec d) {
  Vec y = _mm512_rcp14_ps(d);
  return fma(y, _mm512_fnmadd_ps(d, y, all(1)), y);
}
INLINE float sumOf(Vec v) { return _mm512_reduce_add_ps(v); }
#define FMA_CHAIN(a, x, y) asm volatile("vfmadd213ps %2, %1, %0" : "+v"(a) : "v"(x), "v"(y))
#else
using Vec = __m256;
constexpr long lanes = 8;
INLINE Vec all(float x) { return _mm256_set1_ps(x); }
INLINE Vec load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void store(float *p, Vec v) { _mm256_storeu_ps(p, v); }
INLINE void stream(float *p, Vec v) { _mm256_stream_ps(p, v); }
INLINE Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
INLINE Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
INLINE Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
INLINE Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
INLINE Vec fms(Vec a, Vec b, Vec c) { return _mm256_fmsub_ps(a, b, c); }
INLINE Vec clamp(Vec x, float bound) {
  return _mm256_max_ps(all(-bound), _mm256_min_ps(all(bound), x));
}
/// p 2^n, where t is the magic number 1.5 2^23 plus n.
INLINE Vec scale(Vec p, Vec t) {
  return _mm256_castsi256_ps(
      _mm256_add_epi32(_mm256_castps_si256(p), _mm256_slli_epi32(_mm256_castps_si256(t), 23)));
}
/// 1/d by estimate (12 bits) and one Newton step: 23 bits.
INLINE Vec reciprocal(Vec d) {
  Vec y = _mm256_rcp_ps(d);
  return fma(y, _mm256_fnmadd_ps(d, y, all(1)), y);
}
INLINE float sumOf(Vec v) {
  float parts[lanes], sum = 0;
  store(parts, v);
  for (float part : parts)
    sum += part;
  return sum;
}
#define FMA_CHAIN(a, x, y) asm volatile("vfmadd213ps %2, %1, %0" : "+x"(a) : "x"(x), "x"(y))
#endif

/// n/d in one of two ways; which one is faster differs from core to core.
template <bool Divide> INLINE Vec quotient(Vec n, Vec d) {
  return Divide ? div(n, d) : mul(n, reciprocal(d));
}

/// sigmoid(x) = 1 / (1 + 2^(-x log2 e)), exponent by magic rounding, 2^f by a
/// polynomial of degree 5.
template <bool Divide> INLINE Vec sigmoid(Vec x) {
  x = clamp(x, 87);
  const Vec log2e = all(-1.44269504f), magic = all(12582912.f);
  Vec t = fma(x, log2e, magic);
  Vec f = fms(x, log2e, sub(t, magic));
  Vec p = fma(all(1.3400432176e-3f), f, all(9.676037098e-3f));
  p = fma(p, f, all(5.5503272142e-2f));
  p = fma(p, f, all(2.4022107356e-1f));
  p = fma(p, f, all(6.931472067e-1f));
  p = fma(p, f, all(1.0000000755f));
  return quotient<Divide>(all(1), add(scale(p, t), all(1)));
}

/// tanh(x) as a quotient of polynomials, degree 13 over degree 6.
template <bool Divide> INLINE Vec tanh(Vec x) {
  x = clamp(x, 7.99881172180175781f);
  Vec q = mul(x, x);
  Vec n = fma(q, all(-2.76076847742355e-16f), all(2.00018790482477e-13f));
  n = fma(q, n, all(-8.60467152213735e-11f));
  n = fma(q, n, all(5.12229709037114e-08f));
  n = fma(q, n, all(1.48572235717979e-05f));
  n = fma(q, n, all(6.37261928875436e-04f));
  n = fma(q, n, all(4.89352455891786e-03f));
  Vec d = fma(q, all(1.19825839466702e-06f), all(1.18534705686654e-04f));
  d = fma(q, d, all(2.26843463243900e-03f));
  d = fma(q, d, all(4.89352518554385e-03f));
  return quotient<Divide>(mul(x, n), d);
}

#endif // SEQC_TOOLS_BENCHMARKS_HANDVECTORS_H
