// Printing kernels.
#include <fmt/format.h>

#include <map>

#include "ir/base/result.h"
#include "ir/kernel/names.h"
#include "ir/kernel/overloaded.h"
#include "ir/kernel/text.h"

namespace lathe::kernel {
namespace {

enum class Naming : uint8_t { Order, Ids };

/// Names values by the order in which the text defines them, or by their ids where only a part is printed.
class Printer {
 public:
  Printer(const Kernel& kernel, Naming naming) : kernel_(kernel), naming_(naming) {}

  std::string all() {
    std::string parameters;
    std::string locals;
    for (const Buffer& buffer : kernel_.buffers) {
      if (buffer.access == Access::Local) {
        locals += fmt::format("  local {}\n", declaration(buffer));
      } else {
        parameters += fmt::format("{}{} {}", parameters.empty() ? "" : ", ", text(buffer.access), declaration(buffer));
      }
    }
    out_ = fmt::format("kernel {}({})", with_sigil('@', kernel_.name), parameters);
    if (!kernel_.sizes.rows().empty()) {
      std::string sizes;
      for (const SymbolTable::Row& row : kernel_.sizes.rows()) {
        sizes +=
            fmt::format("{}{} in [{}, {}]", sizes.empty() ? "" : ", ", row.name, row.lower.text(), row.upper.text());
      }
      out_ += fmt::format(" sizes({})", sizes);
    }
    out_ += " {\n" + locals;
    block(kernel_.body, 1);
    return out_ + "}\n";
  }

  /// The first line of a statement, without indentation.
  std::string head(const Statement& statement) {
    return std::visit(Overloaded{[&](const ForStatement& loop) { return for_head(loop); },
                                 [&](const IfStatement& branch) { return if_head(branch); },
                                 [&](const LetStatement& let) { return let_line(let); },
                                 [&](const StoreStatement& store) { return store_line(store); },
                                 [&](const BindStatement& bind) { return bind_line(bind); }},
                      statement.kind);
  }

 private:
  static std::string declaration(const Buffer& buffer) {
    std::string line =
        fmt::format("{}: {}[{}]", with_sigil('%', buffer.name), lathe::text(buffer.element), buffer.extent.text());
    const uint32_t natural = std::max(info(buffer.element).bits / 8, 1u);
    if (buffer.alignment > natural) line += fmt::format(" align {}", buffer.alignment);
    return line;
  }

  std::string value(ValueId id) {
    if (!id.valid()) return "%?";
    if (naming_ == Naming::Ids) return fmt::format("%{}", id.index);
    const auto [entry, added] = numbers_.try_emplace(id.index, numbers_.size());
    return fmt::format("%{}", entry->second);
  }

  std::string access(BufferId buffer, const Dim& index, const Dim& stride, const std::optional<Dim>& active) const {
    const std::string name = kernel_.buffers.contains(buffer) ? kernel_.buffers[buffer].name : "?";
    std::string line = fmt::format("{}[{}]", with_sigil('%', name), index.text());
    if (!stride.is_constant(1)) line += fmt::format(" stride {}", stride.text());
    if (active) line += fmt::format(" active {}", active->text());
    return line;
  }

  std::string for_head(const ForStatement& loop) {
    std::string line;
    for (const Carried& carried : loop.carried) {
      line += fmt::format("{}{}", line.empty() ? "" : ", ", value(carried.result));
    }
    if (!line.empty()) line += " = ";
    line += fmt::format("for {} = {} to {}", loop.variable, loop.begin.text(), loop.end.text());
    if (!loop.step.is_constant(1)) line += fmt::format(" step {}", loop.step.text());
    switch (loop.kind) {
      case LoopKind::Serial: break;
      case LoopKind::Parallel: line += " parallel"; break;
      case LoopKind::Unrolled: line += " unrolled"; break;
    }
    if (loop.grain != 1) line += fmt::format(" grain {}", loop.grain);
    for (size_t i = 0; i < loop.carried.size(); ++i) {
      const Carried& carried = loop.carried[i];
      line += fmt::format("{}{} = {}", i == 0 ? " carry(" : ", ", value(carried.argument), value(carried.initial));
    }
    if (!loop.carried.empty()) line += ")";
    return line + " {";
  }

