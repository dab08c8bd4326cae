// Applying verified fixes to source files.
#include "compiler/tools/apply_fixes.h"

#include <algorithm>
#include <map>

#include "compiler/frontend/weights/atomic_file.h"
#include "ir/base/display.h"

namespace lathe::tools {
namespace {

bool overlaps(const Edit& a, const Edit& b) {
  if (a.where.file != b.where.file) return false;
  // Two insertions at one place would depend on their order.
  return a.where.begin == b.where.begin || (a.where.begin < b.where.end && b.where.begin < a.where.end);
}

}  // namespace

Result<AppliedFixes> apply_fixes(const Diagnostics& found, const LocationTable& locations, Diagnostics& diagnostics) {
  AppliedFixes result;
  std::map<FileId, std::vector<Edit>> edits;
  for (const Diagnostic& diagnostic : found.all()) {
    for (const FixIt& fix : diagnostic.fixes) {
      if (!fix.verified || fix.edits.empty()) continue;
      const bool is_taken = std::any_of(fix.edits.begin(), fix.edits.end(), [&](const Edit& edit) {
        const std::vector<Edit>& others = edits[edit.where.file];
        return std::any_of(others.begin(), others.end(), [&](const Edit& other) { return overlaps(edit, other); });
      });
      if (is_taken) {
        ++result.overlapping;
        continue;
      }
      for (const Edit& edit : fix.edits) edits[edit.where.file].push_back(edit);
      ++result.applied;
      // One cure for one fault.
      break;
    }
  }
  for (auto& [file, list] : edits) {
    if (list.empty()) continue;
    std::sort(list.begin(), list.end(), [](const Edit& a, const Edit& b) { return a.where.begin > b.where.begin; });
    const SourceFile& source = locations.file(file);
    std::string text = source.text;
    for (const Edit& edit : list) text.replace(edit.where.begin, edit.where.end - edit.where.begin, edit.text);
    weights::AtomicFile output(source.path);
    output.write(text);
    std::string why;
    if (!output.commit(why)) {
      return diagnostics
          .report(DiagnosticKind::FileNotWritable, {}, "{} can't be written: {}", quoted_name(source.path), why)
          .emit();
    }
    result.files.push_back(source.path);
  }
  return result;
}

}  // namespace lathe::tools
