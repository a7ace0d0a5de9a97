//===- ParallelFor.h - Threads for a call ---------------------------------===//
//
// A fixed set of threads behind the `parallel_for` hook of seqc_context. The
// partition is by an atomic counter, so that it differs from run to run:
// results must not depend on it.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_RUN_PARALLELFOR_H
#define SEQC_RUN_PARALLELFOR_H

#include "seqc-c/seqc.h"
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace seqc::run {

class ThreadPool {
public:
  /// `threads` in all, the caller's among them.
  explicit ThreadPool(int64_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Offers the threads to calls that get `context`.
  void attach(seqc_context &context);

private:
  using Body = void (*)(void *env, int64_t begin, int64_t end);
  static void parallelFor(void *pool, int64_t n, Body body, void *env);
  void work();
  void takeItems();

  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable started, finished;
  uint64_t generation = 0;
  size_t running = 0;
  bool stopping = false;
  Body body = nullptr;
  void *env = nullptr;
  int64_t items = 0;
  std::atomic<int64_t> next{0};
};

} // namespace seqc::run

#endif // SEQC_RUN_PARALLELFOR_H
