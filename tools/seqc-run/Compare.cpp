//===- Compare.cpp - Two results compared ---------------------------------===//
#include "Compare.h"
#include <cmath>
#include <cstdio>
#include <cstring>

using namespace seqc::run;

namespace {

/// The bits of number `i`, zero-extended.
uint64_t bitsAt(const Tensor &tensor, int64_t i) {
  uint64_t bits = 0;
  size_t bytes = elementBytes(partType(tensor.dtype));
  std::memcpy(&bits, tensor.memory.data() + i * bytes, bytes);
  return bits;
}

bool isFloat(DLDataType dtype) { return dtype.code == kDLFloat || dtype.code == kDLBfloat; }

/// Maps the bits of a float to a line on which neighbours differ by 1, and ±0
/// are equal.
int64_t lineOf(uint64_t bits, int width) {
  uint64_t sign = uint64_t(1) << (width - 1);
  return bits & sign ? -int64_t(bits & (sign - 1)) : int64_t(bits);
}

double halfValue(uint64_t bits) {
  int exponent = (bits >> 10) & 31;
  double fraction = (bits & 1023) / 1024.0;
  double magnitude = exponent == 31  ? (fraction ? NAN : INFINITY)
                     : exponent == 0 ? std::ldexp(fraction, -14)
                                     : std::ldexp(1 + fraction, exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}

double valueAt(const Tensor &tensor, int64_t i) {
  uint64_t bits = bitsAt(tensor, i);
  double value = 0;
  DLDataType dtype = partType(tensor.dtype);
  if (dtype.bits == 64) {
    std::memcpy(&value, &bits, 8);
  } else if (dtype.bits == 16 && dtype.code == kDLFloat) {
    value = halfValue(bits);
  } else {
    uint32_t word = dtype.code == kDLBfloat ? bits << 16 : bits;
    float narrow;
    std::memcpy(&narrow, &word, 4);
    value = narrow;
  }
  return value;
}

std::string valueText(const Tensor &tensor, int64_t i) {
  uint64_t bits = bitsAt(tensor, i);
  double value = valueAt(tensor, i);
  char text[64];
  if (isFloat(partType(tensor.dtype)))
    snprintf(text, sizeof text, "%.9g (0x%llx)", value, (unsigned long long)bits);
  else
    snprintf(text, sizeof text, "0x%llx", (unsigned long long)bits);
  return text;
}

/// The index of number `i`, which is half an element of a complex tensor.
std::string indexText(const Tensor &tensor, int64_t i) {
  std::string text, part;
  if (partsOf(tensor.dtype) == 2) {
    part = i % 2 ? ".imag" : ".real";
    i /= 2;
  }
  for (size_t d = tensor.shape.size(); d-- > 0; i /= tensor.shape[d])
    text = std::to_string(i % tensor.shape[d]) + (text.empty() ? "" : ",") + text;
  return "[" + text + "]" + part;
}

} // namespace

std::string seqc::run::compareBits(const Tensor &a, const Tensor &b) {
  int64_t differing = 0, first = -1;
  uint64_t ulps = 0;
  DLDataType part = partType(a.dtype);
  int64_t count = a.elements() * partsOf(a.dtype);
  for (int64_t i = 0; i < count; ++i) {
    uint64_t x = bitsAt(a, i), y = bitsAt(b, i);
    if (x == y)
      continue;
    first = differing++ ? first : i;
    int64_t p = lineOf(x, part.bits), q = lineOf(y, part.bits);
    ulps = std::max(ulps, p > q ? uint64_t(p) - uint64_t(q) : uint64_t(q) - uint64_t(p));
  }
  if (!differing)
    return "";
  std::string what = partsOf(a.dtype) == 2 ? " parts of elements" : " elements";
  std::string text = std::to_string(differing) + " of " + std::to_string(count) + what +
                     " differ, first at " + indexText(a, first) + ": " + valueText(a, first) +
                     " and " + valueText(b, first);
  return isFloat(part) ? text + ", at most " + std::to_string(ulps) + " ulp" : text;
}

std::string seqc::run::compareNear(const Tensor &a, const Tensor &b) {
  DLDataType part = partType(a.dtype);
  if (!isFloat(part))
    return compareBits(a, b);
  double most = 0, largest = 0;
  int64_t count = a.elements() * partsOf(a.dtype);
  for (int64_t i = 0; i < count; ++i) {
    double x = valueAt(a, i), y = valueAt(b, i);
    if (x == y || (std::isnan(x) && std::isnan(y)))
      continue;
    if (!std::isfinite(x) || !std::isfinite(y))
      return indexText(a, i) + ": " + valueText(a, i) + " and " + valueText(b, i);
    largest = std::max(largest, std::fabs(x - y));
  }
  for (int64_t i = 0; i < count; ++i)
    if (double y = std::fabs(valueAt(b, i)); std::isfinite(y))
      most = std::max(most, y);
  if (largest <= most * (part.bits == 64 ? 0x1p-30 : 0x1p-10))
    return "";
  char text[120];
  snprintf(text, sizeof text, "they differ by up to %.3g, and the largest magnitude is %.3g",
           largest, most);
  return text;
}

std::string seqc::run::hashBits(const Tensor &tensor) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < tensor.memory.size(); ++i)
    hash = (hash ^ uint8_t(tensor.memory.data()[i])) * 0x100000001b3u;
  char text[17];
  snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
  return text;
}
