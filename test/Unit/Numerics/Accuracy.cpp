// Compiles the formulas of seq-fix-numerics as vectors and as scalars and
// compares them with the C library in a wider type: every promise of
// docs/Numerics.md, asserted.
//
//   seqc-numerics-test              the test: a dense sample of each function,
//   asserted bounds seqc-numerics-test --all        every f32 (minutes)
//   seqc-numerics-test --time       ns for 16 results as well
//   seqc-numerics-test --assembly=NAME
#include "CompiledFunction.h"
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

using Wide = long double;

namespace {

/// One function: its text, its oracle and what is promised.
struct Case {
  std::string name, body;
  std::function<double(double)> oracle;
  std::function<Wide(Wide)> wideOracle;
  /// Promised ulp in f32 and in f64.
  double ulps, ulpsDouble;
  bool hasDouble = true;
};

/// Several vectors' worth of aligned elements.
template <typename T> struct Buffer {
  explicit Buffer(size_t n) : data(static_cast<T *>(std::aligned_alloc(64, n * sizeof(T)))) {}
  ~Buffer() { std::free(data); }
  T *data;
};

constexpr size_t block = 1 << 14;

Wide sigmoid(Wide x) { return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)); }
double sigmoidDouble(double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
Wide softplus(Wide x) { return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x)); }
double softplusDouble(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

std::string unary(const char *op) { return std::string("%r = math.") + op + " %x : T"; }

const char *sigmoidText = R"(%one = C(1.0)
  %m = arith.negf %x : T
  %e = math.exp %m : T
  %d = arith.addf %one, %e : T
  %r = arith.divf %one, %d : T)";
const char *softplusText = R"(%one = C(1.0)
  %e = math.exp %x : T
  %d = arith.addf %e, %one : T
  %r = math.log %d : T)";

std::vector<Case> cases() {
  return {
      {"exp", unary("exp"), [](double x) { return std::exp(x); }, expl, 4, 4},
      {"exp2", unary("exp2"), [](double x) { return std::exp2(x); }, exp2l, 4, 4},
      {"expm1", unary("expm1"), [](double x) { return std::expm1(x); }, expm1l, 4, 4},
      {"log", unary("log"), [](double x) { return std::log(x); }, logl, 4, 4},
      {"log2", unary("log2"), [](double x) { return std::log2(x); }, log2l, 4, 4},
      {"log10", unary("log10"), [](double x) { return std::log10(x); }, log10l, 4, 4},
      {"log1p", unary("log1p"), [](double x) { return std::log1p(x); }, log1pl, 4, 4},
      {"tanh", unary("tanh"), [](double x) { return std::tanh(x); }, tanhl, 6, 6},
      {"sigmoid", sigmoidText, sigmoidDouble, sigmoid, 20, 20},
      {"softplus", softplusText, softplusDouble, softplus, 4, 4},
      {"erf", unary("erf"), [](double x) { return std::erf(x); }, erfl, 4, 4},
      {"rsqrt", unary("rsqrt"), [](double x) { return 1 / std::sqrt(x); },
       [](Wide x) { return 1 / sqrtl(x); }, 1.5, 1.5},
      {"sin", unary("sin"), [](double x) { return std::sin(x); }, sinl, 4, 0, false},
      {"cos", unary("cos"), [](double x) { return std::cos(x); }, cosl, 4, 0, false},
      {"tan", unary("tan"), [](double x) { return std::tan(x); }, tanl, 4, 0, false},
  };
}

int failures = 0;

void check(bool condition, const std::string &what) {
  if (condition)
    return;
  ++failures;
  std::printf("FAILED: %s\n", what.c_str());
}

/// The distance from `exact` in units of the last place of a T at `exact`.
template <typename T, typename Exact> double ulpsOff(T got, Exact exact) {
  if (std::isnan(got) || std::isnan(exact))
    return std::isnan(got) && std::isnan(exact) ? 0 : HUGE_VAL;
  // What rounds to infinity is as good as infinity.
  constexpr int digits = std::numeric_limits<T>::digits, top = std::numeric_limits<T>::max_exponent;
  if (std::isinf(got)) {
    Exact limit = std::ldexp(Exact(1) - std::ldexp(Exact(1), -digits - 2), top);
    return (got > 0 ? exact : -exact) >= limit ? 0 : HUGE_VAL;
  }
  if (std::isinf(exact))
    return HUGE_VAL;
  int exponent;
  std::frexp(exact, &exponent);
  exponent = std::max(exponent, std::numeric_limits<T>::min_exponent) - digits;
  return double(std::fabs(std::ldexp(Exact(got) - exact, -exponent)));
}

/// The worst place seen.
struct Worst {
  double ulps = 0, at = 0;
  void see(double u, double x) {
    if (u > ulps || u != u) {
      ulps = u;
      at = x;
    }
  }
};

template <typename T> bool sameBits(const T *a, const T *b, size_t n, T &at, const T *x) {
  for (size_t i = 0; i < n; ++i)
    if (std::memcmp(a + i, b + i, sizeof(T)) != 0 && !(std::isnan(a[i]) && std::isnan(b[i]))) {
      at = x[i];
      return false;
    }
  return true;
}

