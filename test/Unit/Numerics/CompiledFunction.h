//===- CompiledFunction.h - A function of arrays, compiled ----------------===//
#ifndef SEQC_TEST_UNIT_NUMERICS_COMPILEDFUNCTION_H
#define SEQC_TEST_UNIT_NUMERICS_COMPILEDFUNCTION_H

#include <cstdint>
#include <string>

/// Reads n elements of x (and of y where the function has two arguments),
/// writes n results. n is a multiple of 16.
using ArrayFunction = void (*)(const void *x, const void *y, void *result, int64_t n);

/// How a body is compiled.
struct CompileSpec {
  /// Lines of MLIR that compute %r from %x and %y, all of type `T`, with
  /// constants `C(1.0)`.
  std::string body;
  /// "f32" or "f64".
  std::string element = "f32";
  /// Lanes of a vector; 1: scalars.
  int lanes = 16;
  bool fastDivision = false;
  /// Print the machine code as well.
  bool printAssembly = false;
};

/// Compiles a loop over `spec.body`; exits with a message if that fails. The
/// code lives as long as the program.
ArrayFunction compileFunction(const CompileSpec &spec);

#endif // SEQC_TEST_UNIT_NUMERICS_COMPILEDFUNCTION_H
