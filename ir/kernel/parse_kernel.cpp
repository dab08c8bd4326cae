// Parsing kernels.
#include <algorithm>
#include <map>

#include "ir/kernel/text.h"
#include "ir/scalar/expression.h"

namespace lathe::kernel {
namespace {

class KernelParser {
 public:
  explicit KernelParser(TokenCursor& cursor) : cursor_(cursor) {}

  Result<Kernel> parse() {
    kernel_.where = cursor_.location();
    LATHE_TRY_VOID(cursor_.expect("kernel"));
    LATHE_TRY(kernel_.name, cursor_.expect_symbol("the kernel's name"));
    LATHE_TRY_VOID(parse_parameters());
    if (cursor_.accept("sizes")) {
      LATHE_TRY_VOID(parse_sizes());
    }
    LATHE_TRY_VOID(cursor_.expect("{"));
    while (cursor_.accept("local")) {
      LATHE_TRY_VOID(parse_buffer(Access::Local));
    }
    LATHE_TRY(kernel_.body, parse_block(1));
    LATHE_TRY_VOID(cursor_.expect("}"));
    return std::move(kernel_);
  }

 private:
  Failure fail(DiagnosticKind kind, LocationId where, std::string_view what, std::string_view name) {
    return cursor_.diagnostics().report(kind, where, "{} `{}`", what, name).emit();
  }

  Status parse_parameters() {
    LATHE_TRY_VOID(cursor_.expect("("));
    while (!cursor_.at(")")) {
      if (kernel_.buffers.size() != 0) {
        LATHE_TRY_VOID(cursor_.expect(","));
      }
      if (cursor_.accept("in")) {
        LATHE_TRY_VOID(parse_buffer(Access::In));
      } else if (cursor_.accept("out")) {
        LATHE_TRY_VOID(parse_buffer(Access::Out));
      } else if (cursor_.accept("inout")) {
        LATHE_TRY_VOID(parse_buffer(Access::InOut));
      } else {
        return cursor_.error_expected("`in`, `out` or `inout`");
      }
    }
    return cursor_.expect(")");
  }

  Status parse_buffer(Access access) {
    Buffer buffer;
    buffer.access = access;
    const LocationId where = cursor_.location();
    LATHE_TRY(buffer.name, cursor_.expect_value("a buffer"));
    LATHE_TRY_VOID(cursor_.expect(":"));
    LATHE_TRY(buffer.element, parse_element());
    LATHE_TRY_VOID(cursor_.expect("["));
    LATHE_TRY(buffer.extent, cursor_.parse_dim());
    LATHE_TRY_VOID(cursor_.expect("]"));
    buffer.alignment = std::max(info(buffer.element).bits / 8, 1u);
    if (cursor_.accept("align")) {
      LATHE_TRY(const int64_t alignment, cursor_.expect_integer("an alignment"));
      if (alignment < 1 || alignment > 4096 || (alignment & (alignment - 1)) != 0) {
        return cursor_.error_expected("a power of two up to 4096 as the alignment");
      }
      buffer.alignment = static_cast<uint32_t>(alignment);
    }
    if (buffers_.contains(buffer.name)) {
      return fail(DiagnosticKind::DuplicateName, where, "there are two buffers", buffer.name);
    }
    const std::string name = buffer.name;
    buffers_[name] = kernel_.buffers.push_back(std::move(buffer));
    return {};
  }

  Status parse_sizes() {
    LATHE_TRY_VOID(cursor_.expect("("));
    do {
      const LocationId where = cursor_.location();
      LATHE_TRY(const std::string name, cursor_.expect_identifier("a size"));
      if (kernel_.sizes.find(name) != nullptr) {
        return fail(DiagnosticKind::DuplicateName, where, "there are two sizes", name);
      }
      LATHE_TRY_VOID(cursor_.expect("in"));
      LATHE_TRY_VOID(cursor_.expect("["));
      LATHE_TRY(const Dim lower, cursor_.parse_dim());
      LATHE_TRY_VOID(cursor_.expect(","));
      LATHE_TRY(const Dim upper, cursor_.parse_dim());
      LATHE_TRY_VOID(cursor_.expect("]"));
      kernel_.sizes.declare(name, lower, upper);
    } while (cursor_.accept(","));
    return cursor_.expect(")");
  }

  Result<ElementType> parse_element() {
    const auto element = parse_element_type(cursor_.peek().text);
    if (!element || *element == ElementType::String) return cursor_.error_expected("an element type");
    cursor_.next();
    return *element;
  }

