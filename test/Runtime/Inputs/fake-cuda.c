/* A CUDA driver for tests, libcuda.so.1: two devices without hardware. It
 * writes down each call with its arguments, fails the one that a test asks
 * for, answers for its own memory, which the host cannot touch, and lets a
 * test's hook run kernels. Wrong use fails as the driver's does. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
  INVALID_VALUE = 1,
  NOT_INITIALIZED = 3,
  INVALID_DEVICE = 101,
  INVALID_CONTEXT = 201,
  INVALID_PTX = 218,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500
};
static const struct {
  int error;
  const char *name, *text;
} errors[] = {
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS",
     "an illegal memory access was encountered"},
};

typedef struct {
  int id, device, primary, ended;
} context;
typedef struct {
  int id;
  const context *of;
  const char *image;
} module;
typedef struct {
  char name[64];
  const context *of;
  int shared; /* bytes that it may ask for */
} function;
enum { SHARED_UNASKED = 48 << 10, MAX_DYNAMIC_SHARED_BYTES = 8 };
typedef struct {
  int id;
  const context *of;
} stream;
typedef struct {
  char *base;
  size_t bytes;
  int device, of_stream;
} memory;

enum { DEVICES = 2, MANY = 4096, DEPTH = 8, LOG = 1 << 20 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int initialized, calls, failing, failure, ids;
static int capabilities[DEVICES] = {80, 90};
static context primaries[DEVICES] = {{0, 0, 1, 0}, {0, 1, 1, 0}};
static memory memories[MANY];
static module modules[MANY];
static function functions[MANY];
static stream streams[MANY];
static int n_modules, n_functions, n_streams;
static int n_memories, live_memories, live_modules, retained;
static char text[LOG];
static size_t used;
static void (*hook)(const char *, unsigned, unsigned, void *);
static _Thread_local context *stack[DEPTH];
static _Thread_local int depth;

static void put(const char *format, ...) {
  va_list list;
  va_start(list, format);
  if (used < LOG)
    used += (size_t)vsnprintf(text + used, LOG - used, format, list);
  va_end(list);
}

/* Writes down a call; whether it shall fail. */
#define CALL(...)                                                              \
  do {                                                                         \
    put("%s", __func__);                                                       \
    put(__VA_ARGS__);                                                          \
    put("\n");                                                                 \
    if (++calls == failing)                                                    \
      return leave(failure);                                                   \
    if (!initialized && strcmp(__func__, "cuInit") != 0)                       \
      return leave(NOT_INITIALIZED);                                           \
  } while (0)
static int leave(int code) {
  pthread_mutex_unlock(&lock);
  return code;
}

static context *current(void) { return depth ? stack[depth - 1] : NULL; }
static const char *name_of(const context *c) {
  static _Thread_local char name[32];
  if (!c)
    return "none";
  snprintf(name, sizeof(name), c->primary ? "primary%d" : "context%d",
           c->primary ? c->device : c->id);
  return name;
}
static memory *find(uint64_t address) {
  for (int i = 0; i < n_memories; ++i)
    if (memories[i].base && address >= (uint64_t)(uintptr_t)memories[i].base &&
        address < (uint64_t)(uintptr_t)memories[i].base + memories[i].bytes)
      return &memories[i];
  return NULL;
}
static memory *allocate(size_t bytes, int device, int of_stream) {
  memory *m = &memories[n_memories++];
  if (n_memories == MANY)
    abort();
  m->bytes = bytes;
  m->device = device;
  m->of_stream = of_stream;
  m->base = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return m;
}
static void protect(int protection) {
  for (int i = 0; i < n_memories; ++i)
    if (memories[i].base)
      mprotect(memories[i].base, memories[i].bytes, protection);
}

/* The driver. */

int cuGetErrorName(int error, const char **name) {
  for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); ++i)
    if (errors[i].error == error)
      return *name = errors[i].name, 0;
  return INVALID_VALUE;
}
int cuGetErrorString(int error, const char **string) {
  for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); ++i)
    if (errors[i].error == error)
      return *string = errors[i].text, 0;
  return INVALID_VALUE;
}
/* Time for other threads to come to the same place. */
static void wait_a_little(void) { usleep(20000); }

