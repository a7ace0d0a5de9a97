//===- Options.cpp - The command line of seqc-run -------------------------===//
#include "Options.h"
#include <charconv>
#include <cstdlib>
#include <functional>
#include <string_view>

using namespace seqc::run;

const char *const seqc::run::helpText =
    R"(usage: seqc-run MODEL [options]

Runs one function of MODEL, a .mlir or .mlirbc file or a library that seqc wrote.

  --function=NAME        which function; needed if there are several
  --input=FILE.npy       the next argument, in IR order (repeat); missing ones are random
  --output=FILE.npy      where the next result goes (repeat)
  --seed=N               of random arguments (0)
  --size NAME=N          a size of random arguments, e.g. --size B=8
  --scalar NAME=VALUE    the value of a scalar argument
  --compare=reference    also run the schedule `reference`; results must agree bit for bit
  --step                 also run step by step with the streaming form, and compare
  --stream-chunk=N       the same, N steps at a time
  --time[=N]             time N calls (20): least and median
  --threads=N            offer N threads to the call (1)
  --guard=end|start      tensors end (start) at a guarded page and inputs are read-only
  --schedule=NAME        auto, reference, fused, scan, segments or newton
  --march=FEATURES       native, a level or a list of features; of a GPU: sm_80, sm_90, sm_100
  --device=emulate       kernels of a GPU, run and checked by this CPU
  --weights=FILE         a .safetensors file for seqc.param
  --assume=B=8,T=4096    usual sizes
  --precise              activations by libm
  --calibrate            measure this machine, for seqc's --target-facts; takes no model
  --help                 this text

Exit status: 0 done, 1 wrong input or different results, 2 wrong usage, 4 cannot run here.
)";

namespace {

template <typename Number> bool parseNumber(std::string_view text, Number &value) {
  auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  return bad == std::errc() && end == text.data() + text.size();
}

/// Splits "name=value".
bool splitPair(std::string_view text, std::string &name, std::string_view &value) {
  size_t at = text.find('=');
  if (at == 0 || at == std::string_view::npos)
    return false;
  name = text.substr(0, at);
  value = text.substr(at + 1);
  return true;
}

bool parseGuard(std::string_view text, Guard &guard) {
  if (text != "end" && text != "start")
    return false;
  guard = text == "end" ? Guard::End : Guard::Start;
  return true;
}

enum class Value { None, Needed, Optional };

/// One option: how its value is read (false: wrong value).
struct Row {
  std::string_view name;
  Value value;
  const char *expected;
  std::function<bool(Options &, std::string_view)> read;
};

Row text(std::string_view name, std::string Options::*field) {
  return {name, Value::Needed, "a value", [field](Options &o, std::string_view v) {
            o.*field = v;
            return !v.empty();
          }};
}

Row list(std::string_view name, std::vector<std::string> Options::*field) {
  return {name, Value::Needed, "a file", [field](Options &o, std::string_view v) {
            (o.*field).emplace_back(v);
            return !v.empty();
          }};
}

Row flag(std::string_view name, bool Options::*field) {
  return {name, Value::None, "no value",
          [field](Options &o, std::string_view) { return o.*field = true; }};
}

Row count(std::string_view name, int64_t Options::*field, int64_t most) {
  return {name, Value::Needed, "a number of at least 1",
          [field, most](Options &o, std::string_view v) {
            return parseNumber(v, o.*field) && o.*field >= 1 && o.*field <= most;
          }};
}

const std::vector<Row> &rows() {
  static const std::vector<Row> table = {
      text("--function", &Options::function),
      text("--schedule", &Options::schedule),
      text("--march", &Options::march),
      text("--device", &Options::device),
      text("--weights", &Options::weights),
      text("--assume", &Options::assume),
      list("--input", &Options::inputs),
      list("--output", &Options::outputs),
      flag("--precise", &Options::precise),
      flag("--help", &Options::help),
      flag("--calibrate", &Options::calibrate),
      count("--threads", &Options::threads, 1024),
      count("--stream-chunk", &Options::chunk, INT64_MAX),
      {"--step", Value::None, "no value",
       [](Options &o, std::string_view) { return (o.chunk = 1); }},
      {"--time", Value::Optional, "a number of at least 1",
       [](Options &o, std::string_view v) {
         o.repeats = 20;
         return v.empty() || (parseNumber(v, o.repeats) && o.repeats >= 1);
       }},
      {"--seed", Value::Needed, "a number",
       [](Options &o, std::string_view v) { return parseNumber(v, o.seed); }},
      {"--compare", Value::Needed, "'reference'",
       [](Options &o, std::string_view v) { return (o.compareReference = v == "reference"); }},
      {"--guard", Value::Needed, "'end' or 'start'",
       [](Options &o, std::string_view v) { return parseGuard(v, o.guard); }},
      {"--size", Value::Needed, "NAME=N with N at least 0",
       [](Options &o, std::string_view v) {
         std::string name;
         int64_t size;
         return splitPair(v, name, v) && parseNumber(v, size) && size >= 0 &&
                (o.sizes[name] = size, true);
       }},
      {"--scalar", Value::Needed, "NAME=VALUE", [](Options &o, std::string_view v) {
         std::string name;
         double value;
         return splitPair(v, name, v) && parseNumber(v, value) && (o.scalars[name] = value, true);
       }}};
  return table;
}

const Row *findRow(std::string_view name) {
  for (const Row &row : rows())
    if (row.name == name)
      return &row;
  return nullptr;
}

/// Number of single-letter edits between two words.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t cost = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min(cost, std::min(row[j], row[j - 1]) + 1);
    }
  }
  return row.back();
}

