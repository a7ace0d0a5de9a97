// Conversions to f16 and bf16 against the compiler's own library: all halves,
// all pairs of neighbouring halves with their midpoints, random floats and
// doubles.
//
// REQUIRES: x86-host
// RUN: %cc -O1 -g1 -fsanitize=undefined -fno-sanitize-recover=all -DOURS -c %source/lib/Runtime/CPU/Halves.c -I%source/include -D__extendhfsf2=our_extendhfsf2 -D__truncsfhf2=our_truncsfhf2 -D__truncdfhf2=our_truncdfhf2 -D__truncsfbf2=our_truncsfbf2 -D__truncdfbf2=our_truncdfbf2 -o %t.o
// RUN: %cc -O1 -fsanitize=undefined %s %t.o -lgcc -o %t && %t

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

float our_extendhfsf2(_Float16);
_Float16 our_truncsfhf2(float), our_truncdfhf2(double);
__bf16 our_truncsfbf2(float), our_truncdfbf2(double);

/* The compiler spills bf16 values through this; libgcc may lack it. */
__bf16 __truncsfbf2(float value);
__bf16 __truncsfbf2(float value) { return our_truncsfbf2(value); }

static int failures;

static uint16_t bits_of(const void *value) {
  uint16_t bits;
  memcpy(&bits, value, 2);
  return bits;
}

/* The nearest of all values of a format whose bits count up with magnitude,
 * ties to even, by bisection in exact double arithmetic: an oracle without
 * shifts. */
static uint16_t nearest(double value, double (*widen)(uint16_t),
                        uint16_t infinity, double overflow) {
  uint16_t sign = signbit(value) ? 0x8000 : 0;
  double magnitude = fabs(value);
  if (magnitude >= overflow)
    return sign | infinity;
  uint16_t low = 0, high = infinity; /* widen(low) <= magnitude < widen(high) */
  while (high - low > 1) {
    uint16_t middle = (uint16_t)((low + high) / 2);
    if (widen(middle) <= magnitude)
      low = middle;
    else
      high = middle;
  }
  double below = magnitude - widen(low);
  if (high == infinity)
    return sign | low;
  double above = widen(high) - magnitude;
  return sign |
         (below < above || (below == above && low % 2 == 0) ? low : high);
}

static double widen_half(uint16_t bits) {
  int exponent = bits >> 10, fraction = bits & 0x3ff;
  return exponent ? ldexp(1024 + fraction, exponent - 25)
                  : ldexp(fraction, -24);
}
static double widen_bfloat(uint16_t bits) {
  int exponent = bits >> 7, fraction = bits & 0x7f;
  return exponent ? ldexp(128 + fraction, exponent - 134)
                  : ldexp(fraction, -133);
}

static void check(double value) {
  _Float16 h = our_truncdfhf2(value), hf = our_truncsfhf2((float)value);
  __bf16 b = our_truncdfbf2(value), bf = our_truncsfbf2((float)value);
  uint16_t half = nearest(value, widen_half, 0x7c00, 65520);
  uint16_t half_of_float = nearest((float)value, widen_half, 0x7c00, 65520);
  double over = ldexp(511, 119); /* halfway from the largest bf16 to 2^128 */
  uint16_t bfloat = nearest(value, widen_bfloat, 0x7f80, over);
  uint16_t bfloat_of_float = nearest((float)value, widen_bfloat, 0x7f80, over);
  if (bits_of(&h) != half || bits_of(&hf) != half_of_float ||
      bits_of(&b) != bfloat || bits_of(&bf) != bfloat_of_float) {
    if (failures++ < 10)
      printf("%a: expected %04x %04x %04x %04x, but got %04x %04x %04x %04x\n",
             value, half, half_of_float, bfloat, bfloat_of_float, bits_of(&h),
             bits_of(&hf), bits_of(&b), bits_of(&bf));
  }
}

int main(void) {
  for (uint32_t i = 0; i < 0x10000; ++i) {
    uint16_t bits = (uint16_t)i, magnitude = bits & 0x7fff;
    _Float16 h;
    memcpy(&h, &bits, 2);
    float wide = our_extendhfsf2(h);
    _Float16 back = our_truncsfhf2(wide);
    int nan = magnitude > 0x7c00;
    if (nan ? !isnan(wide) || bits_of(&back) != (bits | 0x200)
            : bits_of(&back) != bits)
      ++failures;
    if (magnitude < 0x7c00 &&
        wide != (bits >> 15 ? -1 : 1) * widen_half(magnitude))
      ++failures;
    if (magnitude >= 0x7bff)
      continue;
    double low = widen_half(magnitude),
           high = widen_half((uint16_t)(magnitude + 1));
    double middle = (low + high) / 2;
    check(middle), check(nextafter(middle, 0)), check(nextafter(middle, 1e9)),
        check(-middle);
    if (magnitude >= 0x7f00 - 1)
      continue;
    low = widen_bfloat(magnitude),
    high = widen_bfloat((uint16_t)(magnitude + 1));
    middle = (low + high) / 2;
    check(middle), check(nextafter(middle, 0)), check(nextafter(middle, 1e39)),
        check(-middle);
  }
  uint64_t state = 1;
  for (int i = 0; i < 300000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    uint64_t random = state >> 12;
    check(ldexp((double)random, (int)(state % 320) - 210) * (i % 2 ? 1 : -1));
  }
  check(65519.999), check(65520), check(1e300), check(-1e300), check(0),
      check(-0.0), check(1e-320);
  __bf16 quiet = our_truncdfbf2(NAN), quiet_float = our_truncsfbf2(NAN);
  failures += (bits_of(&quiet) & 0x7fff) <= 0x7f80 ||
              (bits_of(&quiet_float) & 0x7fff) <= 0x7f80;
  _Float16 infinite = our_truncdfhf2(INFINITY);
  __bf16 infinite_bfloat = our_truncdfbf2(-INFINITY);
  failures +=
      bits_of(&infinite) != 0x7c00 || bits_of(&infinite_bfloat) != 0xff80;
  return failures != 0;
}
