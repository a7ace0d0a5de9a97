// Every message of the C API itself. (Those of calls are the runtime's:
// test/Runtime.)
#include "seqc-c/seqc.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

// The last call returned `code` and its message is, or starts with, `expected`.
static void expect(int line, int64_t code, int64_t wanted, const char *expected) {
  const char *message = seqc_last_error();
  if (code == wanted && strncmp(message, expected, strlen(expected)) == 0 &&
      (*expected || !*message))
    return;
  fprintf(stderr, "%d: got %lld: %s\n", line, (long long)code, message);
  ++failures;
}
#define EXPECT(call, code, message) expect(__LINE__, (call), (code), (message))
#define NOTHING(call, message) expect(__LINE__, (call) != 0, 0, (message))

static const char *text = "func.func @twice(%x: f32) -> f32 {\n"
                          "  %y = arith.addf %x, %x : f32\n"
                          "  return %y : f32\n}\n";

static void options(void) {
  seqc_module *m = (seqc_module *)1;
  seqc_options o = {0};
  size_t n = strlen(text);
  EXPECT(seqc_compile_text(text, n, &o, &m), SEQC_ERROR_USAGE,
         "expected struct_size to be sizeof(seqc_options), but got 0");
  if (m)
    ++failures;
  o.struct_size = sizeof o;
  o.schedule = "fusd";
  EXPECT(
      seqc_compile_text(text, n, &o, &m), SEQC_ERROR_USAGE,
      "expected the schedule auto, reference, fused, scan, segments or newton, but got 'fusd'; did "
      "you mean 'fused'?");
  o.schedule = "reference";
  o.assume = "B=8,T";
  EXPECT(seqc_compile_text(text, n, &o, &m), SEQC_ERROR_USAGE,
         "expected sizes like 'B=8,T=4096' in assume, but got 'T'");
  o.assume = NULL;
  o.name = "a b";
  EXPECT(seqc_compile_text(text, n, &o, &m), SEQC_ERROR_USAGE,
         "expected the module's name to be a C identifier, but got 'a b'");
  o.name = NULL;
  o.march = "z80";
  EXPECT(seqc_compile_text(text, n, &o, &m), SEQC_ERROR_INPUT,
         "seqc: error: expected 'native', 'generic', ");
  struct {
    seqc_options o;
    char more[8];
  } newer = {{0}, "x"};
  newer.o.struct_size = sizeof newer;
  EXPECT(seqc_compile_text(text, n, &newer.o, &m), SEQC_ERROR_USAGE,
         "expected options that this version knows, but byte ");
  newer.more[0] = 0;
  EXPECT(seqc_compile_text(text, n, &newer.o, &m), SEQC_OK, "");
  seqc_release(m);
}

static void compile(const char *path) {
  seqc_module *m;
  EXPECT(seqc_compile_text(text, 1, NULL, NULL), SEQC_ERROR_USAGE,
         "expected a place for the module, but got null");
  EXPECT(seqc_compile_text(NULL, 0, NULL, &m), SEQC_ERROR_USAGE, "expected text, but got null");
  EXPECT(seqc_compile_bytecode(NULL, 0, NULL, &m), SEQC_ERROR_USAGE,
         "expected bytecode, but got null");
  EXPECT(seqc_compile_bytecode(text, 9, NULL, &m), SEQC_ERROR_INPUT,
         "expected MLIR bytecode, but its first bytes are others");
  EXPECT(seqc_compile_file(NULL, NULL, &m), SEQC_ERROR_USAGE, "expected a path, but got null");
  EXPECT(seqc_compile_file("/no/such.mlir", NULL, &m), SEQC_ERROR_FILE,
         "cannot read '/no/such.mlir': No such file or directory");
  EXPECT(seqc_compile_text("func.func @f(", 13, NULL, &m), SEQC_ERROR_INPUT,
         "<text>:1:13: error: ");
  seqc_options json = {.struct_size = sizeof json, .diagnostics_json = 1};
  EXPECT(seqc_compile_text("func.func @f(", 13, &json, &m), SEQC_ERROR_INPUT, "{");
  if (!strstr(seqc_last_error(), "\"line\":1"))
    ++failures;
  seqc_options weights = {.struct_size = sizeof weights, .weights = "/no/such.safetensors"};
  EXPECT(seqc_compile_file(path, &weights, &m), SEQC_ERROR_INPUT,
         "/no/such.safetensors: error: cannot read it: ");
}

