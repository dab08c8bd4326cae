// Artefacts of `lathe compile`: their sizes, and the time from the start of a process to the first result, beside ONNX
// Runtime's library and the making of its session with one run. Processes of both alternate.
//
//   lathe_bench_artifacts

#include <spawn.h>
#include <unistd.h>
#include <sys/wait.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bench/models/peer.h"
#include "bench/models/prepared.h"
#include "tests/models/filled_topology.h"

namespace lathe::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kRounds = 11;
constexpr double kFaster = 10;

const fs::path& work_folder() {
  static const fs::path folder = fs::path(LATHE_BINARY_DIR) / "artifacts";
  return folder;
}

fs::path models_folder() {
  const char* chosen = std::getenv("LATHE_SHARED");
  return fs::path(chosen != nullptr ? chosen : LATHE_SHARED_DEFAULT) / "models";
}

/// 10 inputs, 5 hidden neurons, 1 output.
void write_perceptron(const fs::path& path) {
  std::ofstream file(path);
  const auto numbers = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += (i == 0 ? "" : ", ") + std::to_string(std::sin(i + 1));
    return text;
  };
  file << "graph @mlp(%x: f32[1, 10]) -> (f32[1, 1]) {\n";
  for (int row = 0; row < 5; ++row) {
    file << "  %w" << row << " = constant dense<[" << numbers(10) << "]> : f32[10, 1]\n";
  }
  file << "  %hidden = concat %w0, %w1, %w2, %w3, %w4 {axis = 1} : f32[10, 5]\n"
       << "  %shift = constant dense<[" << numbers(5) << "]> : f32[5]\n"
       << "  %products = matmul %x, %hidden : f32[1, 5]\n  %sums = add %products, %shift : f32[1, 5]\n"
       << "  %active = relu %sums : f32[1, 5]\n  %last = constant dense<[" << numbers(5) << "]> : f32[5, 1]\n"
       << "  %y = matmul %active, %last : f32[1, 1]\n  return %y : f32[1, 1]\n}\n";
}

/// `lathe compile` to libNAME.so in the working folder.
std::optional<fs::path> compile_library(const fs::path& model, const std::string& name, const std::string& options) {
  const fs::path library = work_folder() / ("lib" + name + ".so");
  const std::string command = "'" + std::string(LATHE_PROGRAM) + "' compile '" + model.string() + "' -o '" +
                              library.string() + "' --name " + name + " " + options;
  if (std::system(command.c_str()) != 0) return std::nullopt;
  return library;
}

/// A row of the table of sizes; false when the file is larger than `limit`, which 0 is not.
bool print_size(const std::string& what, const fs::path& file, uintmax_t limit) {
  std::error_code error;
  const uintmax_t bytes = fs::file_size(file, error);
  if (error) return false;
  const bool is_fine = limit == 0 || bytes < limit;
  std::printf("%-52s %12ju", what.c_str(), bytes);
  if (limit != 0) std::printf(" %12ju  %s", limit, is_fine ? "reached" : "missed");
  std::printf("\n");
  return is_fine;
}

std::optional<fs::path> peer_library() {
  const fs::path environment = fs::path(LATHE_BINARY_DIR) / "peer/lib";
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(environment, error)) {
    if (entry.path().filename().string().starts_with("libonnxruntime.so")) return entry.path();
  }
  return std::nullopt;
}

/// Milliseconds: until a run can be asked for, and until it has given a result.
struct Times {
  std::vector<double> ready;
  std::vector<double> first;
  std::vector<double> whole;  ///< of the peer: with the start of its process, which is Python's
};

