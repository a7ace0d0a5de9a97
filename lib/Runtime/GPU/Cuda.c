/* Calls on a GPU. The driver's library is opened by the first of them; a CUDA context gets the
 * kernels with its first call. Everything else goes to the caller's stream and is not waited for.
 */
#include "Cuda.h"

/* libc; weak, because it lacks these in old systems and in static programs. */
__attribute__((weak)) void *dlopen(const char *file, int flags);
__attribute__((weak)) void *dlsym(void *library, const char *name);
__attribute__((weak)) char *dlerror(void);
enum { NOW = 2 };

/* As large as any system's pthread_mutex_t, whose initial value is zeroes. */
typedef struct {
  int64_t words[8];
} mutex;
int pthread_mutex_lock(mutex *m);
int pthread_mutex_unlock(mutex *m);

/* Of cuda.h. Functions have the names of their newest versions since CUDA 11.2. */
enum {
  CUDA_OUT_OF_MEMORY = 2,
  CAPABILITY_MAJOR = 75,
  CAPABILITY_MINOR = 76,
  POINTER_DEVICE = 9,
  MAX_DYNAMIC_SHARED_BYTES = 8,
  JIT_ERROR_LOG = 5,
  JIT_ERROR_LOG_BYTES = 6
};
#define FUNCTIONS(F)                                                                               \
  F(cuGetErrorName, (int error, const char **name))                                                \
  F(cuGetErrorString, (int error, const char **text))                                              \
  F(cuInit, (unsigned flags))                                                                      \
  F(cuDeviceGet, (int *device, int ordinal))                                                       \
  F(cuDeviceGetAttribute, (int *value, int attribute, int device))                                 \
  F(cuDevicePrimaryCtxRetain, (void **context, int device))                                        \
  F(cuCtxGetCurrent, (void **context))                                                             \
  F(cuCtxGetDevice, (int *device))                                                                 \
  F(cuCtxPushCurrent_v2, (void *context))                                                          \
  F(cuCtxPopCurrent_v2, (void **context))                                                          \
  F(cuModuleLoadDataEx,                                                                            \
    (void **module, const void *image, unsigned n, int *options, void **values))                   \
  F(cuModuleGetFunction, (void **function, void *module, const char *name))                        \
  F(cuModuleUnload, (void *module))                                                                \
  F(cuFuncSetAttribute, (void *function, int attribute, int value))                                \
  F(cuPointerGetAttribute, (void *value, int attribute, uint64_t pointer))                         \
  F(cuMemAllocAsync, (uint64_t *memory, size_t bytes, void *stream))                               \
  F(cuMemFreeAsync, (uint64_t memory, void *stream))                                               \
  F(cuMemcpyHtoDAsync_v2, (uint64_t to, const void *from, size_t bytes, void *stream))             \
  F(cuLaunchKernel, (void *function, unsigned grid_x, unsigned grid_y, unsigned grid_z,            \
                     unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,  \
                     void *stream, void **arguments, void **extra))
#define FIELD(name, parameters) int(*name) parameters;
typedef struct {
  FUNCTIONS(FIELD)
  int (*cuCtxGetId)(void *context, uint64_t *id); /* null before CUDA 12 */
} functions;

/* The kernels in a CUDA context, whose key is its id, or its address where there are no ids. */
typedef struct loaded {
  struct loaded *next;
  uint64_t key;
  void *kernels[];
} loaded;

/* A device's primary context, kept for good. */
typedef struct primary {
  struct primary *next;
  int device;
  void *context;
} primary;

static functions cu;
static mutex lock; /* of what follows; readers of lists and of `ready` need none */
static void *library;
static int ready; /* `cu` is complete and initialised */
static loaded *all_loaded;
static primary *all_primaries;

/* A call in progress. */
typedef struct {
  seqc_rt_frame *frame;
  const seqc_cuda_module *module;
  void *stream;
  void *context;
  int device, pushed;
  void *const *kernels;
} gpu_call;

