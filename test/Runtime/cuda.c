// Calls on a GPU against a driver that is not there, is too old, or is a fake:
// each call of it with its arguments, contexts, tensors that are wrong, sizes,
// images. The host never touches the device's memory.
//
// RUN: rm -rf %t && mkdir -p %t/12 %t/11 %t/10
// RUN: %fake-cuda -o %t/12/libcuda.so.1
// RUN: %fake-cuda -DFAKE_CUDA_11 -o %t/11/libcuda.so.1
// RUN: %fake-cuda -DcuMemAllocAsync=other -o %t/10/libcuda.so.1
// RUN: gcc -O1 %s %cuda %runtime -o %t/gcc
// RUN: %cc -g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all %s %cuda %runtime -o %t/asan
// RUN: env LD_LIBRARY_PATH= %t/gcc none
// RUN: env LD_LIBRARY_PATH=%t/10 %t/gcc old
// RUN: env LD_LIBRARY_PATH=%t/11 %t/gcc calls
// RUN: env LD_LIBRARY_PATH=%t/12 %t/gcc calls
// RUN: env LD_LIBRARY_PATH=%t/12 %t/asan calls
// RUN: env LD_LIBRARY_PATH=%t/12 %t/gcc log | FileCheck %s

#include "mock-gpu.h"

/* Without a driver the CPU's entry works, and a GPU's tensors are an error. */
static void test_none(void) {
  call_data d;
  fill(&d);
  CHECK(seqc_rt_call(&gpu, &d.context, d.whole, WHOLE) == SEQC_OK);
  for (int i = 0; i < TENSORS; ++i)
    d.t[i].device.device_type = kDLCUDA;
  for (int i = 0; i < 2; ++i) {
    CHECK(seqc_rt_call(&gpu, &d.context, d.whole, WHOLE) == SEQC_ERROR_DRIVER);
    CHECK(strcmp(d.error,
                 "cell: no CUDA driver: libcuda.so.1: cannot open shared "
                 "object file: No such file or directory") == 0);
  }
}

static void test_old(void) {
  call_data d;
  fill(&d);
  for (int i = 0; i < TENSORS; ++i)
    d.t[i].device.device_type = kDLCUDA;
  CHECK(seqc_rt_call(&gpu, &d.context, d.whole, WHOLE) == SEQC_ERROR_DRIVER);
  CHECK(strcmp(d.error, "cell: expected a CUDA driver of version 11.2 or "
                        "later, but it lacks cuMemAllocAsync") == 0);
}

static void test_lazy(void) {
  call_data d;
  fill(&d);
  CHECK(seqc_rt_call(&gpu, &d.context, d.whole, WHOLE) == SEQC_OK);
  open_fake();
}

/* Streams, contexts and what they hold. */
static void test_contexts(void) {
  static gpu_data g;
  to_gpu(&g, 1);
  char other[64], third[64];
  fake_begin_context(other, 1);
  fake_begin_context(third, 0);
  CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
  const char *log = fake_log();
  CHECK(count(log, "cuInit") == 1 && count(log, "Retain(device 1)") == 1);
  CHECK(count(log, "cuModuleLoadDataEx(cubin") == 1);
  CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
  log = fake_log();
  CHECK(!count(log, "cuInit") && !count(log, "Retain") && !count(log, "Load"));
  CHECK(count(log, "cuCtxPushCurrent_v2(primary1)") == 1);

  /* The caller's, if it is of this device. */
  fake_make_current(other);
  CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
  log = fake_log();
  CHECK(count(log, "cuModuleLoadDataEx") == 1 && !count(log, "Push") &&
        !count(log, "Pop"));
  fake_make_current(third);
  CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
  log = fake_log();
  CHECK(!count(log, "Load") && count(log, "Push") == 1 &&
        count(log, "Pop") == 1);
  CHECK(fake_depth() == 1);

  /* One that ends, and another where it was. */
  if (has_ids) {
    fake_begin_context(other, 1);
    fake_make_current(other);
    CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
    CHECK(count(fake_log(), "cuModuleLoadDataEx") == 1);
  }

  /* Streams. */
  void *stream = fake_stream(other), *foreign = fake_stream(third);
  fake_make_current(other);
  g.d.context.stream = stream;
  CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
  char where[32];
  snprintf(where, sizeof(where), "stream %d)", fake_stream_id(stream));
  CHECK(count(fake_log(), where) == 4); /* alloc, launches, free */
  g.d.context.stream = foreign;
  expect(&g, SEQC_ERROR_CUDA,
         "cell: cuMemAllocAsync: CUDA_ERROR_INVALID_HANDLE (invalid resource "
         "handle)");
  /* Contexts before `stream` had one. */
  g.d.context.size = offsetof(seqc_context, stream);
  CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
  CHECK(count(fake_log(), "stream 0)") == 4);
  fake_make_current(NULL);
  CHECK(fake_live_memories() == 0 && fake_retained() == 1);
}

