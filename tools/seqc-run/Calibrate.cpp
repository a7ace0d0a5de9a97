//===- Calibrate.cpp - Facts of this machine ------------------------------===//
//
// Each number is the best of several runs: other programs can only slow one down.
//
//===----------------------------------------------------------------------===//
#include "Calibrate.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A multiplication takes three cycles on every core that seqc makes code for, and the next one
/// waits for it.
double measureClock() {
  constexpr int64_t count = 20'000'000;
  double best = 1e9;
  for (int run = 0; run < 5; ++run) {
    uint64_t x = 3;
    auto start = Clock::now();
    for (int64_t i = 0; i < count; ++i) {
      x *= 0x9e3779b97f4a7c15u;
      asm volatile("" : "+r"(x)); // one after the other
    }
    best = std::min(best, secondsSince(start));
  }
  return 3.0 * count / best;
}

/// Bytes a second that copying moves, read and written, with `threads` copies of `bytes` at once.
double measureCopy(size_t bytes, unsigned threads, int repeats) {
  struct Pair {
    std::unique_ptr<char[]> from, to;
  };
  std::vector<Pair> pairs(threads);
  for (Pair &pair : pairs) {
    pair.from = std::make_unique<char[]>(bytes);
    pair.to = std::make_unique<char[]>(bytes);
    memset(pair.from.get(), 1, bytes);
    memset(pair.to.get(), 2, bytes);
  }
  double best = 1e9;
  for (int run = 0; run < 6; ++run) {
    auto work = [&](unsigned n) {
      for (int i = 0; i < repeats; ++i) {
        memcpy(pairs[n].to.get(), pairs[n].from.get(), bytes);
        asm volatile("" ::: "memory");
      }
    };
    auto start = Clock::now();
    std::vector<std::thread> others;
    for (unsigned n = 1; n < threads; ++n)
      others.emplace_back(work, n);
    work(0);
    for (std::thread &other : others)
      other.join();
    best = std::min(best, secondsSince(start));
  }
  return 2.0 * double(bytes) * repeats * threads / best;
}

#ifdef __x86_64__
/// Seconds of a division of `Vector`, many of which are independent.
#define SEQC_MEASURE_DIVISION(Vector)                                                              \
  {                                                                                                \
    constexpr int64_t rounds = 400'000, side = 8;                                                  \
    Vector n[side], d = Vector{} + 1.0001f;                                                        \
    for (int64_t i = 0; i < side; ++i)                                                             \
      n[i] = Vector{} + (1.0f + float(i));                                                         \
    double best = 1e9;                                                                             \
    for (int run = 0; run < 5; ++run) {                                                            \
      auto start = Clock::now();                                                                   \
      for (int64_t k = 0; k < rounds; ++k)                                                         \
        for (int64_t i = 0; i < side; ++i) {                                                       \
          Vector v = n[i];                                                                         \
          asm volatile("" : "+v"(v)); /* not the same as before */                                 \
          v = v / d;                                                                               \
          asm volatile("" ::"v"(v));                                                               \
        }                                                                                          \
      best = std::min(best, secondsSince(start));                                                  \
    }                                                                                              \
    return best / double(rounds * side);                                                           \
  }

typedef float Wide __attribute__((vector_size(64)));
typedef float Half __attribute__((vector_size(32)));
typedef float Quarter __attribute__((vector_size(16)));
__attribute__((target("avx512f"))) double divideWide() SEQC_MEASURE_DIVISION(Wide)
    __attribute__((target("avx2"))) double divideHalf()
        SEQC_MEASURE_DIVISION(Half) double divideQuarter() SEQC_MEASURE_DIVISION(Quarter)

            double measureDivision() {
  return __builtin_cpu_supports("avx512f") ? divideWide()
         : __builtin_cpu_supports("avx2")  ? divideHalf()
                                           : divideQuarter();
}
#else
/// Not known: taken for slow.
double measureDivision() { return 1e-6; }
#endif

} // namespace

std::string seqc::run::calibrate() {
  unsigned cores = std::max(1u, std::min(64u, std::thread::hardware_concurrency()));
  constexpr size_t large = size_t(96) << 20, inCache = size_t(192) << 10;
  char text[400];
  double clock = measureClock();
  snprintf(text, sizeof text,
           "{\n  \"clock_mhz\": %.0f,\n  \"memory_mbps\": %.0f,\n  \"l2_mbps\": %.0f,\n"
           "  \"all_memory_mbps\": %.0f,\n  \"division_cycles\": %.0f\n}\n",
           clock / 1e6, measureCopy(large, 1, 2) / 1e6, measureCopy(inCache, 1, 400) / 1e6,
           measureCopy(large / cores + 1, cores, 2) / 1e6,
           std::max(1.0, std::ceil(measureDivision() * clock)));
  return text;
}
