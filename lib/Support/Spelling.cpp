//===- Spelling.cpp - The name that was probably meant --------------------===//
//
// Edit distance over short lists of names, and what C allows as a name.
//
//===----------------------------------------------------------------------===//
#include "seqc/Support/Spelling.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

StringRef seqc::nearestName(StringRef name, ArrayRef<StringRef> names) {
  StringRef best;
  unsigned bestDistance = std::max<size_t>(1, name.size() / 3) + 1;
  for (StringRef candidate : names) {
    unsigned distance = name.edit_distance_insensitive(candidate, true, bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

std::string seqc::joinNames(ArrayRef<StringRef> names, StringRef last) {
  std::string text;
  for (auto [i, name] : enumerate(names)) {
    if (i != 0)
      text += i + 1 == names.size() ? (" " + last + " ").str() : ", ";
    text += name;
  }
  return text;
}

bool seqc::isCIdentifier(StringRef name) {
  static constexpr StringRef keywords[] = {"alignas",
                                           "alignof",
                                           "and",
                                           "and_eq",
                                           "asm",
                                           "auto",
                                           "bitand",
                                           "bitor",
                                           "bool",
                                           "break",
                                           "case",
                                           "catch",
                                           "char",
                                           "class",
                                           "compl",
                                           "concept",
                                           "const",
                                           "const_cast",
                                           "consteval",
                                           "constexpr",
                                           "constinit",
                                           "continue",
                                           "decltype",
                                           "default",
                                           "delete",
                                           "do",
                                           "double",
                                           "dynamic_cast",
                                           "else",
                                           "enum",
                                           "explicit",
                                           "export",
                                           "extern",
                                           "false",
                                           "float",
                                           "for",
                                           "friend",
                                           "goto",
                                           "if",
                                           "inline",
                                           "int",
                                           "long",
                                           "mutable",
                                           "namespace",
                                           "new",
                                           "noexcept",
                                           "not",
                                           "not_eq",
                                           "nullptr",
                                           "operator",
                                           "or",
                                           "or_eq",
                                           "private",
                                           "protected",
                                           "public",
                                           "register",
                                           "reinterpret_cast",
                                           "requires",
                                           "restrict",
                                           "return",
                                           "short",
                                           "signed",
                                           "sizeof",
                                           "static",
                                           "static_assert",
                                           "static_cast",
                                           "struct",
                                           "switch",
                                           "template",
                                           "this",
                                           "thread_local",
                                           "throw",
                                           "true",
                                           "try",
                                           "typedef",
                                           "typeid",
                                           "typename",
                                           "union",
                                           "unsigned",
                                           "using",
                                           "virtual",
                                           "void",
                                           "volatile",
                                           "wchar_t",
                                           "while",
                                           "xor",
                                           "xor_eq"};
  if (name.empty() || isDigit(name.front()) || is_contained(keywords, name))
    return false;
  return all_of(name, [](char c) { return isAlnum(c) || c == '_'; });
}
