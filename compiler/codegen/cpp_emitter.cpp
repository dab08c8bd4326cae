// Functions, loops, branches and integers of kernels in C++.
#include "compiler/codegen/cpp_emitter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "compiler/codegen/cpp_layout.h"
#include "compiler/codegen/interface.h"

namespace lathe::codegen {
namespace {

/// Expressions beyond this get a name of their own.
constexpr size_t kLongestExpression = 40;

/// Names that mean something else in a kernel: what it says itself, the words of the facades, types, macros.
constexpr std::string_view kTaken[] = {"failed",
                                       "execution",
                                       "task",
                                       "absolute",
                                       "add",
                                       "any_at",
                                       "at",
                                       "bits",
                                       "block_callback",
                                       "bound",
                                       "ceil",
                                       "check_bound",
                                       "convert",
                                       "decode",
                                       "divide",
                                       "encode",
                                       "equal",
                                       "floor",
                                       "floor_divide",
                                       "floor_modulo",
                                       "from_lanes",
                                       "from_mask",
                                       "greater",
                                       "greater_equal",
                                       "in_double",
                                       "is_infinite",
                                       "is_nan",
                                       "lanes_from",
                                       "larger",
                                       "less",
                                       "less_equal",
                                       "load",
                                       "load_active",
                                       "load_packed",
                                       "load_strided",
                                       "maximum",
                                       "minimum",
                                       "modulo",
                                       "multiply",
                                       "multiply_add",
                                       "negate",
                                       "not_equal",
                                       "parallel",
                                       "round_as",
                                       "round_even",
                                       "select",
                                       "shift_left",
                                       "shift_right",
                                       "shift_right_logical",
                                       "shuffle",
                                       "sigmoid",
                                       "sign",
                                       "smaller",
                                       "splat",
                                       "splat_mask",
                                       "square_root",
                                       "store",
                                       "store_active",
                                       "store_packed",
                                       "store_strided",
                                       "subtract",
                                       "to_integer",
                                       "to_mask",
                                       "to_odd",
                                       "trunc",
                                       "truncated_remainder",
                                       "wrap_4_bits",
                                       "int8_t",
                                       "int16_t",
                                       "int32_t",
                                       "int64_t",
                                       "uint8_t",
                                       "uint16_t",
                                       "uint32_t",
                                       "uint64_t",
                                       "size_t",
                                       "std",
                                       "lathe",
                                       "hwy",
                                       "lathe_status",
                                       "lathe_execution",
                                       "EOF",
                                       "HUGE_VAL",
                                       "INFINITY",
                                       "INT32_MIN",
                                       "INT64_C",
                                       "INT64_MIN",
                                       "NAN",
                                       "NULL",
                                       "UINT64_C",
                                       "assert",
                                       "errno",
                                       "linux",
                                       "stderr",
                                       "stdin",
                                       "stdout",
                                       "unix"};

/// Of longer names the end, which tells most, from the beginning of a word on.
constexpr size_t kLongestName = 40;

std::string identifier(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool fits = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (fits) result += c;
    if (!fits && !result.empty() && result.back() != '_') result += '_';
  }
  while (!result.empty() && result.back() == '_') result.pop_back();
  if (result.size() > kLongestName) {
    const size_t word = result.find('_', result.size() - kLongestName);
    result = result.substr(word == std::string::npos ? result.size() - kLongestName : word + 1);
  }
  if (result.empty() || std::isdigit(static_cast<unsigned char>(result[0])) != 0) result = "n" + result;
  return result;
}

/// `f32x16`, `boolx8`.
bool is_vector_type(std::string_view name) {
  const size_t digits = name.find_last_not_of("0123456789");
  return digits != std::string_view::npos && digits > 1 && digits + 1 < name.size() && name[digits] == 'x' &&
         (name.starts_with("bool") || std::isdigit(static_cast<unsigned char>(name[digits - 1])) != 0);
}

/// `reduce_mean` of `k21_reduce_mean`: the emitted name has a number of its own.
std::string_view without_number(std::string_view name) {
  const size_t digits = name.find_first_not_of("0123456789", 1);
  const bool is_numbered =
      name.starts_with('k') && digits != std::string_view::npos && digits > 1 && name[digits] == '_';
  return is_numbered ? name.substr(digits + 1) : name;
}

}  // namespace

