//===- Tensor.h - Arrays that a program owns ------------------------------===//
//
// A dense row-major array with its element type, in memory whose ends can be
// guarded.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUN_TENSOR_H
#define SEQC_RUN_TENSOR_H

#include "seqc-c/seqc.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace seqc::run {

/// Where the pages lie whose access ends the process.
enum class Guard {
  None,
  /// The byte after the last one is guarded (the data may be misaligned to its
  /// element).
  End,
  /// The byte before the first one is guarded.
  Start
};

/// Memory from mmap, of which `size` bytes at `data()` are in use.
class Memory {
public:
  Memory() = default;
  /// `size` zero bytes, guarded as `guard` says. `data()` is null if memory is
  /// exhausted.
  Memory(size_t size, Guard guard);
  Memory(Memory &&other) noexcept { swap(other); }
  Memory &operator=(Memory &&other) noexcept {
    swap(other);
    return *this;
  }
  ~Memory();

  char *data() const { return start; }
  size_t size() const { return bytes; }
  /// From now on a write to the memory ends the process.
  void protect();

private:
  void swap(Memory &other) noexcept;

  char *map = nullptr;
  size_t mapped = 0;
  char *start = nullptr;
  size_t bytes = 0;
};

/// An array: sizes, element type, data.
struct Tensor {
  DLDataType dtype{};
  std::vector<int64_t> shape;
  Memory memory;

  /// A zero array, or nothing if its size overflows or memory is exhausted.
  static std::optional<Tensor> make(DLDataType dtype, std::vector<int64_t> shape,
                                    Guard guard = Guard::None);
  /// A copy of `source` in memory that is guarded as `guard` says.
  static std::optional<Tensor> copy(const Tensor &source, Guard guard);

  int64_t elements() const;
  /// A view for a call; valid while this tensor is neither moved nor destroyed.
  DLTensor view() const;
};

/// Bytes of one element.
size_t elementBytes(DLDataType dtype);
/// Numbers in one element: 2 for the parts of a complex one.
int64_t partsOf(DLDataType dtype);
/// The type of such a number.
DLDataType partType(DLDataType dtype);
/// "f32", "bf16", "bool", "i64", …: the names that the model's text uses.
std::string dtypeName(DLDataType dtype);
/// "f32[2,10]".
std::string describe(const Tensor &tensor);
bool sameDtype(DLDataType a, DLDataType b);

} // namespace seqc::run

#endif // SEQC_RUN_TENSOR_H