  static std::string if_head(const IfStatement& branch) {
    std::string line = "if ";
    for (size_t i = 0; i < branch.conditions.size(); ++i) {
      const Condition& condition = branch.conditions[i];
      line += fmt::format("{}{} {} {}", i == 0 ? "" : " and ", condition.left.text(), text(condition.relation),
                          condition.right.text());
    }
    return line + " {";
  }

  std::string let_line(const LetStatement& let) {
    // Operands are numbered before the result: they are defined earlier.
    const std::string right = operation(let.operation);
    const std::string left = value(let.result);
    const std::string type = kernel_.values.contains(let.result) ? text(kernel_.values[let.result]) : std::string("?");
    return fmt::format("{} = {} : {}", left, right, type);
  }

  std::string operation(const Operation& operation) {
    return std::visit(
        Overloaded{
            [&](const ScalarOperation& scalar) {
              std::string line(lathe::text(scalar.op));
              for (size_t i = 0; i < info(scalar.op).arity; ++i) {
                line += fmt::format("{}{}", i == 0 ? " " : ", ", value(scalar.operands[i]));
              }
              return line;
            },
            [&](const ConstantOperation& constant) { return fmt::format("constant {}", lathe::text(constant.value)); },
            [&](const LoadOperation& load) {
              std::string line = "load " + access(load.buffer, load.index, load.lane_stride, load.active);
              if (load.active) line += fmt::format(" fill {}", lathe::text(load.fill));
              return line;
            },
            [&](const BroadcastOperation& broadcast) { return fmt::format("broadcast {}", value(broadcast.value)); },
            [&](const ReduceOperation& reduce) {
              return fmt::format("reduce {} {}", text(reduce.kind), value(reduce.value));
            },
            [&](const IndexOperation& index) {
              std::string line = fmt::format("index {}", index.index.text());
              if (!index.lane_stride.is_constant(1)) line += fmt::format(" stride {}", index.lane_stride.text());
              return line;
            },
            [&](const ShuffleOperation& shuffle) {
              return fmt::format("shuffle {}, {} [{}]", value(shuffle.first), value(shuffle.second),
                                 fmt::join(shuffle.lanes, ", "));
            }},
        operation);
  }

  std::string store_line(const StoreStatement& store) {
    return fmt::format("store {}, {}", value(store.value),
                       access(store.buffer, store.index, store.lane_stride, store.active));
  }

  std::string bind_line(const BindStatement& bind) {
    return fmt::format("bind {} = {} in [{}, {}] {}", bind.symbol, value(bind.value), bind.lower.text(),
                       bind.upper.text(), bind.mode == BindMode::Clamp ? "clamp" : "check");
  }

  void line(size_t depth, const std::string& text) { out_ += fmt::format("{:{}}{}\n", "", 2 * depth, text); }

  void block(const Block& statements, size_t depth) {
    LATHE_CHECK(depth <= kMaxNesting + 1);
    for (const StatementId id : statements) {
      const Statement& statement = kernel_.statements[id];
      line(depth, head(statement));
      if (const auto* loop = std::get_if<ForStatement>(&statement.kind)) {
        block(loop->body, depth + 1);
        std::string yields;
        for (const Carried& carried : loop->carried) {
          yields += fmt::format("{}{}", yields.empty() ? "yield " : ", ", value(carried.yielded));
        }
        if (!yields.empty()) line(depth + 1, yields);
        line(depth, "}");
      }
      if (const auto* branch = std::get_if<IfStatement>(&statement.kind)) {
        block(branch->then_block, depth + 1);
        if (!branch->else_block.empty()) {
          line(depth, "} else {");
          block(branch->else_block, depth + 1);
        }
        line(depth, "}");
      }
    }
  }

  const Kernel& kernel_;
  Naming naming_;
  std::string out_;
  std::map<uint32_t, size_t> numbers_;
};

}  // namespace

std::string print(const Kernel& kernel) { return Printer(kernel, Naming::Order).all(); }

std::string print_head(const Kernel& kernel, StatementId statement) {
  return Printer(kernel, Naming::Ids).head(kernel.statements[statement]);
}

}  // namespace lathe::kernel