  Result<ValueType> parse_value_type() {
    const std::string_view word = cursor_.peek().text;
    const size_t cross = word.rfind('x');
    const auto element = parse_element_type(word.substr(0, cross));
    if (!element || *element == ElementType::String) return cursor_.error_expected("a type of a value");
    uint32_t lanes = 1;
    if (cross != std::string_view::npos) {
      lanes = 0;
      for (const char digit : word.substr(cross + 1)) {
        if (digit < '0' || digit > '9' || lanes > kMaxLanes) return cursor_.error_expected("a number of lanes");
        lanes = lanes * 10 + static_cast<uint32_t>(digit - '0');
      }
    }
    if (lanes == 0 || lanes > kMaxLanes || (lanes & (lanes - 1)) != 0) {
      return cursor_.error_expected("a power of two up to 128 as the number of lanes");
    }
    cursor_.next();
    return ValueType{*element, lanes};
  }

  Result<ValueId> parse_operand() {
    const LocationId where = cursor_.location();
    LATHE_TRY(const std::string name, cursor_.expect_value("a value"));
    const auto found = values_.find(name);
    if (found == values_.end())
      return fail(DiagnosticKind::UnknownValue, where, "nothing before this defines", "%" + name);
    return found->second;
  }

  Result<ValueId> define(const std::string& name, LocationId where, ValueType type) {
    if (values_.contains(name)) return fail(DiagnosticKind::DuplicateName, where, "there are two values", "%" + name);
    return values_[name] = kernel_.values.push_back(type);
  }

  struct Position {
    BufferId buffer;
    Dim index;
    Dim stride = 1;
    std::optional<Dim> active{};
  };

  Result<Position> parse_position() {
    Position position;
    const LocationId where = cursor_.location();
    LATHE_TRY(const std::string name, cursor_.expect_value("a buffer"));
    const auto found = buffers_.find(name);
    if (found == buffers_.end()) return fail(DiagnosticKind::UnknownValue, where, "there is no buffer", "%" + name);
    position.buffer = found->second;
    LATHE_TRY_VOID(cursor_.expect("["));
    LATHE_TRY(position.index, cursor_.parse_dim());
    LATHE_TRY_VOID(cursor_.expect("]"));
    if (cursor_.accept("stride")) {
      LATHE_TRY(position.stride, cursor_.parse_dim());
    }
    if (cursor_.accept("active")) {
      LATHE_TRY(Dim active, cursor_.parse_dim());
      position.active = std::move(active);
    }
    return position;
  }

  Result<Block> parse_block(size_t depth) {
    if (depth > kMaxNesting) {
      return cursor_.diagnostics()
          .report(DiagnosticKind::NestingTooDeep, cursor_.location(), "blocks nest deeper than {} levels", kMaxNesting)
          .emit();
    }
    Block block;
    while (!cursor_.at("}") && !cursor_.at("yield")) {
      LATHE_TRY(const StatementId id, parse_statement(depth));
      block.push_back(id);
    }
    return block;
  }

  Result<StatementId> parse_statement(size_t depth) {
    const LocationId where = cursor_.location();
    std::vector<std::string> results;
    if (cursor_.peek().kind == TokenKind::Value) {
      do {
        LATHE_TRY(std::string name, cursor_.expect_value("a result"));
        results.push_back(std::move(name));
      } while (cursor_.accept(","));
      LATHE_TRY_VOID(cursor_.expect("="));
    }
    // The statement takes its place in the table before its body does.
    const StatementId id = kernel_.statements.push_back({.kind = LetStatement{}, .where = where});
    LATHE_TRY(StatementKind kind, parse_kind(results, depth));
    kernel_.statements[id].kind = std::move(kind);
    return id;
  }

  Result<StatementKind> parse_kind(const std::vector<std::string>& results, size_t depth) {
    if (cursor_.accept("for")) return parse_for(results, depth);
    if (!results.empty()) return parse_let(results);
    if (cursor_.accept("if")) return parse_if(depth);
    if (cursor_.accept("store")) return parse_store();
    if (cursor_.accept("bind")) return parse_bind();
    return cursor_.error_expected("a statement");
  }

  Result<StatementKind> parse_for(const std::vector<std::string>& results, size_t depth) {
    ForStatement loop;
    LATHE_TRY(const std::string variable, cursor_.expect_value("a loop variable"));
    loop.variable = "%" + variable;
    LATHE_TRY_VOID(cursor_.expect("="));
    LATHE_TRY(loop.begin, cursor_.parse_dim());
    LATHE_TRY_VOID(cursor_.expect("to"));
    LATHE_TRY(loop.end, cursor_.parse_dim());
    if (cursor_.accept("step")) {
      LATHE_TRY(loop.step, cursor_.parse_dim());
    }
    if (cursor_.accept("parallel")) loop.kind = LoopKind::Parallel;
    if (loop.kind == LoopKind::Serial && cursor_.accept("unrolled")) loop.kind = LoopKind::Unrolled;
    if (cursor_.accept("grain")) {
      LATHE_TRY(loop.grain, cursor_.expect_integer("a grain"));
    }
    LATHE_TRY_VOID(parse_carried(loop, results));
    LATHE_TRY_VOID(cursor_.expect("{"));
    LATHE_TRY(loop.body, parse_block(depth + 1));
    if (!loop.carried.empty()) {
      LATHE_TRY_VOID(cursor_.expect("yield"));
      for (size_t i = 0; i < loop.carried.size(); ++i) {
        if (i != 0) {
          LATHE_TRY_VOID(cursor_.expect(","));
        }
        LATHE_TRY(loop.carried[i].yielded, parse_operand());
      }
    }
    LATHE_TRY_VOID(cursor_.expect("}"));
    return StatementKind(std::move(loop));
  }

