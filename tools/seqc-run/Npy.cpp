//===- Npy.cpp - NumPy's .npy files ---------------------------------------===//
//
// A file is the magic "\x93NUMPY", two version bytes, the header's length (2
// bytes in version 1, 4 bytes later), a Python dict literal with exactly the
// keys 'descr', 'fortran_order' and 'shape', and the data. The dict is read by
// a small scanner; whatever NumPy's own writer does not write is refused.
//
//===----------------------------------------------------------------------===//
#include "Npy.h"
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

using namespace seqc::run;

namespace {

struct Close {
  void operator()(FILE *file) const { fclose(file); }
};
using File = std::unique_ptr<FILE, Close>;

/// What the header says.
struct Header {
  std::string descr;
  bool fortran = false;
  std::vector<int64_t> shape;
};

/// Scans the dict literal of a header.
class Scanner {
public:
  explicit Scanner(std::string_view text) : text(text) {}

  bool scan(Header &header) {
    bool descr = false, order = false, shape = false;
    if (!eat('{'))
      return false;
    while (!eat('}')) {
      std::string key;
      if (!quoted(key) || !eat(':'))
        return false;
      bool known = (key == "descr" && !descr && (descr = quoted(header.descr))) ||
                   (key == "fortran_order" && !order && (order = boolean(header.fortran))) ||
                   (key == "shape" && !shape && (shape = tuple(header.shape)));
      if (!known)
        return false;
      eat(',');
    }
    skipSpace();
    return descr && order && shape && text.empty();
  }

private:
  void skipSpace() {
    while (!text.empty() && (text[0] == ' ' || text[0] == '\n'))
      text.remove_prefix(1);
  }
  bool eat(char c) {
    skipSpace();
    if (text.empty() || text[0] != c)
      return false;
    text.remove_prefix(1);
    return true;
  }
  bool quoted(std::string &value) {
    if (!eat('\''))
      return false;
    size_t end = text.find('\'');
    if (end == std::string_view::npos)
      return false;
    value = text.substr(0, end);
    text.remove_prefix(end + 1);
    return true;
  }
  bool boolean(bool &value) {
    skipSpace();
    for (bool candidate : {false, true}) {
      std::string_view word = candidate ? "True" : "False";
      if (text.substr(0, word.size()) == word) {
        value = candidate;
        text.remove_prefix(word.size());
        return true;
      }
    }
    return false;
  }
  bool tuple(std::vector<int64_t> &values) {
    if (!eat('('))
      return false;
    while (!eat(')')) {
      skipSpace();
      int64_t value;
      auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (bad != std::errc() || value < 0)
        return false;
      text.remove_prefix(end - text.data());
      values.push_back(value);
      if (!eat(',') && (text.empty() || text[0] != ')'))
        return false;
    }
    return true;
  }