std::string unknown(std::string_view name) {
  std::string message = "unknown option '" + std::string(name) + "'";
  const Row *best = nullptr;
  size_t least = name.size() / 3 + 1;
  for (const Row &row : rows())
    if (size_t d = distance(name, row.name); d < least) {
      least = d;
      best = &row;
    }
  return best ? message + "; did you mean '" + std::string(best->name) + "'?" : message;
}

bool parseOption(std::string_view word, const char *next, bool &usedNext, Options &options,
                 std::string &error) {
  size_t at = word.find('=');
  std::string_view name = word.substr(0, at);
  bool given = at != std::string_view::npos;
  std::string_view value = given ? word.substr(at + 1) : "";
  const Row *row = findRow(name);
  if (!row) {
    error = unknown(name);
    return false;
  }
  if (row->value == Value::Needed && !given && next) {
    value = next;
    given = usedNext = true;
  }
  bool fits = row->value == Value::Optional || given == (row->value == Value::Needed);
  if (fits && row->read(options, value))
    return true;
  error = "expected " + std::string(row->expected) + " for " + std::string(name);
  error += given ? ", but got '" + std::string(value) + "'" : ", but got nothing";
  return false;
}

/// Options that exclude each other.
bool checkTogether(const Options &options, std::string &error) {
  if (options.calibrate && !options.model.empty())
    error = "expected no model with --calibrate, but got '" + options.model + "'";
  else if (options.model.empty() && !options.calibrate)
    error = "expected a model, but got none";
  else if (options.isLibrary() && options.compareReference)
    error = "expected a model's source for --compare=reference, but got a library";
  else if (options.isLibrary() &&
           (!options.schedule.empty() || !options.march.empty() || !options.device.empty() ||
            options.precise || !options.weights.empty() || !options.assume.empty()))
    error = "expected a model's source for options of the compiler, but got a "
            "library";
  return error.empty();
}

} // namespace

bool Options::isLibrary() const {
  return model.size() > 3 && model.compare(model.size() - 3, 3, ".so") == 0;
}

bool seqc::run::parseOptions(int argc, char **argv, Options &options, std::string &error) {
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    bool usedNext = false;
    if (word.substr(0, 1) != "-") {
      if (!options.model.empty()) {
        error =
            "expected one model, but got '" + options.model + "' and '" + std::string(word) + "'";
        return false;
      }
      options.model = word;
    } else if (!parseOption(word, i + 1 < argc ? argv[i + 1] : nullptr, usedNext, options, error)) {
      return false;
    }
    i += usedNext;
  }
  return options.help || checkTogether(options, error);
}
