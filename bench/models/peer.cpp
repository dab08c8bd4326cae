// Starting the peer and talking to it through two pipes.
#include "bench/models/peer.h"

#include <unistd.h>
#include <sys/wait.h>

#include <cstdlib>
#include <utility>

namespace lathe::bench {

std::optional<Peer> Peer::start() {
  const std::string environment = std::string(LATHE_BINARY_DIR) + "/peer";
  const std::string scripts = std::string(LATHE_SOURCE_DIR) + "/bench/peer";
  if (std::system((scripts + "/setup.sh '" + environment + "' >&2").c_str()) != 0) return std::nullopt;
  const std::string python = environment + "/bin/python";
  const std::string script = scripts + "/onnxruntime_peer.py";
  int input[2];
  int output[2];
  if (::pipe(input) != 0) return std::nullopt;
  if (::pipe(output) != 0) {
    ::close(input[0]);
    ::close(input[1]);
    return std::nullopt;
  }
  const int process = ::fork();
  if (process == 0) {
    ::dup2(input[0], STDIN_FILENO);
    ::dup2(output[1], STDOUT_FILENO);
    for (const int descriptor : {input[0], input[1], output[0], output[1]}) ::close(descriptor);
    ::execl(python.c_str(), python.c_str(), "-B", script.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(input[0]);
  ::close(output[1]);
  Peer peer;
  peer.process_ = process;
  peer.to_ = ::fdopen(input[1], "w");
  peer.from_ = ::fdopen(output[0], "r");
  if (process < 0) return std::nullopt;
  std::optional<std::string> version = peer.answer();
  if (!version) return std::nullopt;
  peer.version_ = *std::move(version);
  return peer;
}

Peer::Peer(Peer&& other) noexcept { *this = std::move(other); }

Peer& Peer::operator=(Peer&& other) noexcept {
  std::swap(process_, other.process_);
  std::swap(to_, other.to_);
  std::swap(from_, other.from_);
  std::swap(version_, other.version_);
  return *this;
}

Peer::~Peer() {
  if (to_ != nullptr) std::fclose(to_);
  if (from_ != nullptr) std::fclose(from_);
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
}

std::optional<std::string> Peer::answer() {
  std::string line;
  for (int c = std::fgetc(from_); c != '\n'; c = std::fgetc(from_)) {
    if (c == EOF) return std::nullopt;
    line += static_cast<char>(c);
  }
  return line;
}

std::optional<std::string> Peer::ask(const std::string& command) {
  std::fputs((command + "\n").c_str(), to_);
  if (std::fflush(to_) != 0) return std::nullopt;
  return answer();
}

std::optional<double> Peer::session(const std::string& path, int threads) {
  const std::optional<std::string> text = ask("session\t" + path + "\t" + std::to_string(threads));
  return text ? std::optional(std::strtod(text->c_str(), nullptr)) : std::nullopt;
}

std::optional<double> Peer::run() {
  const std::optional<std::string> text = ask("run");
  return text ? std::optional(std::strtod(text->c_str(), nullptr)) : std::nullopt;
}

}  // namespace lathe::bench