/// All results for the values of `next`, which returns false at the end of its
/// sample.
template <typename T, typename Exact>
Worst measure(const Case &c, const std::function<Exact(Exact)> &oracle,
              const std::function<bool(T &)> &next, Worst *inner = nullptr) {
  const char *element = sizeof(T) == 4 ? "f32" : "f64";
  ArrayFunction vector = compileFunction({c.body, element, 16});
  ArrayFunction scalar = compileFunction({c.body, element, 1});
  Buffer<T> x(block), v(block), s(block);
  Worst worst;
  for (bool more = true; more;) {
    size_t n = 0;
    while (n < block && (more = next(x.data[n])))
      ++n;
    for (size_t i = n; i < block; ++i)
      x.data[i] = 1;
    vector(x.data, x.data, v.data, block);
    scalar(x.data, x.data, s.data, block);
    T at = 0;
    if (!sameBits(v.data, s.data, block, at, x.data))
      check(false, c.name + ": scalar and vector differ at " + std::to_string(at));
    for (size_t i = 0; i < n; ++i) {
      double u = ulpsOff<T, Exact>(v.data[i], oracle(Exact(x.data[i])));
      worst.see(u, x.data[i]);
      if (inner && std::fabs(x.data[i]) <= 8)
        inner->see(u, x.data[i]);
    }
  }
  return worst;
}

float floatOf(uint32_t bits) {
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}

template <typename T> std::vector<T> specials() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> positive = {0,
                             Limits::denorm_min(),
                             Limits::min() / 2,
                             Limits::min(),
                             1,
                             Limits::max(),
                             Limits::infinity(),
                             Limits::quiet_NaN(),
                             Limits::epsilon(),
                             T(0.5),
                             2,
                             3,
                             8,
                             100,
                             1000,
                             1e30f};
  std::vector<T> all = positive;
  for (T x : positive)
    all.push_back(-x);
  for (T x : {std::nextafter(T(1), T(0)), std::nextafter(T(1), T(2))})
    all.insert(all.end(), {x, -x});
  return all;
}

/// Every `stride`-th f32 pattern, the specials, and for sin and cos the
/// neighbours of k pi/2.
std::function<bool(float &)> sampleSingle(uint64_t stride) {
  auto extra = std::make_shared<std::vector<float>>(specials<float>());
  for (int k = 1; k < 20000; ++k)
    extra->push_back(float(k * 1.5707963267948966));
  auto bits = std::make_shared<uint64_t>(0);
  return [=](float &x) {
    if (!extra->empty()) {
      x = extra->back();
      extra->pop_back();
      return true;
    }
    if (*bits >> 32)
      return false;
    x = floatOf(uint32_t(*bits));
    *bits += stride;
    return true;
  };
}

/// `n` seeded numbers: half with any bits, half within ±40, and the specials.
std::function<bool(double &)> sampleDouble(size_t n) {
  auto extra = std::make_shared<std::vector<double>>(specials<double>());
  auto left = std::make_shared<size_t>(n);
  auto random = std::make_shared<std::mt19937_64>(1);
  return [=](double &x) {
    if (!extra->empty()) {
      x = extra->back();
      extra->pop_back();
      return true;
    }
    uint64_t bits = (*random)();
    std::memcpy(&x, &bits, 8);
    if (*left % 2)
      x = (double(bits >> 11) * 0x1p-53 - 0.5) * (*left % 4 == 1 ? 80 : 4);
    return (*left)-- > 0;
  };
}

void checkSpecials(const Case &c) {
  ArrayFunction f = compileFunction({c.body, "f32", 16});
  Buffer<float> x(block), r(block);
  std::vector<float> all = specials<float>();
  for (size_t i = 0; i < block; ++i)
    x.data[i] = i < all.size() ? all[i] : 1;
  f(x.data, x.data, r.data, block);
  for (size_t i = 0; i < all.size(); ++i) {
    float expected = float(c.oracle(all[i])), got = r.data[i];
    std::string where = c.name + "(" + std::to_string(all[i]) + "): expected " +
                        std::to_string(expected) + ", but got " + std::to_string(got);
    check(std::isnan(expected) == std::isnan(got), where);
    check(std::isinf(expected) == std::isinf(got), where);
    if (!std::isnan(expected))
      check(std::signbit(expected) == std::signbit(got), where + " with the wrong sign");
  }
}

