// A host like a server: threads of its own, several requests at the same time, no memory asked for once it runs.
//
// Two clients send requests; each has its arena, all share the model and the pool. The pool is the host's: a run gets
// it as a parallel_for. The argument is the number of requests of each client.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "digits.h"

namespace {

constexpr int kWorkers = 3;
constexpr int kClients = 2;
constexpr int64_t kBatch = 256;

/// Threads that take pieces of whatever is announced. Any number of callers may be inside run() at once.
class Pool {
 public:
  Pool() {
    for (int i = 0; i < kWorkers; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  /// The lathe_parallel_for_fn: `context` is the pool.
  static void parallel_for(void* context, int64_t count, int64_t grain, lathe_task task, void* state) {
    static_cast<Pool*>(context)->run({task, state, count, grain});
  }

 private:
  struct Job {
    lathe_task task = nullptr;
    void* state = nullptr;
    int64_t count = 0;
    int64_t grain = 1;
    std::atomic<int64_t> next = 0;  ///< the first index that nobody has taken
    int helpers = 0;                ///< workers inside; under the pool's mutex

    Job(lathe_task task, void* state, int64_t count, int64_t grain)
        : task(task), state(state), count(count), grain(grain) {}

    void take_all() {
      for (int64_t begin = next.fetch_add(grain); begin < count; begin = next.fetch_add(grain)) {
        task(state, begin, std::min(begin + grain, count));
      }
    }
  };

  void run(Job&& job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(&job);
    }
    wake_.notify_all();
    job.take_all();
    std::unique_lock lock(mutex_);
    std::erase(jobs_, &job);
    done_.wait(lock, [&] { return job.helpers == 0; });
  }

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return is_over_ || !jobs_.empty(); });
      if (is_over_) return;
      Job* job = jobs_.back();
      ++job->helpers;
      lock.unlock();
      job->take_all();
      lock.lock();
      std::erase(jobs_, job);
      if (--job->helpers == 0) done_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::vector<Job*> jobs_;
  std::vector<std::thread> threads_;
  bool is_over_ = false;
};

struct Release {
  void operator()(void* memory) const { std::free(memory); }
};

/// What a client holds: its memory, and the sentence of what went wrong.
class Client {
 public:
  explicit Client(Pool& pool)
      : images_(static_cast<size_t>(digits_image_elements(kBatch))),
        probabilities_(static_cast<size_t>(digits_probabilities_elements(kBatch))),
        arena_(std::aligned_alloc(64, (static_cast<size_t>(digits_arena_bytes(kBatch)) + 64) / 64 * 64)) {
    execution_.threads = kWorkers + 1;
    execution_.parallel_for = Pool::parallel_for;
    execution_.parallel_context = &pool;
    execution_.message = message_;
    execution_.message_size = sizeof(message_);
  }

  /// The digit that most of the images are taken for; -1 when the run failed.
  int serve(int request) {
    for (size_t i = 0; i < images_.size(); ++i)
      images_[i] = static_cast<float>((i + static_cast<size_t>(request)) % 17) / 16;
    if (digits_run_in(&execution_, kBatch, images_.data(), probabilities_.data(), arena_.get()) != LATHE_OK) return -1;
    int votes[10] = {};
    for (auto row = probabilities_.begin(); row != probabilities_.end(); row += 10)
      ++votes[std::max_element(row, row + 10) - row];
    return static_cast<int>(std::max_element(votes, votes + 10) - votes);
  }
  [[nodiscard]] const char* message() const { return message_; }

 private:
  std::vector<float> images_;
  std::vector<float> probabilities_;
  std::unique_ptr<void, Release> arena_;
  lathe_execution execution_ = LATHE_EXECUTION_INIT;
  char message_[256] = {};
};

}  // namespace

int main(int count, char** arguments) {
  const int requests = count > 1 ? std::atoi(arguments[1]) : 100;
  Pool pool;
  std::atomic<int> served = 0;
  std::vector<std::thread> clients;
  std::vector<std::vector<int>> answers(kClients);
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      Client client(pool);
      for (int request = 0; request < requests; ++request) {
        answers[static_cast<size_t>(i)].push_back(client.serve(request));
        if (answers[static_cast<size_t>(i)].back() < 0) {
          std::fprintf(stderr, "%s\n", client.message());
          return;
        }
        ++served;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  std::printf("%d clients, %d requests served, each of %d images\n", kClients, served.load(), static_cast<int>(kBatch));
  return served == kClients * requests && answers[0] == answers[1] ? 0 : 1;
}
