//===- Call.cpp - Calls of compiled functions -----------------------------===//
//
// The compiled code checks every argument itself; here only the handle is
// checked and the message is brought to seqc_last_error().
//
//===----------------------------------------------------------------------===//
#include "Module.h"

using namespace seqc;

namespace {

/// The result of a call, with the model's message if it failed. Codes are
/// positive, numbers of bytes are minus a code.
template <typename Result>
Result finish(const seqc_function *function, Result result, bool failed) {
  if (failed)
    fail(0, function->module->lastError());
  else
    succeed();
  return result;
}

int32_t nullHandle() { return fail(SEQC_ERROR_USAGE, "expected a function, but got null"); }

/// SEQC_OK if `function` has a step form.
int32_t checkStep(const seqc_function *function) {
  if (!function)
    return nullHandle();
  if (function->step)
    return SEQC_OK;
  return fail(SEQC_ERROR_USAGE, "expected a function with a step form, but '" +
                                    function->signature->name +
                                    "' has none: " + function->signature->notStreamable);
}

} // namespace

extern "C" {

int32_t seqc_call(const seqc_function *function, const seqc_context *context,
                  const DLTensor *const *tensors, int32_t count) {
  if (!function)
    return nullHandle();
  int32_t code = function->call(context, tensors, count);
  return finish(function, code, code != SEQC_OK);
}

int32_t seqc_shapes(const seqc_function *function, DLTensor *const *tensors, int32_t count) {
  if (!function)
    return nullHandle();
  int32_t code = function->shapes(tensors, count);
  return finish(function, code, code != SEQC_OK);
}

int64_t seqc_scratch_bytes(const seqc_function *function, const DLTensor *const *tensors,
                           int32_t count) {
  if (!function)
    return -nullHandle();
  int64_t bytes = function->scratchBytes(tensors, count);
  return finish(function, bytes, bytes < 0);
}

int64_t seqc_state_bytes(const seqc_function *function, const int64_t *sizes, int32_t count) {
  if (int32_t code = checkStep(function))
    return -code;
  int64_t bytes = function->stateBytes(sizes, count);
  return finish(function, bytes, bytes < 0);
}

int32_t seqc_state_init(const seqc_function *function, void *state, int64_t bytes,
                        const int64_t *sizes, int32_t count, const DLTensor *const *initial,
                        int32_t initial_count) {
  if (int32_t code = checkStep(function))
    return code;
  int32_t code = function->stateInit(state, bytes, sizes, count, initial, initial_count);
  return finish(function, code, code != SEQC_OK);
}

int32_t seqc_step(const seqc_function *function, const seqc_context *context, void *state,
                  int64_t bytes, const DLTensor *const *tensors, int32_t count) {
  if (int32_t code = checkStep(function))
    return code;
  int32_t code = function->step(context, state, bytes, tensors, count);
  return finish(function, code, code != SEQC_OK);
}

int64_t seqc_step_scratch_bytes(const seqc_function *function, const void *state, int64_t bytes,
                                const DLTensor *const *tensors, int32_t count) {
  if (int32_t code = checkStep(function))
    return -code;
  int64_t needed = function->stepScratchBytes(state, bytes, tensors, count);
  return finish(function, needed, needed < 0);
}

} // extern "C"
