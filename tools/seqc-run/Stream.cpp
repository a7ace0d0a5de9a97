//===- Stream.cpp - A model's function, chunk by chunk --------------------===//
//
// The sequence is cut along the named size that counts steps; every chunk is
// copied into memory of its own, so that a step which reads past its chunk is
// found by the guard page.
//
//===----------------------------------------------------------------------===//
#include "Compare.h"
#include "Run.h"
#include <chrono>
#include <cstring>

using namespace seqc::run;

namespace {

/// Where a tensor is cut: `outer` blocks of `steps` slices of `inner` bytes.
struct Axis {
  int32_t axis = -1;
  int64_t outer = 1, inner = 1;
};

/// The axis of tensor `i` that is named `time`; axis -1 if there is none.
Axis findAxis(const seqc_function *function, int32_t i, const Tensor &tensor,
              const std::string &time) {
  Axis found;
  found.inner = elementBytes(tensor.dtype);
  for (int32_t d = 0; d < int32_t(tensor.shape.size()); ++d) {
    const char *name = seqc_tensor_size_name(function, i, d);
    if (found.axis < 0 && name && time == name)
      found.axis = d;
    else
      (found.axis < 0 ? found.outer : found.inner) *= tensor.shape[d];
  }
  return found;
}

/// Copies slices `[begin, begin + steps)` of `whole` to the whole of `chunk`,
/// or back.
void copySlices(const Axis &axis, const Tensor &whole, const Tensor &chunk, int64_t begin,
                int64_t steps, bool back) {
  size_t bytes = steps * axis.inner;
  for (int64_t o = 0; o < axis.outer && bytes; ++o) {
    char *a = whole.memory.data() + (o * whole.shape[axis.axis] + begin) * axis.inner;
    char *b = chunk.memory.data() + o * bytes;
    std::memcpy(back ? a : b, back ? b : a, bytes);
  }
}

/// One stream over the given inputs.
class Stream {
public:
  Stream(const seqc_function *function, const std::vector<Tensor> &inputs, const Options &options,
         const seqc_context &context)
      : function(function), inputs(inputs), options(options), context(context) {
    const char *name = seqc_time_name(function);
    time = name ? name : "";
  }

  int32_t start(const Sizes &sizes);
  int32_t step(int64_t begin, int64_t steps, std::vector<Tensor> &results, Times &times);

private:
  bool isState(int32_t i) const { return seqc_tensor_state(function, i) >= 0; }
  bool addChunk(std::vector<Tensor> &tensors, int32_t i, const Tensor &whole, int64_t begin,
                int64_t steps, bool input) const;

