// The registry of kinds and the sink.
#include "ir/base/diagnostic.h"

#include <algorithm>

namespace lathe {

const std::vector<DiagnosticInfo>& diagnostic_kinds() {
  static const std::vector<DiagnosticInfo> kinds = {
#define LATHE_DIAGNOSTIC(name, code, kind, severity, title) \
  {DiagnosticKind::name, code, kind, Severity::severity, title},
#include "ir/base/diagnostic_kinds.def"
#undef LATHE_DIAGNOSTIC
  };
  return kinds;
}

const DiagnosticInfo& info(DiagnosticKind kind) { return diagnostic_kinds()[static_cast<size_t>(kind)]; }

const DiagnosticInfo* find_diagnostic(std::string_view code_or_name) {
  for (const DiagnosticInfo& row : diagnostic_kinds()) {
    if (row.code == code_or_name || row.name == code_or_name) return &row;
  }
  return nullptr;
}

std::string_view text(Severity severity) {
  switch (severity) {
    case Severity::Error: return "error";
    case Severity::Unsupported: return "unsupported";
    case Severity::Warning: return "warning";
    case Severity::Remark: return "remark";
    case Severity::Internal: return "internal error";
  }
  return "error";
}

DiagnosticBuilder&& DiagnosticBuilder::explain(const OriginTable& origins, const Dim& dim) && {
  constexpr size_t kSteps = 4;
  for (OriginTable::Step& step : origins.trace(dim, kSteps)) {
    const auto says = [&](const Label& label) { return label.message == step.text && label.where == step.where; };
    if (std::any_of(diagnostic_.labels.begin(), diagnostic_.labels.end(), says)) continue;
    diagnostic_.labels.push_back({step.where, std::move(step.text), false});
  }
  return std::move(*this);
}

Failure DiagnosticBuilder::emit() && {
  sink_->add(std::move(diagnostic_));
  return {};
}

void Diagnostics::add(Diagnostic diagnostic) {
  if (info(diagnostic.kind).severity == Severity::Error && count(Severity::Error) >= kMaxErrors) {
    ++dropped_;
    return;
  }
  all_.push_back(std::move(diagnostic));
}

size_t Diagnostics::count(Severity severity) const {
  return static_cast<size_t>(std::count_if(all_.begin(), all_.end(), [&](const Diagnostic& diagnostic) {
    return info(diagnostic.kind).severity == severity;
  }));
}

bool Diagnostics::failed() const {
  return count(Severity::Error) + count(Severity::Unsupported) + count(Severity::Internal) != 0;
}

void Diagnostics::clear() {
  all_.clear();
  dropped_ = 0;
}

}  // namespace lathe
