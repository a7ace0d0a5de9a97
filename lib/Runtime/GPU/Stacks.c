/* Stacks of threads, and how to go from one to another. */
#include "Device.h"

void *mmap(void *address, size_t bytes, int protection, int flags, int file, long offset);
int munmap(void *address, size_t bytes);
int mprotect(void *address, size_t bytes, int protection);

/* Sanitizers want to know about stacks. In a test without one these are null; a model has none. */
#ifndef SEQC_RUNTIME_EMBEDDED
__attribute__((weak)) void __sanitizer_start_switch_fiber(void **fake, const void *low,
                                                          size_t bytes);
__attribute__((weak)) void __sanitizer_finish_switch_fiber(void *fake, const void **low,
                                                           size_t *bytes);
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void *first, size_t bytes);
static int has_sanitizer(void) { return __sanitizer_start_switch_fiber != 0; }
#else
static int has_sanitizer(void) { return 0; }
static void __sanitizer_start_switch_fiber(void **fake, const void *low, size_t bytes) {
  (void)fake, (void)low, (void)bytes;
}
static void __sanitizer_finish_switch_fiber(void *fake, const void **low, size_t *bytes) {
  (void)fake, (void)low, (void)bytes;
}
static void __asan_unpoison_memory_region(const volatile void *first, size_t bytes) {
  (void)first, (void)bytes;
}
#endif

/* Saves what a call keeps and the stack in *from, and goes on at `to`. */
void seqc_emu_switch(void **from, void *to) __attribute__((visibility("hidden")));
#if defined(__x86_64__)
__asm__(".text\n"
        ".globl seqc_emu_switch\n"
        ".hidden seqc_emu_switch\n"
        ".type seqc_emu_switch, @function\n"
        "seqc_emu_switch:\n"
        "  pushq %rbp\n"
        "  pushq %rbx\n"
        "  pushq %r12\n"
        "  pushq %r13\n"
        "  pushq %r14\n"
        "  pushq %r15\n"
        "  movq %rsp, (%rdi)\n"
        "  movq %rsi, %rsp\n"
        "  popq %r15\n"
        "  popq %r14\n"
        "  popq %r13\n"
        "  popq %r12\n"
        "  popq %rbx\n"
        "  popq %rbp\n"
        "  retq\n"
        ".size seqc_emu_switch, .-seqc_emu_switch\n");
/* A stack as if its owner had been left just before its first instruction. */
static void *prepare(char *top, void (*first)(void)) {
  void **sp = (void **)top - 8;
  for (int i = 0; i < 8; ++i)
    sp[i] = (void *)0;
  sp[6] = (void *)(uintptr_t)first;
  return sp;
}
#elif defined(__aarch64__)
__asm__(".text\n"
        ".globl seqc_emu_switch\n"
        ".hidden seqc_emu_switch\n"
        ".type seqc_emu_switch, %function\n"
        "seqc_emu_switch:\n"
        "  sub sp, sp, #160\n"
        "  stp x19, x20, [sp, #0]\n"
        "  stp x21, x22, [sp, #16]\n"
        "  stp x23, x24, [sp, #32]\n"
        "  stp x25, x26, [sp, #48]\n"
        "  stp x27, x28, [sp, #64]\n"
        "  stp x29, x30, [sp, #80]\n"
        "  stp d8, d9, [sp, #96]\n"
        "  stp d10, d11, [sp, #112]\n"
        "  stp d12, d13, [sp, #128]\n"
        "  stp d14, d15, [sp, #144]\n"
        "  mov x9, sp\n"
        "  str x9, [x0]\n"
        "  mov sp, x1\n"
        "  ldp x19, x20, [sp, #0]\n"
        "  ldp x21, x22, [sp, #16]\n"
        "  ldp x23, x24, [sp, #32]\n"
        "  ldp x25, x26, [sp, #48]\n"
        "  ldp x27, x28, [sp, #64]\n"
        "  ldp x29, x30, [sp, #80]\n"
        "  ldp d8, d9, [sp, #96]\n"
        "  ldp d10, d11, [sp, #112]\n"
        "  ldp d12, d13, [sp, #128]\n"
        "  ldp d14, d15, [sp, #144]\n"
        "  add sp, sp, #160\n"
        "  ret\n"
        ".size seqc_emu_switch, .-seqc_emu_switch\n");
static void *prepare(char *top, void (*first)(void)) {
  void **sp = (void **)top - 20;
  for (int i = 0; i < 20; ++i)
    sp[i] = (void *)0;
  sp[11] = (void *)(uintptr_t)first;
  return sp;
}
#else
#error "expected x86_64 or aarch64"
#endif

/* Bytes below each stack that nobody may touch, and what a thread has beside its own memory. */
enum { GUARD = 64 << 10, STACK = 48 << 10 };

void emu_arrive(emu_device *d, emu_context *self) {
  if (has_sanitizer())
    __sanitizer_finish_switch_fiber(self->fake, &d->from->low, &d->from->bytes);
}

void emu_jump(emu_device *d, emu_context *self, emu_context *to, int leaves) {
  if (has_sanitizer())
    __sanitizer_start_switch_fiber(leaves ? (void **)0 : &self->fake, to->low, to->bytes);
  d->from = self;
  seqc_emu_switch(&self->sp, to->sp);
  emu_arrive(d, self);
}

int emu_make_stacks(emu_device *d, emu_block *b) {
  enum { NONE = 0, READ_WRITE = 3, PRIVATE_ANONYMOUS_NORESERVE = 0x4022 };
  d->stack_bytes = (STACK + (size_t)d->kernel->stack_bytes + 0xffff) & ~(size_t)0xffff;
  size_t each = GUARD + d->stack_bytes, all = each * (size_t)d->kernel->threads;
  void *memory = mmap((void *)0, all, NONE, PRIVATE_ANONYMOUS_NORESERVE, -1, 0);
  if (memory == (void *)-1)
    return 0;
  b->stacks = (char *)memory;
  int failed = 0;
  for (size_t at = GUARD; at < all; at += each)
    failed |= mprotect(b->stacks + at, d->stack_bytes, READ_WRITE);
  return !failed;
}

void emu_free_stacks(emu_device *d, emu_block *b) {
  if (b->stacks)
    munmap(b->stacks, (GUARD + d->stack_bytes) * (size_t)d->kernel->threads);
}

void emu_prepare(emu_device *d, emu_block *b, emu_thread *t, void (*first)(void)) {
  char *low = b->stacks + (GUARD + d->stack_bytes) * (size_t)t->number + GUARD;
  if (has_sanitizer())
    __asan_unpoison_memory_region(low, d->stack_bytes);
  /* Not all at one place of the cache. */
  char *top = low + d->stack_bytes - 256 * (size_t)t->lane;
  t->context = (emu_context){prepare(top, first), (void *)0, low, d->stack_bytes};
}
