// The verifier of programs. Its rules are listed in verify.h.
#include <set>

#include "ir/kernel/overloaded.h"
#include "ir/kernel/text.h"
#include "ir/kernel/verify.h"

namespace lathe::kernel {
namespace {

class ProgramVerifier {
 public:
  ProgramVerifier(const Program& program, Diagnostics& diagnostics) : program_(program), diagnostics_(diagnostics) {}

  Result<ProgramReport> run() {
    for (uint32_t i = 0; i < program_.kernels.size(); ++i) {
      LATHE_TRY(VerifyReport report, verify(program_.kernels[KernelId(i)], diagnostics_));
      for (UnprovenAccess& access : report.unproven) {
        report_.unproven_accesses.emplace_back(KernelId(i), std::move(access));
      }
    }
    LATHE_TRY_VOID(check_symbols());
    LATHE_TRY_VOID(check_storages());
    for (const Step& step : program_.steps) {
      where_ = step.where;
      LATHE_TRY_VOID(std::visit(Overloaded{[&](const RunStep& run) { return check_run(run, 0); },
                                           [&](const CallStep& call) { return check_call(call); },
                                           [&](const GuardStep& guard) { return check_guard(guard); }},
                                step.kind));
    }
    return std::move(report_);
  }

 private:
  template <class... Arguments>
  Failure fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    return diagnostics_
        .report(DiagnosticKind::KernelInvalid, where_, "program `{}`: {}", program_.name,
                fmt::format(format, std::forward<Arguments>(arguments)...))
        .emit();
  }

  Status check_dim(const Dim& dim, std::string_view what) {
    if (!dim.valid()) return fail("{} is not a valid expression", what);
    std::string unknown;
    for_each_symbol(dim, [&](const std::string& symbol) {
      if (!known_.contains(symbol)) unknown = symbol;
    });
    if (!unknown.empty()) return fail("{} mentions `{}`, which has no value here", what, unknown);
    return {};
  }

  Status check_symbols() {
    const auto& rows = program_.symbols.rows();
    if (program_.bindings.size() != rows.size()) return fail("there are not as many bindings as symbols");
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto* input = std::get_if<FromInput>(&program_.bindings[i]);
      if (input == nullptr) continue;
      if (input->input >= program_.inputs.size() || input->axis >= program_.inputs[input->input].type.dims.size()) {
        return fail("symbol `{}` is bound to an axis that doesn't exist", rows[i].name);
      }
      known_.insert(rows[i].name);
    }
    return check_dim(program_.arena_bytes, "the size of the arena");
  }

  void expect_le(const Dim& a, const Dim& b, std::string_view what) {
    if (program_.symbols.known_le(a, b)) return;
    report_.unproven_ranges.push_back(fmt::format("{}: {} <= {}", what, a.text(), b.text()));
  }

  Status check_storages() {
    std::set<std::string, std::less<>> names;
    for (const Storage& storage : program_.storages) {
      if (!names.insert(storage.name).second) return fail("there are two storages `{}`", storage.name);
      if (storage.element == ElementType::String) return fail("storage `{}` holds strings", storage.name);
      LATHE_TRY_VOID(check_dim(storage.extent, "an extent"));
      LATHE_TRY_VOID(std::visit(
          Overloaded{[&](const InputPlace& place) { return check_port(storage, program_.inputs, place.index); },
                     [&](const OutputPlace& place) { return check_port(storage, program_.outputs, place.index); },
                     [&](const DataPlace& place) { return check_data(storage, place.data); },
                     [&](const ArenaPlace& place) { return check_arena(storage, place); }},
          storage.place));
    }
    return {};
  }

  Status check_port(const Storage& storage, const std::vector<Port>& ports, uint32_t index) {
    if (index >= ports.size()) return fail("storage `{}` is in an input or output that doesn't exist", storage.name);
    const TensorType& type = ports[index].type;
    if (type.element != storage.element)
      return fail("storage `{}` has another element type than its port", storage.name);
    expect_le(storage.extent, type.element_count(), storage.name);
    return {};
  }

