// How tools/bench calls what it times: runs that are timed where no interpreter
// adds to them, and a pool of threads such as a host would bring.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>
#ifdef __linux__
#include <pthread.h>
#endif

namespace {
using Clock = std::chrono::steady_clock;
using Body = void (*)(void *env, int64_t begin, int64_t end);

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Seconds of each of `runs` runs. One that is over before a clock is read well
/// is followed by samples of several.
template <typename Run> int32_t sample(Run run, long runs, double *seconds) {
  constexpr double readable = 5e-6;
  long repeat = 1;
  for (long i = 0; i < runs; i++) {
    const Clock::time_point start = Clock::now();
    for (long k = 0; k < repeat; k++)
      if (int32_t code = run())
        return code;
    seconds[i] = since(start) / repeat;
    if (i == 0 && seconds[0] < readable)
      repeat = 1 + (long)(readable / (seconds[0] + 1e-9));
  }
  return 0;
}

void rest() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Threads that take blocks of items until none is left. A worker waits awake
/// for some microseconds, then asleep.
class Pool {
public:
  Pool(const long *cores, long count) : threads(count + 1) {
    for (long i = 0; i < count; i++) {
      workers.emplace_back([this, i] { work(i + 1); });
#ifdef __linux__
      cpu_set_t core;
      CPU_ZERO(&core);
      CPU_SET(cores[i], &core);
      pthread_setaffinity_np(workers.back().native_handle(), sizeof(core), &core);
#endif
    }
  }

  ~Pool() {
    stopping = true;
    job.fetch_add(1);
    job.notify_all();
    for (std::thread &worker : workers)
      worker.join();
  }

  void run(int64_t n, Body asked, void *with) {
    body = asked;
    env = with;
    items = n;
    block = n > 8 * threads ? n / (8 * threads) : 1;
    next = 0;
    busy = (long)workers.size();
    job.fetch_add(1);
    job.notify_all();
    take(0);
    while (busy.load(std::memory_order_acquire))
      rest();
  }

private:
  /// Few items have their threads, so that what one left in a cache is there for its next region;
  /// many are taken by whoever is free.
  void take(int64_t thread) {
    if (items <= threads) {
      if (thread < items)
        body(env, thread, thread + 1);
      return;
    }
    for (int64_t i; (i = next.fetch_add(block)) < items;)
      body(env, i, i + block < items ? i + block : items);
  }

  void work(int64_t thread) {
    for (long seen = 0;; seen++) {
      for (int spins = 0; job.load(std::memory_order_acquire) == seen && spins < 20000; spins++)
        rest();
      job.wait(seen);
      if (stopping)
        return;
      take(thread);
      busy.fetch_sub(1, std::memory_order_release);
    }
  }

  long threads;
  std::vector<std::thread> workers;
  std::atomic<long> job = 0, busy = 0;
  std::atomic<bool> stopping = false;
  std::atomic<int64_t> next = 0;
  int64_t items = 0, block = 1;
  Body body = nullptr;
  void *env = nullptr;
};
} // namespace

extern "C" {
/// Times a model's f_call. The first error code ends it and is returned.
int32_t time_model(int32_t (*call)(const void *, const void *, int32_t), const void *context,
                   const void *tensors, int32_t count, long runs, double *seconds) {
  return sample([&] { return call(context, tensors, count); }, runs, seconds);
}

/// The same for a kernel whose arguments are addresses and longs, at most 14:
/// they travel alike, and a callee does not see those that it does not take.
void time_kernel(void (*kernel)(long, long, long, long, long, long, long, long, long, long, long,
                                long, long, long),
                 const long *v, long runs, double *seconds) {
  auto run = [&] {
    kernel(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12], v[13]);
    return 0;
  };
  sample(run, runs, seconds);
}

/// The calling thread and one more on each of `cores`.
void *pool_create(const long *cores, long count) { return new Pool(cores, count); }
void pool_destroy(void *pool) { delete (Pool *)pool; }
/// A context's parallel_for.
void pool_for(void *pool, int64_t n, Body body, void *env) { ((Pool *)pool)->run(n, body, env); }

#if defined(__AVX2__) && defined(__FMA__)
void limit_copy(const float *a, float *o, long n);
float limit_peak(long n);

/// limit_copy of n floats by the pool, in pieces of 64 KiB.
void limit_copy_threads(const float *a, float *o, long n, void *pool) {
  struct Work {
    const float *from;
    float *to;
  } arrays{a, o};
  const long piece = 1 << 14;
  pool_for(
      pool, n / piece,
      [](void *env, int64_t begin, int64_t end) {
        const Work &work = *(const Work *)env;
        limit_copy(work.from + begin * piece, work.to + begin * piece, (end - begin) * piece);
      },
      &arrays);
}

/// limit_peak of n rounds by the pool, in pieces of some microseconds.
void limit_peak_threads(long n, void *pool) {
  constexpr long piece = 1 << 12;
  pool_for(
      pool, n / piece,
      [](void *, int64_t begin, int64_t end) { limit_peak((end - begin) * piece); }, nullptr);
}
#endif
}
