// The ticket pool behind lathe_thread_pool_*.
//
// A job is cut into chunks; the ticket word holds the job's generation and the number of chunks that nobody has claimed
// yet, and a thread claims one by lowering it with compare-and-swap. The fields of the job are read only after a claim,
// which keeps the caller inside parallel_for, so they cannot change underneath. The caller claims like everybody else:
// a worker that the system does not schedule costs nothing. A second caller, or a task that calls again, finds the pool
// busy and runs inline. Only libc and pthread are used, so that artefacts need no C++ library.
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "lathe/runtime.h"

namespace {

constexpr size_t kCacheLine = 64;
constexpr int32_t kMaxThreads = 1024;
// A job is cut into at most this many chunks a thread: enough to even out, few enough to claim cheaply.
constexpr int64_t kChunksPerThread = 16;
// How long a thread looks for work before it sleeps: longer than what lies between two layers of a network. Waking a
// sleeper costs the caller some 6 us, and the sleeper 30.
constexpr int64_t kSpinNanoseconds = 200'000;
// How many times as long a new thread looks: most pools are made shortly before their first use.
constexpr int64_t kFirstSpins = 10;
constexpr int kSpinsPerClockReading = 64;
// How often the caller looks for the end of a job before it yields.
constexpr int kSpinsBeforeYield = 1000;

void spin_pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

constexpr uint32_t unclaimed(uint64_t ticket) { return static_cast<uint32_t>(ticket); }
constexpr uint64_t next_generation(uint64_t ticket) { return ((ticket >> 32) + 1) << 32; }

int64_t nanoseconds_now() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// CPUs that this process may run on, at least 1.
int32_t available_cpus() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<int32_t>(online < kMaxThreads ? online : kMaxThreads) : 1;
}

// Moves a new thread off its creator's CPU, where Linux likes to start it: there it waits for the creator's time slice
// to end, some milliseconds, though other CPUs are idle. Afterwards it may run wherever its creator may. Only a wish.
void start_elsewhere(pthread_t thread) {
#if defined(__linux__) && !defined(__ANDROID__)
  cpu_set_t all;
  const int here = sched_getcpu();
  if (here < 0 || here >= CPU_SETSIZE || sched_getaffinity(0, sizeof(all), &all) != 0) return;
  cpu_set_t others = all;
  CPU_CLR(here, &others);
  if (CPU_COUNT(&others) == 0 || pthread_setaffinity_np(thread, sizeof(others), &others) != 0) return;
  pthread_setaffinity_np(thread, sizeof(all), &all);
#else
  static_cast<void>(thread);
#endif
}

struct Job {
  lathe_task task;
  void* state;
  int64_t count;
  // Indices of a chunk, a multiple of the caller's grain.
  int64_t chunk;
};

}  // namespace

struct lathe_thread_pool {
  alignas(kCacheLine) std::atomic<uint64_t> ticket = 0;
  alignas(kCacheLine) std::atomic<int64_t> unfinished = 0;
  alignas(kCacheLine) std::atomic<bool> busy = false;
  std::atomic<int32_t> sleepers = 0;
  std::atomic<bool> stopping = false;
  Job job = {};
  int32_t threads = 1;
  int32_t started = 0;
  int64_t spin_nanoseconds = kSpinNanoseconds;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
  // threads - 1 elements, right behind this struct.
  pthread_t* workers = nullptr;
};

namespace {

// Claims and runs one chunk; false when there was none.
bool run_one_chunk(lathe_thread_pool& pool) {
  uint64_t ticket = pool.ticket.load(std::memory_order_acquire);
  do {
    if (unclaimed(ticket) == 0) return false;
  } while (
      !pool.ticket.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel, std::memory_order_acquire));
  const Job& job = pool.job;
  const int64_t begin = static_cast<int64_t>(unclaimed(ticket) - 1) * job.chunk;
  const int64_t end = begin + job.chunk < job.count ? begin + job.chunk : job.count;
  job.task(job.state, begin, end);
  pool.unfinished.fetch_sub(1, std::memory_order_release);
  return true;
}

void sleep_until_work(lathe_thread_pool& pool) {
  pthread_mutex_lock(&pool.mutex);
  // The caller publishes the ticket before it looks at sleepers, this thread counts itself before it looks at the
  // ticket, both sequentially consistent: one of the two sees the other.
  pool.sleepers.fetch_add(1);
  while (unclaimed(pool.ticket.load()) == 0 && !pool.stopping.load()) pthread_cond_wait(&pool.wake, &pool.mutex);
  pool.sleepers.fetch_sub(1);
  pthread_mutex_unlock(&pool.mutex);
}