/// tanh within [-1, 1] and sigmoid within [0, 1] for every f32, with the limits
/// reached.
void checkRange(const Case &c, float low, float high, bool fastDivision) {
  ArrayFunction f = compileFunction({c.body, "f32", 16, fastDivision});
  Buffer<float> x(block), r(block);
  size_t outside = 0;
  for (uint64_t base = 0; base < 1ull << 32; base += fastDivision ? 16 * block : block) {
    for (size_t i = 0; i < block; ++i)
      x.data[i] = floatOf(uint32_t(base + i));
    f(x.data, x.data, r.data, block);
    int bad = 0;
    for (size_t i = 0; i < block; ++i)
      bad += (r.data[i] < low) | (r.data[i] > high) |
             ((r.data[i] != r.data[i]) ^ (x.data[i] != x.data[i]));
    outside += bad;
  }
  check(outside == 0, c.name + ": " + std::to_string(outside) + " values out of range");
  x.data[0] = 20;
  x.data[1] = -200;
  f(x.data, x.data, r.data, 16);
  check(r.data[0] == high && r.data[1] == low, c.name + " does not reach its limits");
  std::printf("%-9s within [%g, %g] for %s\n", c.name.c_str(), low, high,
              fastDivision ? "a sample, with divf" : "every f32");
}

/// pow on a grid of pairs against the library's double.
void checkPow() {
  ArrayFunction f = compileFunction({"%r = math.powf %x, %y : T", "f32", 16});
  std::vector<float> values = specials<float>();
  std::mt19937 random(2);
  for (int i = 0; i < 1500; ++i)
    values.push_back(i % 2 ? floatOf(random()) : (float(random() >> 8) * 0x1p-24f - 0.5f) * 40);
  for (int i = -9; i < 9; ++i)
    values.push_back(float(i) / 2);
  Buffer<float> x(block), y(block), r(block);
  Worst worst;
  for (float exponent : values)
    for (size_t base = 0; base < values.size(); base += block) {
      for (size_t i = 0; i < block; ++i) {
        x.data[i] = base + i < values.size() ? values[base + i] : 1;
        y.data[i] = exponent;
      }
      f(x.data, y.data, r.data, 2048);
      for (size_t i = 0; i < 2048 && base + i < values.size(); ++i)
        worst.see(ulpsOff<float, double>(r.data[i], std::pow(double(x.data[i]), double(exponent))),
                  x.data[i]);
    }
  std::printf("%-9s f32 %6.2f ulp\n", "pow", worst.ulps);
  check(worst.ulps <= 1, "pow");
}

double nanoseconds(const Case &c, const char *element, bool fastDivision) {
  ArrayFunction f = compileFunction({c.body, element, 16, fastDivision});
  constexpr size_t n = 1024;
  Buffer<double> x(n), r(n);
  std::mt19937 random(3);
  for (size_t i = 0; i < n; ++i) {
    double value =
        (random() * 0x1p-32) * 8 + (c.name.find("log") == 0 || c.name == "rsqrt" ? 0.01 : -4);
    if (element[1] == '3')
      reinterpret_cast<float *>(x.data)[i] = float(value);
    else
      x.data[i] = value;
  }
  double best = 1e9;
  for (int round = 0; round < 400; ++round) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i)
      f(x.data, x.data, r.data, n);
    std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
    best = std::min(best, time.count() / 20 / (n / 16));
  }
  return best;
}

void report(const Case &c, const char *element, const Worst &worst, double promised) {
  std::printf("%-9s %s %6.2f ulp at %g\n", c.name.c_str(), element, worst.ulps, worst.at);
  check(worst.ulps <= promised, c.name + " in " + element);
}

void testCase(const Case &c, uint64_t stride, size_t doubles) {
  Worst inner;
  report(c, "f32", measure<float, double>(c, c.oracle, sampleSingle(stride), &inner), c.ulps);
  if (c.name == "sigmoid")
    report(c, "f32, |x| <= 8", inner, 4);
  checkSpecials(c);
  if (c.hasDouble) {
    Worst innerDouble;
    report(c, "f64", measure<double, Wide>(c, c.wideOracle, sampleDouble(doubles), &innerDouble),
           c.ulpsDouble);
  }
}

} // namespace

int main(int argc, char **argv) {
  std::string option = argc > 1 ? argv[1] : "";
  for (const Case &c : cases()) {
    if (option.find("--assembly=") == 0) {
      if (option.substr(11) == c.name)
        compileFunction({c.body, argc > 2 ? argv[2] : "f32", 16, argc > 3, true});
      continue;
    }
    if (option == "--time") {
      std::printf("%-9s f32 %6.2f ns, with divf %6.2f ns", c.name.c_str(),
                  nanoseconds(c, "f32", false), nanoseconds(c, "f32", true));
      if (c.hasDouble)
        std::printf("; f64 %6.2f ns, with divf %6.2f ns", nanoseconds(c, "f64", false),
                    nanoseconds(c, "f64", true));
      std::printf("\n");
      continue;
    }
    if (option.find("--all=") == 0 && option.substr(6) != c.name)
      continue;
    testCase(c, option.find("--all") == 0 ? 1 : 4093,
             option.find("--all") == 0 ? 20000000 : 200000);
    if (c.name == "tanh")
      for (bool fastDivision : {false, true})
        checkRange(c, -1, 1, fastDivision);
    if (c.name == "sigmoid")
      for (bool fastDivision : {false, true})
        checkRange(c, 0, 1, fastDivision);
  }
  if (option.empty() || option == "--all") {
    checkPow();
    std::printf(failures ? "%d failures\n" : "all promises kept\n", failures);
  }
  return failures != 0;
}