// ------------------------------------------------------------------------------------------------------------- text

void CppEmitter::line(const std::string& text) { text_ += std::string(2 * depth_, ' ') + text + "\n"; }

void CppEmitter::open(const std::string& text) {
  line(text);
  ++depth_;
}

void CppEmitter::close(const std::string& text) {
  --depth_;
  line(text);
}

void CppEmitter::comment(const std::string& text) {
  if (!text.empty()) line("// " + text);
}

std::string CppEmitter::unique(const std::string& wanted) {
  const std::string word = identifier(wanted);
  // Words of C++ become names.
  const std::string base = is_c_identifier(word) ? word : c_identifier(word);
  std::string name = base;
  const auto is_numbered = [](const std::string& text) {
    return (text[0] == 'v' || text[0] == 'k') && text.find_first_not_of("0123456789", 1) == std::string::npos;
  };
  if (is_numbered(name) || is_vector_type(name)) name += "_";
  const auto is_taken = [&] {
    return names_.contains(name) || std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken);
  };
  while (is_taken()) name = fmt::format("{}_{}", base, ++counter_);
  names_.insert(name);
  return name;
}

CppInteger CppEmitter::named(CppInteger expression) {
  if (expression.constant || expression.text.size() <= kLongestExpression) return expression;
  const std::string name = fmt::format("k{}", ++counter_);
  line(fmt::format("const int64_t {} = {};", name, expression.text));
  return {name, {}, false};
}

std::string CppEmitter::factor(const CppInteger& integer) {
  return integer.is_sum || integer.constant.value_or(0) < 0 ? "(" + integer.text + ")" : integer.text;
}

// ---------------------------------------------------------------------------------------------------------- integers

CppInteger CppEmitter::integer(int64_t value) { return {fmt::format("{}", value), value, false}; }

CppInteger CppEmitter::size_symbol(size_t position) { return {sizes_[position], {}, false}; }

CppInteger CppEmitter::add(const CppInteger& a, const CppInteger& b) {
  if (a.constant && b.constant) return integer(*a.constant + *b.constant);
  if (a.constant == 0) return b;
  if (b.constant == 0) return a;
  if (b.constant && *b.constant < 0) return named({fmt::format("{} - {}", a.text, -*b.constant), {}, true});
  return named({fmt::format("{} + {}", a.text, b.text), {}, true});
}

CppInteger CppEmitter::multiply(const CppInteger& a, const CppInteger& b) {
  if (a.constant && b.constant) return integer(*a.constant * *b.constant);
  if (a.constant == 1) return b;
  if (b.constant == 1) return a;
  return named({fmt::format("{} * {}", factor(a), factor(b)), {}, false});
}

CppInteger CppEmitter::floor_divide(const CppInteger& a, const CppInteger& b, Sign sign) {
  if (sign == Sign::NonNegative && b.constant) return named({fmt::format("({}) / {}", a.text, b.text), {}, true});
  return named({fmt::format("floor_divide({}, {})", a.text, b.text), {}, false});
}

CppInteger CppEmitter::modulo(const CppInteger& a, const CppInteger& b, Sign sign) {
  if (sign == Sign::NonNegative && b.constant) return named({fmt::format("({}) % {}", a.text, b.text), {}, true});
  return named({fmt::format("modulo({}, {})", a.text, b.text), {}, false});
}

CppInteger CppEmitter::minimum(const CppInteger& a, const CppInteger& b) {
  return named({fmt::format("smaller({}, {})", a.text, b.text), {}, false});
}

CppInteger CppEmitter::maximum(const CppInteger& a, const CppInteger& b) {
  return named({fmt::format("larger({}, {})", a.text, b.text), {}, false});
}

