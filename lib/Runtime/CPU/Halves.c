/* Conversions to and from f16 and bf16 for CPUs without the instructions: the
 * names under which LLVM calls them (elsewhere they are in libgcc, which a
 * model must not need). Round to nearest, ties to even; NaN stays NaN, made
 * quiet. Integer arithmetic only: no floating-point mode changes the results.
 */
#include "Runtime.h"

static uint16_t half_of(double value) {
  uint64_t x;
  __builtin_memcpy(&x, &value, 8);
  uint16_t sign = (uint16_t)(x >> 48 & 0x8000);
  x &= ~(1ull << 63);
  int32_t exponent = (int32_t)(x >> 52) - 1023;
  if (x > 0x7ffull << 52)
    return (uint16_t)(sign | 0x7e00 | (x >> 42 & 0x1ff));
  if (exponent >= 16)
    return sign | 0x7c00;
  if (exponent < -25)
    return sign;
  /* The significand over the unit in the last place of the result, which is
   * 2^-24 for every subnormal one. A carry goes on into the exponent. */
  int32_t shift = exponent >= -14 ? 42 : 28 - exponent;
  uint64_t bits = (x & ((1ull << 52) - 1)) | 1ull << 52;
  uint64_t whole = bits >> shift, rest = bits & ((1ull << shift) - 1);
  uint64_t middle = 1ull << (shift - 1);
  whole += rest > middle || (rest == middle && whole & 1);
  if (exponent >= -14)
    whole += (uint64_t)(exponent + 14) << 10;
  return (uint16_t)(sign | whole);
}

static uint16_t bfloat_of(uint32_t x) {
  if ((x & 0x7fffffff) > 0x7f800000)
    return (uint16_t)(x >> 16 | 0x40);
  return (uint16_t)((x + 0x7fff + (x >> 16 & 1)) >> 16);
}

/* Float bits of a double, rounded to odd: rounding them again, to fewer bits,
 * gives what one rounding would have given. */
static uint32_t odd_float_of(double value) {
  uint64_t x;
  __builtin_memcpy(&x, &value, 8);
  uint32_t sign = (uint32_t)(x >> 32) & 0x80000000u;
  x &= ~(1ull << 63);
  int32_t exponent = (int32_t)(x >> 52) - 1023;
  if (x > 0x7ffull << 52)
    return sign | 0x7fc00000 | (uint32_t)(x >> 29 & 0x3fffff);
  if (exponent >= 128)
    return sign | (exponent == 1024 ? 0x7f800000 : 0x7f7fffff);
  if (exponent < -150)
    return sign | (x != 0);
  int32_t shift = exponent >= -126 ? 29 : -97 - exponent;
  uint64_t bits = (x & ((1ull << 52) - 1)) | 1ull << 52;
  uint64_t whole = bits >> shift | ((bits & ((1ull << shift) - 1)) != 0);
  if (exponent >= -126)
    whole += (uint64_t)(exponent + 126) << 23;
  return sign | (uint32_t)whole;
}

float __extendhfsf2(_Float16 value) {
  uint16_t x;
  __builtin_memcpy(&x, &value, 2);
  uint32_t sign = (uint32_t)(x & 0x8000) << 16, rest = x & 0x7fff, bits;
  if (rest >= 0x7c00) {
    bits = 0x7f800000 | (rest & 0x3ff) << 13 | (rest > 0x7c00 ? 0x400000 : 0);
  } else if (rest >= 0x400) {
    bits = (rest << 13) + (112u << 23);
  } else if (rest == 0) {
    bits = 0;
  } else { /* subnormal: rest * 2^-24 */
    uint32_t lead = (uint32_t)__builtin_clz(rest) - 21;
    bits = ((113 - lead) << 23) + ((rest << lead & 0x3ff) << 13);
  }
  bits |= sign;
  float result;
  __builtin_memcpy(&result, &bits, 4);
  return result;
}

_Float16 __truncdfhf2(double value) {
  uint16_t bits = half_of(value);
  _Float16 result;
  __builtin_memcpy(&result, &bits, 2);
  return result;
}

_Float16 __truncsfhf2(float value) { return __truncdfhf2((double)value); }

__bf16 __truncsfbf2(float value) {
  uint32_t x;
  __builtin_memcpy(&x, &value, 4);
  uint16_t bits = bfloat_of(x);
  __bf16 result;
  __builtin_memcpy(&result, &bits, 2);
  return result;
}

__bf16 __truncdfbf2(double value) {
  uint16_t bits = bfloat_of(odd_float_of(value));
  __bf16 result;
  __builtin_memcpy(&result, &bits, 2);
  return result;
}
