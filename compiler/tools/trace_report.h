// What `lathe trace` found, and its two forms: a table and a JSON object.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/capture.h"
#include "compiler/profile.h"
#include "compiler/tools/nonfinite.h"
#include "compiler/tools/statistics.h"
#include "compiler/tools/trace_layers.h"

namespace lathe::tools {

/// One result of a layer.
struct TracedTensor {
  const Tensor* tensor = nullptr;  ///< nothing for a value without elements
  std::optional<Statistics> statistics;
};

/// The time of a layer: of steps that are its own, of a step that it shares with another one, or of none.
struct LayerTime {
  enum class Kind : uint8_t { Own, Shared, None, Unknown };
  Kind kind = Kind::Unknown;
  double microseconds = 0;  ///< of the layers in it as well
  size_t with = 0;          ///< the layer whose time includes this one's
};

struct TracedLayer {
  const TraceLayer* layer = nullptr;
  uint32_t line = 0;
  std::vector<TracedTensor> tensors;
  LayerTime time;
};

struct TracedPort {
  std::string name;
  TracedTensor tensor;
};

struct TraceReport {
  std::string model;
  std::string backend;
  int32_t threads = 1;
  std::vector<TracedLayer> layers;
  std::vector<TracedPort> inputs;
  std::vector<TracedPort> outputs;
  bool has_time = true;   ///< anything was measured
  double run_us = 0;      ///< one run of everything
  double outside_us = 0;  ///< steps of no layer
  uint32_t rounds = 0;
  std::string no_times;  ///< why layers have none
  std::optional<NonFinite> nonfinite;
  const LocationTable* locations = nullptr;
};

/// What a report is made from; it refers to all of it.
struct TraceFindings {
  std::string model;
  const Module& module;
  const TraceLayers& layers;
  const CapturedValues& values;
  std::span<const Tensor> inputs;
  const std::optional<Profile>& profile;
  const CompileOptions& options;
  const std::optional<NonFinite>& nonfinite;
};
[[nodiscard]] TraceReport make_report(const TraceFindings& findings);

/// `written` is how many files were written.
[[nodiscard]] std::string as_text(const TraceReport& report, size_t written);
[[nodiscard]] std::string as_json(const TraceReport& report, std::span<const std::string> written);

}  // namespace lathe::tools