/// What a program wrote to its standard output when it ended well. Started without a shell, whose time would count.
std::optional<std::string> output_of(const std::vector<std::string>& words) {
  int ends[2];
  if (::pipe(ends) != 0) return std::nullopt;
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addclose(&actions, ends[0]);
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string text;
  char buffer[256];
  for (ssize_t count = 1; failed == 0 && count > 0;) {
    count = ::read(ends[0], buffer, sizeof(buffer));
    if (count > 0) text.append(buffer, static_cast<size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  if (failed != 0 || ::waitpid(child, &status, 0) != child || status != 0) return std::nullopt;
  return text;
}

/// One process, from its start.
bool measure_ours(const fs::path& library, const std::string& name, int threads, Times& times) {
  const std::string weights = (work_folder() / (name + ".weights")).string();
  const int64_t start = std::chrono::steady_clock::now().time_since_epoch().count();
  const auto text =
      output_of({LATHE_FIRST_RESULT, library.string(), name, weights, std::to_string(threads), std::to_string(start)});
  double ready = 0;
  double first = 0;
  if (!text || std::sscanf(text->c_str(), "%lf %lf", &ready, &first) != 2) return false;
  times.ready.push_back(ready);
  times.first.push_back(first);
  return true;
}

/// One process, from the making of its session.
void measure_peer(const std::string& model, int threads, Times& times) {
  const double start = now_ms();
  std::optional<Peer> peer = Peer::start();
  const std::optional<double> session = peer ? peer->session(model, threads) : std::nullopt;
  const std::optional<double> run = session ? peer->run() : std::nullopt;
  if (!run) return;
  times.ready.push_back(*session);
  times.first.push_back(*session + *run / 1e3);
  times.whole.push_back(now_ms() - start);
}

void print_times(const std::string& what, const std::vector<double>& ours, const std::vector<double>& theirs) {
  const double ratio = median(ours) > 0 ? median(theirs) / median(ours) : 0;
  std::printf("%-54s %10.1f %10.1f %9.1f x %7.0f x  %s\n", what.c_str(), median(ours), median(theirs), ratio, kFaster,
              theirs.empty()     ? "no peer"
              : ratio >= kFaster ? "reached"
                                 : "missed");
}

bool bench_start(const fs::path& library, const std::string& name, const std::string& model, int threads) {
  Times ours;
  Times theirs;
  for (int round = 0; round < kRounds; ++round) {
    if (!measure_ours(library, name, threads, ours)) return false;
    measure_peer(model, threads, theirs);
  }
  const std::string row = name + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
  print_times(row + ": ready to run", ours.ready, theirs.ready);
  print_times(row + ": first result", ours.first, theirs.first);
  print_times(row + ": first result, peer's start too", ours.first, theirs.whole);
  return true;
}

int bench_all() {
  fs::create_directories(work_folder());
  std::string why;
  const auto lenet = test::filled_topology(models_folder(), "lenet5", LATHE_FILLED_MODELS, why);
  const auto resnet = test::filled_topology(models_folder(), "resnet18", LATHE_FILLED_MODELS, why);
  write_perceptron(work_folder() / "mlp.lathe");
  const auto mlp_library = compile_library(work_folder() / "mlp.lathe", "mlp", "");
  if (!mlp_library) return 1;
  std::printf("%-52s %12s %12s\n", "sizes", "bytes", "limit");
  print_size("MLP 10-5-1, libmlp.so", *mlp_library, 8 * 1024);
  if (!lenet || !resnet) {
    std::printf("the models are left out: %s\n", why.c_str());
    return 0;
  }
  const auto lenet_library = compile_library(*lenet, "lenet5", "--weights=file");
  const auto resnet_library = compile_library(*resnet, "resnet18", "--weights=file");
  if (!lenet_library || !resnet_library) return 1;
  print_size("LeNet-5 without weights, liblenet5.so", *lenet_library, 150 * 1000);
  print_size("ResNet-18 without weights, libresnet18.so", *resnet_library, 1000 * 1000);
  print_size("ResNet-18's weights, resnet18.weights", work_folder() / "resnet18.weights", 0);
  // Makes the peer's environment.
  static_cast<void>(Peer::start());
  if (const auto library = peer_library()) print_size(library->filename().string(), *library, 0);

  std::printf("\n%-54s %10s %10s %11s %9s\n", "from a process's start (peer: from its session's)", "lathe ms",
              "peer ms", "faster", "target");
  const int cpus = static_cast<int>(std::thread::hardware_concurrency());
  for (const int threads : cpus > 1 ? std::vector{1, cpus} : std::vector{1}) {
    if (!bench_start(*resnet_library, "resnet18", resnet->string(), threads)) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace lathe::bench

int main() { return lathe::bench::bench_all(); }
