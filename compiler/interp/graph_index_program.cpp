// Compiling and running index maps.
#include "compiler/interp/graph_index_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "ir/base/result.h"

namespace lathe::interp {
namespace {

// Dims nest at most Dim::kMaxDepth functions, each of which holds at most three values at a time.
constexpr size_t kStack = 4 * Dim::kMaxDepth + 8;

int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return quotient - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

int64_t slot_of(const std::string& symbol, std::span<const std::string> slots) {
  const auto found = std::find(slots.begin(), slots.end(), symbol);
  LATHE_CHECK(found != slots.end());
  return found - slots.begin();
}

}  // namespace

std::vector<std::string> axis_names(size_t rank) {
  std::vector<std::string> names;
  for (size_t axis = 0; axis < rank; ++axis) names.push_back(fmt::format("%{}", axis));
  return names;
}

IndexProgram::IndexProgram(const Dim& dim, std::span<const std::string> slots) {
  LATHE_CHECK(dim.valid());
  base_ = dim.constant_part();
  for (const DimTerm& term : dim.terms()) {
    if (term.factors.size() == 1 && term.factors[0].is_symbol()) {
      strides_.push_back({static_cast<size_t>(slot_of(term.factors[0].symbol, slots)), term.coefficient});
      continue;
    }
    const bool first = code_.empty();
    emit(Action::Constant, term.coefficient);
    for (const DimAtom& atom : term.factors) {
      compile_factor(atom, slots);
      emit(Action::Multiply);
    }
    if (!first) emit(Action::Add);
  }
  LATHE_CHECK(deepest_ <= kStack);
}

int64_t IndexProgram::stride(size_t slot) const {
  int64_t factor = 0;
  for (const Stride& each : strides_) factor += each.slot == slot ? each.factor : 0;
  return factor;
}

void IndexProgram::emit(Action action, int64_t operand) {
  if (action == Action::Constant || action == Action::Slot) {
    deepest_ = std::max(deepest_, ++depth_);
  } else {
    --depth_;
  }
  code_.push_back({action, operand});
}

void IndexProgram::compile(const Dim& dim, std::span<const std::string> slots) {
  emit(Action::Constant, dim.constant_part());
  for (const DimTerm& term : dim.terms()) {
    emit(Action::Constant, term.coefficient);
    for (const DimAtom& atom : term.factors) {
      compile_factor(atom, slots);
      emit(Action::Multiply);
    }
    emit(Action::Add);
  }
}

void IndexProgram::compile_factor(const DimAtom& atom, std::span<const std::string> slots) {
  if (atom.is_symbol()) {
    emit(Action::Slot, slot_of(atom.symbol, slots));
    return;
  }
  compile(atom.arguments->first, slots);
  compile(atom.arguments->second, slots);
  switch (atom.function) {
    case DimFunction::FloorDiv: emit(Action::FloorDiv); return;
    case DimFunction::Modulo: emit(Action::Modulo); return;
    case DimFunction::Minimum: emit(Action::Minimum); return;
    case DimFunction::Maximum: emit(Action::Maximum); return;
  }
}

int64_t IndexProgram::evaluate(const int64_t* slots) const {
  int64_t sum = base_;
  for (const Stride& stride : strides_) sum += stride.factor * slots[stride.slot];
  if (code_.empty()) return sum;
  std::array<int64_t, kStack> stack;
  size_t top = 0;
  for (const Instruction& instruction : code_) {
    switch (instruction.action) {
      case Action::Constant: stack[top++] = instruction.operand; continue;
      case Action::Slot: stack[top++] = slots[instruction.operand]; continue;
      case Action::Add: stack[top - 2] += stack[top - 1]; break;
      case Action::Multiply: stack[top - 2] *= stack[top - 1]; break;
      case Action::FloorDiv:
        LATHE_CHECK(stack[top - 1] > 0);
        stack[top - 2] = floor_divide(stack[top - 2], stack[top - 1]);
        break;
      case Action::Modulo:
        LATHE_CHECK(stack[top - 1] > 0);
        stack[top - 2] -= stack[top - 1] * floor_divide(stack[top - 2], stack[top - 1]);
        break;
      case Action::Minimum: stack[top - 2] = std::min(stack[top - 2], stack[top - 1]); break;
      case Action::Maximum: stack[top - 2] = std::max(stack[top - 2], stack[top - 1]); break;
    }
    --top;
  }
  return sum + stack[0];
}

}  // namespace lathe::interp
