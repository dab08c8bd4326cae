// The native stack of an evaluation: a thread of its own, so that the depth of calls that programs may use doesn't
// depend on the caller's stack, and a check that ends the program before that stack does.
#include <pthread.h>

#include <functional>

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

namespace {

constexpr size_t kStackBytes = size_t{512} << 20u;
/// When no thread can be made: what a caller's stack surely still has.
constexpr size_t kBorrowedBytes = size_t{3} << 20u;
/// What natives may use below the last check.
constexpr size_t kReserve = size_t{512} << 10u;

uintptr_t stack_position() { return reinterpret_cast<uintptr_t>(__builtin_frame_address(0)); }

}  // namespace

void Evaluator::Internals::run_on_stack(const std::function<void()>& action) {
  struct Start {
    Internals* internals;
    const std::function<void()>* action;
    size_t bytes;
    static void* run(void* argument) {
      const auto& start = *static_cast<Start*>(argument);
      start.internals->stack_thread = std::this_thread::get_id();
      start.internals->stack_end = stack_position() - start.bytes + kReserve;
      (*start.action)();
      return nullptr;
    }
  };
  if (on_own_stack()) return action();
  const uintptr_t outer_end = stack_end;
  const std::thread::id outer_thread = stack_thread;
  bool ran = false;
  for (size_t bytes = kStackBytes; bytes >= 2 * kBorrowedBytes && !ran; bytes /= 4) {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) break;
    Start start{this, &action, bytes};
    pthread_t thread{};
    ran = pthread_attr_setstacksize(&attributes, bytes) == 0 &&
          pthread_create(&thread, &attributes, Start::run, &start) == 0;
    pthread_attr_destroy(&attributes);
    if (ran) pthread_join(thread, nullptr);
  }
  if (!ran) {
    stack_thread = std::this_thread::get_id();
    stack_end = stack_position() - kBorrowedBytes;
    action();
  }
  stack_end = outer_end;
  stack_thread = outer_thread;
}

void Evaluator::on_stack(const std::function<void()>& action) { internals_->run_on_stack(action); }

uintptr_t Evaluator::Internals::callers_stack_end() {
  if (callers_thread == std::this_thread::get_id()) return callers_end;
  callers_thread = std::this_thread::get_id();
  callers_end = stack_position() - kBorrowedBytes;
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return callers_end;
  void* lowest = nullptr;
  size_t bytes = 0;
  if (pthread_attr_getstack(&attributes, &lowest, &bytes) == 0) {
    callers_end = reinterpret_cast<uintptr_t>(lowest) + kReserve;
  }
  pthread_attr_destroy(&attributes);
  return callers_end;
}

Status Evaluator::Internals::check_stack(LocationId where) {
  if (stack_position() > (on_own_stack() ? stack_end : callers_stack_end())) return {};
  budget_is_used_up = true;
  return evaluator
      .error(where.valid() ? where : evaluator.current_location(), DiagnosticKind::BudgetExceeded, "RecursionError",
             "calls and expressions nest deeper than the evaluator's stack")
      .emit();
}

}  // namespace lathe::torch
