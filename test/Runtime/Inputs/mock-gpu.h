/* The mock model on a GPU, and the fake driver (fake-cuda.c). */
#ifndef MOCK_GPU_H
#define MOCK_GPU_H
#define _GNU_SOURCE
#include "Cuda.h"
#include "mock.h"
#include <dlfcn.h>

/* Hidden counts begin on the device. */

enum { THREADS = 128, DIMS = 14 };
typedef struct {
  void *ptrs[TENSORS];
  int64_t dims[DIMS];
  char *scratch;
  int64_t items, step;
} arguments;

/* The second wants all the shared memory that a block of sm_80 can have, the
 * first is started in a step. */
enum { SHARED_BYTES = 163 << 10, A_STEP = 5 };
static const seqc_cuda_kernel kernels[] = {
    {"cell_0", 256, 1, 0, 0}, {"cell_1", THREADS, THREADS, 1, SHARED_BYTES}};
static const seqc_cuda_kernel *const table[] = {&kernels[0], &kernels[1]};
static _Alignas(64) const
    char ptx[] = ".target sm_80\n.entry cell_0(\n.entry cell_1(\n";
static _Alignas(64) const char cubins[3][64] = {"\x7f"
                                                "ELF 80",
                                                "\x7f"
                                                "ELF 90",
                                                "\x7f"
                                                "ELF 100"};
static seqc_cuda_image images[] = {
    {cubins[0], 80, 0}, {cubins[1], 90, 0}, {ptx, 80, 1}, {NULL, 0, 0}};
static const seqc_cuda_module module = {table, 2, images};

static int64_t extra_items;
static void gpu_body(void *const *p, const int64_t *dims, char *scratch,
                     const void *par) {
  seqc_cuda_launch(par, &kernels[0], p, dims, scratch, dims[0], A_STEP);
  seqc_cuda_launch(par, &kernels[0], p, dims, scratch, extra_items, A_STEP);
}
static void gpu_init(void *const *p, const int64_t *dims, char *scratch,
                     const void *par) {
  seqc_cuda_launch(par, &kernels[1], p, dims, scratch, dims[7], 0);
}
/* More than the CPU's, as other plans need. */
static int64_t gpu_scratch(const int64_t *dims) {
  int64_t bytes = mock_scratch(dims);
  return bytes < 0 ? bytes : bytes + 4096 * (bytes > 0);
}
static const seqc_rt_device device = {gpu_body, gpu_scratch, gpu_init,
                                      seqc_cuda_run, &module};
static seqc_rt_function gpu;
static inline void make_gpu_mock(void) {
  gpu = mock;
  gpu.device = &device;
}

static int launches;
static void run_kernel(const char *name, unsigned grid, unsigned block,
                       void *argument) {
  const arguments *a = argument;
  int first = strcmp(name, "cell_0") == 0;
  CHECK(block == (unsigned)kernels[!first].threads);
  CHECK((int64_t)grid ==
        (first ? a->items : (a->items + THREADS - 1) / THREADS));
  CHECK(a->step == (first ? A_STEP : 0));
  CHECK((uintptr_t)a->scratch % 64 == 0);
  ++launches;
  for (int64_t i = 0; i < a->items; ++i)
    if (first)
      mock_range(a->ptrs, a->dims, a->scratch, i, i + 1);
    else
      ((int64_t *)a->ptrs[COUNT_IN])[i] = COUNT_START;
}

/* The fake driver. */

#define FAKES(F)                                                               \
  F(const char *, fake_log, (void))                                            \
  F(void, fake_fail, (int, int))                                               \
  F(int, fake_calls, (void))                                                   \
  F(void, fake_set_capability, (int, int))                                     \
  F(void, fake_on_launch,                                                      \
    (void (*)(const char *, unsigned, unsigned, void *)))                      \
  F(int, fake_live_memories, (void))                                           \
  F(int, fake_live_modules, (void))                                            \
  F(int, fake_depth, (void))                                                   \
  F(int, fake_retained, (void))                                                \
  F(void, fake_begin_context, (void *, int))                                   \
  F(void *, fake_primary, (int))                                               \
  F(void, fake_make_current, (void *))                                         \
  F(void *, fake_stream, (const void *))                                       \
  F(int, fake_stream_id, (const void *))                                       \
  F(void *, fake_allocate, (size_t, int))                                      \
  F(void, fake_write, (void *, const void *, size_t))                          \
  F(void, fake_read, (void *, const void *, size_t))
#define DECLARE(result, name, parameters) static result(*name) parameters;
FAKES(DECLARE)
static int has_ids;

static inline void open_fake(void) {
  CHECK(!dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD)); /* nobody did */
  void *fake = dlopen("libcuda.so.1", RTLD_NOW);
  if (!fake)
    printf("%s\n", dlerror()), exit(1);
#define GET(result, name, parameters) name = dlsym(fake, #name);
  FAKES(GET)
  has_ids = dlsym(fake, "cuCtxGetId") != NULL;
  fake_on_launch(run_kernel);
}

/* A call whose tensors are on device `id`, all but `here`, if that is one. */
typedef struct {
  call_data d;
  void *host[TENSORS];
} gpu_data;

static size_t bytes_of(const DLTensor *t) {
  size_t bytes = t->dtype.bits / 8;
  for (int i = 0; i < t->ndim; ++i)
    bytes *= (size_t)t->shape[i];
  return bytes;
}
static inline void to_gpu(gpu_data *g, int id) {
  fill(&g->d);
  for (int i = 0; i < TENSORS; ++i) {
    DLTensor *t = &g->d.t[i];
    if (!t->data)
      continue;
    void *memory = fake_allocate(bytes_of(t), id);
    fake_write(memory, t->data, bytes_of(t));
    g->host[i] = t->data;
    t->data = memory;
    t->device.device_type = kDLCUDA;
    t->device.device_id = id;
  }
}
static void from_gpu(gpu_data *g) {
  for (int i = Y; i <= LAST; ++i)
    fake_read(g->host[i], g->d.t[i].data, bytes_of(&g->d.t[i]));
}
static inline int32_t call_gpu(gpu_data *g) {
  g->d.error[0] = 0;
  return seqc_rt_call(&gpu, &g->d.context, g->d.whole, WHOLE);
}
/* The same bits as on the CPU. */
static inline int is_right(gpu_data *g) {
  static _Thread_local call_data cpu;
  fill(&cpu);
  CHECK(seqc_rt_call(&mock, NULL, cpu.whole, WHOLE) == SEQC_OK);
  from_gpu(g);
  return memcmp(cpu.y, g->d.y, sizeof(cpu.y)) == 0 &&
         memcmp(cpu.last, g->d.last, sizeof(cpu.last)) == 0;
}
static inline void expect(gpu_data *g, int32_t code, const char *message) {
  int32_t got = call_gpu(g);
  CHECK(got == code);
  CHECK(strcmp(g->d.error, message) == 0);
  if (got != code || strcmp(g->d.error, message) != 0)
    printf("  %d: %s\n", got, g->d.error);
}
static inline int count(const char *log, const char *what) {
  int n = 0;
  for (; (log = strstr(log, what)); ++log)
    ++n;
  return n;
}

#endif /* MOCK_GPU_H */
