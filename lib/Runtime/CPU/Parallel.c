/* Parallel regions through the host's hook. A worker computes in the caller's
 * floating-point mode (rounding, flush to zero), so that threads never change
 * bits, and gets its own back. */
#include "Runtime.h"

#if defined(__x86_64__)
typedef uint32_t fp_mode;
static fp_mode get_mode(void) { return __builtin_ia32_stmxcsr(); }
static void set_mode(fp_mode mode) { __builtin_ia32_ldmxcsr(mode); }
#elif defined(__aarch64__)
typedef uint64_t fp_mode;
static fp_mode get_mode(void) {
  fp_mode mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
static void set_mode(fp_mode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#else
#error "expected x86_64 or aarch64"
#endif

typedef struct {
  seqc_rt_range fn;
  void *const *ptrs;
  const int64_t *dims;
  char *scratch;
  int64_t n;
  fp_mode mode;
  int64_t done; /* items that ran; atomic */
} region;

static void run_range(void *env, int64_t begin, int64_t end) {
  region *r = (region *)env;
  /* A hook that leaves [0, n) must not lead to memory that is not ours. */
  if (begin < 0 || end > r->n || begin >= end)
    return;
  fp_mode own = get_mode();
  set_mode(r->mode);
  r->fn(r->ptrs, r->dims, r->scratch, begin, end);
  set_mode(own);
  __atomic_fetch_add(&r->done, end - begin, __ATOMIC_RELAXED);
}

void seqc_rt_parallel_for(const void *par, seqc_rt_range fn, void *const *ptrs, const int64_t *dims,
                          char *scratch, int64_t n) {
  const seqc_rt_parallel *p = (const seqc_rt_parallel *)par;
  const seqc_context *context = p ? p->context : (const seqc_context *)0;
  if (n <= 0)
    return;
  if (n == 1 || !context || !context->parallel_for) {
    fn(ptrs, dims, scratch, 0, n);
    return;
  }
  region r = {fn, ptrs, dims, scratch, n, get_mode(), 0};
  context->parallel_for(context->pool, n, run_range, &r);
  int64_t missed = n - __atomic_load_n(&r.done, __ATOMIC_ACQUIRE);
  if (missed && !*p->missed)
    *p->missed = missed;
}