void* run_worker(void* argument) {
  lathe_thread_pool& pool = *static_cast<lathe_thread_pool*>(argument);
  int64_t sleep_time = nanoseconds_now() + kFirstSpins * pool.spin_nanoseconds;
  while (!pool.stopping.load(std::memory_order_relaxed)) {
    bool worked = false;
    for (int spin = 0; spin < kSpinsPerClockReading; ++spin) {
      while (run_one_chunk(pool)) worked = true;
      spin_pause();
    }
    const int64_t now = nanoseconds_now();
    if (worked) {
      sleep_time = now + pool.spin_nanoseconds;
    } else if (now < sleep_time) {
      // The caller may be waiting for this CPU.
      sched_yield();
    } else {
      sleep_until_work(pool);
      sleep_time = nanoseconds_now() + pool.spin_nanoseconds;
    }
  }
  return nullptr;
}

void publish(lathe_thread_pool& pool, const Job& job, int64_t chunks) {
  pool.job = job;
  pool.unfinished.store(chunks, std::memory_order_relaxed);
  pool.ticket.store(next_generation(pool.ticket.load(std::memory_order_relaxed)) | static_cast<uint64_t>(chunks));
  const int32_t sleepers = pool.sleepers.load();
  if (sleepers == 0) return;
  pthread_mutex_lock(&pool.mutex);
  if (chunks - 1 >= sleepers) {
    pthread_cond_broadcast(&pool.wake);
  } else {
    for (int64_t i = 0; i < chunks - 1; ++i) pthread_cond_signal(&pool.wake);
  }
  pthread_mutex_unlock(&pool.mutex);
}

void stop_workers(lathe_thread_pool& pool) {
  pthread_mutex_lock(&pool.mutex);
  pool.stopping.store(true);
  pthread_cond_broadcast(&pool.wake);
  pthread_mutex_unlock(&pool.mutex);
  for (int32_t i = 0; i < pool.started; ++i) pthread_join(pool.workers[i], nullptr);
}

}  // namespace

lathe_status lathe_thread_pool_create(int32_t threads, lathe_thread_pool** pool) {
  if (pool == nullptr) return LATHE_INVALID_ARGUMENT;
  *pool = nullptr;
  if (threads < 0 || threads > kMaxThreads) return LATHE_INVALID_ARGUMENT;
  const int32_t cpus = available_cpus();
  if (threads == 0) threads = cpus;
  size_t bytes = sizeof(lathe_thread_pool) + static_cast<size_t>(threads - 1) * sizeof(pthread_t);
  bytes = (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
  void* memory = std::aligned_alloc(kCacheLine, bytes);
  if (memory == nullptr) return LATHE_OUT_OF_MEMORY;
  auto* made = new (memory) lathe_thread_pool;
  made->threads = threads;
  made->workers = reinterpret_cast<pthread_t*>(made + 1);
  // With more threads than CPUs, spinning would take the CPU from the thread that is waited for.
  if (threads > cpus) made->spin_nanoseconds = 0;
  for (int32_t i = 0; i < threads - 1; ++i) {
    if (pthread_create(&made->workers[i], nullptr, &run_worker, made) != 0) {
      lathe_thread_pool_destroy(made);
      return LATHE_OUT_OF_MEMORY;
    }
    ++made->started;
    start_elsewhere(made->workers[i]);
  }
  *pool = made;
  return LATHE_OK;
}

void lathe_thread_pool_destroy(lathe_thread_pool* pool) {
  if (pool == nullptr) return;
  stop_workers(*pool);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->mutex);
  std::free(pool);
}

int32_t lathe_thread_pool_threads(const lathe_thread_pool* pool) { return pool != nullptr ? pool->threads : 1; }

void lathe_thread_pool_parallel_for(void* context, int64_t count, int64_t grain, lathe_task task, void* state) {
  if (count <= 0) return;
  auto* pool = static_cast<lathe_thread_pool*>(context);
  if (grain < 1) grain = 1;
  if (pool == nullptr || pool->threads == 1 || count <= grain || pool->busy.exchange(true, std::memory_order_acquire)) {
    task(state, 0, count);
    return;
  }
  const int64_t grains = (count - 1) / grain + 1;
  const int64_t most = pool->threads * kChunksPerThread;
  const int64_t grains_per_chunk = (grains - 1) / most + 1;
  const int64_t chunks = (grains - 1) / grains_per_chunk + 1;
  publish(*pool, {.task = task, .state = state, .count = count, .chunk = grains_per_chunk * grain}, chunks);
  while (run_one_chunk(*pool)) {
  }
  int spins = 0;
  while (pool->unfinished.load(std::memory_order_acquire) > 0) {
    if (++spins < kSpinsBeforeYield) {
      spin_pause();
    } else {
      sched_yield();
    }
  }
  pool->busy.store(false, std::memory_order_release);
}

void lathe_execution_use_pool(lathe_execution* execution, lathe_thread_pool* pool) {
  if (execution == nullptr) return;
  execution->threads = lathe_thread_pool_threads(pool);
  execution->parallel_for = pool != nullptr ? &lathe_thread_pool_parallel_for : nullptr;
  execution->parallel_context = pool;
}