std::string CppEmitter::compare(kernel::Relation relation, const CppInteger& a, const CppInteger& b) {
  const auto spelled = [&](std::string_view sign) { return fmt::format("{} {} {}", a.text, sign, b.text); };
  switch (relation) {
    case kernel::Relation::Equal: return spelled("==");
    case kernel::Relation::Less: return spelled("<");
    case kernel::Relation::LessEqual: return spelled("<=");
  }
  internal_error("a relation of no kind", __FILE__, __LINE__);
}

std::string CppEmitter::both(const std::string& a, const std::string& b) { return a + " && " + b; }

// ----------------------------------------------------------------------------------------------------------- kernels

void CppEmitter::declare_kernel(kernel::KernelId id, const kernel::Kernel& kernel, bool shares_memory) {
  KernelFunction function{
      .name = fmt::format("kernel_{}_{}", id.index, identifier(without_number(kernel.name))),
      .parameter_types = {},
      .can_fail = kernel::can_fail(kernel),
      .shares_memory = shares_memory,
  };
  for (uint32_t i = 0; i < kernel.parameter_count(); ++i) {
    const kernel::Buffer& buffer = kernel.buffers[kernel::BufferId(i)];
    const std::string_view constness = buffer.access == kernel::Access::In ? "const " : "";
    function.parameter_types.push_back(fmt::format("{}{}", constness, memory_type_name(buffer.element)));
  }
  if (kernels_.size() <= id.index) kernels_.resize(id.index + 1);
  kernels_[id.index] = std::move(function);
}

void CppEmitter::reuse_kernel(kernel::KernelId id, kernel::KernelId same) {
  if (kernels_.size() <= id.index) kernels_.resize(id.index + 1);
  kernels_[id.index] = kernels_[same.index];
}

void CppEmitter::select_kernel(kernel::KernelId id, const std::string& comment_text) {
  selected_ = id;
  text_ += "\n";
  comment(comment_text);
}

void CppEmitter::declare_locals() {
  for (const kernel::Buffer& buffer : kernel_->buffers) {
    if (buffer.access != kernel::Access::Local) continue;
    const int64_t per_byte = info(buffer.element).bits == 4 ? 2 : 1;
    const int64_t extent = std::max<int64_t>((buffer.extent.constant() + per_byte - 1) / per_byte, 1);
    buffers_.push_back(unique(buffer.name));
    line(fmt::format("alignas(64) {} {}[{}];", memory_type_name(buffer.element), buffers_.back(), extent));
  }
}

void CppEmitter::open_kernel(const kernel::Kernel& kernel) {
  kernel_ = &kernel;
  names_.clear();
  buffers_.clear();
  sizes_.clear();
  value_types_.clear();
  counter_ = 0;
  for (uint32_t i = 0; i < kernel.parameter_count(); ++i) {
    buffers_.push_back(unique(kernel.buffers[kernel::BufferId(i)].name));
  }
  for (const SymbolTable::Row& row : kernel.sizes.rows()) sizes_.push_back(unique(row.name));
  before_ = std::exchange(text_, {});
  ++depth_;
  if (kernels_[selected_.index].can_fail) line("lathe_status failed = LATHE_OK;");
  declare_locals();
}

/// The first line of a kernel's function; parameters that its body does not use have no names.
std::string CppEmitter::head(const std::string& body) const {
  const KernelFunction& function = kernels_[selected_.index];
  const auto named = [&](const std::string& name) { return uses_word(body, name) ? " " + name : std::string(); };
  std::vector<std::string> parameters = {"const lathe_execution*" + named("execution")};
  for (uint32_t i = 0; i < kernel_->parameter_count(); ++i) {
    parameters.push_back(function.parameter_types[i] + "*" + (function.shares_memory ? "" : " __restrict") +
                         named(buffers_[i]));
  }
  for (const std::string& size : sizes_) parameters.push_back("int64_t" + named(size));
  return fmt::format("{} {}({}) {{\n", function.can_fail ? "lathe_status" : "void", function.name,
                     fmt::join(parameters, ", "));
}