/* "f: cuLaunchKernel of 'f_0': CUDA_ERROR_INVALID_VALUE (invalid argument)" */
static seqc_rt_text *put_error(seqc_rt_text *text, const char *function, const char *of,
                               int error) {
  const char *name = (const char *)0, *reason = (const char *)0;
  seqc_rt_put(text, function);
  if (of) {
    seqc_rt_put(text, " of '");
    seqc_rt_put(text, of);
    seqc_rt_put(text, "'");
  }
  seqc_rt_put(text, ": ");
  if (cu.cuGetErrorName(error, &name) || !name) {
    seqc_rt_put(text, "error ");
    seqc_rt_put_int(text, error);
  } else {
    seqc_rt_put(text, name);
  }
  if (!cu.cuGetErrorString(error, &reason) && reason) {
    seqc_rt_put(text, " (");
    seqc_rt_put(text, reason);
    seqc_rt_put(text, ")");
  }
  return text;
}

static int32_t code_of(int error) {
  return error == CUDA_OUT_OF_MEMORY ? SEQC_ERROR_MEMORY : SEQC_ERROR_CUDA;
}

static int32_t fail(seqc_rt_frame *frame, const char *function, const char *of, int error) {
  put_error(seqc_rt_begin(frame), function, of, error);
  return seqc_rt_fail(frame, code_of(error));
}

/* Code of a call of the driver; 0 or an error of ours. */
#define TRY(frame, function, ...) check(frame, #function, cu.function(__VA_ARGS__))
static int32_t check(seqc_rt_frame *frame, const char *function, int error) {
  return error ? fail(frame, function, (const char *)0, error) : SEQC_OK;
}

static int32_t fail_open(seqc_rt_frame *frame, const char *what, const char *which) {
  seqc_rt_text *text = seqc_rt_begin(frame);
  seqc_rt_put(text, what);
  seqc_rt_put(text, which ? which : "it cannot be opened");
  return seqc_rt_fail(frame, SEQC_ERROR_DRIVER);
}

