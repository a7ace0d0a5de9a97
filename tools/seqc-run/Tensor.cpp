//===- Tensor.cpp - Arrays that a program owns ----------------------------===//
#include "Tensor.h"
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

using namespace seqc::run;

Memory::Memory(size_t size, Guard guard) {
  size_t page = sysconf(_SC_PAGESIZE);
  size_t body = (size + page - 1) / page * page;
  if (body < size || body + 2 * page < body)
    return;
  void *pages = mmap(nullptr, body + 2 * page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED)
    return;
  map = static_cast<char *>(pages);
  mapped = body + 2 * page;
  bytes = size;
  start = map + page;
  if (guard == Guard::End)
    start += body - size;
  if (guard != Guard::None) {
    mprotect(map, page, PROT_NONE);
    mprotect(map + page + body, page, PROT_NONE);
  }
}

Memory::~Memory() {
  if (map)
    munmap(map, mapped);
}

void Memory::protect() {
  size_t page = sysconf(_SC_PAGESIZE);
  if (mapped > 2 * page)
    mprotect(map + page, mapped - 2 * page, PROT_READ);
}

void Memory::swap(Memory &other) noexcept {
  std::swap(map, other.map);
  std::swap(mapped, other.mapped);
  std::swap(start, other.start);
  std::swap(bytes, other.bytes);
}

size_t seqc::run::elementBytes(DLDataType dtype) { return dtype.bits / 8; }

std::optional<Tensor> Tensor::make(DLDataType dtype, std::vector<int64_t> shape, Guard guard) {
  size_t bytes = elementBytes(dtype);
  for (int64_t size : shape)
    if (size < 0 || __builtin_mul_overflow(bytes, size_t(size), &bytes))
      return std::nullopt;
  Tensor tensor;
  tensor.dtype = dtype;
  tensor.shape = std::move(shape);
  tensor.memory = Memory(bytes, guard);
  if (!tensor.memory.data())
    return std::nullopt;
  return tensor;
}

std::optional<Tensor> Tensor::copy(const Tensor &source, Guard guard) {
  auto tensor = make(source.dtype, source.shape, guard);
  if (tensor)
    std::memcpy(tensor->memory.data(), source.memory.data(), source.memory.size());
  return tensor;
}

int64_t Tensor::elements() const { return memory.size() / elementBytes(dtype); }

DLTensor Tensor::view() const {
  DLTensor view{};
  view.data = memory.data();
  view.device.device_type = kDLCPU;
  view.ndim = int32_t(shape.size());
  view.dtype = dtype;
  view.shape = const_cast<int64_t *>(shape.data());
  return view;
}

int64_t seqc::run::partsOf(DLDataType dtype) { return dtype.code == kDLComplex ? 2 : 1; }

DLDataType seqc::run::partType(DLDataType dtype) {
  if (dtype.code != kDLComplex)
    return dtype;
  return {kDLFloat, uint8_t(dtype.bits / 2), dtype.lanes};
}

std::string seqc::run::dtypeName(DLDataType dtype) {
  std::string bits = std::to_string(dtype.bits);
  switch (dtype.code) {
  case kDLFloat:
    return "f" + bits;
  case kDLBfloat:
    return "bf" + bits;
  case kDLComplex:
    return "complex" + bits;
  case kDLBool:
    return "bool";
  case kDLUInt:
    return "u" + bits;
  default:
    return "i" + bits;
  }
}

std::string seqc::run::describe(const Tensor &tensor) {
  std::string text = dtypeName(tensor.dtype) + "[";
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    text += (i ? "," : "") + std::to_string(tensor.shape[i]);
  return text + "]";
}

bool seqc::run::sameDtype(DLDataType a, DLDataType b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}
