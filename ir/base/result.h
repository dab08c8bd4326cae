// Result<T> and Status: the outcome of anything that can fail on user input.
//
// A failure carries no payload: whoever fails has already reported a diagnostic (see diagnostic.h), so callers only
// pass the failure on. LATHE_TRY unwraps or returns the failure; LATHE_TRY_VOID does so for a Status.
// Broken invariants are not failures: LATHE_CHECK ends the process through the internal-error handler.
#pragma once

#include <optional>
#include <utility>

namespace lathe {

/// The failed state. Made by DiagnosticBuilder::emit(), or by hand when passing a failure on.
struct [[nodiscard]] Failure {};

/// Success or failure without a value.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Failure) : failed_(true) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }

 private:
  bool failed_ = false;
};

/// A value of type T, or a failure whose diagnostic was already reported.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Failure) {}                             // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] T& operator*() & { return *value_; }
  [[nodiscard]] const T& operator*() const& { return *value_; }
  [[nodiscard]] T&& operator*() && { return *std::move(value_); }
  [[nodiscard]] T* operator->() { return &*value_; }
  [[nodiscard]] const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
};

/// Called with the failed condition, file and line of a LATHE_CHECK; must not return. The default prints the three and
/// exits with status 70. A program may set its own, for instance to write a reproducer first.
/// Returns the handler that was set before.
using InternalErrorHandler = void (*)(const char* condition, const char* file, int line);
InternalErrorHandler set_internal_error_handler(InternalErrorHandler handler);
[[noreturn]] void internal_error(const char* condition, const char* file, int line);

}  // namespace lathe

#define LATHE_CONCATENATE_INNER(a, b) a##b
#define LATHE_CONCATENATE(a, b) LATHE_CONCATENATE_INNER(a, b)

/// Declares `variable` from a Result, or returns its failure from the enclosing function.
#define LATHE_TRY(variable, expression) \
  LATHE_TRY_INNER(variable, expression, LATHE_CONCATENATE(lathe_result_, __LINE__))
#define LATHE_TRY_INNER(variable, expression, result) \
  auto result = (expression);                         \
  if (!result.ok()) return ::lathe::Failure{};        \
  variable = *std::move(result)

/// Returns the failure of a Status from the enclosing function.
#define LATHE_TRY_VOID(expression)                  \
  if (!(expression).ok()) return ::lathe::Failure { \
    }

/// States an invariant of Lathe itself; never used on user input.
#define LATHE_CHECK(condition) \
  (static_cast<bool>(condition) ? void() : ::lathe::internal_error(#condition, __FILE__, __LINE__))