static void load(const char *path, seqc_module *m) {
  seqc_module *other = NULL;
  EXPECT(seqc_load(path, NULL), SEQC_ERROR_USAGE, "expected a place for the module, but got null");
  EXPECT(seqc_load(NULL, &other), SEQC_ERROR_USAGE, "expected a path, but got null");
  EXPECT(seqc_load("/no/such.so", &other), SEQC_ERROR_FILE, "/no/such.so: ");
  EXPECT(seqc_load("/proc/self/exe", &other), SEQC_ERROR_INPUT, "/proc/self/exe: ");
  EXPECT(seqc_load("/dev/zero", &other), SEQC_ERROR_FILE,
         "/dev/zero: expected a regular file, but got something else");
  EXPECT(seqc_save(NULL, path, NULL), SEQC_ERROR_USAGE, "expected a module, but got null");
  EXPECT(seqc_save(m, NULL, NULL), SEQC_ERROR_USAGE, "expected a path, but got null");
  EXPECT(seqc_save(m, "model.o", NULL), SEQC_ERROR_USAGE,
         "expected a path that ends in '.so', but got 'model.o'");
  EXPECT(seqc_save(m, path, "/no/such/linker"), SEQC_ERROR_LINK, "expected a linker");
  EXPECT(seqc_save(m, "/no/such/model.so", NULL), SEQC_ERROR_FILE,
         "could not write '/no/such/model.so': No such file or directory");
  EXPECT(seqc_save(m, path, NULL), SEQC_OK, "");
  EXPECT(seqc_load(path, &other), SEQC_OK, "");
  EXPECT(seqc_save(other, path, NULL), SEQC_ERROR_USAGE,
         "expected a compiled module, but this one was loaded from a library");
  if (strcmp(seqc_info(m), seqc_info(other)) || *seqc_diagnostics(other))
    ++failures;
  seqc_release(other);
}

static void inspect(const seqc_module *m, const seqc_function *f) {
  NOTHING(seqc_function_at(m, 1), "expected a function index below 1, but got 1");
  NOTHING(seqc_function_at(NULL, 0), "expected a module, but got null");
  NOTHING(seqc_info(NULL), "expected a module, but got null");
  NOTHING(seqc_function_count(NULL), "expected a module, but got null");
  NOTHING(seqc_find(m, "smoth"),
          "expected the name of a public function ('smooth'), but got 'smoth'");
  NOTHING(seqc_find(m, NULL), "expected the name of a public function ('smooth'), but got null");
  NOTHING(seqc_function_name(NULL), "expected a function, but got null");
  NOTHING(seqc_tensor_name(f, 5), "expected a tensor index below 5, but got 5");
  NOTHING(seqc_tensor_name(f, -1), "expected a tensor index below 5, but got -1");
  NOTHING(seqc_tensor_name(NULL, 0), "expected a function, but got null");
  NOTHING(seqc_tensor_dtype(f, 9).bits, "expected a tensor index below 5, but got 9");
  EXPECT(seqc_tensor_rank(f, 9), -2, "expected a tensor index");
  EXPECT(seqc_tensor_is_scalar(f, 9), -2, "expected a tensor index");
  EXPECT(seqc_tensor_state(f, 9), -2, "expected a tensor index");
  EXPECT(seqc_tensor_size(f, 1, 1), -2, "expected a size index below 1 for 'a', but got 1");
  NOTHING(seqc_tensor_size_name(f, 0, 3), "expected a size index below 3 for 'x', but got 3");
  NOTHING(seqc_size_name(f, 2), "expected a size index below 2, but got 2");
  NOTHING(seqc_symbol(f, "cal"), "expected an exported symbol, but got 'smooth_cal'");
  NOTHING(seqc_symbol(f, "printf"), "expected an exported symbol, but got 'smooth_printf'");
  if (!seqc_symbol(f, "call") || !seqc_streams(f) || strcmp(seqc_time_name(f), "T") ||
      strcmp(seqc_size_name(f, 1), "T") || strcmp(seqc_numbers(f), "bitwise") ||
      *seqc_stream_reason(f) || seqc_tensor_state(f, 2) != 4 || seqc_tensor_state(f, 4) != 2 ||
      seqc_tensor_state(f, 0) != -1 || seqc_tensor_size_name(f, 1, 0))
    ++failures;
}

