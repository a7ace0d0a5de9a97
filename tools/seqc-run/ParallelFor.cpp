//===- ParallelFor.cpp - Threads for a call -------------------------------===//
#include "ParallelFor.h"

using namespace seqc::run;

ThreadPool::ThreadPool(int64_t threads) {
  for (int64_t i = 1; i < threads; ++i)
    workers.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  started.notify_all();
  for (std::thread &worker : workers)
    worker.join();
}

void ThreadPool::attach(seqc_context &context) {
  context.parallel_for = &ThreadPool::parallelFor;
  context.pool = this;
}

void ThreadPool::takeItems() {
  for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < items;)
    body(env, i, i + 1);
}

void ThreadPool::work() {
  uint64_t seen = 0;
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    started.wait(lock, [&] { return stopping || generation != seen; });
    if (stopping)
      return;
    seen = generation;
    lock.unlock();
    takeItems();
    lock.lock();
    if (--running == 0)
      finished.notify_one();
  }
}

void ThreadPool::parallelFor(void *pool, int64_t n, Body body, void *env) {
  auto &self = *static_cast<ThreadPool *>(pool);
  {
    std::lock_guard<std::mutex> lock(self.mutex);
    self.body = body;
    self.env = env;
    self.items = n;
    self.next = 0;
    self.running = self.workers.size();
    ++self.generation;
  }
  self.started.notify_all();
  self.takeItems();
  std::unique_lock<std::mutex> lock(self.mutex);
  self.finished.wait(lock, [&] { return self.running == 0; });
}