/* Tensors where they should not be. */
static void test_tensors(void) {
  static gpu_data g, cpu;
  to_gpu(&g, 0);
  g.d.t[W].device.device_id = 1;
  expect(&g, SEQC_ERROR_DEVICE,
         "cell: argument 'w': expected a tensor on CUDA device 0 like 'u', but "
         "got one on CUDA device 1");
  g.d.t[W].device.device_type = kDLCPU;
  expect(&g, SEQC_ERROR_DEVICE,
         "cell: argument 'w': expected a tensor on CUDA device 0 like 'u', but "
         "got one in CPU memory");
  g.d.t[W].device.device_type = (DLDeviceType)13;
  expect(&g, SEQC_ERROR_DEVICE,
         "cell: argument 'w': expected a tensor on CUDA device 0 like 'u', but "
         "got one on DLPack device 13");
  g.d.t[U].device.device_type = (DLDeviceType)10;
  expect(&g, SEQC_ERROR_DEVICE,
         "cell: argument 'u': expected a tensor in CPU memory or on a CUDA "
         "device, but got one on DLPack device 10");
  to_gpu(&g, 0);
  fill(&cpu.d);
  cpu.d.t[Y] = g.d.t[Y];
  expect(&cpu, SEQC_ERROR_DEVICE,
         "cell: result 'y': expected a tensor in CPU memory like 'u', but got "
         "one on CUDA device 0");
  /* Labels that lie. */
  fill(&cpu.d);
  g.d.t[H0].data = cpu.d.h0;
  expect(&g, SEQC_ERROR_CUDA,
         "cell: argument 'h0': expected memory of CUDA device 0, but got "
         "cuPointerGetAttribute: CUDA_ERROR_INVALID_VALUE (invalid argument)");
  g.d.t[H0].data = fake_allocate(64, 1);
  expect(&g, SEQC_ERROR_DEVICE,
         "cell: argument 'h0': expected memory of CUDA device 0, but got some "
         "of CUDA device 1");
  to_gpu(&g, 0);
  g.d.t[W].byte_offset = 2;
  expect(
      &g, SEQC_ERROR_ALIGNMENT,
      "cell: argument 'w': expected data aligned to 4 bytes, but its address "
      "is 2 past a multiple");
  to_gpu(&g, 0);
  g.d.t[Y].data = g.d.t[U].data;
  expect(&g, SEQC_ERROR_OVERLAP,
         "cell: result 'y': expected memory of its own, but it overlaps "
         "argument 'u'");
  to_gpu(&g, 0);
  for (int i = 0; i < TENSORS; ++i)
    g.d.t[i].device.device_id = 7;
  expect(&g, SEQC_ERROR_CUDA,
         "cell: cuDeviceGet: CUDA_ERROR_INVALID_DEVICE (invalid device "
         "ordinal)");
  /* No values: another byte than 0 and 1 is not seen. */
  to_gpu(&g, 0);
  fake_write(g.d.t[FLAG].data, "\0\2\0", 3);
  CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
  /* A stream is the CPU's. */
  CHECK(seqc_rt_state_bytes(&gpu, (int64_t[]){B, T}, 2) < 512);
  static _Alignas(16) char blob[512];
  CHECK(seqc_rt_state_init(&gpu, blob, 512, (int64_t[]){B, T}, 2, NULL, 0) ==
        SEQC_OK);
  CHECK(seqc_rt_step(&gpu, &g.d.context, blob, 512, g.d.step, STEP) ==
        SEQC_ERROR_DEVICE);
  CHECK(strcmp(g.d.error,
               "cell: argument 'u': expected a tensor in CPU memory for a "
               "stream, but got one on CUDA device 0") == 0);
  /* A library without kernels. */
  CHECK(seqc_rt_call(&mock, &g.d.context, g.d.whole, WHOLE) ==
        SEQC_ERROR_DEVICE);
  CHECK(strcmp(g.d.error, "cell: argument 'u': expected a tensor in CPU memory "
                          "(DLPack device 1), but got device 2") == 0);
}

