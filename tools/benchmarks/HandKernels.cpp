// What a careful engineer writes by hand: the yardsticks of tools/bench.
//
// Intrinsics, one core, float32. Each kernel states its layout; sizes are
// multiples of 16 where they run along vectors. Compiled by tools/bench itself
// (-O3 -march=native), never a part of seqc. The elementwise kernels and the
// machine's limits are for AVX2 and AVX-512; those that depend on 32 registers
// or on AVX-512's permutations exist there alone, and tools/bench says so in
// the row. Without AVX2 the file is empty.
#if defined(__AVX2__) && defined(__FMA__)
#include "HandVectors.h"
#include <cstdlib>
#include <cstring>

/// h = a h + x over rows: time outside, channels inside, the state in L1,
/// results past the caches.
template <bool Prefetch> INLINE void affineRows(In a, In x, Out o, long B, long T, long D) {
  alignas(64) static thread_local float h[8192];
  for (long b = 0; b < B; b++) {
    memset(h, 0, D * sizeof(float));
    size_t p = (size_t)b * T * D;
    for (long t = 0; t < T; t++, p += D)
#pragma clang loop unroll(disable)
      for (long d = 0; d < D; d += lanes) {
        if (Prefetch) {
          _mm_prefetch((const char *)(a + p + d + 2 * D), _MM_HINT_T0);
          _mm_prefetch((const char *)(x + p + d + 2 * D), _MM_HINT_T0);
        }
        Vec v = fma(load(a + p + d), load(h + d), load(x + p + d));
        store(h + d, v);
        stream(o + p + d, v);
      }
  }
}

template <bool Divide, bool Prefetch>
INLINE void paraGru(In A, In u, Out o, long B, long T, long D) {
  alignas(64) static thread_local float H[8192];
  for (long b = 0; b < B; b++) {
    memset(H, 0, D * sizeof(float));
    for (long t = 0; t < T; t++) {
      const float *U = u + ((size_t)b * T + t) * 3 * D;
      float *O = o + ((size_t)b * T + t) * D;
#pragma clang loop unroll(disable)
      for (long d = 0; d < D; d += lanes) {
        if (Prefetch)
          for (int q = 0; q < 3; q++)
            _mm_prefetch((const char *)(U + 6 * D + q * D + d), _MM_HINT_T0);
        Vec h = load(H + d);
        Vec z = sigmoid<Divide>(fma(load(A + d), h, load(U + d)));
        Vec r = sigmoid<Divide>(fma(load(A + D + d), h, load(U + D + d)));
        Vec n = tanh<Divide>(fma(load(A + 2 * D + d), mul(h, r), load(U + 2 * D + d)));
        h = fma(z, sub(n, h), h);
        store(H + d, h);
        store(O + d, h);
      }
    }
  }
}

