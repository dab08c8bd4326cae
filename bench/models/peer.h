// ONNX Runtime in a process of its own, so that its runs can be interleaved with ours in one measurement.
//
// The process is Python with the onnxruntime package, in an environment that bench/peer/setup.sh makes below the build
// folder. When there is no network or no Python, the benchmarks go on without a peer and say so.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

namespace lathe::bench {

class Peer {
 public:
  /// Starts the process; nothing when that fails (what went wrong is on standard error).
  [[nodiscard]] static std::optional<Peer> start();
  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&& other) noexcept;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  [[nodiscard]] const std::string& version() const { return version_; }
  /// Loads a model; milliseconds, or nothing when the process failed.
  [[nodiscard]] std::optional<double> session(const std::string& path, int threads);
  /// One run; microseconds.
  [[nodiscard]] std::optional<double> run();

 private:
  Peer() = default;
  [[nodiscard]] std::optional<std::string> ask(const std::string& command);
  [[nodiscard]] std::optional<std::string> answer();

  int process_ = -1;
  FILE* to_ = nullptr;
  FILE* from_ = nullptr;
  std::string version_;
};

}  // namespace lathe::bench
