// Whole models beside ONNX Runtime: filled resnet18 on one thread, from file to first result, and a tiny perceptron.
//
//   lathe_bench_models               prints a table of measured numbers, the peer's, and the targets
//   lathe_bench_models --first FILE  prints the milliseconds from opening a model file to its first result
// Runs of Lathe and of the peer alternate, so that both see the same state of the machine.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "bench/models/peer.h"
#include "bench/models/prepared.h"
#include "ir/graph/builder.h"
#include "tests/models/filled_topology.h"

namespace lathe::bench {
namespace {

constexpr int kRounds = 60;
constexpr int kFirstRounds = 7;

void print_row(const char* what, double ours, double peer, const char* unit, double target) {
  const double ratio = peer > 0 ? ours / peer : 0;
  std::printf("%-44s %10.2f %10.2f %-3s %8.2f  %8.2f  %s\n", what, ours, peer, unit, ratio, target,
              peer <= 0         ? "no peer"
              : ratio <= target ? "reached"
                                : "missed");
}

void print_absolute_row(const char* what, double ours, const char* unit, double target) {
  std::printf("%-44s %10.2f %10s %-3s %8s  %8.0f  %s\n", what, ours, "-", unit, "-", target,
              ours <= target ? "reached" : "missed");
}

// ----------------------------------------------------------------------------------------------- one thread, resnet18

bool bench_resnet18(const std::string& file, std::optional<Peer>& peer) {
  const std::optional<CompiledModel> model = compile_file(file, {});
  if (!model) return false;
  std::optional<Prepared> prepared = Prepared::make(*model);
  if (!prepared || prepared->run() != LATHE_OK) return false;
  if (peer && (!peer->session(file, 1) || !peer->run())) peer.reset();
  std::vector<double> ours;
  std::vector<double> theirs;
  for (int i = 0; i < kRounds; ++i) {
    const double start = now_ms();
    if (prepared->run() != LATHE_OK) return false;
    ours.push_back(now_ms() - start);
    if (peer) theirs.push_back(peer->run().value_or(0) / 1e3);
  }
  print_row("resnet18, 1 thread, batch 1: median", median(ours), median(theirs), "ms", 1.25);
  return true;
}

// ------------------------------------------------------------------------------------------------ file to first result

int print_first(const std::string& file) {
  const double start = now_ms();
  const std::optional<CompiledModel> model = compile_file(file, {});
  if (!model) return 1;
  std::optional<Prepared> prepared = Prepared::make(*model);
  if (!prepared || prepared->run() != LATHE_OK) return 1;
  std::printf("%f\n", now_ms() - start);
  for (const CompileReport::Stage& stage : model->report().stages) {
    std::fprintf(stderr, "  %-8s %8.2f ms\n", std::string(stage.name).c_str(), stage.milliseconds);
  }
  return 0;
}

// A fresh process each time, as the peer has one.
std::optional<double> first_result_ms(const std::string& program, const std::string& file) {
  FILE* pipe = ::popen(("'" + program + "' --first '" + file + "' 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  double elapsed = 0;
  const int read = std::fscanf(pipe, "%lf", &elapsed);
  const int status = ::pclose(pipe);
  if (read != 1 || status != 0) return std::nullopt;
  return elapsed;
}

bool bench_first_result(const std::string& program, const std::string& file, bool with_peer) {
  std::vector<double> ours;
  std::vector<double> theirs;
  for (int i = 0; i < kFirstRounds; ++i) {
    const std::optional<double> elapsed = first_result_ms(program, file);
    if (!elapsed) return false;
    ours.push_back(*elapsed);
    std::optional<Peer> peer = with_peer ? Peer::start() : std::nullopt;
    if (!peer) continue;
    const std::optional<double> session = peer->session(file, 1);
    const std::optional<double> run = session ? peer->run() : std::nullopt;
    if (run) theirs.push_back(*session + *run / 1e3);
  }
  print_row("resnet18, file to first result: median", median(ours), median(theirs), "ms", 2.0);
  return true;
}

// -------------------------------------------------------------------------------------------------------- tiny network

Result<Module> perceptron(const std::vector<int64_t>& widths, Diagnostics& diagnostics) {
  Module module;
  GraphBuilder builder(module, diagnostics);
  ValueId value = builder.input(TensorType{ElementType::F32, {1, widths[0]}}, "x");
  for (size_t layer = 1; layer < widths.size(); ++layer) {
    const int64_t rows = widths[layer - 1];
    const int64_t columns = widths[layer];
    std::vector<double> weights;
    for (int64_t i = 0; i < rows * columns; ++i) weights.push_back(std::sin(static_cast<double>(i)) / 4);
    const std::vector<double> bias(static_cast<size_t>(columns), 0.1);
    LATHE_TRY(const ValueId w, builder.constant(constant_from_doubles({ElementType::F32, {rows, columns}}, weights)));
    LATHE_TRY(const ValueId b, builder.constant(constant_from_doubles({ElementType::F32, {columns}}, bias)));
    LATHE_TRY(value, builder.one("matmul", {value, w}));
    LATHE_TRY(value, builder.one("add", {value, b}));
    if (layer + 1 < widths.size()) {
      LATHE_TRY(value, builder.one("relu", {value}));
    }
  }
  builder.name_value(value, "y");
  LATHE_TRY_VOID(builder.output({value}));
  return module;
}

bool bench_perceptron() {
  Diagnostics diagnostics;
  Result<Module> module = perceptron({16, 32, 4}, diagnostics);
  if (!module) return false;
  const std::optional<CompiledModel> model = compile_module(*std::move(module), {});
  if (!model) return false;
  std::optional<Prepared> prepared = Prepared::make(*model);
  if (!prepared) return false;
  constexpr int kCalls = 20000;
  std::vector<double> times;
  for (int round = 0; round < kRounds; ++round) {
    const double start = now_ms();
    for (int i = 0; i < kCalls; ++i) {
      if (prepared->run() != LATHE_OK) return false;
    }
    times.push_back((now_ms() - start) * 1e6 / kCalls);
  }
  print_absolute_row("16-32-4 perceptron, a call from C++: median", median(times), "ns", 100);
  return true;
}

int bench_all(const std::string& program) {
  if (!is_available(Backend::Jit)) {
    std::fputs("built without LLVM: nothing to measure\n", stderr);
    return 1;
  }
  const char* chosen = std::getenv("LATHE_SHARED");
  const std::filesystem::path models =
      std::filesystem::path(chosen != nullptr ? chosen : LATHE_SHARED_DEFAULT) / "models";
  std::optional<Peer> peer = Peer::start();
  if (peer) {
    std::printf("peer: ONNX Runtime %s\n", peer->version().c_str());
  } else {
    std::puts("no peer: ONNX Runtime can't be started");
  }
  std::printf("%-44s %10s %10s %-3s %8s  %8s\n", "", "lathe", "peer", "", "ratio", "target");
  bool fine = bench_perceptron();
  std::string why;
  const auto file = test::filled_topology(models, "resnet18", LATHE_FILLED_MODELS, why);
  if (!file) {
    std::printf("resnet18 is left out: %s\n", why.c_str());
    return fine ? 0 : 1;
  }
  fine &= bench_resnet18(file->string(), peer);
  const bool with_peer = peer.has_value();
  peer.reset();
  fine &= bench_first_result(program, file->string(), with_peer);
  return fine ? 0 : 1;
}

}  // namespace
}  // namespace lathe::bench

int main(int count, char** arguments) {
  if (count == 3 && std::strcmp(arguments[1], "--first") == 0) return lathe::bench::print_first(arguments[2]);
  if (count != 1) {
    std::fputs("usage: lathe_bench_models [--first FILE]\n", stderr);
    return 2;
  }
  return lathe::bench::bench_all(std::filesystem::read_symlink("/proc/self/exe").string());
}