#ifdef HAS_AVX512
/// Blocks of channels stay in registers for all time. exp by base 2: a 32-entry
/// table in two registers, degree 2 for the rest, exact at 0.
INLINE void selectiveScan(In dt, In A, In Bm, In Cm, In x, Out y, long T, long D) {
  alignas(64) float table[32], a2[256];
  for (int j = 0; j < 32; j++)
    table[j] = exp2f(j / 32.f);
  const Vec T0 = _mm512_load_ps(table), T1 = _mm512_load_ps(table + 16);
  const Vec magic = all(12582912.f / 32);
  for (long d = 0; d < D; d += 16) {
    Vec h[16];
    for (int n = 0; n < 16; n++) {
      h[n] = _mm512_setzero_ps();
      _mm512_store_ps(a2 + n * 16, _mm512_mul_ps(all(1.44269504f), load(A + n * D + d)));
    }
    for (long t = 0; t < T; t++) {
      _mm_prefetch((const char *)(dt + (t + 8) * D + d), _MM_HINT_T0);
      _mm_prefetch((const char *)(x + (t + 8) * D + d), _MM_HINT_T0);
      Vec q = load(dt + t * D + d), ux = _mm512_mul_ps(q, load(x + t * D + d));
      Vec sum[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
#pragma clang loop unroll(full)
      for (int n = 0; n < 16; n++) {
        Vec e = _mm512_mul_ps(q, _mm512_load_ps(a2 + n * 16));
        Vec s = _mm512_add_ps(e, magic), k = _mm512_sub_ps(s, magic);
        Vec f = _mm512_sub_ps(e, k);
        Vec v = _mm512_permutex2var_ps(T0, _mm512_castps_si512(s), T1);
        Vec p = fma(all(0.2402265f), f, all(0.69314718f));
        v = fma(v, _mm512_mul_ps(f, p), v);
        Vec written = _mm512_mul_ps(ux, all(Bm[t * 16 + n]));
        h[n] = fma(_mm512_scalef_ps(v, k), h[n], written);
        sum[n & 1] = fma(h[n], all(Cm[t * 16 + n]), sum[n & 1]);
      }
      store(y + t * D + d, _mm512_add_ps(sum[0], sum[1]));
    }
  }
}

/// MR rows of C = A W + bias for one panel of 32 columns; W is [K][32].
template <int MR> INLINE void projectTile(In A, In W, In bias, Out C, long N, long K) {
  Vec c[MR][2];
  for (int i = 0; i < MR; i++)
    for (int j = 0; j < 2; j++)
      c[i][j] = load(bias + 16 * j);
  for (long k = 0; k < K; k++) {
    Vec b0 = load(W + k * 32), b1 = load(W + k * 32 + 16);
#pragma clang loop unroll(full)
    for (int i = 0; i < MR; i++) {
      Vec a = all(A[i * K + k]);
      c[i][0] = fma(a, b0, c[i][0]);
      c[i][1] = fma(a, b1, c[i][1]);
    }
  }
  for (int i = 0; i < MR; i++)
    for (int j = 0; j < 2; j++)
      store(C + i * N + 16 * j, c[i][j]);
}

/// Input projection C[M][N] = A[M][K] W + bias[N], W packed [N/32][K][32];
/// blocks of 96 rows of A stay in L2 while the panels of W pass by.
static void project(In A, In W, In bias, Out C, long M, long N, long K) {
  for (long m0 = 0; m0 < M; m0 += 96) {
    long m1 = m0 + 96 < M ? m0 + 96 : M;
    for (long n = 0; n < N; n += 32) {
      long m = m0;
      for (; m + 12 <= m1; m += 12)
        projectTile<12>(A + m * K, W + n * K, bias + n, C + m * N + n, N, K);
      for (; m + 4 <= m1; m += 4)
        projectTile<4>(A + m * K, W + n * K, bias + n, C + m * N + n, N, K);
      for (; m < m1; m++)
        projectTile<1>(A + m * K, W + n * K, bias + n, C + m * N + n, N, K);
    }
  }
}

INLINE void lstmTail(const Vec *a, float *c, float *h) {
  Vec cell =
      fma(sigmoid<true>(a[1]), load(c), _mm512_mul_ps(sigmoid<true>(a[0]), tanh<true>(a[2])));
  store(c, cell);
  store(h, _mm512_mul_ps(sigmoid<true>(a[3]), tanh<true>(cell)));
}

/// One sequence: y = W h streams the weights once a step; two sets of sums hide
/// the latency.
static void lstmOne(In W, In xg, Out h, Out c, long T, long H) {
  for (long t = 0; t < T; t++)
    for (long nb = 0; nb < H / 16; nb++) {
      Vec a[2][4];
      for (int q = 0; q < 4; q++) {
        a[0][q] = load(xg + (t * (H / 16) + nb) * 64 + q * 16);
        a[1][q] = _mm512_setzero_ps();
      }
      const float *w = W + nb * H * 64, *hp = h + t * H;
      for (long k = 0; k < H; k += 2)
        for (int s = 0; s < 2; s++) {
          Vec hv = all(hp[k + s]);
          for (int q = 0; q < 4; q++)
            a[s][q] = fma(hv, load(w + (k + s) * 64 + q * 16), a[s][q]);
        }
      for (int q = 0; q < 4; q++)
        a[0][q] = _mm512_add_ps(a[0][q], a[1][q]);
      lstmTail(a[0], c + nb * 16, h + (t + 1) * H + nb * 16);
    }
}

/// H = 64, one sequence: all 16 sums in registers; k runs up and down in turn,
/// so that most of the 64 KiB of weights [64][4][4][16] stays in L1.
static void lstm64(In W, In xg, Out h, Out c, long T) {
  for (long t = 0; t < T; t++) {
    Vec a[16];
    for (int q = 0; q < 16; q++)
      a[q] = load(xg + t * 256 + q * 16);
    const float *hh = h + t * 64;
    const long dk = t & 1 ? -1 : 1;
    for (long n = 0, k = t & 1 ? 63 : 0; n < 64; n++, k += dk) {
      Vec b = all(hh[k]);
#pragma clang loop unroll(full)
      for (int q = 0; q < 16; q++)
        a[q] = fma(b, load(W + (k * 16 + q) * 16), a[q]);
    }
    for (int nb = 0; nb < 4; nb++)
      lstmTail(a + nb * 4, c + nb * 16, h + (t + 1) * 64 + nb * 16);
  }
}

/// Packs rows of h in groups of 4: [B/4][H][4].
static float *packRows(In h, long B, long H) {
  static thread_local float *packed = nullptr;
  static thread_local long capacity = 0;
  if (capacity < B * H) {
    free(packed);
    capacity = B * H;
    packed = (float *)aligned_alloc(64, capacity * sizeof(float));
  }
  for (long m = 0; m < B; m += 4)
    for (long k = 0; k < H; k++)
      for (int i = 0; i < 4; i++)
        packed[m * H + k * 4 + i] = h[(m + i) * H + k];
  return packed;
}

/// A batch (B % 4 == 0): tiles of 4 rows by 16 units, the next panel of weights
/// prefetched to L2.
static void lstmBatch(In W, In xg, Out h, Out c, long T, long B, long H) {
  const long NB = H / 16;
  for (long t = 0; t < T; t++) {
    const float *hp = packRows(h + t * B * H, B, H);
    for (long nb = 0; nb < NB; nb++) {
      const float *w = W + nb * H * 64, *next = W + (nb + 1) % NB * H * 64;
      for (long m = 0; m < B; m += 4) {
        const float *hm = hp + m * H, *pf = next + m * H * 64 / B;
        Vec a[4][4];
        for (int i = 0; i < 4; i++)
          for (int q = 0; q < 4; q++)
            a[i][q] = load(xg + ((t * B + m + i) * NB + nb) * 64 + 16 * q);
        for (long k = 0; k < H; k++) {
          Vec b[4];
          for (int q = 0; q < 4; q++)
            b[q] = load(w + k * 64 + 16 * q);
          if ((k & 3) == 0)
            _mm_prefetch((const char *)(pf + k * 4), _MM_HINT_T1);
#pragma clang loop unroll(full)
          for (int i = 0; i < 4; i++) {
            Vec v = all(hm[k * 4 + i]);
            for (int q = 0; q < 4; q++)
              a[i][q] = fma(v, b[q], a[i][q]);
          }
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++)
          lstmTail(a[i], c + (m + i) * H + nb * 16, h + ((t + 1) * B + m + i) * H + nb * 16);
      }
    }
  }
}

/// Gates r, z, n; `x` and `s` are the input's and the state's sums, s[2] with
/// its bias.
INLINE void gruTail(const float *x, const Vec *s, const float *h, float *next) {
  Vec r = sigmoid<true>(_mm512_add_ps(load(x), s[0]));
  Vec z = sigmoid<true>(_mm512_add_ps(load(x + 16), s[1]));
  Vec n = tanh<true>(fma(r, s[2], load(x + 32)));
  store(next, fma(z, _mm512_sub_ps(load(h), n), n));
}

/// W [H/16][H][48], xg [T][H/16][48], bias [H/16][48] (zero for r and z: the
/// projection has theirs).
static void gruOne(In W, In xg, In bias, Out h, long T, long H) {
  for (long t = 0; t < T; t++)
    for (long nb = 0; nb < H / 16; nb++) {
      Vec a[4][3];
      for (int q = 0; q < 3; q++) {
        a[0][q] = load(bias + nb * 48 + q * 16);
        a[1][q] = a[2][q] = a[3][q] = _mm512_setzero_ps();
      }
      const float *w = W + nb * H * 48, *hp = h + t * H;
      for (long k = 0; k < H; k += 4)
        for (int s = 0; s < 4; s++) {
          Vec hv = all(hp[k + s]);
          for (int q = 0; q < 3; q++)
            a[s][q] = fma(hv, load(w + (k + s) * 48 + q * 16), a[s][q]);
        }
      for (int q = 0; q < 3; q++)
        a[0][q] = _mm512_add_ps(_mm512_add_ps(a[0][q], a[1][q]), _mm512_add_ps(a[2][q], a[3][q]));
      gruTail(xg + (t * (H / 16) + nb) * 48, a[0], hp + nb * 16, h + (t + 1) * H + nb * 16);
    }
}

/// The same for a batch, B % 8 == 0, xg [T][B][H/16][48]: tiles of 8 rows by 16
/// units.
static void gruBatch(In W, In xg, In bias, Out h, long T, long B, long H) {
  const long NB = H / 16;
  for (long t = 0; t < T; t++) {
    const float *hp = packRows(h + t * B * H, B, H);
    for (long nb = 0; nb < NB; nb++) {
      const float *w = W + nb * H * 48, *next = W + (nb + 1) % NB * H * 48;
      for (long m = 0; m < B; m += 8) {
        const float *h0 = hp + m * H, *h1 = h0 + 4 * H, *pf = next + m * H * 48 / B;
        Vec a[8][3];
        for (int i = 0; i < 8; i++)
          for (int q = 0; q < 3; q++)
            a[i][q] = load(bias + nb * 48 + 16 * q);
        for (long k = 0; k < H; k++) {
          Vec b[3];
          for (int q = 0; q < 3; q++)
            b[q] = load(w + k * 48 + 16 * q);
          if ((k & 1) == 0)
            _mm_prefetch((const char *)(pf + k * 6), _MM_HINT_T1);
#pragma clang loop unroll(full)
          for (int i = 0; i < 8; i++) {
            Vec v = all((i < 4 ? h0 : h1)[k * 4 + (i & 3)]);
            for (int q = 0; q < 3; q++)
              a[i][q] = fma(v, b[q], a[i][q]);
          }
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++)
          gruTail(xg + ((t * B + m + i) * NB + nb) * 48, a[i], h + (t * B + m + i) * H + nb * 16,
                  h + ((t + 1) * B + m + i) * H + nb * 16);
      }
    }
  }
}

#endif // HAS_AVX512

extern "C" {
/// a, x, o [B][T][D].
void hand_affine(In a, In x, Out o, long B, long T, long D) { affineRows<false>(a, x, o, B, T, D); }
void hand_affine_prefetch(In a, In x, Out o, long B, long T, long D) {
  affineRows<true>(a, x, o, B, T, D);
}

/// A [3][D], u [B][T][3][D], o [B][T][D].
void hand_para_gru(In A, In u, Out o, long B, long T, long D) {
  paraGru<false, true>(A, u, o, B, T, D);
}
void hand_para_gru_divide(In A, In u, Out o, long B, long T, long D) {
  paraGru<true, true>(A, u, o, B, T, D);
}

#ifdef HAS_AVX512
/// dt, x, y [T][D], A [16][D], Bm, Cm [T][16].
void hand_selective_scan(In dt, In A, In Bm, In Cm, In x, Out y, long T, long D) {
  selectiveScan(dt, A, Bm, Cm, x, y, T, D);
}

/// x [T][B][I], Wi packed by `project` with columns [H/16][4][16], W
/// [H/16][H][64] (H = 64, B = 1: [64][4][4][16]), bias [4H] in the columns'
/// order; work xg [T][B][4H], c [B][H]; h [T+1][B][H], h[0] the initial state.
void hand_lstm(In x, In Wi, In bias, In W, Out xg, Out c, Out h, long T, long B, long I, long H) {
  memset(c, 0, B * H * sizeof(float));
  project(x, Wi, bias, xg, T * B, 4 * H, I);
  if (B > 1)
    lstmBatch(W, xg, h, c, T, B, H);
  else if (H == 64)
    lstm64(W, xg, h, c, T);
  else
    lstmOne(W, xg, h, c, T, H);
}

/// The same with three gates r, z, n; state_bias [H/16][3][16] is the part of
/// n's bias inside the reset.
void hand_gru(In x, In Wi, In bias, In W, In state_bias, Out xg, Out h, long T, long B, long I,
              long H) {
  project(x, Wi, bias, xg, T * B, 3 * H, I);
  if (B > 1)
    gruBatch(W, xg, state_bias, h, T, B, H);
  else
    gruOne(W, xg, state_bias, h, T, H);
}

#endif // HAS_AVX512

/// The machine: n floats copied past the caches.
void limit_copy(In a, Out o, long n) {
  for (long i = 0; i < n; i += lanes)
    stream(o + i, load(a + i));
  _mm_sfence();
}

/// The same by way of the caches.
void limit_copy_cached(In a, Out o, long n) {
  for (long i = 0; i < n; i += lanes)
    store(o + i, load(a + i));
}

/// Floats in a vector.
long limit_lanes() { return lanes; }

/// n rounds of 12 independent FMAs; returns something so that they happen.
float limit_peak(long n) {
  Vec a[12], x = all(0.999f), y = all(1e-3f);
  for (int i = 0; i < 12; i++)
    a[i] = all((float)i);
  for (long k = 0; k < n; k++)
    for (int i = 0; i < 12; i++)
      FMA_CHAIN(a[i], x, y);
  float sum = 0;
  for (int i = 0; i < 12; i++)
    sum += sumOf(a[i]);
  return sum;
}

/// n FMAs, each waiting for the one before.
float limit_latency(long n) {
  Vec a = all(1), x = all(0.999f), y = all(1e-3f);
  for (long k = 0; k < n; k++)
    FMA_CHAIN(a, x, y);
  return sumOf(a);
}
}
#endif
