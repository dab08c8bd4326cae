// Owns what one run of a compiled model needs: the arena, the sizes, the message. C++20, header only.
//
// Works without exceptions and run-time type information. The classes in the generated P.hpp are thin covers of it;
// hosts that learn at run time what a model takes use it directly. A session runs one call at a time; threads that run
// at the same time have one each.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <utility>

#include "lathe/model.h"

namespace lathe {

class Session {
 public:
  /// `model` is that of an artefact and outlives the session.
  explicit Session(const lathe_model* model) noexcept : model_(model) {
    execution_.message = message_;
    execution_.message_size = sizeof(message_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    lathe_release(nullptr, arena_, static_cast<size_t>(arena_bytes_));
    std::free(values_);
    std::free(symbols_);
  }

  /// Lets the threads of a pool work on runs; null: the calling thread alone. The pool outlives the session.
  void use_pool(lathe_thread_pool* pool) noexcept { lathe_execution_use_pool(&execution_, pool); }
  /// The host's own threads: see lathe_execution.
  void use_threads(int32_t threads, lathe_parallel_for_fn parallel_for, void* context) noexcept {
    execution_.threads = threads;
    execution_.parallel_for = parallel_for;
    execution_.parallel_context = context;
  }

  /// Binds the symbols (null for a model without any) and gets the memory for them, if they are not those of the last
  /// call. Nothing is allocated when they need no more than an earlier call did.
  [[nodiscard]] lathe_status prepare(const int64_t* symbols) noexcept {
    if (!has_buffers()) return fail("there is no memory for the sizes of the model");
    bool is_same = is_prepared_;
    for (int32_t i = 0; i < model_->symbol_count; ++i) {
      is_same = is_same && symbols_[i] == symbols[i];
      symbols_[i] = symbols[i];
    }
    if (is_same) return LATHE_OK;
    is_prepared_ = false;
    if (const lathe_status status = lathe_model_sizes(model_, &execution_, symbols_, values_); status != LATHE_OK) {
      return status;
    }
    if (values_[0] > arena_bytes_) {
      lathe_release(nullptr, arena_, static_cast<size_t>(arena_bytes_));
      arena_bytes_ = 0;
      arena_ = lathe_allocate(nullptr, static_cast<size_t>(values_[0]));
      if (arena_ == nullptr) return fail("there is no memory for the temporary values of a run");
      arena_bytes_ = values_[0];
    }
    is_prepared_ = true;
    return LATHE_OK;
  }

  /// The number of axis `axis` among the values of lathe_sizes_fn, after prepare().
  [[nodiscard]] int64_t value(int32_t index) const noexcept { return values_[index]; }

  /// Whether `size` elements of `bits` bits are what the axes at values [first, first + count) ask for; leaves a
  /// message when not.
  [[nodiscard]] bool fits(const char* name, uint64_t size, int32_t first, int32_t count, int32_t bits) noexcept {
    uint64_t wanted = 1;
    for (int32_t i = 0; i < count; ++i) wanted *= static_cast<uint64_t>(values_[first + i]);
    if (bits == 4) wanted = (wanted + 1) / 2;
    if (size == wanted) return true;
    say("a span has another size than its tensor: ", name);
    return false;
  }

  /// One run on the sizes of the last prepare(): a pointer for each input and output.
  [[nodiscard]] lathe_status run(const void* const* inputs, void* const* outputs) noexcept {
    if (!is_prepared_) {
      say("prepare() comes before run()", "");
      return LATHE_INVALID_ARGUMENT;
    }
    return lathe_model_run(model_, &execution_, inputs, outputs, arena_ != nullptr ? arena_ : small_, symbols_);
  }

  /// The sentence of the last call that failed.
  [[nodiscard]] const char* message() const noexcept { return message_; }

 private:
  bool has_buffers() noexcept {
    const auto count = [](int32_t items) { return static_cast<size_t>(items > 0 ? items : 1); };
    if (values_ == nullptr) values_ = static_cast<int64_t*>(std::calloc(count(model_->value_count), sizeof(int64_t)));
    if (symbols_ == nullptr) {
      symbols_ = static_cast<int64_t*>(std::calloc(count(model_->symbol_count), sizeof(int64_t)));
    }
    return values_ != nullptr && symbols_ != nullptr;
  }
  lathe_status fail(const char* text) noexcept {
    say(text, "");
    return LATHE_OUT_OF_MEMORY;
  }
  void say(const char* text, const char* name) noexcept {
    size_t used = 0;
    for (const char* part : {text, name}) {
      for (; *part != '\0' && used + 1 < sizeof(message_); ++part) message_[used++] = *part;
    }
    message_[used] = '\0';
  }

  const lathe_model* model_;
  lathe_execution execution_ = LATHE_EXECUTION_INIT;
  void* arena_ = nullptr;
  int64_t arena_bytes_ = 0;
  int64_t* values_ = nullptr;
  int64_t* symbols_ = nullptr;
  bool is_prepared_ = false;
  alignas(64) char small_[64] = {};  ///< the arena of a model that needs none
  char message_[512] = {};
};

}  // namespace lathe
