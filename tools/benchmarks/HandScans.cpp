// Recurrences that may run along time, by hand: one long series by a tree in
// registers, complex and 2x2 steps by rows. As HandKernels.cpp: intrinsics, one
// core, float32, for AVX2 and AVX-512; sizes that run along vectors are
// multiples of 16.
#if defined(__AVX2__) && defined(__FMA__)
#include "HandVectors.h"
#include <cstring>

/// A step h -> A h + X in each lane becomes that step after the one `shift`
/// lanes before it; the first `shift` lanes stay.
#ifdef HAS_AVX512
template <int shift> INLINE void after(Vec &A, Vec &X) {
  constexpr __mmask16 later = (__mmask16)(0xffff << shift);
  const __m512i a = _mm512_castps_si512(A), x = _mm512_castps_si512(X);
  const Vec before = _mm512_castsi512_ps(_mm512_alignr_epi32(a, a, 16 - shift));
  X = _mm512_mask3_fmadd_ps(A, _mm512_castsi512_ps(_mm512_alignr_epi32(x, x, 16 - shift)), X,
                            later);
  A = _mm512_mask_mul_ps(A, later, A, before);
}
INLINE void prefixes(Vec &A, Vec &X) {
  after<1>(A, X);
  after<2>(A, X);
  after<4>(A, X);
  after<8>(A, X);
}
INLINE Vec last(Vec v) { return _mm512_permutexvar_ps(_mm512_set1_epi32(15), v); }
/// h = a h + x of interleaved complex numbers.
INLINE Vec complexStep(Vec a, Vec h, Vec x) {
  const Vec turned = _mm512_fmaddsub_ps(_mm512_movehdup_ps(a), _mm512_permute_ps(h, 0xB1), x);
  return _mm512_fmaddsub_ps(_mm512_moveldup_ps(a), h, turned);
}
#else
template <int shift> INLINE void after(Vec &A, Vec &X) {
  constexpr int earlier = (1 << shift) - 1;
  const __m256i from =
      _mm256_sub_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(shift));
  const Vec a = _mm256_blend_ps(_mm256_permutevar8x32_ps(A, from), all(1), earlier);
  const Vec x = _mm256_blend_ps(_mm256_permutevar8x32_ps(X, from), all(0), earlier);
  X = fma(A, x, X);
  A = mul(A, a);
}
INLINE void prefixes(Vec &A, Vec &X) {
  after<1>(A, X);
  after<2>(A, X);
  after<4>(A, X);
}
INLINE Vec last(Vec v) { return _mm256_permutevar8x32_ps(v, _mm256_set1_epi32(7)); }
/// h = a h + x of interleaved complex numbers.
INLINE Vec complexStep(Vec a, Vec h, Vec x) {
  const Vec turned = _mm256_fmaddsub_ps(_mm256_movehdup_ps(a), _mm256_permute_ps(h, 0xB1), x);
  return _mm256_fmaddsub_ps(_mm256_moveldup_ps(a), h, turned);
}
#endif

/// h = a h + x of one series: four vectors of consecutive steps at a time, the
/// carry alone from one to the next. In cache the carry takes one FMA a vector;
/// from memory, where that is not the limit, it is read off the result.
template <bool Stream> INLINE void series(In a, In x, Out o, long T) {
  Vec h = all(0);
  for (long t = 0; t < T; t += 4 * lanes) {
    Vec A[4], X[4];
    for (int u = 0; u < 4; u++) {
      A[u] = load(a + t + u * lanes);
      X[u] = load(x + t + u * lanes);
    }
    for (int u = 0; u < 4; u++)
      prefixes(A[u], X[u]);
    for (int u = 0; u < 4; u++) {
      const Vec v = fma(A[u], h, X[u]);
      if (Stream) {
        stream(o + t + u * lanes, v);
        h = last(v);
      } else {
        store(o + t + u * lanes, v);
        h = fma(last(A[u]), h, last(X[u]));
      }
    }
  }
}

template <bool Prefetch> INLINE void ahead(const float *p, long distance) {
  if (Prefetch)
    _mm_prefetch((const char *)(p + distance), _MM_HINT_T0);
}

/// Interleaved complex numbers by rows of W floats: the state in L1, results
/// past the caches.
template <bool Prefetch> INLINE void complexRows(In a, In x, Out o, long B, long T, long W) {
  alignas(64) static thread_local float h[8192];
  for (long b = 0; b < B; b++) {
    memset(h, 0, W * sizeof(float));
    size_t p = (size_t)b * T * W;
    for (long t = 0; t < T; t++, p += W)
#pragma clang loop unroll(disable)
      for (long d = 0; d < W; d += lanes) {
        ahead<Prefetch>(a + p + d, 2 * W);
        ahead<Prefetch>(x + p + d, 2 * W);
        const Vec v = complexStep(load(a + p + d), load(h + d), load(x + p + d));
        store(h + d, v);
        stream(o + p + d, v);
      }
  }
}