  const seqc_function *function;
  const std::vector<Tensor> &inputs;
  const Options &options;
  seqc_context context;
  std::string time;
  Memory state;
};

int32_t Stream::start(const Sizes &sizes) {
  std::vector<int64_t> values;
  for (int32_t s = 0; s < seqc_size_count(function); ++s) {
    auto known = sizes.find(seqc_size_name(function, s));
    values.push_back(known == sizes.end() ? 0 : known->second);
  }
  std::vector<DLTensor> views;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (isState(i))
      views.push_back(inputs[i].view());
  std::vector<const DLTensor *> initial;
  for (const DLTensor &view : views)
    initial.push_back(&view);
  int64_t bytes = seqc_state_bytes(function, values.data(), values.size());
  if (bytes < 0)
    return int32_t(-bytes);
  state = Memory((bytes + 15) / 16 * 16, options.guard);
  if (!state.data())
    return SEQC_ERROR_MEMORY;
  return seqc_state_init(function, state.data(), bytes, values.data(), values.size(),
                         initial.data(), initial.size());
}

bool Stream::addChunk(std::vector<Tensor> &tensors, int32_t i, const Tensor &whole, int64_t begin,
                      int64_t steps, bool input) const {
  Axis axis = findAxis(function, i, whole, time);
  std::vector<int64_t> shape = whole.shape;
  if (axis.axis >= 0)
    shape[axis.axis] = steps;
  auto chunk = Tensor::make(whole.dtype, shape, options.guard);
  if (!chunk)
    return false;
  if (input && axis.axis < 0)
    std::memcpy(chunk->memory.data(), whole.memory.data(), whole.memory.size());
  else if (input)
    copySlices(axis, whole, *chunk, begin, steps, /*back=*/false);
  if (input && options.guard != Guard::None)
    chunk->memory.protect();
  tensors.push_back(std::move(*chunk));
  return true;
}

int32_t Stream::step(int64_t begin, int64_t steps, std::vector<Tensor> &results, Times &times) {
  std::vector<Tensor> chunks;
  int32_t arguments = int32_t(inputs.size());
  int32_t count = arguments + int32_t(results.size());
  for (int32_t i = 0; i < count; ++i) {
    const Tensor &whole = i < arguments ? inputs[i] : results[i - arguments];
    if (!isState(i) && !addChunk(chunks, i, whole, begin, steps, i < arguments))
      return SEQC_ERROR_MEMORY;
  }
  std::vector<DLTensor> views;
  std::vector<const DLTensor *> pointers;
  for (const Tensor &chunk : chunks)
    views.push_back(chunk.view());
  for (const DLTensor &view : views)
    pointers.push_back(&view);
  auto clock = std::chrono::steady_clock::now();
  int32_t code = seqc_step(function, &context, state.data(), state.size(), pointers.data(),
                           int32_t(pointers.size()));
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - clock;
  times.seconds.push_back(seconds.count());
  if (code != SEQC_OK)
    return code;
  size_t next = 0;
  for (int32_t i = 0; i < count; ++i) {
    if (isState(i))
      continue;
    const Tensor &chunk = chunks[next++];
    if (i < arguments)
      continue;
    Tensor &whole = results[i - arguments];
    Axis axis = findAxis(function, i, whole, time);
    if (axis.axis >= 0)
      copySlices(axis, whole, chunk, begin, steps, /*back=*/true);
    else
      std::memcpy(whole.memory.data(), chunk.memory.data(), chunk.memory.size());
  }
  return SEQC_OK;
}

/// Number of steps in the sequence, or 1 if it is static and taken as a whole.
int64_t countSteps(const seqc_function *function, const Sizes &sizes) {
  const char *time = seqc_time_name(function);
  auto known = time ? sizes.find(time) : sizes.end();
  return known == sizes.end() ? 1 : known->second;
}

} // namespace

Exit seqc::run::runSteps(const seqc_function *function, const std::vector<Tensor> &inputs,
                         const Options &options, const Sizes &sizes, const seqc_context &context,
                         const std::vector<Tensor> &outputs, Times &times, std::string &error) {
  std::vector<Tensor> results;
  for (const Tensor &output : outputs) {
    auto result = Tensor::make(output.dtype, output.shape);
    if (!result) {
      error = "expected more free memory";
      return NotHere;
    }
    results.push_back(std::move(*result));
  }
  Stream stream(function, inputs, options, context);
  // First: a later question would clear the message of a failed call.
  int64_t total = countSteps(function, sizes);
  int32_t code = stream.start(sizes);
  for (int64_t begin = 0; begin < total && code == SEQC_OK; begin += options.chunk)
    code = stream.step(begin, std::min(options.chunk, total - begin), results, times);
  if (code != SEQC_OK) {
    error = seqc_last_error();
    return code == SEQC_ERROR_USAGE ? WrongInput : exitOf(code);
  }
  int32_t arguments = seqc_argument_count(function);
  for (size_t r = 0; r < outputs.size(); ++r) {
    if (seqc_tensor_state(function, arguments + r) >= 0)
      continue;
    std::string difference = promisesBits(function) ? compareBits(outputs[r], results[r])
                                                    : compareNear(outputs[r], results[r]);
    if (!difference.empty()) {
      error = std::string(seqc_tensor_name(function, arguments + r)) +
              ": whole and steps: " + difference;
      return WrongInput;
    }
  }
  return Done;
}
