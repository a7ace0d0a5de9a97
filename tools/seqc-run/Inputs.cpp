//===- Inputs.cpp - The arguments of a call -------------------------------===//
#include "Inputs.h"
#include "Npy.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace seqc::run;

namespace {

/// SplitMix64: the same numbers everywhere.
uint64_t nextRandom(uint64_t &state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// Bits of `value`, a multiple of 1/1024 in [-1, 1) (or what the user gave), as
/// a half.
uint16_t halfBits(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  int exponent;
  double fraction = std::frexp(std::fabs(value), &exponent); // in [0.5, 1)
  if (fraction == 0)
    return sign;
  if (exponent > 16)
    return sign | 0x7c00;
  int scale = std::max(exponent - 11, -24); // weight of the last bit: 2^scale
  auto steps = uint16_t(std::lrint(std::ldexp(fraction, exponent - scale)));
  return sign | uint16_t(steps + (scale > -24 ? (scale + 24) * 1024 : 0));
}

/// Stores `value` as number `i`.
void store(const Tensor &tensor, int64_t i, double value) {
  DLDataType dtype = partType(tensor.dtype);
  char *at = tensor.memory.data() + i * elementBytes(dtype);
  float narrow = float(value);
  uint32_t word;
  std::memcpy(&word, &narrow, 4);
  uint16_t half = dtype.code == kDLBfloat ? uint16_t(word >> 16) : halfBits(value);
  auto integer = int64_t(value);
  bool isFloat = dtype.code == kDLFloat;
  if (isFloat && dtype.bits == 64)
    std::memcpy(at, &value, 8);
  else if (isFloat && dtype.bits == 32)
    std::memcpy(at, &narrow, 4);
  else if (isFloat || dtype.code == kDLBfloat)
    std::memcpy(at, &half, 2);
  else // little-endian, so the low bytes come first
    std::memcpy(at, &integer, elementBytes(dtype));
}

double randomValue(DLDataType dtype, uint64_t &state) {
  uint64_t bits = nextRandom(state);
  if (dtype.code == kDLFloat || dtype.code == kDLBfloat)
    return int64_t(bits % 2048 - 1024) / 1024.0;
  return dtype.code == kDLBool ? bits & 1 : bits & 3;
}

void fillRandom(const Tensor &tensor, uint64_t state) {
  DLDataType part = partType(tensor.dtype);
  for (int64_t i = 0, n = tensor.elements() * partsOf(tensor.dtype); i < n; ++i)
    store(tensor, i, randomValue(part, state));
}

/// Offsets of packed sequences of random lengths, some of them 0: from 0 to `end`.
void fillOffsets(const Tensor &tensor, int64_t end, uint64_t state) {
  int64_t count = tensor.elements();
  std::vector<int64_t> offsets(count, 0);
  for (int64_t i = 1; i < count; ++i)
    offsets[i] = i + 1 < count ? int64_t(nextRandom(state) % uint64_t(end + 1)) : end;
  std::sort(offsets.begin(), offsets.end());
  for (int64_t i = 0; i < count; ++i)
    store(tensor, i, double(offsets[i]));
}

/// Notes the sizes of `tensor`, argument `i`, under their names; the first
/// value stays.
void noteSizes(const seqc_function *function, int32_t i, const Tensor &tensor, Sizes &sizes) {
  if (seqc_tensor_rank(function, i) != int32_t(tensor.shape.size()))
    return;
  for (size_t d = 0; d < tensor.shape.size(); ++d)
    if (const char *name = seqc_tensor_size_name(function, i, d))
      sizes.emplace(name, tensor.shape[d]);
}

/// The value of the size `name`, which argument `i` needs.
std::optional<int64_t> findSize(const seqc_function *function, int32_t i, const std::string &name,
                                const Sizes &sizes, std::string &error) {
  auto known = sizes.find(name);
  if (known != sizes.end())
    return known->second;
  error = "expected --size " + name + "=N for the argument '" + seqc_tensor_name(function, i) + "'";
  return std::nullopt;
}

std::optional<Tensor> makeRandom(const seqc_function *function, int32_t i, const Options &options,
                                 Sizes &sizes, std::string &error) {
  std::vector<int64_t> shape;
  for (int32_t d = 0, rank = seqc_tensor_rank(function, i); d < rank; ++d) {
    int64_t size = seqc_tensor_size(function, i, d);
    if (size < 0) {
      auto known = findSize(function, i, seqc_tensor_size_name(function, i, d), sizes, error);
      if (!known)
        return std::nullopt;
      size = *known;
    }
    shape.push_back(size);
  }
  auto tensor = Tensor::make(seqc_tensor_dtype(function, i), shape);
  if (!tensor) {
    error = "expected sizes that fit into memory";
    return std::nullopt;
  }
  uint64_t seed = options.seed + uint64_t(i) * 0x632be59bd9b4e019u;
  int64_t end = seqc_tensor_offsets_end(function, i);
  if (end != -2) {
    if (end == -1) {
      auto known = findSize(function, i, seqc_tensor_offsets_end_name(function, i), sizes, error);
      if (!known)
        return std::nullopt;
      end = *known;
    }
    fillOffsets(*tensor, end, seed);
    return tensor;
  }
  auto scalar = options.scalars.find(seqc_tensor_name(function, i));
  if (scalar != options.scalars.end())
    for (int64_t e = 0, n = tensor->elements(); e < n; ++e)
      store(*tensor, e, scalar->second);
  else
    fillRandom(*tensor, seed);
  return tensor;
}

/// Refuses sizes and scalars that no argument has.
bool checkNames(const seqc_function *function, const Options &options, std::string &error) {
  for (const auto &[name, size] : options.sizes) {
    bool known = false;
    for (int32_t s = 0; s < seqc_size_count(function); ++s)
      known |= name == seqc_size_name(function, s);
    if (!known) {
      error = "expected a size of '" + std::string(seqc_function_name(function)) + "', but got '" +
              name + "'";
      return false;
    }
  }
  for (const auto &[name, value] : options.scalars) {
    bool known = false;
    for (int32_t i = 0; i < seqc_argument_count(function); ++i)
      known |= name == seqc_tensor_name(function, i) && seqc_tensor_rank(function, i) == 0;
    if (!known) {
      error = "expected a scalar argument of '" + std::string(seqc_function_name(function)) +
              "', but got '" + name + "'";
      return false;
    }
  }
  return true;
}

} // namespace

std::optional<std::vector<Tensor>> seqc::run::makeInputs(const seqc_function *function,
                                                         const Options &options, Sizes &sizes,
                                                         std::string &error) {
  int32_t count = seqc_argument_count(function);
  if (!checkNames(function, options, error))
    return std::nullopt;
  if (options.inputs.size() > size_t(count)) {
    error = "expected at most " + std::to_string(count) + " inputs, but got " +
            std::to_string(options.inputs.size());
    return std::nullopt;
  }
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < options.inputs.size(); ++i) {
    auto tensor = readNpy(options.inputs[i], seqc_tensor_dtype(function, i), error);
    if (!tensor)
      return std::nullopt;
    noteSizes(function, i, *tensor, sizes);
    inputs.push_back(std::move(*tensor));
  }
  for (const auto &[name, size] : options.sizes)
    sizes.emplace(name, size);
  for (int32_t i = inputs.size(); i < count; ++i) {
    auto tensor = makeRandom(function, i, options, sizes, error);
    if (!tensor)
      return std::nullopt;
    inputs.push_back(std::move(*tensor));
  }
  return inputs;
}