static void set_batch(gpu_data *g, int64_t n) {
  g->d.u_shape[0] = g->d.h0_shape[0] = g->d.y_shape[0] = g->d.last_shape[0] = n;
}

/* Nothing to do, scratch of the caller, sizes beyond a grid. */
static void test_sizes(void) {
  static gpu_data g;
  to_gpu(&g, 0);
  int64_t need = seqc_rt_scratch_bytes(&gpu, g.d.whole, WHOLE);
  static call_data cpu;
  fill(&cpu);
  CHECK(need == 4096 + seqc_rt_scratch_bytes(&gpu, cpu.whole, WHOLE));
  CHECK(need == seqc_rt_scratch_bytes(&gpu, g.d.whole, 5));

  g.d.context.scratch = fake_allocate((size_t)need, 0);
  g.d.context.scratch_bytes = need - 1;
  char message[128];
  snprintf(message, sizeof(message),
           "cell: expected %d bytes of scratch in the context, but got %d",
           (int)need, (int)need - 1);
  expect(&g, SEQC_ERROR_SCRATCH, message);
  g.d.context.scratch_bytes = need;
  fake_log();
  CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
  const char *log = fake_log();
  CHECK(!count(log, "Alloc") && !count(log, "Free"));
  g.d.context.scratch = fake_allocate((size_t)need, 1);
  expect(&g, SEQC_ERROR_DEVICE,
         "cell: expected scratch of CUDA device 0, but got some of CUDA device "
         "1");
  static char here[8192];
  g.d.context.scratch = here;
  expect(&g, SEQC_ERROR_CUDA,
         "cell: expected scratch of CUDA device 0, but got "
         "cuPointerGetAttribute: CUDA_ERROR_INVALID_VALUE (invalid argument)");

  /* An empty batch launches and allocates nothing; its data may be null. */
  to_gpu(&g, 0);
  set_batch(&g, 0);
  g.d.t[U].data = g.d.t[H0].data = g.d.t[Y].data = g.d.t[LAST].data = NULL;
  fake_log();
  launches = 0;
  CHECK(call_gpu(&g) == SEQC_OK && launches == 0);
  log = fake_log();
  CHECK(!count(log, "Alloc") && !count(log, "cuLaunchKernel"));
  /* No steps. */
  to_gpu(&g, 0);
  g.d.u_shape[1] = g.d.y_shape[1] = g.d.flag_shape[0] = 0;
  CHECK(call_gpu(&g) == SEQC_OK);
  from_gpu(&g);
  CHECK(memcmp(g.d.last, g.d.h0, sizeof(g.d.last)) == 0);

  to_gpu(&g, 0);
  extra_items = (int64_t)INT32_MAX + 1;
  expect(&g, SEQC_ERROR_SIZE,
         "cell: expected at most 2147483647 blocks of kernel 'cell_0', but "
         "these sizes need 2147483648");
  extra_items = 0;
  CHECK(fake_live_memories() == 0 && fake_depth() == 0);
}

static void enter_fresh_context(void) {
  static char contexts[32][64];
  static int n;
  fake_begin_context(contexts[n], 0);
  fake_make_current(contexts[n++]);
}

static _Alignas(64) const char bad_ptx[] = "nonsense";

/* The cubin that is closest, else PTX. Each time in a new context. */
static void test_images(void) {
  static const struct {
    int sm;
    const char *image;
  } cases[] = {{80, "(cubin"}, {86, "(cubin"}, {89, "(cubin"}, {90, "(cubin"},
               {100, "(ptx"},  {103, "(ptx"},  {120, "(ptx"}};
  static gpu_data g;
  to_gpu(&g, 0);
  for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
    enter_fresh_context();
    fake_set_capability(0, cases[i].sm);
    fake_log();
    CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
    const char *log = fake_log();
    CHECK(count(log, cases[i].image) == 1 &&
          count(log, "cuModuleLoadDataEx") == 1);
  }
  enter_fresh_context();
  fake_set_capability(0, 75);
  expect(&g, SEQC_ERROR_DEVICE,
         "cell: expected a GPU of compute capability 8.0 or higher, but CUDA "
         "device 0 has 7.5");
  /* A cubin that the driver does not want: an Orin's capability is 8.7. */
  fake_set_capability(0, 87);
  fake_log();
  CHECK(call_gpu(&g) == SEQC_OK);
  char *log = strdup(fake_log());
  *strstr(log, "cuModuleLoadDataEx(cubin") = 0;
  enter_fresh_context();
  fake_fail(count(log, "\n") + 1, 209);
  CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
  fake_fail(0, 0);
  free(log);
  const char *second = strstr(fake_log(), "cuModuleLoadDataEx(cubin");
  CHECK(second && count(second, "cuModuleLoadDataEx(ptx") == 1);
  /* PTX that the driver cannot compile: what it says is told. */
  enter_fresh_context();
  fake_set_capability(0, 120);
  images[2].bytes = bad_ptx;
  expect(&g, SEQC_ERROR_CUDA,
         "cell: cuModuleLoadDataEx: CUDA_ERROR_INVALID_PTX (a PTX JIT "
         "compilation failed): line 1: expected a target");
  images[2].bytes = ptx;
  CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
  fake_set_capability(0, 80);
  fake_make_current(NULL);
}

