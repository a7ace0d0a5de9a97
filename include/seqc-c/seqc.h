/*===- seqc.h - The compiler in your process
----------------------------------===*\
 *
 * Compile a model from text, bytecode or a file, or load a compiled library;
look its
 * functions up, inspect and call them, save the result as `model.so` with
`model.h`.
 *
 *   seqc_module *m = NULL;
 *   if (seqc_compile_file("model.mlir", NULL, &m) != SEQC_OK)
 *     fprintf(stderr, "%s", seqc_last_error());
 *   const seqc_function *f = seqc_find(m, "scan");
 *   seqc_call(f, NULL, arguments, count);
 *   seqc_release(m);
 *
 * Every function is safe to call from any thread at any time, and none prints,
throws or
 * ends the process. Those that return int32_t return SEQC_OK (0) or an error
code of
 * seqc_abi.h or of `seqc_error` below; seqc_last_error() then holds this
thread's message.
\*===---------------------------------------------------------------------------===*/
#ifndef SEQC_C_SEQC_H
#define SEQC_C_SEQC_H

#include "seqc-c/seqc_abi.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SEQC_API __attribute__((visibility("default")))

/** Error codes of this library; those of calls are in seqc_abi.h. */
enum seqc_error {
  SEQC_ERROR_USAGE = 100, /**< a null or unknown argument of this API */
  SEQC_ERROR_INPUT = 101, /**< the model is wrong: the message has file, line and caret */
  SEQC_ERROR_FILE = 102,  /**< a file cannot be read or written */
  SEQC_ERROR_LINK = 103,  /**< loading or linking the machine code failed */
  SEQC_ERROR_HOST = 104   /**< the code needs another machine than this one */
};
/** A compiled or loaded module; and one of its functions, which lives as long.
 */
typedef struct seqc_module seqc_module;
typedef struct seqc_function seqc_function;

/** How to compile. Zero it, set `struct_size` to sizeof(seqc_options), fill
 * what you need. */
typedef struct seqc_options {
  size_t struct_size;   /**< sizeof(seqc_options) of the caller */
  const char *name;     /**< C name of the module; NULL: from the file's name, or "model" */
  const char *schedule; /**< "auto" (NULL), "reference", "fused", "scan", "segments", "newton" */
  const char *march;    /**< "native" (NULL), a level or a list of features */
  const char *assume;   /**< usual sizes, "B=8,T=4096", or NULL */
  const char *weights;  /**< path of a .safetensors file for `seqc.param`, or NULL */
  int32_t precise;      /**< not 0: activations by libm */
  int32_t diagnostics_json; /**< not 0: one JSON object a line instead of text
                               with carets */
  int32_t no_cache;         /**< not 0: compile even if the cache holds the result */
  int32_t threads;          /**< threads that plans are made for, 1 to 1024; 0 means 1 */
  int32_t streaming_exact;  /**< not 0: only plans whose steps give the bits of the whole */
  const char *certificate;  /**< "bitwise" (NULL) or "backward" */
  const char *target_facts; /**< path of a file from seqc-run --calibrate, or NULL */
  const char *device; /**< NULL: this CPU; "emulate": kernels of an NVIDIA GPU, run and checked by
                         this CPU; `march` is then "sm_80" (NULL), "sm_90" or "sm_100" */
} seqc_options;

/** The compiler's version, "0.1.0 (LLVM 22.1.8)". Valid for ever. */
SEQC_API const char *seqc_version(void);
/** This thread's last error message; "" if its last call succeeded. Valid until
 * its next call. */
SEQC_API const char *seqc_last_error(void);

/** Compiles `length` bytes of MLIR text (no final 0 needed) for this process.
 * On success
 *  `*module` is for seqc_release(); otherwise NULL. `options` may be NULL. */
SEQC_API int32_t seqc_compile_text(const char *text, size_t length, const seqc_options *options,
                                   seqc_module **module);
/** The same for `length` bytes of MLIR bytecode at any alignment. */
SEQC_API int32_t seqc_compile_bytecode(const void *bytes, size_t length,
                                       const seqc_options *options, seqc_module **module);
/** The same for a file of text or bytecode, told apart by its first bytes. */
SEQC_API int32_t seqc_compile_file(const char *path, const seqc_options *options,
                                   seqc_module **module);
/** Loads a library that seqc wrote. It is refused if this machine cannot run
 * it. */
SEQC_API int32_t seqc_load(const char *path, seqc_module **module);
/** Writes the machine code as a shared library to `path` (ends in ".so") and
 * its C header beside it (".h"). `linker` may be NULL: searched for. Not for a
 * module from seqc_load(). */
SEQC_API int32_t seqc_save(const seqc_module *module, const char *path, const char *linker);
/** Unloads the code; no call may run. NULL is allowed. */
SEQC_API void seqc_release(seqc_module *module);
/** Forgets all cached compilations; modules in use stay valid. */
SEQC_API void seqc_clear_cache(void);

/** What the compiler said although it succeeded (warnings, remarks), "" if
 * nothing. Like all strings below it lives as long as the module. */
SEQC_API const char *seqc_diagnostics(const seqc_module *module);
/** The module's JSON description: versions, features, signatures, hash. */
SEQC_API const char *seqc_info(const seqc_module *module);
/** Number of public functions; the one at `index`, or NULL. */
SEQC_API int32_t seqc_function_count(const seqc_module *module);
SEQC_API const seqc_function *seqc_function_at(const seqc_module *module, int32_t index);
/** The public function `name`, or NULL with an error message that lists those
 * there are. */