  /// The results are named in front of the loop, so that the text's order numbers them first.
  Status parse_carried(ForStatement& loop, const std::vector<std::string>& results) {
    if (results.empty()) return {};
    const LocationId where = cursor_.location();
    std::vector<std::string> arguments;
    LATHE_TRY_VOID(cursor_.expect("carry"));
    LATHE_TRY_VOID(cursor_.expect("("));
    do {
      Carried carried;
      LATHE_TRY(std::string name, cursor_.expect_value("a carried value"));
      LATHE_TRY_VOID(cursor_.expect("="));
      LATHE_TRY(carried.initial, parse_operand());
      arguments.push_back(std::move(name));
      loop.carried.push_back(carried);
    } while (cursor_.accept(","));
    LATHE_TRY_VOID(cursor_.expect(")"));
    if (loop.carried.size() != results.size()) {
      return fail(DiagnosticKind::OperandCount, where, "the loop has another number of results than of carried values",
                  loop.variable);
    }
    for (size_t i = 0; i < results.size(); ++i) {
      LATHE_TRY(loop.carried[i].result, define(results[i], where, kernel_.values[loop.carried[i].initial]));
    }
    for (size_t i = 0; i < results.size(); ++i) {
      LATHE_TRY(loop.carried[i].argument, define(arguments[i], where, kernel_.values[loop.carried[i].initial]));
    }
    return {};
  }

  Result<Condition> parse_condition() {
    Condition condition;
    LATHE_TRY(condition.left, cursor_.parse_dim());
    if (cursor_.accept("<")) {
      condition.relation = cursor_.accept("=") ? Relation::LessEqual : Relation::Less;
    } else {
      LATHE_TRY_VOID(cursor_.expect("="));
      LATHE_TRY_VOID(cursor_.expect("="));
      condition.relation = Relation::Equal;
    }
    LATHE_TRY(condition.right, cursor_.parse_dim());
    return condition;
  }

  Result<StatementKind> parse_if(size_t depth) {
    IfStatement branch;
    do {
      LATHE_TRY(Condition condition, parse_condition());
      branch.conditions.push_back(std::move(condition));
    } while (cursor_.accept("and"));
    LATHE_TRY_VOID(cursor_.expect("{"));
    LATHE_TRY(branch.then_block, parse_block(depth + 1));
    LATHE_TRY_VOID(cursor_.expect("}"));
    if (cursor_.accept("else")) {
      LATHE_TRY_VOID(cursor_.expect("{"));
      LATHE_TRY(branch.else_block, parse_block(depth + 1));
      LATHE_TRY_VOID(cursor_.expect("}"));
    }
    return StatementKind(std::move(branch));
  }

  Result<StatementKind> parse_store() {
    StoreStatement store;
    LATHE_TRY(store.value, parse_operand());
    LATHE_TRY_VOID(cursor_.expect(","));
    LATHE_TRY(const Position position, parse_position());
    store.buffer = position.buffer;
    store.index = position.index;
    store.lane_stride = position.stride;
    store.active = position.active;
    return StatementKind(std::move(store));
  }

  Result<StatementKind> parse_bind() {
    BindStatement bind;
    LATHE_TRY(const std::string symbol, cursor_.expect_value("an index"));
    bind.symbol = "%" + symbol;
    LATHE_TRY_VOID(cursor_.expect("="));
    LATHE_TRY(bind.value, parse_operand());
    LATHE_TRY_VOID(cursor_.expect("in"));
    LATHE_TRY_VOID(cursor_.expect("["));
    LATHE_TRY(bind.lower, cursor_.parse_dim());
    LATHE_TRY_VOID(cursor_.expect(","));
    LATHE_TRY(bind.upper, cursor_.parse_dim());
    LATHE_TRY_VOID(cursor_.expect("]"));
    if (cursor_.accept("check")) {
      bind.mode = BindMode::Check;
    } else {
      LATHE_TRY_VOID(cursor_.expect("clamp"));
    }
    return StatementKind(std::move(bind));
  }