static void test_log(void) {
  static gpu_data g;
  open_fake();
  to_gpu(&g, 0);
  for (int i = 0; i < 2; ++i) {
    CHECK(call_gpu(&g) == SEQC_OK);
    printf("%send\n", fake_log());
  }
}
// clang-format off
// CHECK:      cuInit(0)
// CHECK-NEXT: cuDeviceGet(0)
// CHECK-NEXT: cuCtxGetCurrent() is none
// CHECK-NEXT: cuDevicePrimaryCtxRetain(device 0)
// CHECK-NEXT: cuCtxPushCurrent_v2(primary0)
// CHECK-NEXT: cuPointerGetAttribute(9)
// CHECK-NEXT: cuPointerGetAttribute(9)
// CHECK-NEXT: cuPointerGetAttribute(9)
// CHECK-NEXT: cuPointerGetAttribute(9)
// CHECK-NEXT: cuPointerGetAttribute(9)
// CHECK-NEXT: cuPointerGetAttribute(9)
// CHECK-NEXT: cuPointerGetAttribute(9)
// CHECK-NEXT: cuCtxGetId(primary0)
// CHECK-NEXT: cuDeviceGetAttribute(75, device 0)
// CHECK-NEXT: cuDeviceGetAttribute(76, device 0)
// CHECK-NEXT: cuModuleLoadDataEx(cubin, log 5 6 of 512 bytes) in primary0
// CHECK-NEXT: cuModuleGetFunction(cell_0)
// CHECK-NEXT: cuModuleGetFunction(cell_1)
// CHECK-NEXT: cuFuncSetAttribute(cell_1, 8, 166912)
// CHECK-NEXT: cuMemAllocAsync(4255 bytes, stream 0)
// CHECK-NEXT: cuLaunchKernel(cell_1, grid 1 1 1, block 128 1 1, shared 166912, stream 0)
// CHECK-NEXT: cuLaunchKernel(cell_0, grid 2 1 1, block 256 1 1, shared 0, stream 0)
// CHECK-NEXT: cuMemFreeAsync(stream 0)
// CHECK-NEXT: cuCtxPopCurrent_v2() is primary0
// CHECK-NEXT: end
// CHECK-NEXT: cuDeviceGet(0)
// CHECK-NEXT: cuCtxGetCurrent() is none
// CHECK-NEXT: cuCtxPushCurrent_v2(primary0)
// CHECK-COUNT-7: cuPointerGetAttribute(9)
// CHECK-NEXT: cuCtxGetId(primary0)
// CHECK-NEXT: cuMemAllocAsync(4255 bytes, stream 0)
// CHECK-NEXT: cuLaunchKernel(cell_1
// CHECK-NEXT: cuLaunchKernel(cell_0
// CHECK-NEXT: cuMemFreeAsync(stream 0)
// CHECK-NEXT: cuCtxPopCurrent_v2() is primary0
// CHECK-NEXT: end
// clang-format on

int main(int argc, char **argv) {
  (void)argc;
  make_gpu_mock();
  if (strcmp(argv[1], "none") == 0) {
    test_none();
  } else if (strcmp(argv[1], "old") == 0) {
    test_old();
  } else if (strcmp(argv[1], "log") == 0) {
    test_log();
  } else {
    test_lazy();
    test_contexts();
    test_tensors();
    test_sizes();
    test_images();
  }
  return failures != 0;
}