  Status check_data(const Storage& storage, DataId id) {
    if (!program_.data.contains(id)) return fail("storage `{}` is in data that doesn't exist", storage.name);
    const Dim bytes = byte_extent(storage.element, storage.extent);
    expect_le(bytes, static_cast<int64_t>(program_.data[id].size()), storage.name);
    return {};
  }

  Status check_arena(const Storage& storage, const ArenaPlace& place) {
    LATHE_TRY_VOID(check_dim(place.offset, "an offset"));
    if (!exact_divide(place.offset, 64)) return fail("storage `{}` is not at a multiple of 64 bytes", storage.name);
    expect_le(0, place.offset, storage.name);
    expect_le(place.offset + byte_extent(storage.element, storage.extent), program_.arena_bytes, storage.name);
    return {};
  }

  Status check_ref(const BufferRef& ref) {
    if (!program_.storages.contains(ref.storage)) return fail("a storage that doesn't exist is used");
    return check_dim(ref.offset, "an offset");
  }

  /// `open_sizes`: how many of the last sizes a caller gives at run time.
  Status check_run(const RunStep& run, size_t open_sizes) {
    if (!program_.kernels.contains(run.kernel)) return fail("a kernel that doesn't exist is run");
    const Kernel& kernel = program_.kernels[run.kernel];
    const auto& sizes = kernel.sizes.rows();
    if (run.buffers.size() != kernel.parameter_count() || run.sizes.size() + open_sizes != sizes.size()) {
      return fail("kernel `{}` is run with a wrong number of buffers or sizes", kernel.name);
    }
    for (size_t i = 0; i < run.sizes.size(); ++i) {
      LATHE_TRY_VOID(check_dim(run.sizes[i], "a size"));
      check_size(run, i);
    }
    for (size_t i = 0; i < run.buffers.size(); ++i) {
      LATHE_TRY_VOID(check_ref(run.buffers[i]));
      LATHE_TRY_VOID(check_parameter(run, i));
    }
    return {};
  }

  void check_size(const RunStep& run, size_t i) {
    const Kernel& kernel = program_.kernels[run.kernel];
    const SymbolTable::Row& row = kernel.sizes.rows()[i];
    const auto in_program = [&](const Dim& bound) {
      return substitute(bound, [&](const std::string& symbol) -> std::optional<Dim> {
        for (size_t k = 0; k < run.sizes.size(); ++k) {
          if (kernel.sizes.rows()[k].name == symbol) return run.sizes[k];
        }
        return std::nullopt;
      });
    };
    const std::string what = fmt::format("size {} of {}", row.name, kernel.name);
    expect_le(in_program(row.lower), run.sizes[i], what);
    expect_le(run.sizes[i], in_program(row.upper), what);
  }

  Status check_parameter(const RunStep& run, size_t i) {
    const Kernel& kernel = program_.kernels[run.kernel];
    const Buffer& buffer = kernel.buffers[BufferId(i)];
    const BufferRef& ref = run.buffers[i];
    const Storage& storage = program_.storages[ref.storage];
    if (buffer.element != storage.element) {
      return fail("parameter `{}` of kernel `{}` is {} but `{}` is {}", buffer.name, kernel.name,
                  lathe::text(buffer.element), storage.name, lathe::text(storage.element));
    }
    const bool read_only =
        std::holds_alternative<InputPlace>(storage.place) || std::holds_alternative<DataPlace>(storage.place);
    if (read_only && buffer.access != Access::In) return fail("kernel `{}` writes `{}`", kernel.name, storage.name);
    const std::string what = fmt::format("{} of {}", buffer.name, kernel.name);
    expect_le(0, ref.offset, what);
    expect_le(ref.offset + parameter_extent(program_, run, i), storage.extent, what);
    return check_alignment(buffer, ref, storage, kernel.name);
  }

