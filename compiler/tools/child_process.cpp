// Forked work with limits.
#include "compiler/tools/child_process.h"

#include <fcntl.h>
#include <unistd.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <utility>

#include "compiler/tools/process.h"
#include "ir/base/result.h"

namespace lathe::tools {
namespace {

// Ends an answer, so that half of one is told from a whole one.
constexpr char kEndOfAnswer = '\0';

void send(int descriptor, const std::string& answer) {
  for (size_t at = 0; at < answer.size();) {
    const ssize_t written = ::write(descriptor, answer.data() + at, answer.size() - at);
    if (written <= 0) return;
    at += static_cast<size_t>(written);
  }
}

// Where a broken invariant is to be reported; set in the child only.
int answer_descriptor = -1;

void answer_broken_invariant(const char* condition, const char* file, int line) {
  send(answer_descriptor, fmt::format("error\tinternal error at {}:{}: {}{}", file, line, condition, kEndOfAnswer));
  ::_exit(0);
}

[[noreturn]] void run_child(const std::function<std::string()>& work, int descriptor, ChildLimits limits) {
  // Whatever goes wrong here is the answer, not a report to the user.
  const int nowhere = ::open("/dev/null", O_RDWR);
  ::dup2(nowhere, STDERR_FILENO);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) std::signal(signal, SIG_DFL);
  answer_descriptor = descriptor;
  set_internal_error_handler(answer_broken_invariant);
  limit_memory(limits.bytes);
  std::string answer;
  try {
    answer = work();
  } catch (const std::bad_alloc&) {
    answer = "error\tout of memory";
  } catch (const std::exception& error) {
    answer = fmt::format("error\t{}", error.what());
  }
  send(descriptor, answer + kEndOfAnswer);
  ::_exit(0);
}

}  // namespace

ChildProcess::ChildProcess(const std::function<std::string()>& work, ChildLimits limits)
    : limits_(limits), start_(std::chrono::steady_clock::now()) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) {
    result_.text = fmt::format("no pipe: {}", std::strerror(errno));
    return;
  }
  process_ = ::fork();
  if (process_ == 0) {
    ::close(ends[0]);
    run_child(work, ends[1], limits);
  }
  ::close(ends[1]);
  if (process_ < 0) {
    result_.text = fmt::format("no process: {}", std::strerror(errno));
    ::close(ends[0]);
    return;
  }
  descriptor_ = ends[0];
  ::fcntl(descriptor_, F_SETFL, O_NONBLOCK);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      limits_(other.limits_),
      start_(other.start_),
      result_(std::move(other.result_)) {}

ChildProcess::~ChildProcess() {
  if (process_ > 0) reap("was ended");
}

void ChildProcess::reap(std::string_view fate) {
  if (!fate.empty()) ::kill(process_, SIGKILL);
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  ::close(std::exchange(descriptor_, -1));
  if (result_.finished) return;
  if (!fate.empty()) {
    result_.text = fate;
  } else if (WIFSIGNALED(status)) {
    result_.text = fmt::format("ended by signal {}", WTERMSIG(status));
  } else {
    result_.text = fmt::format("ended with status {}", WIFEXITED(status) ? WEXITSTATUS(status) : status);
  }
}

bool ChildProcess::poll() {
  if (process_ < 0) return true;
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t count = ::read(descriptor_, buffer.data(), buffer.size());
    if (count > 0) {
      result_.text.append(buffer.data(), static_cast<size_t>(count));
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) {
      if (!result_.text.empty() && result_.text.back() == kEndOfAnswer) {
        result_.text.pop_back();
        result_.finished = true;
      }
      reap({});
      return true;
    }
    break;
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  if (elapsed.count() <= limits_.seconds) return false;
  reap(fmt::format("took longer than {:g} s", limits_.seconds));
  return true;
}

}  // namespace lathe::tools
