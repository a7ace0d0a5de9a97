//===- CellTemplate.cpp - A cell's text and its placeholders --------------===//
//
// Cells are generic over sizes, batch ranks and element types, and MLIR's types
// are not. So a cell is text: its header is matched against the declared types,
// its placeholders are replaced, and the parser and verifier judge the result
// as they judge a user's text.
//
//===----------------------------------------------------------------------===//
#include "CellTemplate.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace mlir;
using namespace seqc;

/// Position of the bracket that closes the one at `open`, or npos.
static size_t findClose(StringRef text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (StringRef("(<[{").contains(text[i]))
      ++depth;
    else if (StringRef(")]}").contains(text[i]) || (text[i] == '>' && text[i - 1] != '-'))
      if (--depth == 0)
        return i;
  }
  return StringRef::npos;
}

/// Splits "a: T1, b: T2" or "T1, T2" at the commas outside of brackets and
/// keeps the types.
static void splitTypes(StringRef list, SmallVectorImpl<StringRef> &types) {
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= list.size(); ++i) {
    char c = i < list.size() ? list[i] : ',';
    depth += StringRef("(<[").contains(c) - StringRef(")>]").contains(c);
    if (c != ',' || depth != 0)
      continue;
    StringRef part = list.slice(begin, i);
    if (part.contains(':'))
      part = part.split(':').second;
    if (!part.trim().empty())
      types.push_back(part.trim());
    begin = i + 1;
  }
}

CellTemplate::CellTemplate(StringRef name, StringRef text) : text(text) {
  std::string head = ("func.func private @seq.cells." + name + "(").str();
  // Not in a comment: the function begins a line.
  size_t begin = text.find("\n" + head);
  begin = text.starts_with(head) ? 0 : begin == StringRef::npos ? begin : begin + 1;
  if (begin == StringRef::npos)
    return;
  size_t open = begin + head.size() - 1, close = findClose(text, open);
  if (close == StringRef::npos)
    return;
  splitTypes(text.slice(open + 1, close), arguments);
  StringRef rest = text.drop_front(close + 1).ltrim();
  valid = true;
  if (!rest.consume_front("->"))
    return;
  rest = rest.ltrim();
  if (rest.starts_with("("))
    splitTypes(rest.slice(1, findClose(rest, 0)), results);
  else
    results.push_back(rest.take_until([](char c) { return c == '{'; }).trim());
}

/// Reads `$H`, `$D2`, `$B*` or `$(3*H)`; length 0 if `at` does not begin with
/// one.
CellTemplate::Placeholder CellTemplate::readPlaceholder(StringRef at) {
  Placeholder result;
  StringRef rest = at;
  if (!rest.consume_front("$"))
    return result;
  bool product = rest.consume_front("(");
  if (product &&
      (rest.consumeInteger(10, result.factor) || result.factor < 1 || !rest.consume_front("*")))
    return result;
  if (rest.empty() || !isUpper(rest.front()))
    return result;
  size_t letters = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
  result.letter = rest.take_front(letters).str();
  rest = rest.drop_front(letters);
  if (product && !rest.consume_front(")"))
    return result;
  if (!product)
    result.pack = rest.consume_front("*");
  result.length = at.size() - rest.size();
  return result;
}

bool CellTemplate::bind(StringRef letter, std::string value) {
  auto [entry, isNew] = bound.try_emplace(letter, value);
  return isNew || entry->second == value;
}

static std::string toText(int64_t size) {
  return ShapedType::isDynamic(size) ? "?" : std::to_string(size);
}

bool CellTemplate::matchSize(StringRef token, int64_t size) {
  Placeholder place = readPlaceholder(token);
  if (place.length == 0)
    return token == toText(size);
  if (place.letter == "T" && place.factor == 1)
    return bind("T", toText(size));
  if (ShapedType::isDynamic(size) || size % place.factor != 0)
    return false;
  return bind(place.letter, std::to_string(size / place.factor));
}

bool CellTemplate::matchTensor(StringRef pattern, RankedTensorType type) {
  SmallVector<StringRef> sizes;
  while (true) {
    Placeholder place = readPlaceholder(pattern);
    size_t length = place.length
                        ? place.length
                        : std::min(pattern.find_first_not_of("0123456789?"), pattern.size());
    if (length == 0 || length >= pattern.size() || pattern[length] != 'x')
      break;
    sizes.push_back(pattern.take_front(length));
    pattern = pattern.drop_front(length + 1);
  }
  auto isPack = [](StringRef token) { return readPlaceholder(token).pack; };
  bool hasPack = any_of(sizes, isPack);
  int64_t packed = type.getRank() - int64_t(sizes.size()) + hasPack;
  if (packed < 0 || (!hasPack && packed != 0))
    return false;
  ArrayRef<int64_t> shape = type.getShape();
  for (StringRef token : sizes) {
    if (!isPack(token)) {
      if (!matchSize(token, shape.front()))
        return false;
      shape = shape.drop_front();
      continue;
    }
    std::string list;
    for (int64_t size : shape.take_front(packed))
      list += toText(size) + "x";
    if (!bind(readPlaceholder(token).letter + "*", list))
      return false;
    shape = shape.drop_front(packed);
  }
  return match(pattern, type.getElementType());
}

bool CellTemplate::match(StringRef pattern, Type type) {
  if (pattern.consume_front("tensor<")) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && pattern.consume_back(">") && matchTensor(pattern, tensor);
  }
  std::string name;
  raw_string_ostream(name) << type;
  if (pattern == "$F")
    return (type.isF32() || type.isF64()) && bind("F", name);
  return pattern == name;
}

std::string CellTemplate::render(StringRef pattern) const {
  std::string out;
  while (!pattern.empty()) {
    size_t next = std::min(pattern.find('$'), pattern.size());
    out += pattern.take_front(next);
    pattern = pattern.drop_front(next);
    if (pattern.empty())
      break;
    Placeholder place = readPlaceholder(pattern);
    if (place.length == 0) {
      out += '$';
      pattern = pattern.drop_front();
      continue;
    }
    pattern = pattern.drop_front(place.length);
    auto found = bound.find(place.letter + (place.pack ? "*" : ""));
    if (found == bound.end()) {
      out += (place.factor == 1 ? "" : std::to_string(place.factor) + "*") + place.letter +
             (place.pack ? "…" : "");
      continue;
    }
    int64_t size = 0;
    if (place.factor != 1 && !StringRef(found->second).getAsInteger(10, size))
      out += std::to_string(size * place.factor);
    else
      out += found->second;
    // A pack brings its own separators.
    if (place.pack)
      pattern.consume_front("x");
  }
  return out;
}