  std::string_view text;
};

/// Element type of a `descr`, or 0 bits if it is none of ours.
DLDataType parseDescr(const std::string &descr, DLDataType expected) {
  struct Row {
    const char *descr;
    uint8_t code, bits;
  };
  static constexpr Row rows[] = {
      {"<f2", kDLFloat, 16},   {"<f4", kDLFloat, 32},    {"<f8", kDLFloat, 64}, {"|i1", kDLInt, 8},
      {"<i2", kDLInt, 16},     {"<i4", kDLInt, 32},      {"<i8", kDLInt, 64},   {"|b1", kDLBool, 8},
      {"<c8", kDLComplex, 64}, {"<c16", kDLComplex, 128}};
  for (const Row &row : rows)
    if (descr == row.descr)
      return {row.code, row.bits, 1};
  bool raw = descr == "|V2" || descr == "<V2" || descr == "<u2";
  if (raw && expected.code == kDLBfloat)
    return {kDLBfloat, 16, 1};
  return {0, 0, 0};
}

/// Reads magic, version, length and dict. Empty and `error` if they are wrong.
std::optional<Header> readHeader(FILE *file, std::string &error) {
  unsigned char start[8], length[4] = {};
  if (fread(start, 1, 8, file) != 8 || memcmp(start, "\x93NUMPY", 6) != 0) {
    error = "expected a .npy file, but its first bytes are others";
    return std::nullopt;
  }
  if (start[6] < 1 || start[6] > 3) {
    error = "expected .npy version 1, 2 or 3, but got " + std::to_string(start[6]);
    return std::nullopt;
  }
  size_t lengthBytes = start[6] == 1 ? 2 : 4;
  size_t size = 0;
  bool complete = fread(length, 1, lengthBytes, file) == lengthBytes;
  for (size_t i = 0; i < lengthBytes; ++i)
    size |= size_t(length[i]) << (8 * i);
  if (complete && size > (1u << 20)) {
    error = "expected a header of at most 1 MiB, but its length is " + std::to_string(size);
    return std::nullopt;
  }
  std::string text(size, '\0');
  if (!complete || fread(text.data(), 1, size, file) != size) {
    error = "expected a header of " + std::to_string(size) + " bytes, but the file ends earlier";
    return std::nullopt;
  }
  Header header;
  if (!Scanner(text).scan(header)) {
    error = "expected a header with descr, fortran_order and shape, but got: " +
            text.substr(0, text.find_last_not_of(" \n") + 1);
    return std::nullopt;
  }
  return header;
}

std::optional<Tensor> readArray(FILE *file, DLDataType expected, std::string &error) {
  auto header = readHeader(file, error);
  if (!header)
    return std::nullopt;
  if (header->fortran && header->shape.size() > 1) {
    error = "expected C order, but the array is in Fortran order (save "
            "numpy.ascontiguousarray of it)";
    return std::nullopt;
  }
  DLDataType dtype = parseDescr(header->descr, expected);
  if (dtype.bits == 0) {
    error = "expected elements of " + (expected.bits ? dtypeName(expected) : "a known type") +
            ", but the file holds '" + header->descr + "'";
    return std::nullopt;
  }
  auto tensor = Tensor::make(dtype, header->shape);
  if (!tensor) {
    error = "expected sizes that fit into memory";
    return std::nullopt;
  }
  size_t size = tensor->memory.size();
  size_t got = fread(tensor->memory.data(), 1, size, file);
  if (got != size) {
    error = "expected " + std::to_string(size) + " bytes of data, but got " + std::to_string(got);
    return std::nullopt;
  }
  if (fgetc(file) != EOF) {
    error = "expected " + std::to_string(size) + " bytes of data, but the file goes on";
    return std::nullopt;
  }
  return tensor;
}

std::string makeHeader(const Tensor &tensor) {
  std::string descr = elementBytes(tensor.dtype) == 1 ? "|" : "<";
  switch (tensor.dtype.code) {
  case kDLFloat:
    descr += 'f';
    break;
  case kDLBfloat:
    descr += 'V';
    break;
  case kDLComplex:
    descr += 'c';
    break;
  case kDLBool:
    descr += 'b';
    break;
  default:
    descr += 'i';
  }
  descr += std::to_string(elementBytes(tensor.dtype));
  std::string shape;
  for (int64_t size : tensor.shape)
    shape += std::to_string(size) + ", ";
  if (tensor.shape.size() > 1)
    shape.resize(shape.size() - 2);
  std::string text =
      "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  text.append((64 - (10 + text.size() + 1) % 64) % 64, ' ');
  text += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += char(text.size() & 255);
  start += char(text.size() >> 8);
  return start + text;
}

} // namespace

std::optional<Tensor> seqc::run::readNpy(const std::string &path, DLDataType expected,
                                         std::string &error) {
  File file(fopen(path.c_str(), "rb"));
  std::optional<Tensor> tensor;
  if (file)
    tensor = readArray(file.get(), expected, error);
  if (!file || ferror(file.get())) // e.g. a folder
    error = strerror(errno);
  if (!tensor)
    error = path + ": " + error;
  return tensor;
}

/// True if `path` is a device or a pipe: written in place, where files are replaced whole.
static bool isSpecial(const std::string &path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

bool seqc::run::writeNpy(const std::string &path, const Tensor &tensor, std::string &error) {
  bool inPlace = isSpecial(path);
  std::string part = inPlace ? path : path + ".part" + std::to_string(getpid());
  File file(fopen(part.c_str(), "wb"));
  std::string header = makeHeader(tensor);
  bool ok = file && fwrite(header.data(), 1, header.size(), file.get()) == header.size();
  size_t size = tensor.memory.size();
  ok = ok && fwrite(tensor.memory.data(), 1, size, file.get()) == size;
  ok = ok && fflush(file.get()) == 0;
  ok = ok && (inPlace || rename(part.c_str(), path.c_str()) == 0);
  if (ok)
    return true;
  error = path + ": cannot write: " + strerror(errno);
  if (!inPlace)
    unlink(part.c_str());
  return false;
}
