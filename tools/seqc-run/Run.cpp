//===- Run.cpp - Calls of a model's function ------------------------------===//
#include "Run.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

using namespace seqc::run;

Exit seqc::run::exitOf(int32_t code) {
  switch (code) {
  case SEQC_OK:
    return Done;
  case SEQC_ERROR_FEATURE:
  case SEQC_ERROR_MEMORY:
  case SEQC_ERROR_HOST:
    return NotHere;
  case SEQC_ERROR_USAGE:
    return WrongUsage;
  default:
    return WrongInput;
  }
}

Exit Model::open(const Options &options, const std::string &schedule, std::string &error) {
  int32_t code;
  auto orNull = [](const std::string &text) { return text.empty() ? nullptr : text.c_str(); };
  if (options.isLibrary()) {
    code = seqc_load(options.model.c_str(), &module);
  } else {
    seqc_options wanted{};
    wanted.struct_size = sizeof wanted;
    wanted.schedule = orNull(schedule.empty() ? options.schedule : schedule);
    // Of a GPU the numbers are those of a CPU whose divider is not fast, as the least one's.
    bool isReference = !schedule.empty() && !options.device.empty();
    wanted.march = isReference ? "generic" : orNull(options.march);
    wanted.device = isReference ? nullptr : orNull(options.device);
    wanted.assume = orNull(options.assume);
    wanted.weights = orNull(options.weights);
    wanted.threads = options.threads;
    wanted.precise = options.precise;
    code = seqc_compile_file(options.model.c_str(), &wanted, &module);
  }
  if (code == SEQC_OK) {
    bool only = options.function.empty() && seqc_function_count(module) == 1;
    function = only ? seqc_function_at(module, 0) : seqc_find(module, options.function.c_str());
    code = function ? int32_t(SEQC_OK) : int32_t(SEQC_ERROR_USAGE);
  }
  if (code != SEQC_OK)
    error = seqc_last_error();
  return exitOf(code);
}

bool seqc::run::promisesBits(const seqc_function *function) {
  return strcmp(seqc_numbers(function), "bitwise") == 0;
}

std::string Times::text() const {
  std::vector<double> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  char text[120];
  snprintf(text, sizeof text, "least %.2f us, median %.2f us of %zu", sorted[0] * 1e6,
           sorted[sorted.size() / 2] * 1e6, sorted.size());
  return text;
}

namespace {

/// Everything that one call needs, in memory guarded as the user wants.
struct Call {
  std::vector<Tensor> tensors; ///< inputs, then outputs
  std::vector<DLTensor> views;
  std::vector<const DLTensor *> pointers;
  Memory scratch;

  int32_t count() const { return int32_t(pointers.size()); }
};

/// Copies the inputs, asks for the results' sizes and makes memory for them.
int32_t prepare(const seqc_function *function, const std::vector<Tensor> &inputs,
                const Options &options, Call &call) {
  for (const Tensor &input : inputs) {
    auto copy = Tensor::copy(input, options.guard);
    if (!copy)
      return SEQC_ERROR_MEMORY;
    if (options.guard != Guard::None)
      copy->memory.protect();
    call.tensors.push_back(std::move(*copy));
  }
  int32_t arguments = seqc_argument_count(function);
  for (int32_t r = 0; r < seqc_result_count(function); ++r) {
    Tensor &result = call.tensors.emplace_back();
    result.dtype = seqc_tensor_dtype(function, arguments + r);
    result.shape.resize(seqc_tensor_rank(function, arguments + r));
  }
  for (const Tensor &tensor : call.tensors)
    call.views.push_back(tensor.view());
  std::vector<DLTensor *> writable;
  for (DLTensor &view : call.views) {
    writable.push_back(&view);
    call.pointers.push_back(&view);
  }
  if (int32_t code = seqc_shapes(function, writable.data(), call.count()))
    return code;
  for (size_t i = inputs.size(); i < call.tensors.size(); ++i) {
    auto result = Tensor::make(call.tensors[i].dtype, call.tensors[i].shape, options.guard);
    if (!result)
      return SEQC_ERROR_MEMORY;
    call.tensors[i] = std::move(*result);
    call.views[i] = call.tensors[i].view();
  }
  return SEQC_OK;
}

/// Workspace of exactly the size that the function asks for.
int32_t addScratch(const seqc_function *function, const Options &options, Call &call,
                   seqc_context &context) {
  int64_t bytes = seqc_scratch_bytes(function, call.pointers.data(), call.count());
  if (bytes < 0)
    return int32_t(-bytes);
  call.scratch = Memory(bytes, options.guard);
  if (!call.scratch.data())
    return SEQC_ERROR_MEMORY;
  context.scratch = call.scratch.data();
  context.scratch_bytes = bytes;
  return SEQC_OK;
}

} // namespace

Exit seqc::run::runWhole(const seqc_function *function, const std::vector<Tensor> &inputs,
                         const Options &options, const seqc_context &given,
                         std::vector<Tensor> &outputs, Times &times, std::string &error) {
  Call call;
  seqc_context context = given;
  int32_t code = prepare(function, inputs, options, call);
  if (code == SEQC_OK)
    code = addScratch(function, options, call, context);
  if (code == SEQC_OK)
    code = seqc_call(function, &context, call.pointers.data(), call.count());
  for (int64_t i = 0; i < options.repeats && code == SEQC_OK; ++i) {
    auto start = std::chrono::steady_clock::now();
    code = seqc_call(function, &context, call.pointers.data(), call.count());
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    times.seconds.push_back(seconds.count());
  }
  if (code != SEQC_OK) {
    error = seqc_last_error();
    if (error.empty())
      error = "expected more free memory";
    return exitOf(code);
  }
  outputs.assign(std::make_move_iterator(call.tensors.begin() + inputs.size()),
                 std::make_move_iterator(call.tensors.end()));
  return Done;
}
