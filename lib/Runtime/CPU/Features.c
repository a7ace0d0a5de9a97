/* Whether this CPU, and the system's saving of registers, run the code. Asked
 * once a library: cpuid traps in virtual machines. */
#include "Runtime.h"

#if defined(__x86_64__)
static void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
  __asm__ volatile("cpuid"
                   : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                   : "a"(leaf), "c"(subleaf));
}

static uint64_t xcr0(void) {
  uint32_t r[4], low, high;
  cpuid(1, 0, r);
  if (!(r[2] >> 27 & 1)) /* no OSXSAVE */
    return 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static int has(const seqc_rt_feature *feature) {
  uint32_t r[4];
  cpuid(feature->leaf & 0x80000000u, 0, r);
  if (r[0] < feature->leaf)
    return 0;
  cpuid(feature->leaf, feature->subleaf, r);
  if (!(r[feature->reg] >> feature->bit & 1))
    return 0;
  return (xcr0() & feature->xcr0) == feature->xcr0;
}
#else
static int has(const seqc_rt_feature *feature) {
  (void)feature;
  return 1;
}
#endif

/* 1: all there; 2 + k: feature k is missing. */
static int32_t ask(const seqc_rt_module *module) {
  for (int64_t k = 0; k < module->n_features; ++k)
    if (!has(&module->features[k]))
      return (int32_t)k + 2;
  return 1;
}

int32_t seqc_rt_check_cpu(seqc_rt_frame *frame) {
  const seqc_rt_module *module = frame->f->module;
  int32_t cpu = __atomic_load_n(module->cpu, __ATOMIC_RELAXED);
  if (cpu == 0) {
    cpu = ask(module);
    __atomic_store_n(module->cpu, cpu, __ATOMIC_RELAXED);
  }
  if (cpu == 1)
    return SEQC_OK;
  seqc_rt_text *text = seqc_rt_begin(frame);
  seqc_rt_put(text, "expected a CPU with '");
  seqc_rt_put(text, module->features[cpu - 2].name);
  seqc_rt_put(text, "', but this one lacks it");
  return seqc_rt_fail(frame, SEQC_ERROR_FEATURE);
}