SEQC_API const seqc_function *seqc_find(const seqc_module *module, const char *name);

/** Name of the function; and of the size that counts its steps ("T"), or NULL
 * if that is static or there is no step form. */
SEQC_API const char *seqc_time_name(const seqc_function *function);
SEQC_API const char *seqc_function_name(const seqc_function *function);
/** Numbers of arguments and results that a caller passes. */
SEQC_API int32_t seqc_argument_count(const seqc_function *function);
SEQC_API int32_t seqc_result_count(const seqc_function *function);
/** 1 if the function has a step form; otherwise 0 and seqc_stream_reason() says
 * why. */
SEQC_API int32_t seqc_streams(const seqc_function *function);
SEQC_API const char *seqc_stream_reason(const seqc_function *function);
/** "bitwise", "tolerance" or "backward": what whole and stepwise runs and plans promise
 * each other. */
SEQC_API const char *seqc_numbers(const seqc_function *function);
/** Address of the exported symbol `<function>_<suffix>` ("call", "step", …), or
 * NULL. */
SEQC_API void *seqc_symbol(const seqc_function *function, const char *suffix);

/** In what follows tensor `i` counts the arguments, then the results. Wrong
 * indices give NULL, -2 or a dtype of 0 bits, and an error message. */
SEQC_API const char *seqc_tensor_name(const seqc_function *function, int32_t i);
/** Element type: bool has 8 bits, index is a 64-bit int. */
SEQC_API DLDataType seqc_tensor_dtype(const seqc_function *function, int32_t i);
/** Number of sizes; 0 for scalars. */
SEQC_API int32_t seqc_tensor_rank(const seqc_function *function, int32_t i);
/** 1 if the header passes it by value, 0 if it is a tensor (of rank 0, too). */
SEQC_API int32_t seqc_tensor_is_scalar(const seqc_function *function, int32_t i);
/** Size `d`: static, or -1 if it is known at run time only. */
SEQC_API int64_t seqc_tensor_size(const seqc_function *function, int32_t i, int32_t d);
/** Name of the dynamic size `d` ("T"; equal names are equal sizes), NULL if
 * static. */
SEQC_API const char *seqc_tensor_size_name(const seqc_function *function, int32_t i, int32_t d);
/** The number of steps to which the offsets of packed sequences rise, if tensor
 * `i` holds some (an argument `cu_seqlens`): static, or -1 if it is known at
 * run time only; -2 without a message for any other tensor. */
SEQC_API int64_t seqc_tensor_offsets_end(const seqc_function *function, int32_t i);
/** Name of the size that is a dynamic seqc_tensor_offsets_end(), else NULL. */
SEQC_API const char *seqc_tensor_offsets_end_name(const seqc_function *function, int32_t i);
/** For a result that is the final value of a state: index of the argument that
 * is its initial value (a stream keeps the pair); for that argument the result;
 * `i` itself if the function has only one of the two; otherwise -1. */
SEQC_API int32_t seqc_tensor_state(const seqc_function *function, int32_t i);

/** Calls the function with `count` tensors: arguments, then results. `context`
 * NULL: this thread only. See seqc_abi.h. */
SEQC_API int32_t seqc_call(const seqc_function *function, const seqc_context *context,
                           const DLTensor *const *tensors, int32_t count);
/** Fills the sizes of the results (their `shape` must have room for `ndim`). */
SEQC_API int32_t seqc_shapes(const seqc_function *function, DLTensor *const *tensors,
                             int32_t count);
/** Bytes of workspace that such a call needs; negative: minus an error code. */
SEQC_API int64_t seqc_scratch_bytes(const seqc_function *function, const DLTensor *const *tensors,
                                    int32_t count);
/** Number of named dynamic sizes, and the name of size `i` ("B"), or NULL. */
SEQC_API int32_t seqc_size_count(const seqc_function *function);
SEQC_API const char *seqc_size_name(const seqc_function *function, int32_t i);
/** Bytes of a stream's state for these values of the named sizes (that of time
 * is ignored); negative: minus an error code. */
SEQC_API int64_t seqc_state_bytes(const seqc_function *function, const int64_t *sizes,
                                  int32_t count);
/** Starts a stream in the caller's memory `state` (aligned to 16 bytes).
 * `initial` holds a tensor or NULL (zeros) for each state argument in order;
 * `initial_count` 0: all zeros. */
SEQC_API int32_t seqc_state_init(const seqc_function *function, void *state, int64_t bytes,
                                 const int64_t *sizes, int32_t count,
                                 const DLTensor *const *initial, int32_t initial_count);
/** Takes as many steps as the inputs hold. `tensors`: as for seqc_call() but
 * without the state arguments and their results (see seqc_tensor_state()). */
SEQC_API int32_t seqc_step(const seqc_function *function, const seqc_context *context, void *state,
                           int64_t bytes, const DLTensor *const *tensors, int32_t count);
/** Bytes of workspace that such a step needs; negative: minus an error code. */
SEQC_API int64_t seqc_step_scratch_bytes(const seqc_function *function, const void *state,
                                         int64_t bytes, const DLTensor *const *tensors,
                                         int32_t count);
#ifdef __cplusplus
}
#endif
#endif /* SEQC_C_SEQC_H */