int cuInit(unsigned flags) {
  wait_a_little();
  pthread_mutex_lock(&lock);
  CALL("(%u)", flags);
  initialized = 1;
  return leave(flags ? INVALID_VALUE : 0);
}
int cuDeviceGet(int *device, int ordinal) {
  pthread_mutex_lock(&lock);
  CALL("(%d)", ordinal);
  if (ordinal < 0 || ordinal >= DEVICES)
    return leave(INVALID_DEVICE);
  *device = ordinal;
  return leave(0);
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  pthread_mutex_lock(&lock);
  CALL("(%d, device %d)", attribute, device);
  if (attribute != 75 && attribute != 76)
    return leave(INVALID_VALUE);
  *value =
      attribute == 75 ? capabilities[device] / 10 : capabilities[device] % 10;
  return leave(0);
}
int cuDevicePrimaryCtxRetain(context **c, int device) {
  pthread_mutex_lock(&lock);
  CALL("(device %d)", device);
  *c = &primaries[device];
  if (!(*c)->id)
    (*c)->id = ++ids;
  ++retained;
  return leave(0);
}
int cuCtxGetCurrent(context **c) {
  pthread_mutex_lock(&lock);
  CALL("() is %s", name_of(current()));
  *c = current();
  return leave(0);
}
int cuCtxGetDevice(int *device) {
  pthread_mutex_lock(&lock);
  CALL("()");
  if (!current())
    return leave(INVALID_CONTEXT);
  *device = current()->device;
  return leave(0);
}
int cuCtxPushCurrent_v2(context *c) {
  pthread_mutex_lock(&lock);
  CALL("(%s)", name_of(c));
  if (!c || depth == DEPTH)
    return leave(INVALID_CONTEXT);
  stack[depth++] = c;
  return leave(0);
}
int cuCtxPopCurrent_v2(context **c) {
  pthread_mutex_lock(&lock);
  /* It pops even if it says that it failed, as an earlier error comes up. */
  context *top = current();
  if (depth)
    --depth;
  CALL("() is %s", name_of(top));
  *c = top;
  return leave(top ? 0 : INVALID_CONTEXT);
}
#ifndef FAKE_CUDA_11
int cuCtxGetId(context *c, uint64_t *id) {
  pthread_mutex_lock(&lock);
  CALL("(%s)", name_of(c));
  *id = (uint64_t)c->id;
  return leave(0);
}
#endif
int cuModuleLoadDataEx(module **m, const char *image, unsigned n, int *options,
                       void **values) {
  wait_a_little();
  pthread_mutex_lock(&lock);
  int elf = memcmp(image,
                   "\x7f"
                   "ELF",
                   4) == 0;
  CALL("(%s, log %d %d of %d bytes) in %s", elf ? "cubin" : "ptx", options[0],
       options[1], (int)(uintptr_t)values[1], name_of(current()));
  if (!current() || n != 2 || (uintptr_t)image % 64)
    return leave(current() ? INVALID_VALUE : INVALID_CONTEXT);
  if (!elf && !strstr(image, ".target sm_")) {
    snprintf(values[0], (size_t)values[1], "line 1: expected a target");
    return leave(INVALID_PTX);
  }
  *m = &modules[n_modules++ % MANY];
  (*m)->id = ++ids;
  (*m)->of = current();
  (*m)->image = image;
  ++live_modules;
  return leave(0);
}
int cuModuleGetFunction(function **f, module *m, const char *name) {
  pthread_mutex_lock(&lock);
  CALL("(%s)", name);
  char entry[80];
  snprintf(entry, sizeof(entry), ".entry %s(", name);
  if (m->image[0] != '\x7f' && !strstr(m->image, entry))
    return leave(NOT_FOUND);
  *f = &functions[n_functions++ % MANY];
  snprintf((*f)->name, sizeof((*f)->name), "%s", name);
  (*f)->of = m->of;
  (*f)->shared = SHARED_UNASKED;
  return leave(0);
}
/* Of a block, which has 1 KiB more than it may use: 164 and 228 KiB of an SM.
 */
