// The end of the road for broken invariants: prints what was violated and exits with status 70.
#include "ir/base/result.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace lathe {
namespace {

void print_and_exit(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "internal error: %s:%d: %s\nThis is a defect in Lathe.\n", file, line, condition);
  std::fflush(stderr);
  std::_Exit(70);
}

std::atomic<InternalErrorHandler> handler{print_and_exit};

}  // namespace

InternalErrorHandler set_internal_error_handler(InternalErrorHandler new_handler) {
  return handler.exchange(new_handler);
}

void internal_error(const char* condition, const char* file, int line) {
  handler.load()(condition, file, line);
  print_and_exit(condition, file, line);
  std::abort();
}

}  // namespace lathe