/// The same with real and imaginary parts in arrays of their own.
template <bool Prefetch>
INLINE void splitRows(In ar, In ai, In xr, In xi, Out yr, Out yi, long B, long T, long D) {
  alignas(64) static thread_local float hr[4096], hi[4096];
  for (long b = 0; b < B; b++) {
    memset(hr, 0, D * sizeof(float));
    memset(hi, 0, D * sizeof(float));
    size_t p = (size_t)b * T * D;
    for (long t = 0; t < T; t++, p += D)
#pragma clang loop unroll(disable)
      for (long d = 0; d < D; d += lanes) {
        ahead<Prefetch>(ar + p + d, 2 * D);
        ahead<Prefetch>(ai + p + d, 2 * D);
        ahead<Prefetch>(xr + p + d, 2 * D);
        ahead<Prefetch>(xi + p + d, 2 * D);
        const Vec r = load(hr + d), i = load(hi + d), a = load(ar + p + d), c = load(ai + p + d);
        const Vec real = fma(a, r, sub(load(xr + p + d), mul(c, i)));
        const Vec imaginary = fma(a, i, fma(c, r, load(xi + p + d)));
        store(hr + d, real);
        store(hi + d, imaginary);
        stream(yr + p + d, real);
        stream(yi + p + d, imaginary);
      }
  }
}

/// h = A h + x with a 2x2 matrix for every channel.
template <bool Prefetch> INLINE void blockRows(In a, In x, Out y, Out z, long B, long T, long D) {
  alignas(64) static thread_local float first[4096], second[4096];
  for (long b = 0; b < B; b++) {
    memset(first, 0, D * sizeof(float));
    memset(second, 0, D * sizeof(float));
    for (long t = 0; t < T; t++) {
      const size_t row = (size_t)b * T + t;
      const float *A = a + row * 4 * D, *X = x + row * 2 * D;
#pragma clang loop unroll(disable)
      for (long d = 0; d < D; d += lanes) {
        for (int q = 0; q < 4; q++)
          ahead<Prefetch>(A + q * D + d, 8 * D);
        for (int q = 0; q < 2; q++)
          ahead<Prefetch>(X + q * D + d, 4 * D);
        const Vec h = load(first + d), g = load(second + d);
        const Vec u = fma(load(A + d), h, fma(load(A + D + d), g, load(X + d)));
        const Vec v = fma(load(A + 2 * D + d), h, fma(load(A + 3 * D + d), g, load(X + D + d)));
        store(first + d, u);
        store(second + d, v);
        stream(y + row * D + d, u);
        stream(z + row * D + d, v);
      }
    }
  }
}

extern "C" {
/// a, x, o [T], T a multiple of 64.
void hand_series(In a, In x, Out o, long T) { series<false>(a, x, o, T); }
/// The same with results past the caches; o is aligned to 64 bytes.
void hand_series_stream(In a, In x, Out o, long T) { series<true>(a, x, o, T); }

/// a, x, o [B][T][D][re, im].
void hand_complex(In a, In x, Out o, long B, long T, long D) {
  complexRows<false>(a, x, o, B, T, 2 * D);
}
void hand_complex_prefetch(In a, In x, Out o, long B, long T, long D) {
  complexRows<true>(a, x, o, B, T, 2 * D);
}

/// Real and imaginary parts of a and x, then of the result, each [B][T][D].
void hand_complex_split(In ar, In ai, In xr, In xi, Out yr, Out yi, long B, long T, long D) {
  splitRows<false>(ar, ai, xr, xi, yr, yi, B, T, D);
}
void hand_complex_split_prefetch(In ar, In ai, In xr, In xi, Out yr, Out yi, long B, long T,
                                 long D) {
  splitRows<true>(ar, ai, xr, xi, yr, yi, B, T, D);
}

/// a [B][T][2][2][D], x [B][T][2][D], y and z [B][T][D].
void hand_block(In a, In x, Out y, Out z, long B, long T, long D) {
  blockRows<false>(a, x, y, z, B, T, D);
}
void hand_block_prefetch(In a, In x, Out y, Out z, long B, long T, long D) {
  blockRows<true>(a, x, y, z, B, T, D);
}
}
#endif