static void call(const seqc_function *f) {
  int64_t two[] = {1, 1};
  EXPECT(seqc_call(NULL, NULL, NULL, 0), SEQC_ERROR_USAGE, "expected a function, but got null");
  EXPECT(seqc_shapes(NULL, NULL, 0), SEQC_ERROR_USAGE, "expected a function, but got null");
  EXPECT(seqc_scratch_bytes(NULL, NULL, 0), -SEQC_ERROR_USAGE, "expected a function");
  EXPECT(seqc_state_bytes(NULL, two, 2), -SEQC_ERROR_USAGE, "expected a function");
  EXPECT(seqc_state_init(NULL, NULL, 0, two, 2, NULL, 0), SEQC_ERROR_USAGE, "expected a function");
  EXPECT(seqc_step(NULL, NULL, NULL, 0, NULL, 0), SEQC_ERROR_USAGE, "expected a function");
  EXPECT(seqc_step_scratch_bytes(NULL, NULL, 0, NULL, 0), -SEQC_ERROR_USAGE, "expected a function");
  // Messages of the code itself arrive here, too.
  EXPECT(seqc_call(f, NULL, NULL, 0), SEQC_ERROR_COUNT, "smooth: expected ");
  EXPECT(seqc_state_bytes(f, two, 1), -SEQC_ERROR_COUNT, "smooth: expected 2 sizes, but got 1");
  EXPECT(seqc_step(f, NULL, NULL, 0, NULL, 0), SEQC_ERROR_NULL,
         "smooth: expected a streaming state, but got null");
  EXPECT(seqc_state_bytes(f, two, 2) > 0, 1, "");
}

static void no_step(void) {
  seqc_module *m = NULL;
  int64_t one[] = {1};
  EXPECT(seqc_compile_text(text, strlen(text), NULL, &m), SEQC_OK, "");
  const seqc_function *f = seqc_find(m, "twice");
  EXPECT(seqc_state_bytes(f, one, 1), -SEQC_ERROR_USAGE,
         "expected a function with a step form, but 'twice' has none: ");
  EXPECT(seqc_step(f, NULL, NULL, 0, NULL, 0), SEQC_ERROR_USAGE, "expected a function with a step");
  if (!*seqc_stream_reason(f) || seqc_time_name(f) || seqc_streams(f))
    ++failures;
  seqc_release(m);
  seqc_release(NULL);
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  seqc_module *m = NULL;
  options();
  compile(argv[1]);
  seqc_options fused = {0};
  fused.struct_size = sizeof fused;
  fused.schedule = "fused";
  fused.threads = 2000;
  EXPECT(seqc_compile_file(argv[1], &fused, &m), SEQC_ERROR_USAGE,
         "expected 1 to 1024 threads (or 0, which means 1), but got 2000");
  fused.threads = 2;
  EXPECT(seqc_compile_file(argv[1], &fused, &m), SEQC_OK, "");
  if (!m)
    return 1;
  load(argv[2], m);
  inspect(m, seqc_find(m, "smooth"));
  call(seqc_find(m, "smooth"));
  no_step();
  seqc_clear_cache();
  seqc_release(m);
  return failures != 0;
}
