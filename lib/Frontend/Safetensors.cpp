//===- Safetensors.cpp - Named tensors in a file --------------------------===//
//
// The format: 8 bytes little-endian length N, N bytes of JSON, then the data.
//
//   {"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
//   "__metadata__": {…}}
//
// The JSON parser recurses and forgets repeated keys, so one scan bounds the
// depth and looks for a name that comes twice before it sees the header.
//
//===----------------------------------------------------------------------===//
#include "seqc/Frontend/Safetensors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace seqc;

static constexpr uint64_t maxHeaderBytes = 100'000'000;
static constexpr unsigned maxDepth = 8;

/// Bits of an element of `dtype`, 0 if the format has no such type.
static unsigned getBits(StringRef dtype) {
  static constexpr std::pair<StringRef, unsigned> types[] = {
      {"BOOL", 8}, {"U8", 8},   {"I8", 8},    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"I16", 16},
      {"U16", 16}, {"F16", 16}, {"BF16", 16}, {"I32", 32},    {"U32", 32},    {"F32", 32},
      {"F64", 64}, {"I64", 64}, {"U64", 64},  {"C64", 64}};
  for (auto [name, bits] : types)
    if (name == dtype)
      return bits;
  return 0;
}

/// Checks the depth of `header` and that no key of its outer object comes
/// twice.
static bool scanHeader(StringRef header, std::string &error) {
  StringSet<> names;
  unsigned depth = 0;
  for (size_t i = 0; i < header.size(); ++i) {
    char c = header[i];
    if (c == '{' || c == '[') {
      if (++depth > maxDepth)
        return error = "expected a header nested at most 8 deep", false;
    } else if (c == '}' || c == ']') {
      depth -= depth > 0;
    } else if (c == '"') {
      size_t begin = ++i;
      while (i < header.size() && header[i] != '"')
        i += header[i] == '\\' ? 2 : 1;
      StringRef text = header.slice(begin, i);
      bool isKey =
          depth == 1 && header.drop_front(std::min(i + 1, header.size())).ltrim().starts_with(":");
      if (isKey && !names.insert(text).second)
        return error = "expected each name once, but got '" + text.str() + "' twice", false;
    }
  }
  return true;
}

/// Reads a JSON array of unsigned integers.
static bool readIntegers(const json::Array *array, SmallVectorImpl<uint64_t> &out) {
  if (!array)
    return false;
  for (const json::Value &value : *array) {
    std::optional<uint64_t> integer = value.getAsUINT64();
    if (!integer)
      return false;
    out.push_back(*integer);
  }
  return true;
}

/// Bytes of a tensor of `shape` with elements of `bits`, or nothing if that
/// overflows.
static std::optional<uint64_t> getBytes(ArrayRef<uint64_t> shape, unsigned bits) {
  uint64_t bytes = bits / 8;
  bool overflow = false;
  for (uint64_t size : shape) {
    bytes = SaturatingMultiply(bytes, size, &overflow);
    if (overflow || bytes > INT64_MAX || size > INT64_MAX)
      return std::nullopt;
  }
  return bytes;
}

/// Reads one entry of the header; `data` are the bytes behind the header.
static bool readTensor(StringRef name, const json::Value &value, StringRef data,
                       StoredTensor &tensor, std::string &error) {
  auto fail = [&](const Twine &message) {
    error = ("tensor '" + name + "': " + message).str();
    return false;
  };
  const json::Object *entry = value.getAsObject();
  std::optional<StringRef> dtype = entry ? entry->getString("dtype") : std::nullopt;
  SmallVector<uint64_t> shape, offsets;
  if (!dtype || !readIntegers(entry->getArray("shape"), shape) ||
      !readIntegers(entry->getArray("data_offsets"), offsets) || offsets.size() != 2)
    return fail("expected dtype, shape and data_offsets");
  unsigned bits = getBits(*dtype);
  if (bits == 0)
    return fail("expected a known dtype, but got '" + *dtype + "'");
  std::optional<uint64_t> bytes = getBytes(shape, bits);
  if (!bytes)
    return fail("expected sizes whose product fits 63 bits");
  if (offsets[0] > offsets[1] || offsets[1] > data.size())
    return fail("expected data inside the file's " + Twine(data.size()) +
                " bytes of data, but got offsets " + Twine(offsets[0]) + " to " +
                Twine(offsets[1]));
  if (offsets[1] - offsets[0] != *bytes)
    return fail("expected " + Twine(*bytes) + " bytes for its shape, but got " +
                Twine(offsets[1] - offsets[0]));
  tensor.dtype = dtype->str();
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.bytes = data.slice(offsets[0], offsets[1]);
  return true;
}

/// Checks that no two tensors share bytes.
static bool checkOverlap(const StringMap<StoredTensor> &tensors, std::string &error) {
  SmallVector<const StringMapEntry<StoredTensor> *> sorted;
  for (const auto &entry : tensors)
    if (!entry.second.bytes.empty())
      sorted.push_back(&entry);
  llvm::sort(sorted,
             [](auto *a, auto *b) { return a->second.bytes.begin() < b->second.bytes.begin(); });
  for (size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i]->second.bytes.begin() < sorted[i - 1]->second.bytes.end()) {
      error = ("expected tensors that do not overlap, but '" + sorted[i - 1]->first() + "' and '" +
               sorted[i]->first() + "' do")
                  .str();
      return false;
    }
  return true;
}

bool Safetensors::parse(StringRef contents, std::string &error) {
  if (contents.size() < 8)
    return error = "expected at least 8 bytes, but got " + std::to_string(contents.size()), false;
  uint64_t length = support::endian::read64le(contents.data());
  if (length > maxHeaderBytes || length > contents.size() - 8) {
    error = "expected a header inside the file's " + std::to_string(contents.size()) +
            " bytes, but got one of " + std::to_string(length);
    return false;
  }
  StringRef header = contents.substr(8, length), data = contents.drop_front(8 + length);
  if (!scanHeader(header, error))
    return false;
  Expected<json::Value> value = json::parse(header);
  if (!value) {
    error = "expected a JSON header, but got: " + toString(value.takeError());
    return false;
  }
  const json::Object *object = value->getAsObject();
  if (!object)
    return error = "expected a JSON object as header", false;
  for (const auto &[key, entry] : *object)
    if (key != "__metadata__" && !readTensor(key, entry, data, tensors[key], error))
      return false;
  return checkOverlap(tensors, error);
}

bool Safetensors::read(StringRef path, std::string &error) {
  if (sys::fs::is_directory(path))
    return error = "cannot read it: it is a directory", false;
  if (sys::fs::exists(path) && !sys::fs::is_regular_file(path))
    return error = "cannot read it: it is not a regular file", false;
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false,
                                    /*RequiresNullTerminator=*/false);
  if (!file)
    return error = "cannot read it: " + file.getError().message(), false;
  buffer = std::move(*file);
  return parse(buffer->getBuffer(), error);
}