  Result<StatementKind> parse_let(const std::vector<std::string>& results) {
    const LocationId where = cursor_.location();
    if (results.size() != 1) {
      return fail(DiagnosticKind::OperandCount, where, "only loops have several results, not", cursor_.peek().text);
    }
    std::optional<ScalarNumber> number;
    LATHE_TRY(Operation operation, parse_operation(number));
    LATHE_TRY_VOID(cursor_.expect(":"));
    LATHE_TRY(const ValueType type, parse_value_type());
    if (auto* constant = std::get_if<ConstantOperation>(&operation)) constant->value = number->as(type.element);
    auto* load = std::get_if<LoadOperation>(&operation);
    if (load != nullptr) load->fill = number ? number->as(type.element) : ScalarValue::of(type.element, 0.0);
    LetStatement let;
    LATHE_TRY(let.result, define(results[0], where, type));
    let.operation = std::move(operation);
    return StatementKind(std::move(let));
  }

  /// `number` receives a constant or a fill, whose type stands behind it.
  Result<Operation> parse_operation(std::optional<ScalarNumber>& number) {
    const LocationId where = cursor_.location();
    LATHE_TRY(const std::string name, cursor_.expect_identifier("an operation"));
    if (name == "constant") {
      LATHE_TRY(number, parse_scalar_number(cursor_));
      return Operation(ConstantOperation{});
    }
    if (name == "load") return parse_load(number);
    if (name == "broadcast") {
      LATHE_TRY(const ValueId value, parse_operand());
      return Operation(BroadcastOperation{value});
    }
    if (name == "reduce") return parse_reduce();
    if (name == "index") {
      IndexOperation index;
      LATHE_TRY(index.index, cursor_.parse_dim());
      if (cursor_.accept("stride")) {
        LATHE_TRY(index.lane_stride, cursor_.parse_dim());
      }
      return Operation(std::move(index));
    }
    if (name == "shuffle") return parse_shuffle();
    const auto op = parse_scalar_op(name);
    if (!op || info(*op).arity == 0) return fail(DiagnosticKind::UnknownOp, where, "no operation has the name", name);
    ScalarOperation scalar{.op = *op};
    for (size_t i = 0; i < info(*op).arity; ++i) {
      if (i != 0) {
        LATHE_TRY_VOID(cursor_.expect(","));
      }
      LATHE_TRY(scalar.operands[i], parse_operand());
    }
    return Operation(scalar);
  }

  Result<Operation> parse_load(std::optional<ScalarNumber>& number) {
    LATHE_TRY(const Position position, parse_position());
    if (position.active) {
      LATHE_TRY_VOID(cursor_.expect("fill"));
      LATHE_TRY(number, parse_scalar_number(cursor_));
    }
    return Operation(LoadOperation{
        .buffer = position.buffer, .index = position.index, .lane_stride = position.stride, .active = position.active});
  }

  Result<Operation> parse_reduce() {
    for (const ReduceKind kind :
         {ReduceKind::Add, ReduceKind::Mul, ReduceKind::Min, ReduceKind::Max, ReduceKind::And, ReduceKind::Or}) {
      if (!cursor_.accept(text(kind))) continue;
      LATHE_TRY(const ValueId value, parse_operand());
      return Operation(ReduceOperation{kind, value});
    }
    return cursor_.error_expected("add, mul, min, max, and, or");
  }

  Result<Operation> parse_shuffle() {
    ShuffleOperation shuffle;
    LATHE_TRY(shuffle.first, parse_operand());
    LATHE_TRY_VOID(cursor_.expect(","));
    LATHE_TRY(shuffle.second, parse_operand());
    LATHE_TRY_VOID(cursor_.expect("["));
    do {
      LATHE_TRY(const int64_t lane, cursor_.expect_integer("a lane"));
      if (lane < 0 || lane >= 2 * int64_t{kMaxLanes}) return cursor_.error_expected("a lane of the two vectors");
      shuffle.lanes.push_back(static_cast<uint32_t>(lane));
    } while (cursor_.accept(","));
    LATHE_TRY_VOID(cursor_.expect("]"));
    return Operation(std::move(shuffle));
  }

  TokenCursor& cursor_;
  Kernel kernel_;
  std::map<std::string, BufferId, std::less<>> buffers_;
  std::map<std::string, ValueId, std::less<>> values_;
};

}  // namespace

Result<Kernel> parse_kernel(TokenCursor& cursor) { return KernelParser(cursor).parse(); }

Result<Kernel> parse_kernel(std::string_view text, FileId file, LocationTable& locations, Diagnostics& diagnostics) {
  TokenCursor cursor(tokenize(text, file), locations, diagnostics);
  LATHE_TRY(Kernel kernel, parse_kernel(cursor));
  if (!cursor.at_end()) return cursor.error_expected("the end of the text");
  return kernel;
}

}  // namespace lathe::kernel