void CppEmitter::close_kernel() {
  if (kernels_[selected_.index].can_fail) line("return failed;");
  --depth_;
  const std::string body = without_dead_values(text_);
  text_ = std::move(before_) + head(body) + body + "}\n";
}

EmittedLoop<CppInteger, std::string> CppEmitter::open_loop(const std::string& name, const CppInteger& begin,
                                                           const CppInteger& end, const CppInteger& step,
                                                           std::span<const Value> initial) {
  OpenLoop loop;
  for (const Value& value : initial) {
    const kernel::ValueType type = value_types_.at(value);
    loop.carried.push_back(fmt::format("v{}", ++counter_));
    value_types_.emplace(loop.carried.back(), type);
    line(fmt::format("{} {} = {};", type_name(type), loop.carried.back(), value));
  }
  const std::string variable = unique(name);
  const std::string next = step.constant == 1 ? "++" + variable : fmt::format("{} += {}", variable, step.text);
  open(fmt::format("for (int64_t {0} = {1}; {0} < {2}; {3}) {{", variable, begin.text, end.text, next));
  loops_.push_back(loop);
  return {{variable, {}, false}, loop.carried};
}

std::vector<std::string> CppEmitter::close_loop(std::span<const Value> yielded) {
  const OpenLoop loop = std::move(loops_.back());
  loops_.pop_back();
  // All at once: one may be yielded into another's place.
  std::vector<std::string> next(yielded.begin(), yielded.end());
  for (size_t i = 0; i < next.size(); ++i) {
    const bool is_overwritten = std::find(loop.carried.begin(), loop.carried.begin() + static_cast<ptrdiff_t>(i),
                                          next[i]) != loop.carried.begin() + static_cast<ptrdiff_t>(i);
    if (is_overwritten) {
      const std::string kept = fmt::format("v{}", ++counter_);
      line(fmt::format("const {} {} = {};", type_name(value_types_.at(next[i])), kept, next[i]));
      next[i] = kept;
    }
  }
  for (size_t i = 0; i < next.size(); ++i) {
    if (next[i] != loop.carried[i]) line(fmt::format("{} = {};", loop.carried[i], next[i]));
  }
  close();
  return loop.carried;
}

EmittedRegion<CppInteger, std::string> CppEmitter::open_parallel(const CppInteger& count, int64_t grain,
                                                                 std::span<const CppInteger> integers,
                                                                 std::span<const Value> values) {
  const std::string task = unique("task");
  const std::string begin = unique("begin");
  const std::string end = unique("end");
  open(fmt::format("auto {} = [&](int64_t {}, int64_t {}) LATHE_SIMD_LAMBDA {{", task, begin, end));
  parallel_.emplace_back(task, fmt::format("parallel(execution, {}, {}, {});", count.text, grain, task));
  outer_buffers_.push_back(buffers_);
  buffers_.resize(kernel_->parameter_count());
  declare_locals();
  return {{begin, {}, false}, {end, {}, false}, {integers.begin(), integers.end()}, {values.begin(), values.end()}};
}

void CppEmitter::close_parallel() {
  close("};");
  line(parallel_.back().second);
  parallel_.pop_back();
  buffers_ = std::move(outer_buffers_.back());
  outer_buffers_.pop_back();
}

void CppEmitter::open_if(const std::string& flag) { open(fmt::format("if ({}) {{", flag)); }

void CppEmitter::open_else() {
  --depth_;
  open("} else {");
}

void CppEmitter::close_if() { close(); }

CppInteger CppEmitter::bind(kernel::ValueType, const Value& value, const CppInteger& lower, const CppInteger& upper,
                            kernel::BindMode mode) {
  const std::string name = fmt::format("k{}", ++counter_);
  if (mode == kernel::BindMode::Clamp) {
    line(fmt::format("const int64_t {} = bound({}, {}, {});", name, value, lower.text, upper.text));
  } else {
    line(fmt::format("const int64_t {} = check_bound({}, {}, {}, failed);", name, value, lower.text, upper.text));
  }
  return {name, {}, false};
}

}  // namespace lathe::codegen