  Status check_alignment(const Buffer& buffer, const BufferRef& ref, const Storage& storage, std::string_view kernel) {
    const uint32_t natural = std::max(info(buffer.element).bits / 8, 1u);
    if (buffer.alignment <= natural) return {};
    uint32_t known = natural;
    if (const auto* data = std::get_if<DataPlace>(&storage.place)) known = program_.data[data->data].alignment;
    if (std::holds_alternative<ArenaPlace>(storage.place)) known = 64;
    const bool offset_fits =
        exact_divide(byte_extent(buffer.element, ref.offset), int64_t{buffer.alignment}).has_value();
    if (known >= buffer.alignment && offset_fits) return {};
    return fail("parameter `{}` of kernel `{}` wants an alignment of {} that `{}` has not", buffer.name, kernel,
                buffer.alignment, storage.name);
  }

  Status check_callback(const CallbackField& callback) {
    LATHE_TRY_VOID(check_run(callback.run, kCallbackSizes.size()));
    const Kernel& kernel = program_.kernels[callback.run.kernel];
    const auto& sizes = kernel.sizes.rows();
    for (size_t i = 0; i < kCallbackSizes.size(); ++i) {
      if (sizes[sizes.size() - kCallbackSizes.size() + i].name != kCallbackSizes[i]) {
        return fail("callback `{}` does not take `{}`", kernel.name, kCallbackSizes[i]);
      }
    }
    if (has_parallel_loop(kernel)) return fail("callback `{}` has a parallel loop", kernel.name);
    if (can_fail(kernel)) return fail("callback `{}` checks an index", kernel.name);
    return {};
  }

  Status check_field(const Field& field, const StructArgument& structure) {
    if (field.offset >= structure.size) return fail("field `{}` is behind the end of its struct", field.name);
    return std::visit(Overloaded{[&](const SignedField& number) { return check_dim(number.value, "a field"); },
                                 [](const UnsignedField&) { return Status(); },
                                 [](const FloatField&) { return Status(); }, [](const NullField&) { return Status(); },
                                 [&](const PointerField& pointer) { return check_ref(pointer.buffer); },
                                 [&](const CallbackField& callback) { return check_callback(callback); }},
                      field.value);
  }

  Status check_struct(const StructArgument& structure) {
    for (const Field& field : structure.fields) LATHE_TRY_VOID(check_field(field, structure));
    return {};
  }

  Status check_call(const CallStep& call) {
    for (const Argument& argument : call.arguments) {
      LATHE_TRY_VOID(std::visit(
          Overloaded{[](const ExecutionArgument&) { return Status(); }, [](const NullArgument&) { return Status(); },
                     [](const FloatArgument&) { return Status(); },
                     [&](const PointerArgument& pointer) { return check_ref(pointer.buffer); },
                     [&](const IntegerArgument& number) { return check_dim(number.value, "an argument"); },
                     [&](const StructArgument& structure) { return check_struct(structure); }},
          argument));
    }
    const auto* result = std::get_if<SymbolResult>(&call.result);
    if (result == nullptr) return {};
    const auto& rows = program_.symbols.rows();
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].name != result->symbol) continue;
      if (!std::holds_alternative<FromCall>(program_.bindings[i])) break;
      known_.insert(result->symbol);
      return {};
    }
    return fail("`{}` gives a value to `{}`, which is not bound by calls", call.function, result->symbol);
  }

  Status check_guard(const GuardStep& guard) {
    LATHE_TRY_VOID(check_dim(guard.left, "a guard"));
    return check_dim(guard.right, "a guard");
  }

  const Program& program_;
  Diagnostics& diagnostics_;
  std::set<std::string, std::less<>> known_;
  LocationId where_;
  ProgramReport report_;
};

}  // namespace

Result<ProgramReport> verify(const Program& program, Diagnostics& diagnostics) {
  return ProgramVerifier(program, diagnostics).run();
}

}  // namespace lathe::kernel
