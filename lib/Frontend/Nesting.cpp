//===- Nesting.cpp - How deep a parser would recurse into a text ----------===//
//
// Upstream's parser recurses for each bracket that it opens, for each operator
// of an affine expression and, when it walks what it has built, for each alias
// that stands inside another. All three are bounded here by one scan that keeps
// its own stack.
//
// `<` opens a bracket in `tensor<4xf32>` and compares in `d0 <= 4`. The scan
// need not know which: a `<` that no `>` closes is dropped when the bracket
// around it closes, so a comparison counts one level at most until then. `->`
// is no bracket.
//
//===----------------------------------------------------------------------===//
#include "seqc/Frontend/Nesting.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace llvm;
using namespace seqc;

namespace {
class Scanner {
public:
  Scanner(StringRef text, unsigned limit) : text(text), limit(limit) {}

  std::optional<TextFault> run() {
    while (pos < text.size() && !fault)
      scanToken();
    return fault;
  }

private:
  char peek(size_t ahead = 0) const { return pos + ahead < text.size() ? text[pos + ahead] : '\n'; }
  void fail(std::string message) {
    if (!fault)
      fault = TextFault{pos, std::move(message)};
  }
  void scanToken();
  void skipString();
  void open(char bracket);
  void close(char bracket);
  void countOperator();
  void scanAlias();
  void scanWord();
  void noteDepth(unsigned depth);

  StringRef text;
  unsigned limit;
  size_t pos = 0;
  std::optional<TextFault> fault;
  SmallVector<char> brackets;
  unsigned operators = 0;
  /// Depth of what each alias stands for, and of the one whose definition is
  /// being read.
  StringMap<unsigned> aliasDepth;
  unsigned *defined = nullptr;
};
} // namespace

void Scanner::noteDepth(unsigned depth) {
  if (depth > limit)
    fail("expected brackets nested at most " + std::to_string(limit) + " deep");
  if (defined)
    *defined = std::max(*defined, depth);
}

void Scanner::open(char bracket) {
  brackets.push_back(bracket);
  noteDepth(brackets.size());
}

void Scanner::close(char bracket) {
  char opening = bracket == ')' ? '(' : bracket == ']' ? '[' : bracket == '}' ? '{' : '<';
  if (opening != '<')
    while (!brackets.empty() && brackets.back() == '<')
      brackets.pop_back();
  if (!brackets.empty() && brackets.back() == opening)
    brackets.pop_back();
}

void Scanner::countOperator() {
  if (++operators > limit)
    fail("expected at most " + std::to_string(limit) + " operators in one expression");
}

void Scanner::skipString() {
  for (++pos; pos < text.size() && text[pos] != '"' && text[pos] != '\n'; ++pos)
    if (text[pos] == '\\')
      ++pos;
  ++pos;
}

/// At `#name` or `!name`: a definition if `=` follows outside all brackets,
/// else a use.
void Scanner::scanAlias() {
  size_t begin = pos++;
  while (isAlnum(peek()) || StringRef("_$.-").contains(peek()))
    if (peek() == '-' && peek(1) == '>')
      break;
    else
      ++pos;
  StringRef name = text.slice(begin, pos);
  size_t next = text.find_first_not_of(" \t\r\n", pos);
  if (brackets.empty() && next != StringRef::npos && text[next] == '=') {
    defined = &aliasDepth.try_emplace(name, 0).first->second;
    return;
  }
  if (auto known = aliasDepth.find(name); known != aliasDepth.end())
    noteDepth(brackets.size() + known->second + 1);
}

void Scanner::scanWord() {
  size_t begin = pos;
  while (isAlnum(peek()) || StringRef("_$.").contains(peek()))
    ++pos;
  StringRef word = text.slice(begin, pos);
  if (word == "mod" || word == "floordiv" || word == "ceildiv")
    countOperator();
  // A new top-level op ends the definition of an alias.
  if (brackets.empty() && word.contains('.'))
    defined = nullptr;
}

void Scanner::scanToken() {
  char c = text[pos];
  if (c == 0)
    return fail("expected text, but got a zero byte");
  if (c == '"')
    return skipString();
  if (c == '/' && peek(1) == '/') {
    pos = std::min(text.find('\n', pos), text.size());
    return;
  }
  if (c == '#' || c == '!')
    return scanAlias();
  if (isAlpha(c) || c == '_')
    return scanWord();
  if (c == '-' && peek(1) == '>')
    ++pos;
  else if (StringRef("([{<").contains(c))
    open(c);
  else if (StringRef(")]}>").contains(c))
    close(c);
  else if (StringRef("+-*").contains(c))
    countOperator();
  else if (StringRef(",=:").contains(c))
    operators = 0;
  ++pos;
}

std::optional<TextFault> seqc::findTextFault(StringRef text, unsigned limit) {
  return Scanner(text, limit).run();
}