static int most_shared(int sm) { return (sm < 90 ? 163 : 227) << 10; }
int cuFuncSetAttribute(function *f, int attribute, int value) {
  pthread_mutex_lock(&lock);
  CALL("(%s, %d, %d)", f->name, attribute, value);
  if (!current() || f->of != current())
    return leave(INVALID_HANDLE);
  if (attribute != MAX_DYNAMIC_SHARED_BYTES || value < 0 ||
      value > most_shared(capabilities[current()->device]))
    return leave(INVALID_VALUE);
  f->shared = value;
  return leave(0);
}
int cuModuleUnload(module *m) {
  pthread_mutex_lock(&lock);
  CALL("()");
  --live_modules;
  (void)m;
  return leave(0);
}
int cuPointerGetAttribute(void *value, int attribute, uint64_t pointer) {
  pthread_mutex_lock(&lock);
  memory *m = find(pointer);
  CALL("(%d)", attribute);
  if (!m || attribute != 9)
    return leave(INVALID_VALUE);
  *(int *)value = m->device;
  return leave(0);
}
static int wrong_stream(const stream *s) { return s && s->of != current(); }
int cuMemAllocAsync(uint64_t *address, size_t bytes, stream *s) {
  pthread_mutex_lock(&lock);
  CALL("(%zu bytes, stream %d)", bytes, s ? s->id : 0);
  if (!current() || !bytes || wrong_stream(s))
    return leave(!bytes ? INVALID_VALUE : INVALID_HANDLE);
  *address = (uint64_t)(uintptr_t)allocate(bytes, current()->device, 1)->base;
  ++live_memories;
  return leave(0);
}
int cuMemFreeAsync(uint64_t address, stream *s) {
  pthread_mutex_lock(&lock);
  memory *m = find(address);
  /* As above: what a stream did wrong is told, the memory is free. */
  int wrong = !m || !m->of_stream || (uint64_t)(uintptr_t)m->base != address;
  if (!wrong) {
    munmap(m->base, m->bytes);
    m->base = NULL;
    --live_memories;
  }
  CALL("(stream %d)", s ? s->id : 0);
  return leave(wrong || wrong_stream(s) ? INVALID_VALUE : 0);
}
int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes,
                         stream *s) {
  pthread_mutex_lock(&lock);
  memory *m = find(to);
  CALL("(%zu bytes, stream %d)", bytes, s ? s->id : 0);
  if (!m || find((uint64_t)(uintptr_t)from) || wrong_stream(s) ||
      to + bytes > (uint64_t)(uintptr_t)m->base + m->bytes)
    return leave(INVALID_VALUE);
  protect(PROT_READ | PROT_WRITE);
  memcpy((void *)(uintptr_t)to, from, bytes);
  protect(PROT_NONE);
  return leave(0);
}
int cuLaunchKernel(function *f, unsigned gx, unsigned gy, unsigned gz,
                   unsigned bx, unsigned by, unsigned bz, unsigned shared,
                   stream *s, void **arguments, void **extra) {
  pthread_mutex_lock(&lock);
  CALL("(%s, grid %u %u %u, block %u %u %u, shared %u, stream %d)", f->name, gx,
       gy, gz, bx, by, bz, shared, s ? s->id : 0);
  if (f->of != current() || wrong_stream(s))
    return leave(INVALID_HANDLE);
  if (!gx || gx > INT32_MAX || !bx || bx > 1024 || gy * gz * by * bz != 1 ||
      shared > (unsigned)f->shared || !arguments || extra)
    return leave(INVALID_VALUE);
  protect(PROT_READ | PROT_WRITE);
  if (hook)
    hook(f->name, gx, bx, arguments[0]);
  protect(PROT_NONE);
  return leave(0);
}

/* What tests ask. */

/* The calls since the last time. */
const char *fake_log(void) {
  static char copy[LOG];
  memcpy(copy, text, used + 1);
  used = 0;
  text[0] = 0;
  return copy;
}
/* The k-th call from now fails; 0: none. */
void fake_fail(int k, int error) {
  calls = 0;
  failing = k;
  failure = error;
}
int fake_calls(void) { return calls; }
void fake_set_capability(int device, int sm) { capabilities[device] = sm; }
void fake_on_launch(void (*h)(const char *, unsigned, unsigned, void *)) {
  hook = h;
}
/* What is left: memory of streams, modules, contexts of this thread. */
int fake_live_memories(void) { return live_memories; }
int fake_live_modules(void) { return live_modules; }
int fake_depth(void) { return depth; }
int fake_retained(void) { return retained; }
void fake_begin_context(context *c, int device) {
  *c = (context){++ids, device, 0, 0};
}
size_t fake_context_bytes(void) { return sizeof(context); }
void *fake_primary(int device) {
  if (!primaries[device].id)
    primaries[device].id = ++ids;
  return &primaries[device];
}
void fake_make_current(context *c) {
  depth = c != NULL;
  stack[0] = c;
}
void *fake_stream(const context *c) {
  stream *s = &streams[n_streams++ % MANY];
  s->id = ++ids;
  s->of = c;
  return s;
}
int fake_stream_id(const stream *s) { return s->id; }
void *fake_allocate(size_t bytes, int device) {
  pthread_mutex_lock(&lock);
  void *base = allocate(bytes, device, 0)->base;
  pthread_mutex_unlock(&lock);
  return base;
}
void fake_write(void *to, const void *from, size_t bytes) {
  pthread_mutex_lock(&lock);
  protect(PROT_READ | PROT_WRITE);
  memcpy(to, from, bytes);
  protect(PROT_NONE);
  pthread_mutex_unlock(&lock);
}
void fake_read(void *to, const void *from, size_t bytes) {
  fake_write(to, from, bytes);
}