static int32_t open_locked(seqc_rt_frame *frame) {
  if (!dlopen || !dlsym || !dlerror)
    return fail_open(frame, "no CUDA driver: ", "this program cannot open libraries");
  if (!library && !(library = dlopen("libcuda.so.1", NOW)))
    return fail_open(frame, "no CUDA driver: ", dlerror());
  void *address;
#define FIND(name, parameters)                                                                     \
  if (!(address = dlsym(library, #name)))                                                          \
    return fail_open(frame, "expected a CUDA driver of version 11.2 or later, but it lacks ",      \
                     #name);                                                                       \
  memcpy(&cu.name, &address, sizeof address);
  FUNCTIONS(FIND)
  address = dlsym(library, "cuCtxGetId");
  memcpy(&cu.cuCtxGetId, &address, sizeof address);
  int32_t code = TRY(frame, cuInit, 0);
  if (!code)
    __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
  return code;
}

static int32_t open_driver(seqc_rt_frame *frame) {
  if (__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
    return SEQC_OK;
  pthread_mutex_lock(&lock);
  int32_t code = ready ? SEQC_OK : open_locked(frame);
  pthread_mutex_unlock(&lock);
  return code;
}

static int32_t fail_memory(seqc_rt_frame *frame) {
  seqc_rt_put(seqc_rt_begin(frame), "out of memory for what is known of a CUDA context");
  return seqc_rt_fail(frame, SEQC_ERROR_MEMORY);
}

static primary *find_primary(int device) {
  primary *p = __atomic_load_n(&all_primaries, __ATOMIC_ACQUIRE);
  while (p && p->device != device)
    p = p->next;
  return p;
}

static int32_t retain_locked(gpu_call *c) {
  primary *p = find_primary(c->device);
  if (!p) {
    if (!(p = (primary *)malloc(sizeof *p)))
      return fail_memory(c->frame);
    int32_t code = TRY(c->frame, cuDevicePrimaryCtxRetain, &p->context, c->device);
    if (code) {
      free(p);
      return code;
    }
    p->device = c->device;
    p->next = all_primaries;
    __atomic_store_n(&all_primaries, p, __ATOMIC_RELEASE);
  }
  c->context = p->context;
  return SEQC_OK;
}

/* The caller's current context, if it is of the tensors' device, else the primary one of that. */
static int32_t enter_context(gpu_call *c) {
  int device;
  int32_t code = TRY(c->frame, cuDeviceGet, &c->device, c->frame->device.device_id);
  if (!code)
    code = TRY(c->frame, cuCtxGetCurrent, &c->context);
  if (!code && c->context) {
    code = TRY(c->frame, cuCtxGetDevice, &device);
    if (!code && device == c->device)
      return SEQC_OK;
  }
  if (code)
    return code;
  primary *p = find_primary(c->device);
  if (p) {
    c->context = p->context;
  } else {
    pthread_mutex_lock(&lock);
    code = retain_locked(c);
    pthread_mutex_unlock(&lock);
  }
  if (!code)
    code = TRY(c->frame, cuCtxPushCurrent_v2, c->context);
  c->pushed = !code;
  return code;
}

/* Ends a call with `code`, or with the error of leaving its context. */
static int32_t leave_context(gpu_call *c, int32_t code) {
  void *context;
  int error = c->pushed ? cu.cuCtxPopCurrent_v2(&context) : 0;
  return code || !error ? code : fail(c->frame, "cuCtxPopCurrent_v2", (const char *)0, error);
}

static loaded *find_loaded(uint64_t key) {
  loaded *l = __atomic_load_n(&all_loaded, __ATOMIC_ACQUIRE);
  while (l && l->key != key)
    l = l->next;
  return l;
}

static void put_capability(seqc_rt_text *text, int sm) {
  seqc_rt_put_int(text, sm / 10);
  seqc_rt_put(text, ".");
  seqc_rt_put_int(text, sm % 10);
}

static int32_t fail_capability(gpu_call *c, const seqc_cuda_image *ptx, int sm) {
  seqc_rt_text *text = seqc_rt_begin(c->frame);
  seqc_rt_put(text, "expected a GPU of compute capability ");
  put_capability(text, ptx->sm);
  seqc_rt_put(text, " or higher, but CUDA device ");
  seqc_rt_put_int(text, c->frame->device.device_id);
  seqc_rt_put(text, " has ");
  put_capability(text, sm);
  return seqc_rt_fail(c->frame, SEQC_ERROR_DEVICE);
}

static int load_image(const seqc_cuda_image *image, void **module, char *log, int64_t log_bytes) {
  int options[] = {JIT_ERROR_LOG, JIT_ERROR_LOG_BYTES};
  void *values[] = {log, (void *)(uintptr_t)log_bytes};
  log[0] = 0;
  return cu.cuModuleLoadDataEx(module, image->bytes, 2, options, values);
}

/* The cubin that is closest below the device, else PTX, also where the driver does not take the
 * cubin: it is older than ptxas, or the device is of another kind. */
static int32_t load_module(gpu_call *c, void **module) {
  int major, minor;
  int32_t code = TRY(c->frame, cuDeviceGetAttribute, &major, CAPABILITY_MAJOR, c->device);
  if (!code)
    code = TRY(c->frame, cuDeviceGetAttribute, &minor, CAPABILITY_MINOR, c->device);
  if (code)
    return code;
  int sm = 10 * major + minor, error = 0;
  const seqc_cuda_image *cubin = (const seqc_cuda_image *)0, *image = c->module->images;
  for (; !image->is_ptx; ++image)
    if (image->sm / 10 == major && image->sm <= sm && (!cubin || image->sm > cubin->sm))
      cubin = image;
  if (sm < image->sm)
    return fail_capability(c, image, sm);
  char log[512];
  if (cubin)
    error = load_image(cubin, module, log, sizeof log);
  if (!cubin || (error && error != CUDA_OUT_OF_MEMORY))
    error = load_image(image, module, log, sizeof log);
  if (!error)
    return SEQC_OK;
  log[sizeof log - 1] = 0;
  seqc_rt_text *text =
      put_error(seqc_rt_begin(c->frame), "cuModuleLoadDataEx", (const char *)0, error);
  seqc_rt_put(text, log[0] ? ": " : "");
  seqc_rt_put(text, log);
  return seqc_rt_fail(c->frame, code_of(error));
}

static int32_t load_locked(gpu_call *c, uint64_t key) {
  loaded *l = find_loaded(key);
  if (l) {
    c->kernels = l->kernels;
    return SEQC_OK;
  }
  void *module;
  int64_t n = c->module->n_kernels;
  if (!(l = (loaded *)malloc(sizeof *l + (size_t)n * sizeof *l->kernels)))
    return fail_memory(c->frame);
  int32_t code = load_module(c, &module);
  if (code) {
    free(l);
    return code;
  }
  for (int64_t i = 0; i < n; ++i) {
    const seqc_cuda_kernel *kernel = c->module->kernels[i];
    const char *what = "cuModuleGetFunction";
    int error = cu.cuModuleGetFunction(&l->kernels[i], module, kernel->name);
    if (!error && kernel->shared_bytes) { /* more than kernels get unasked */
      what = "cuFuncSetAttribute";
      error =
          cu.cuFuncSetAttribute(l->kernels[i], MAX_DYNAMIC_SHARED_BYTES, (int)kernel->shared_bytes);
    }
    if (!error)
      continue;
    cu.cuModuleUnload(module);
    free(l);
    return fail(c->frame, what, kernel->name, error);
  }
  l->key = key;
  l->next = all_loaded;
  c->kernels = l->kernels;
  __atomic_store_n(&all_loaded, l, __ATOMIC_RELEASE);
  return SEQC_OK;
}

/* The kernels in the current context. A context that ends takes them along; one that begins later
 * may have its address, but not its id. */
static int32_t find_kernels(gpu_call *c) {
  uint64_t key = (uint64_t)(uintptr_t)c->context;
  int32_t code = cu.cuCtxGetId ? TRY(c->frame, cuCtxGetId, c->context, &key) : SEQC_OK;
  if (code)
    return code;
  loaded *l = find_loaded(key);
  if (l) {
    c->kernels = l->kernels;
    return SEQC_OK;
  }
  pthread_mutex_lock(&lock);
  code = load_locked(c, key);
  pthread_mutex_unlock(&lock);
  return code;
}

/* Memory of tensor i, or scratch (-1), is the device's. */
static int32_t check_memory(gpu_call *c, int32_t i, const void *memory) {
  int ordinal = 0;
  int error = cu.cuPointerGetAttribute(&ordinal, POINTER_DEVICE, (uint64_t)(uintptr_t)memory);
  if (!error && ordinal == c->frame->device.device_id)
    return SEQC_OK;
  seqc_rt_text *text = i < 0 ? seqc_rt_begin(c->frame) : seqc_rt_begin_at(c->frame, i);
  seqc_rt_put(text, i < 0 ? "expected scratch of CUDA device " : "expected memory of CUDA device ");
  seqc_rt_put_int(text, c->frame->device.device_id);
  seqc_rt_put(text, ", but got ");
  if (error) {
    put_error(text, "cuPointerGetAttribute", (const char *)0, error);
  } else {
    seqc_rt_put(text, "some of CUDA device ");
    seqc_rt_put_int(text, ordinal);
  }
  return seqc_rt_fail(c->frame, error ? code_of(error) : SEQC_ERROR_DEVICE);
}

static int32_t check_tensors(gpu_call *c) {
  int32_t code = SEQC_OK;
  for (int32_t i = 0; i < c->frame->f->n_tensors && !code; ++i)
    if (c->frame->bytes[i] && c->frame->ptrs[i] && !c->frame->on_host[i])
      code = check_memory(c, i, c->frame->ptrs[i]);
  return code;
}

void seqc_cuda_launch(const void *par, const seqc_cuda_kernel *kernel, void *const *ptrs,
                      const int64_t *dims, char *scratch, int64_t items, int64_t step) {
  seqc_rt_parallel *p = (seqc_rt_parallel *)par;
  gpu_call *c = (gpu_call *)p->device;
  if (items <= 0 || p->fault)
    return;
  int64_t blocks = items / kernel->items + (items % kernel->items != 0);
  if (blocks > INT32_MAX) {
    seqc_rt_text *text = seqc_rt_begin(c->frame);
    seqc_rt_put(text, "expected at most 2147483647 blocks of kernel '");
    seqc_rt_put(text, kernel->name);
    seqc_rt_put(text, "', but these sizes need ");
    seqc_rt_put_int(text, blocks);
    p->fault = seqc_rt_fail(c->frame, SEQC_ERROR_SIZE);
    return;
  }
  _Alignas(8) char arguments[SEQC_CUDA_ARGUMENT_BYTES];
  size_t addresses = (size_t)c->frame->f->n_tensors * sizeof(void *);
  size_t sizes = (size_t)c->frame->f->n_dims * sizeof(int64_t);
  char *rest = arguments + addresses + sizes;
  memcpy(arguments, ptrs, addresses);
  memcpy(arguments + addresses, dims, sizes);
  memcpy(rest, &scratch, sizeof scratch);
  memcpy(rest + sizeof scratch, &items, sizeof items);
  memcpy(rest + sizeof scratch + sizeof items, &step, sizeof step); /* few kernels read it */
  void *values[] = {arguments};
  int error = cu.cuLaunchKernel(c->kernels[kernel->number], (unsigned)blocks, 1, 1,
                                (unsigned)kernel->threads, 1, 1, (unsigned)kernel->shared_bytes,
                                c->stream, values, (void **)0);
  if (error)
    p->fault = fail(c->frame, "cuLaunchKernel", kernel->name, error);
}

/* From the host to where they were placed. */
static int32_t copy_from_host(gpu_call *c) {
  const seqc_rt_frame *frame = c->frame;
  int32_t code = SEQC_OK;
  for (int32_t i = 0; i < frame->f->n_arguments && !code; ++i)
    if (frame->on_host[i])
      code = TRY(c->frame, cuMemcpyHtoDAsync_v2, (uint64_t)(uintptr_t)frame->ptrs[i],
                 frame->on_host[i], (size_t)frame->bytes[i], c->stream);
  return code;
}

/* `memory` may be null where nothing needs any. */
static int32_t start_kernels(gpu_call *c, char *memory) {
  seqc_rt_frame *frame = c->frame;
  const seqc_rt_device *device = frame->f->device;
  char *scratch = memory ? seqc_rt_place_hidden(frame, memory) : memory;
  int32_t code = copy_from_host(c);
  if (code)
    return code;
  int64_t missed = 0;
  seqc_rt_parallel par = {frame->context, &missed, frame, c, 0, 0};
  seqc_stats *stats = seqc_rt_stats(frame->context);
  if (stats)
    memset(stats, 0, sizeof *stats);
  if (device->init)
    device->init(frame->ptrs, frame->dims, scratch, &par);
  device->body(frame->ptrs, frame->dims, scratch, &par);
  return par.fault;
}

/* With the context's scratch, or with some of the stream's own time. */
static int32_t start_with_memory(gpu_call *c, int64_t bytes) {
  const seqc_context *context = c->frame->context;
  if (bytes < 64) /* to align nothing */
    return start_kernels(c, (char *)0);
  if (context && context->scratch)
    return start_kernels(c, (char *)context->scratch);
  uint64_t memory;
  int32_t code = TRY(c->frame, cuMemAllocAsync, &memory, (size_t)bytes, c->stream);
  if (code)
    return code;
  code = start_kernels(c, (char *)(uintptr_t)memory);
  int error = cu.cuMemFreeAsync(memory, c->stream);
  return code || !error ? code : fail(c->frame, "cuMemFreeAsync", (const char *)0, error);
}

static int32_t run_in_context(gpu_call *c, int64_t bytes) {
  const seqc_context *context = c->frame->context;
  int32_t code = check_tensors(c);
  if (!code && bytes >= 64 && context && context->scratch) {
    code = seqc_rt_check_scratch(c->frame, bytes);
    if (!code)
      code = check_memory(c, -1, context->scratch);
  }
  if (!code)
    code = find_kernels(c);
  return code ? code : start_with_memory(c, bytes);
}

int32_t seqc_cuda_run(seqc_rt_frame *frame) {
  gpu_call c = {.frame = frame, .module = (const seqc_cuda_module *)frame->f->device->kernels};
  if (SEQC_RT_HAS(frame->context, stream))
    c.stream = frame->context->stream;
  int64_t bytes = seqc_rt_run_bytes(frame);
  int32_t code = bytes < 0 ? (int32_t)-bytes : open_driver(frame);
  if (!code)
    code = enter_context(&c);
  if (code)
    return code;
  return leave_context(&c, run_in_context(&c, bytes));
}
